#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/json.h"
#include "lib/json_out.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define TEXT(s) s, sizeof(s) - 1

static void
commas_and_nesting_are_kept(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(1000);
	struct json_out o;

	(void)state;
	json_out_init(&o, &b);
	json_out_object(&o);
	json_out_key(&o, "a");
	json_out_array(&o);
	json_out_int(&o, 1);
	json_out_object(&o);
	json_out_object_end(&o);
	json_out_array(&o);
	json_out_array_end(&o);
	json_out_string(&o, "x");
	json_out_null(&o);
	json_out_bool(&o, true);
	json_out_array_end(&o);
	json_out_kv_string(&o, "b", "y");
	json_out_kv_string(&o, "c", NULL);
	json_out_kv_int(&o, "d", -7);
	json_out_kv_bool(&o, "e", false);
	json_out_key_bytes(&o, "f\0g", 3);
	json_out_raw(&o, "{\"raw\":1}", 9);
	json_out_key(&o, "");
	json_out_bytes(&o, "h\0i", 3);
	json_out_object_end(&o);
	assert_int_equal(json_out_end(&o), 0);
	assert_string_equal(buf_str(&b),
			    "{\"a\":[1,{},[],\"x\",null,true],\"b\":\"y\","
			    "\"c\":null,\"d\":-7,\"e\":false,"
			    "\"f\\u0000g\":{\"raw\":1},\"\":\"h\\u0000i\"}");
}

static void
a_second_sibling_begins_without_a_comma(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(100);
	struct json_out o;

	(void)state;
	json_out_init(&o, &b);
	json_out_array(&o);
	for (int i = 0; i < 2; i++) {
		json_out_array(&o);
		json_out_int(&o, 1);
		json_out_array_end(&o);
		json_out_object(&o);
		json_out_kv_int(&o, "a", 2);
		json_out_object_end(&o);
	}
	json_out_array_end(&o);
	assert_int_equal(json_out_end(&o), 0);
	assert_string_equal(b.data, "[[1],{\"a\":2},[1],{\"a\":2}]");
}

static void
a_document_may_be_one_plain_value(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(100);
	struct json_out o;

	(void)state;
	buf_adds(&b, "before ");
	json_out_init(&o, &b);
	json_out_string(&o, "x");
	assert_int_equal(json_out_end(&o), 0);
	assert_string_equal(buf_str(&b), "before \"x\"");
}

static void
strings_are_escaped_for_json_and_for_a_page(void **state)
{
	static const struct {
		const char *in;
		size_t len;
		const char *out, *why;
	} cases[] = {
		{TEXT(""), "", "empty"},
		{TEXT("plain ~ text"), "plain ~ text", "plain"},
		{TEXT("\"\\/"), "\\\"\\\\/", "quote and backslash"},
		{TEXT("\b\f\n\r\t"), "\\b\\f\\n\\r\\t", "short escapes"},
		{TEXT("a\0b"), "a\\u0000b", "a NUL"},
		{TEXT("\x01\x1f"), "\\u0001\\u001f", "controls"},
		{TEXT("\x7f"), "\\u007f", "DEL"},
		{TEXT("</script>&"), "\\u003c/script\\u003e\\u0026", "a page"},
		{TEXT("\xc3\xa9\xe4\xb8\xad\xf0\x9f\x90\xb3"),
		 "\xc3\xa9\xe4\xb8\xad\xf0\x9f\x90\xb3", "UTF-8"},
		{TEXT("\xe2\x80\xa8\xe2\x80\xa9"), "\\u2028\\u2029",
		 "JavaScript's line ends"},
		{TEXT("\xe2\x80\xa7\xe2\x80\xaa"), "\xe2\x80\xa7\xe2\x80\xaa",
		 "their neighbours"},
		{TEXT("a\xffz"), "a\xef\xbf\xbdz", "a bad byte"},
		{TEXT("\xe4\xb8"), "\xef\xbf\xbd\xef\xbf\xbd",
		 "one for each byte, as Go"},
		{TEXT("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd", "overlong"},
		{TEXT("\xed\xa0\x80"),
		 "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "a surrogate"},
		{TEXT("\xf4\x90\x80\x80"),
		 "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd",
		 "above U+10FFFF"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf b = BUF_INIT(100), want = BUF_INIT(100);
		struct json_out o;

		json_out_init(&o, &b);
		json_out_bytes(&o, cases[i].in, cases[i].len);
		assert_int_equal(json_out_end(&o), 0);
		buf_addf(&want, "\"%s\"", cases[i].out);
		if (strcmp(b.data, want.data) != 0)
			fail_msg("%s: %s", cases[i].why, b.data);

		buf_clear(&b);
		buf_clear(&want);
		json_out_init(&o, &b);
		json_out_object(&o);
		json_out_key_bytes(&o, cases[i].in, cases[i].len);
		json_out_null(&o);
		json_out_object_end(&o);
		assert_int_equal(json_out_end(&o), 0);
		buf_addf(&want, "{\"%s\":null}", cases[i].out);
		if (strcmp(b.data, want.data) != 0)
			fail_msg("key, %s: %s", cases[i].why, b.data);
	}
}

/* Any byte at any place of a string: the scanner agrees with what is written. */
static void
check_byte(unsigned char c, size_t at, size_t len)
{
	_cleanup_buf_ struct buf b = BUF_INIT(200);
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
	struct json_out o;
	char in[32];

	memset(in, 'a', len);
	in[at] = (char)c;
	json_out_init(&o, &b);
	json_out_bytes(&o, in, len);
	assert_int_equal(json_out_end(&o), 0);
	if (json_parse(&doc, b.data, b.len, NULL) < 0)
		fail_msg("%02x at %zu of %zu: %s", c, at, len, b.data);
	if (strpbrk(b.data, "&<>\x7f"))
		fail_msg("not for a page: %s", b.data);
	if (c < 0x80) {
		assert_int_equal(doc.root->str_len, len);
		assert_memory_equal(doc.root->str, in, len);
		return;
	}
	assert_int_equal(doc.root->str_len, len + 2);
	assert_memory_equal(doc.root->str, in, at);
	assert_memory_equal(doc.root->str + at, "\xef\xbf\xbd", 3);
	assert_memory_equal(doc.root->str + at + 3, in + at + 1, len - at - 1);
}

static void
every_byte_can_be_read_back(void **state)
{
	(void)state;
	for (size_t len = 1; len <= 26; len++)
		for (size_t at = 0; at < len; at++)
			for (unsigned c = 0; c < 256; c++)
				check_byte((unsigned char)c, at, len);
}

static void
integers_are_written_whole(void **state)
{
	static const struct {
		int64_t v;
		const char *out;
	} cases[] = {
		{0, "0"},
		{-1, "-1"},
		{INT64_MAX, "9223372036854775807"},
		{INT64_MIN, "-9223372036854775808"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf b = BUF_INIT(100);
		struct json_out o;

		json_out_init(&o, &b);
		json_out_int(&o, cases[i].v);
		assert_int_equal(json_out_end(&o), 0);
		assert_string_equal(b.data, cases[i].out);
	}
}

static void
times_are_of_rfc_3339_in_utc(void **state)
{
	static const struct {
		int64_t ms;
		const char *out, *why;
	} cases[] = {
		{0, "\"1970-01-01T00:00:00.000Z\"", "the epoch"},
		{1, "\"1970-01-01T00:00:00.001Z\"", "a millisecond"},
		{999, "\"1970-01-01T00:00:00.999Z\"", "the last of a second"},
		{1000, "\"1970-01-01T00:00:01.000Z\"", "the next second"},
		{-1, "\"1969-12-31T23:59:59.999Z\"", "before the epoch"},
		{-1000, "\"1969-12-31T23:59:59.000Z\"", "a second before"},
		{-1001, "\"1969-12-31T23:59:58.999Z\"", "and a bit"},
		{1795474260123, "\"2026-11-23T22:51:00.123Z\"", "a day of ours"},
		{951782400000, "\"2000-02-29T00:00:00.000Z\"", "a leap day"},
		{253402300799999, "\"9999-12-31T23:59:59.999Z\"",
		 "the last with four digits"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf b = BUF_INIT(100);
		struct json_out o;

		json_out_init(&o, &b);
		json_out_time_ms(&o, cases[i].ms);
		assert_int_equal(json_out_end(&o), 0);
		if (strcmp(b.data, cases[i].out) != 0)
			fail_msg("%s: %s", cases[i].why, b.data);
	}
}

static void
any_int64_is_some_time(void **state)
{
	static const int64_t extremes[] = {INT64_MIN, INT64_MAX};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(extremes); i++) {
		_cleanup_buf_ struct buf b = BUF_INIT(100);
		struct json_out o;

		json_out_init(&o, &b);
		json_out_time_ms(&o, extremes[i]);
		assert_int_equal(json_out_end(&o), 0);
		assert_int_equal(b.data[b.len - 2], 'Z');
	}
}

static void
an_error_of_the_buf_shows_at_the_end(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(10);
	struct json_out o;

	(void)state;
	json_out_init(&o, &b);
	json_out_array(&o);
	json_out_string(&o, "too long for it");
	json_out_int(&o, 1);
	json_out_array_end(&o);
	assert_int_equal(json_out_end(&o), -ENOSPC);
}

static void
nesting_reaches_the_limit(void **state)
{
	_cleanup_buf_ struct buf b = BUF_INIT(1000);
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
	struct json_out o;

	(void)state;
	json_out_init(&o, &b);
	for (unsigned i = 0; i < JSON_OUT_DEPTH_MAX; i++)
		json_out_array(&o);
	for (unsigned i = 0; i < JSON_OUT_DEPTH_MAX; i++)
		json_out_array_end(&o);
	assert_int_equal(json_out_end(&o), 0);
	assert_int_equal(json_parse(&doc, b.data, b.len, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commas_and_nesting_are_kept),
		cmocka_unit_test(a_second_sibling_begins_without_a_comma),
		cmocka_unit_test(a_document_may_be_one_plain_value),
		cmocka_unit_test(strings_are_escaped_for_json_and_for_a_page),
		cmocka_unit_test(every_byte_can_be_read_back),
		cmocka_unit_test(integers_are_written_whole),
		cmocka_unit_test(times_are_of_rfc_3339_in_utc),
		cmocka_unit_test(any_int64_is_some_time),
		cmocka_unit_test(an_error_of_the_buf_shows_at_the_end),
		cmocka_unit_test(nesting_reaches_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
