#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/gate/uri.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static int
parse(struct uri *uri, const char *text, struct aegis_error *err)
{
	return uri_parse(uri, text, strlen(text), err);
}

static void
every_spelling_becomes_one_path(void **state)
{
	static const struct {
		const char *text, *path;
		unsigned version;
		const char *why;
	} cases[] = {
		{"/containers/create", "/containers/create", 0, "plain"},
		{"/v1.41/containers/create", "/containers/create", 1041,
		 "version"},
		{"/v1.24/info", "/info", 1024, "the oldest"},
		{"/v2.0/info", "/info", 2000, "the next major"},
		{"/v01.41/info", "/info", 1041, "zero before the major"},
		{"/v1.041/info", "/info", 1041, "zero before the minor"},
		{"/v1.00000041/info", "/info", 1041, "many zeros"},
		{"/version", "/version", 0, "'v' is not always a version"},
		{"/v/info", "/v/info", 0, "no digit"},
		{"/v1.41", "/v1.41", 0, "nothing behind the version"},
		{"/v1.41x/info", "/v1.41x/info", 0, "other text behind"},
		{"/V1.41/info", "/V1.41/info", 0, "upper case"},
		{"/v1.41/v1.24/info", "/v1.24/info", 1041, "one version only"},
		{"/v1.41/%63ontainers/%63reate", "/containers/create", 1041,
		 "escaped letters"},
		{"/v1.41/containers%2fcreate", "/containers/create", 1041,
		 "escaped slash"},
		{"/v1.41%2Fcontainers%2Fcreate", "/containers/create", 1041,
		 "escaped slash behind the version"},
		{"/%76%31.41/info", "/info", 1041, "escaped version"},
		{"%2Finfo", NULL, 0, "escaped slash at the start"},
		{"/a%2541", "/a%41", 0, "decoded once"},
		{"/a+b", "/a+b", 0, "'+' is itself in a path"},
		{"/a%3fb%23c", "/a?b#c", 0, "escaped '?' and '#'"},
		{"/info?", "/info", 0, "empty query"},
		{"/info??x", "/info", 0, "the first '?' counts"},
		{"/info?a=/../b", "/info", 0, "a query is no path"},
		{"http://docker/v1.41/info", "/info", 1041, "absolute"},
		{"HTTP://a@b:80/v1.41/info", "/info", 1041, "user and port"},
		{"http:///info", "/info", 0, "empty authority"},
		{"x+y-z.1://h/info", "/info", 0, "any scheme"},
		{"http://h?x/info", NULL, 0, "the '?' ends the path"},
		{"http://h", NULL, 0, "authority alone"},
		{"1x://h/info", NULL, 0, "a scheme begins with a letter"},
		{"://h/info", NULL, 0, "no scheme"},
		{"http:/info", NULL, 0, "no authority"},
		{"http:info", NULL, 0, "opaque"},
		{"info", NULL, 0, "relative"},
		{"", NULL, 0, "nothing"},
		{"*", NULL, 0, "asterisk"},
		{"?x", NULL, 0, "query alone"},
		{"//h/info", NULL, 0, "no scheme: a path with \"//\""},
		{"/a//b", NULL, 0, "\"//\""},
		{"/a%2f/b", NULL, 0, "\"//\", one escaped"},
		{"/a/./b", NULL, 0, "\".\""},
		{"/a/%2e/b", NULL, 0, "\".\" escaped"},
		{"/a/../b", NULL, 0, "\"..\""},
		{"/a%2f..%2fb", NULL, 0, "\"..\" between escapes"},
		{"/v1.41/../info", NULL, 0, "\"..\" on the version"},
		{"/a/..", NULL, 0, "\"..\" last"},
		{"/a/.", NULL, 0, "\".\" last"},
		{"/..", NULL, 0, "\"..\" alone"},
		{"/a/.../b", "/a/.../b", 0, "three dots are a name"},
		{"/a/.b/c.", "/a/.b/c.", 0, "dots in a name"},
		{"/a/", "/a/", 0, "trailing '/' stays"},
		{"/info#", NULL, 0, "'#' at the end"},
		{"/info?x=#%zz", NULL, 0, "'#' in the query"},
		{"/a%", NULL, 0, "escape without digits"},
		{"/a%4", NULL, 0, "escape with one digit"},
		{"/a%4g", NULL, 0, "escape with another letter"},
		{"/a%g4", NULL, 0, "escape with a letter first"},
		{"/a?b%4g", NULL, 0, "bad escape in a key"},
		{"/a?b=%4g", NULL, 0, "bad escape in a value"},
		{"/a%00", NULL, 0, "NUL in the path"},
		{"/a?b=%00", NULL, 0, "NUL in a value"},
		{"/a?%00=b", NULL, 0, "NUL in a key"},
		{"/a%0a", NULL, 0, "newline in the path"},
		{"/a%7f", NULL, 0, "DEL in the path"},
		{"/a?b=%0a", "/a", 0, "newline in a value"},
		{"/a b", NULL, 0, "raw space"},
		{"/a\nb", NULL, 0, "raw newline"},
		{"/a\x7f", NULL, 0, "raw DEL"},
		{"/\xc3\xa4", NULL, 0, "raw UTF-8"},
		{"/%c3%a4", "/\xc3\xa4", 0, "escaped UTF-8"},
		{"/a?b;c", NULL, 0, "';' in the query"},
		{"/a;b", "/a;b", 0, "';' in the path"},
		{"/a?b=%3b", "/a", 0, "escaped ';'"},
	};
	struct uri uri = URI_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct aegis_error err = {0};
		int r = parse(&uri, cases[i].text, &err);

		if (!cases[i].path) {
			if (r != -EINVAL || !*err.text || *uri.path ||
			    uri.query_count)
				fail_msg("%s (%s): %d %s", cases[i].text,
					 cases[i].why, r, uri.path);
			continue;
		}
		if (r || strcmp(uri.path, cases[i].path) ||
		    uri.api_version != cases[i].version)
			fail_msg("%s (%s): %d %s, %s %u", cases[i].text,
				 cases[i].why, r, err.text, uri.path,
				 uri.api_version);
	}
	uri_release(&uri);
}

static void
odd_and_old_api_versions_are_refused(void **state)
{
	static const char *const cases[] = {
		"/v1.23/info",	  "/v1.0/info",	      "/v0.99/info",
		"/v1.023/info",	  "/v1/info",	      "/v41/info",
		"/v1./info",	  "/v.41/info",	      "/v./info",
		"/v1..41/info",	  "/v1.41./info",     "/v1.41.0/info",
		"/v1.24.99/info", "/v1.41...../info", "/v1.1041/info",
		"/v1000.41/info", "/v1.99999999999999999999/info",
		"/v18446744073709551617.41/info", "/%76%31.23/info",
		"http://h/v1.23/info",
	};
	struct uri uri = URI_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct aegis_error err = {0};
		int r = parse(&uri, cases[i], &err);

		if (r != -EPROTONOSUPPORT || !strstr(err.text, "API version") ||
		    *uri.path)
			fail_msg("%s: %d %s", cases[i], r, err.text);
	}
	uri_release(&uri);
}

static void
a_query_is_read_as_go_reads_it(void **state)
{
	struct uri uri = URI_INIT;

	(void)state;
	assert_int_equal(
		parse(&uri,
		      "/x?&a=1&&a=2&b&c=&=d&e=f=g&h%3D=%26&i=j+k%2B&A=3&l?=m&",
		      NULL),
		0);
	assert_int_equal(uri.query_count, 10);
	assert_string_equal(uri_query(&uri, "a"), "1");
	assert_string_equal(uri.query[1].value, "2");
	assert_string_equal(uri_query(&uri, "b"), "");
	assert_string_equal(uri_query(&uri, "c"), "");
	assert_string_equal(uri_query(&uri, ""), "d");
	assert_string_equal(uri_query(&uri, "e"), "f=g");
	assert_string_equal(uri_query(&uri, "h="), "&");
	assert_string_equal(uri_query(&uri, "i"), "j k+");
	assert_string_equal(uri_query(&uri, "A"), "3");
	assert_string_equal(uri_query(&uri, "l?"), "m");
	assert_null(uri_query(&uri, "B"));
	assert_null(uri_query(&uri, "l"));
	uri_release(&uri);
}

static void
booleans_are_read_as_moby_reads_them(void **state)
{
	static const struct {
		const char *query;
		bool value;
		const char *why;
	} cases[] = {
		{"", false, "absent"},
		{"y=1", false, "another key"},
		{"X=1", false, "keys have a case"},
		{"x", false, "no value"},
		{"x=", false, "empty"},
		{"x=0", false, "0"},
		{"x=no", false, "no"},
		{"x=False", false, "any case"},
		{"x=NONE", false, "none"},
		{"x=+%09false%0a+", false, "white space"},
		{"x=%c2%a0%e2%80%83no%c2%85", false, "Unicode's white space"},
		{"x=1", true, "1"},
		{"x=true", true, "true"},
		{"x=00", true, "not 0"},
		{"x=n", true, "not no"},
		{"x=nope", true, "more than no"},
		{"x=f+alse", true, "white space within"},
		{"x=%e2%80%8bno", true, "U+200B is no white space"},
		{"x=0&x=1", false, "the first counts"},
		{"x=1&x=0", true, "the first counts"},
	};
	struct uri uri = URI_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[128];

		snprintf(text, sizeof(text), "/x?%s", cases[i].query);
		assert_int_equal(parse(&uri, text, NULL), 0);
		if (uri_query_bool(&uri, "x") != cases[i].value)
			fail_msg("%s: %s", text, cases[i].why);
	}
	uri_release(&uri);
}

static void
length_and_count_are_limited(void **state)
{
	struct uri uri = URI_INIT;
	char *text = malloc(URI_MAX + 1), many[2 * URI_QUERY_MAX + 8] = "/?";

	(void)state;
	assert_non_null(text);
	memset(text, 'a', URI_MAX + 1);
	text[0] = '/';
	assert_int_equal(uri_parse(&uri, text, URI_MAX, NULL), 0);
	assert_int_equal(strlen(uri.path), URI_MAX);
	assert_int_equal(uri_parse(&uri, text, URI_MAX + 1, NULL), -E2BIG);
	free(text);

	for (size_t i = 0; i < URI_QUERY_MAX; i++)
		memcpy(many + 2 + 2 * i, "a&", 2);
	assert_int_equal(parse(&uri, many, NULL), 0);
	assert_int_equal(uri.query_count, URI_QUERY_MAX);
	memcpy(many + 2 + 2 * URI_QUERY_MAX, "a", 2);
	assert_int_equal(parse(&uri, many, NULL), -E2BIG);
	uri_release(&uri);
}

static void
a_nul_in_the_text_is_refused(void **state)
{
	struct uri uri = URI_INIT;

	(void)state;
	assert_int_equal(uri_parse(&uri, "/info\0x", 7, NULL), -EINVAL);
	assert_int_equal(uri_parse(&uri, "/info\0x", 5, NULL), 0);
	uri_release(&uri);
}

static void
a_failed_parse_leaves_nothing_behind(void **state)
{
	struct uri uri = URI_INIT;

	(void)state;
	assert_int_equal(parse(&uri, "/v1.41/info?a=1", NULL), 0);
	assert_int_equal(parse(&uri, "/v1.41/info?a=1&b=%zz", NULL), -EINVAL);
	assert_string_equal(uri.path, "");
	assert_int_equal(uri.api_version, API_VERSION_NONE);
	assert_null(uri_query(&uri, "a"));
	assert_int_equal(parse(&uri, "/info", NULL), 0);
	assert_string_equal(uri.path, "/info");
	uri_release(&uri);
	uri_release(&uri);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_spelling_becomes_one_path),
		cmocka_unit_test(odd_and_old_api_versions_are_refused),
		cmocka_unit_test(a_query_is_read_as_go_reads_it),
		cmocka_unit_test(booleans_are_read_as_moby_reads_them),
		cmocka_unit_test(length_and_count_are_limited),
		cmocka_unit_test(a_nul_in_the_text_is_refused),
		cmocka_unit_test(a_failed_parse_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
