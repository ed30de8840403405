#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/escape.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void
escapes_what_could_mislead(void **state)
{
	static const struct {
		const char *in, *out, *why;
	} cases[] = {
		{"", "", "nothing"},
		{"nginx:1.27 ~", "nginx:1.27 ~", "printable ASCII"},
		{"a\\b", "a\\\\b", "a backslash cannot forge an escape"},
		{"a\nb", "a\\x0ab", "a newline would forge a line"},
		{"a\rb", "a\\x0db", "a carriage return would hide the line"},
		{"\tb", "\\x09b", "a tab"},
		{"\x1b[31m", "\\x1b[31m", "a terminal's escape"},
		{"\x1f ", "\\x1f ", "the last of C0"},
		{"~\x7f", "~\\x7f", "DEL"},
		{"\xc2\x80", "\\u{80}", "the first of C1"},
		{"\xc2\x9b"
		 "31m",
		 "\\u{9b}31m", "a terminal's escape in C1"},
		{"\xc2\x9f", "\\u{9f}", "the last of C1"},
		{"\xc2\xa0", "\xc2\xa0", "behind C1"},
		{"\xc2\xad", "\\u{ad}", "soft hyphen"},
		{"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", "letters, two"},
		{"\xe4\xb8\xad\xe6\x96\x87", "\xe4\xb8\xad\xe6\x96\x87",
		 "letters, three bytes"},
		{"\xf0\x9f\x90\xb3", "\xf0\x9f\x90\xb3", "four bytes"},
		{"\xd8\x9c", "\\u{61c}", "bidi: Arabic letter mark"},
		{"\xe2\x80\x8b", "\\u{200b}", "zero width space"},
		{"\xe2\x80\x8e", "\\u{200e}", "bidi: left-to-right mark"},
		{"\xe2\x80\x90", "\xe2\x80\x90", "behind the marks"},
		{"\xe2\x80\xa7", "\xe2\x80\xa7", "before the separators"},
		{"\xe2\x80\xa8", "\\u{2028}", "line separator"},
		{"\xe2\x80\xa9", "\\u{2029}", "paragraph separator"},
		{"\xe2\x80\xaa", "\\u{202a}", "bidi: embedding"},
		{"\xe2\x80\xae", "\\u{202e}", "bidi: override"},
		{"\xe2\x80\xaf", "\xe2\x80\xaf", "behind the overrides"},
		{"\xe2\x81\xa6", "\\u{2066}", "bidi: isolate"},
		{"\xe2\x81\xa9", "\\u{2069}", "bidi: pop isolate"},
		{"\xe2\x81\xb0", "\xe2\x81\xb0", "behind the isolates"},
		{"\xef\xbb\xbf", "\\u{feff}", "byte order mark"},
		{"\xf3\xa0\x80\x81", "\\u{e0001}", "a tag"},
		{"\xf3\xa0\x81\xbf", "\\u{e007f}", "the last tag"},
		{"a\x80z", "a\\x80z", "a continuation alone"},
		{"a\xffz", "a\\xffz", "a byte that UTF-8 never has"},
		{"\xc3", "\\xc3", "cut short, two"},
		{"\xe4\xb8", "\\xe4\\xb8", "cut short, three"},
		{"\xe4z", "\\xe4z", "broken off"},
		{"\xc0\xaf", "\\xc0\\xaf", "overlong, two"},
		{"\xe0\x80\xaf", "\\xe0\\x80\\xaf", "overlong, three"},
		{"\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf", "overlong, four"},
		{"\xed\xa0\x80", "\\xed\\xa0\\x80", "a surrogate"},
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "above U+10FFFF"},
		{"\xf4\x8f\xbf\xbd", "\xf4\x8f\xbf\xbd", "below U+10FFFF"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char out[64];
		size_t n = escape_line(cases[i].in, out, sizeof(out));

		if (strcmp(out, cases[i].out) != 0 || n != strlen(out))
			fail_msg("%s: \"%s\", not \"%s\"", cases[i].why, out,
				 cases[i].out);
	}
}

static void
cuts_between_characters(void **state)
{
	static const struct {
		const char *in;
		size_t size;
		const char *out, *why;
	} cases[] = {
		{"abc", 4, "abc", "fits"},
		{"abc", 3, "ab", "a byte short"},
		{"abc", 1, "", "room for the NUL only"},
		{"a\n", 6, "a\\x0a", "an escape fits"},
		{"a\n", 5, "a", "an escape does not"},
		{"\xc3\xbc", 3, "\xc3\xbc", "a character fits"},
		{"\xc3\xbc", 2, "", "a character does not"},
		{"\\", 3, "\\\\", "both backslashes"},
		{"\\", 2, "", "not one of two"},
		{"a\nb", 5, "a", "nothing after the cut"},
		{"\xf3\xa0\x81\xbf", 10, "\\u{e007f}", "a long escape fits"},
		{"\xf3\xa0\x81\xbf", 9, "", "a long escape does not"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char out[16];
		size_t n;

		memset(out, '#', sizeof(out));
		n = escape_line(cases[i].in, out, cases[i].size);
		if (strcmp(out, cases[i].out) != 0 || n != strlen(out) ||
		    out[cases[i].size] != '#')
			fail_msg("%s: \"%s\"", cases[i].why, out);
	}
}

static void
bytes_may_hold_nul(void **state)
{
	char out[32];

	(void)state;
	assert_int_equal(escape_bytes("a\0b", 3, out, sizeof(out)), 6);
	assert_string_equal(out, "a\\x00b");
	assert_int_equal(escape_bytes("\xe4\xb8\xad", 2, out, sizeof(out)), 8);
	assert_string_equal(out, "\\xe4\\xb8");
	assert_int_equal(escape_bytes(NULL, 0, out, sizeof(out)), 0);
	assert_string_equal(out, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_what_could_mislead),
		cmocka_unit_test(cuts_between_characters),
		cmocka_unit_test(bytes_may_hold_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
