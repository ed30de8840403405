#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/hex.h"

static void
every_byte_is_a_digit_or_none(void **state)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	(void)state;
	for (int c = 0; c < 256; c++) {
		const char *at = c ? strchr(digits, c) : NULL;
		int want = -1;

		if (at)
			want = at - digits < 16 ? (int)(at - digits)
						: (int)(at - digits) - 6;
		assert_int_equal(hex_digit((char)c), want);
	}
}

static void
a_byte_is_two_digits(void **state)
{
	static const struct {
		const char *in;
		int want;
		const char *why;
	} cases[] = {
		{"00", 0, "the least"},
		{"ff", 255, "the most"},
		{"aF", 175, "cases mixed, high digit first"},
		{"123", 0x12, "what follows is another's"},
		{"", -1, "nothing"},
		{"a", -1, "the text ends between them"},
		{"g0", -1, "no high digit"},
		{"0g", -1, "no low digit"},
		{"+1", -1, "strtol would take a sign"},
		{" 1", -1, "and a blank"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (hex_byte(cases[i].in) != cases[i].want)
			fail_msg("\"%s\" (%s): %d, not %d", cases[i].in,
				 cases[i].why, hex_byte(cases[i].in),
				 cases[i].want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_is_a_digit_or_none),
		cmocka_unit_test(a_byte_is_two_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
