#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base64.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void
decodes_what_is_well_formed(void **state)
{
	static const struct {
		const char *in, *out;
		size_t len;
		const char *why;
	} cases[] = {
		{"", "", 0, "RFC 4648 section 10"},
		{"Zg==", "f", 1, "RFC 4648 section 10"},
		{"Zm8=", "fo", 2, "RFC 4648 section 10"},
		{"Zm9v", "foo", 3, "RFC 4648 section 10"},
		{"Zm9vYg==", "foob", 4, "RFC 4648 section 10"},
		{"Zm9vYmE=", "fooba", 5, "RFC 4648 section 10"},
		{"Zm9vYmFy", "foobar", 6, "RFC 4648 section 10"},
		{"AAAA", "\0\0\0", 3, "all bits clear"},
		{"////", "\xff\xff\xff", 3, "all bits set"},
		{"++++", "\xfb\xef\xbe", 3, "the other sign"},
		{"AA==", "\0", 1, "a NUL"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned char out[8];
		size_t len = 99;
		int r = base64_decode(cases[i].in, strlen(cases[i].in), out,
				      &len);

		if (r != 0 || len != cases[i].len ||
		    memcmp(out, cases[i].out, len) != 0)
			fail_msg("\"%s\" (%s): %d, %zu bytes", cases[i].in,
				 cases[i].why, r, len);
	}
}

static void
refuses_what_is_not(void **state)
{
	static const struct {
		const char *in;
		const char *why;
	} cases[] = {
		{"Zm9vYg=", "one '=' missing"},
		{"Zm9vYg", "padding missing"},
		{"Zm9vY", "one digit too many"},
		{"Zm9vYg===", "one '=' too many"},
		{"Zm9vY===", "three '='"},
		{"====", "nothing but padding"},
		{"Zg==Zm9v", "padding in the middle"},
		{"Zm8=Zm9v", "padding in the middle, one"},
		{"Z=9v", "padding second"},
		{"Zm=v", "padding third, a digit behind it"},
		{"=m9v", "padding first"},
		{"Zh==", "unused bits set, the lowest of four"},
		{"Zo==", "unused bits set, the highest of four"},
		{"Zm9=", "unused bits set, the lowest of two"},
		{"Zm+=", "unused bits set, the highest of two"},
		{"Zm9 ", "a space"},
		{"Zm9\n", "a newline"},
		{"Zm9vYmFy\n", "a newline at the end"},
		{"Zm9v\r\nYg", "a line break within"},
		{"Zm9-", "URL alphabet"},
		{"Zm9_", "URL alphabet"},
		{"-m9v", "URL alphabet, first"},
		{"Z_9vZm9v", "URL alphabet, not in the last four"},
		{"Zm9\x80", "not ASCII"},
		{"\xffm9v", "not ASCII"},
		{"Zm9,", "below '/'"},
		{"Zm9:", "behind '9'"},
		{"Zm9@", "before 'A'"},
		{"Zm9[", "behind 'Z'"},
		{"Zm9`", "before 'a'"},
		{"Zm9{", "behind 'z'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned char out[16];
		size_t len = 99;
		int r = base64_decode(cases[i].in, strlen(cases[i].in), out,
				      &len);

		if (r != -EBADMSG || len != 99)
			fail_msg("\"%s\" (%s): %d", cases[i].in, cases[i].why,
				 r);
	}
	{
		unsigned char out[4];
		size_t len;

		assert_int_equal(base64_decode("Zm\0v", 4, out, &len), -EBADMSG);
	}
}

static void
every_digit_has_its_value_at_every_place(void **state)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";

	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		const char *p = c ? strchr(digits, (int)c) : NULL;

		for (unsigned place = 0; place < 8; place++) {
			char in[] = "AAAAAAAA";
			unsigned char out[6];
			uint64_t bits = 0;
			size_t len;
			int r;

			in[place] = (char)c;
			r = base64_decode(in, 8, out, &len);
			if (c == '=' && place == 7) {
				assert_int_equal(r, 0);
				continue;
			}
			assert_int_equal(r, p ? 0 : -EBADMSG);
			if (!p)
				continue;
			for (size_t i = 0; i < 6; i++)
				bits = bits << 8 | out[i];
			assert_int_equal(bits, (uint64_t)(p - digits)
						       << (42 - 6 * place));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_what_is_well_formed),
		cmocka_unit_test(refuses_what_is_not),
		cmocka_unit_test(every_digit_has_its_value_at_every_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
