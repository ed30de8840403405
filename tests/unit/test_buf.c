#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/error.h"

static void
is_an_empty_text_at_first(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(10);

	(void)state;
	assert_string_equal(buf_str(&b), "");
	assert_int_equal(b.len, 0);
	buf_adds(&b, "");
	assert_string_equal(buf_str(&b), "");
	assert_int_equal(buf_error(&b), 0);
}

static void
appends_of_every_kind_follow_each_other(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(100);

	(void)state;
	buf_adds(&b, "ab");
	buf_addc(&b, 'c');
	buf_add(&b, "d\0e", 3);
	buf_addf(&b, "%d-%s", 42, "f");
	assert_int_equal(b.len, 10);
	assert_memory_equal(b.data, "abcd\0e42-f", 11);
	assert_int_equal(buf_error(&b), 0);
}

static void
holds_its_limit_and_not_a_byte_more(void **state)
{
	static const struct {
		size_t max;
		const char *add;
		int error;
		const char *why;
	} cases[] = {
		{4, "abcd", 0, "just the limit"},
		{3, "abcd", -ENOSPC, "a byte over"},
		{0, "", 0, "nothing into nothing"},
		{0, "a", -ENOSPC, "something into nothing"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int how = 0; how < 2; how++) {
			_cleanup_buf_ struct buf b = BUF_INIT(cases[i].max);

			if (how)
				buf_addf(&b, "%s", cases[i].add);
			else
				buf_adds(&b, cases[i].add);
			if (buf_error(&b) != cases[i].error ||
			    strcmp(buf_str(&b),
				   cases[i].error ? "" : cases[i].add) != 0)
				fail_msg("%s: %d", cases[i].why, buf_error(&b));
		}
	}
}

static void
an_error_sticks_until_cleared(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(4);

	(void)state;
	buf_adds(&b, "abc");
	buf_adds(&b, "de");
	assert_int_equal(buf_error(&b), -ENOSPC);
	buf_adds(&b, "d");
	buf_addc(&b, 'd');
	buf_addf(&b, "%c", 'd');
	assert_null(buf_reserve(&b, 1));
	assert_string_equal(buf_str(&b), "abc");
	assert_int_equal(buf_error(&b), -ENOSPC);

	buf_clear(&b);
	assert_string_equal(buf_str(&b), "");
	buf_adds(&b, "wxyz");
	assert_string_equal(buf_str(&b), "wxyz");
	assert_int_equal(buf_error(&b), 0);
}

static void
grows_to_many_times_its_first_size(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(100000);

	(void)state;
	for (size_t i = 0; i < 100000; i++) {
		buf_addc(&b, (char)('a' + i % 26));
		assert_int_equal(b.data[b.len], '\0');
	}
	assert_int_equal(buf_error(&b), 0);
	for (size_t i = 0; i < 100000; i++)
		assert_int_equal(b.data[i], 'a' + (int)(i % 26));
	buf_addc(&b, 'z');
	assert_int_equal(buf_error(&b), -ENOSPC);
}

static void
clear_keeps_the_memory(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(1000);
	const char *data;

	(void)state;
	buf_adds(&b, "abc");
	data = b.data;
	buf_clear(&b);
	buf_adds(&b, "de");
	assert_ptr_equal(b.data, data);
	assert_string_equal(buf_str(&b), "de");
}

static void
reserved_room_counts_when_committed(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(1000);
	char *at;

	(void)state;
	buf_adds(&b, "ab");
	at = buf_reserve(&b, 998);
	assert_non_null(at);
	memset(at, 'x', 998);
	buf_commit(&b, 1);
	assert_string_equal(buf_str(&b), "abx");
	assert_null(buf_reserve(&b, 998));
	assert_int_equal(buf_error(&b), -ENOSPC);
}

static void
released_is_usable_with_the_same_limit(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(3);

	(void)state;
	buf_adds(&b, "abc");
	buf_release(&b);
	assert_string_equal(buf_str(&b), "");
	buf_adds(&b, "abcd");
	assert_int_equal(buf_error(&b), -ENOSPC);
}

static void
an_error_names_the_reason(void **state)
{
	struct aegis_error err = {0};

	(void)state;
	assert_int_equal(aegis_error_set(&err, -ENOENT, "open %s", "x"),
			 -ENOENT);
	assert_string_equal(err.text, "open x: No such file or directory");
	assert_int_equal(err.code, -ENOENT);

	assert_int_equal(aegis_error_wrap(&err, -EINVAL, "load %d", 7),
			 -EINVAL);
	assert_string_equal(err.text,
			    "load 7: open x: No such file or directory");

	assert_int_equal(aegis_error_setx(&err, -EBADMSG, "no %s", "good"),
			 -EBADMSG);
	assert_string_equal(err.text, "no good");
}

static void
an_error_wrapped_for_the_first_time_takes_errno(void **state)
{
	struct aegis_error err = {0};

	(void)state;
	aegis_error_wrap(&err, -ENOENT, "load");
	assert_string_equal(err.text, "load: No such file or directory");
}

static void
an_error_cuts_what_does_not_fit(void **state)
{
	char longer[2 * AEGIS_ERROR_TEXT_LEN];
	struct aegis_error err = {0};

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	aegis_error_set(&err, -ENOENT, "%s", longer);
	assert_int_equal(strlen(err.text), AEGIS_ERROR_TEXT_LEN - 1);
	aegis_error_wrap(&err, -ENOENT, "load");
	assert_int_equal(strlen(err.text), AEGIS_ERROR_TEXT_LEN - 1);
	assert_memory_equal(err.text, "load: xxx", 9);
}

static void
an_error_nobody_wants_is_only_a_code(void **state)
{
	(void)state;
	assert_int_equal(aegis_error_set(NULL, -EIO, "a"), -EIO);
	assert_int_equal(aegis_error_setx(NULL, -EIO, "a"), -EIO);
	assert_int_equal(aegis_error_wrap(NULL, -EIO, "a"), -EIO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_an_empty_text_at_first),
		cmocka_unit_test(appends_of_every_kind_follow_each_other),
		cmocka_unit_test(holds_its_limit_and_not_a_byte_more),
		cmocka_unit_test(an_error_sticks_until_cleared),
		cmocka_unit_test(grows_to_many_times_its_first_size),
		cmocka_unit_test(clear_keeps_the_memory),
		cmocka_unit_test(reserved_room_counts_when_committed),
		cmocka_unit_test(released_is_usable_with_the_same_limit),
		cmocka_unit_test(an_error_names_the_reason),
		cmocka_unit_test(an_error_wrapped_for_the_first_time_takes_errno),
		cmocka_unit_test(an_error_cuts_what_does_not_fit),
		cmocka_unit_test(an_error_nobody_wants_is_only_a_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
