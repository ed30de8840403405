/* ctl/table.c and ctl/time.c: alignment, escaping, ages, times. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <locale.h>

#include "ctl/table.c"
#include "ctl/time.c"

/* time.c's message; the tests look at codes. */
int
ctl_error(int code, const char *format, ...)
{
	(void)format;
	return code;
}
const struct ctl_option_info ctl_options[OPT_MAX] = {
	[OPT_SINCE] = {.name = "since"},
};

static const struct table_column two[] = {
	{.title = "N", .right = true},
	{.title = "TEXT", .shrink = true},
};

static void
a_row_is_aligned_escaped_and_cut(void **state)
{
	static const struct {
		const char *text;
		unsigned width;
		const char *want;
		const char *why;
	} cases[] = {
		{"abc", 0, "N  TEXT\n7  abc\n", "plain"},
		{"", 0, "N  TEXT\n7  -\n", "an empty cell is shown"},
		{"a\033[31m", 0, "N  TEXT\n7  a\\x1b[31m\n",
		 "no escape reaches the terminal"},
		{"a\nb", 0, "N  TEXT\n7  a\\x0ab\n", "one row is one line"},
		{"0123456789abcdef", 19, "N  TEXT\n7  0123456789abcdef\n",
		 "fits exactly"},
		{"0123456789abcdef", 18, "N  TEXT\n7  0123456789abcd~\n",
		 "one too wide: cut with the mark"},
		{"0123456789abcdef", 3, "N  TEXT\n7  0123456~\n",
		 "never under the least width"},
		{"\u6f22\u5b57\u6f22\u5b57\u6f22\u5b57", 11,
		 "N  TEXT\n7  \u6f22\u5b57\u6f22~\n",
		 "a wide character is cut as a whole"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct table_style style = {.headers = true,
					    .width = cases[i].width,
					    .ellipsis = "~"};
		struct buf out = BUF_INIT(4096);
		struct table t;

		table_init(&t, two, 2);
		table_add(&t, "7", TABLE_PLAIN);
		table_add(&t, cases[i].text, TABLE_PLAIN);
		assert_int_equal(table_print(&t, &style, &out), 0);
		if (strcmp(buf_str(&out), cases[i].want))
			fail_msg("%s: got %s", cases[i].why, buf_str(&out));
		table_release(&t);
		buf_release(&out);
	}
}

static void
colour_takes_no_columns(void **state)
{
	struct table_style style = {.color = true, .ellipsis = "~"};
	struct buf out = BUF_INIT(4096);
	struct table t;

	(void)state;
	table_init(&t, two, 2);
	table_add(&t, "100", TABLE_PLAIN);
	table_add(&t, "a", TABLE_RED);
	table_add(&t, "1", TABLE_GREEN);
	table_add(&t, "b", TABLE_PLAIN);
	assert_int_equal(table_print(&t, &style, &out), 0);
	assert_string_equal(buf_str(&out), "100  \033[31ma\033[0m\n"
					   "  \033[32m1\033[0m  b\n");
	table_release(&t);
	buf_release(&out);
}

static void
batches_share_widths_and_one_header(void **state)
{
	struct table_style style = {.headers = true, .ellipsis = "~"};
	struct buf out = BUF_INIT(4096);
	struct table t;

	(void)state;
	table_init(&t, two, 2);
	table_add(&t, "1000", TABLE_PLAIN);
	table_add(&t, "a", TABLE_PLAIN);
	assert_int_equal(table_print(&t, &style, &out), 0);
	table_add(&t, "1", TABLE_PLAIN);
	table_add(&t, "b", TABLE_PLAIN);
	assert_int_equal(table_print(&t, &style, &out), 0);
	assert_string_equal(buf_str(&out),
			    "   N  TEXT\n1000  a\n   1  b\n");
	table_release(&t);
	buf_release(&out);
}

static void
a_time_is_read_or_refused(void **state)
{
	static const int64_t now = 1800000000000;
	static const struct {
		const char *text;
		int result;
		int64_t ms;
		const char *why;
	} cases[] = {
		{"90s", 0, 1800000000000 - 90000, "seconds ago"},
		{"15m", 0, 1800000000000 - 900000, "minutes"},
		{"24h", 0, 1800000000000 - 86400000, "hours"},
		{"7d", 0, 1800000000000 - 604800000, "days"},
		{"1h30m", 0, 1800000000000 - 5400000, "two units"},
		{"90", -EINVAL, 0, "no unit"},
		{"90x", -EINVAL, 0, "no such unit"},
		{"-90s", -EINVAL, 0, "negative"},
		{"90s ", -EINVAL, 0, "something after"},
		{"", -EINVAL, 0, "nothing"},
		{"99999999999999999999d", -EINVAL, 0, "overflow"},
		{"2026-11-24T00:00:00Z", 0, 1795478400000, "UTC"},
		{"2026-11-24T00:00:00.123Z", 0, 1795478400000, "fraction"},
		{"2026-11-24T02:00:00+02:00", 0, 1795478400000, "offset"},
		{"2026-11-24", 0, 1795478400000, "a day begins at 00:00 UTC"},
		{"2026-11-24T00:00:00", -EINVAL, 0, "without zone"},
		{"2026-11-24T00:00:00Zx", -EINVAL, 0, "something after"},
		{"2026-13-24T00:00:00Z", -EINVAL, 0, "no such month"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ms = 0;
		int r = time_parse(cases[i].text, now, &ms);

		if (r != cases[i].result || ms != cases[i].ms)
			fail_msg("%s: %d, %lld", cases[i].why, r,
				 (long long)ms);
	}
}

static void
an_age_has_one_unit(void **state)
{
	static const struct {
		int64_t ago_s;
		const char *want;
	} cases[] = {
		{-5, "0s"},    {0, "0s"},      {119, "119s"}, {120, "2m"},
		{7199, "119m"}, {7200, "2h"}, {172799, "47h"}, {172800, "2d"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char age[16];

		time_age(1800000000000 - cases[i].ago_s * 1000, 1800000000000,
			 age, sizeof(age));
		assert_string_equal(age, cases[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_is_aligned_escaped_and_cut),
		cmocka_unit_test(colour_takes_no_columns),
		cmocka_unit_test(batches_share_widths_and_one_header),
		cmocka_unit_test(a_time_is_read_or_refused),
		cmocka_unit_test(an_age_has_one_unit),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
