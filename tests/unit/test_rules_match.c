/*
 * Patterns: globs, regular expressions, paths, base64.  fuzz_match holds globs
 * against fnmatch(3).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <time.h>

#include "lib/rules/map.h"
#include "lib/rules/regex.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct pattern_case {
	const char *pattern, *text;
	bool match;
	const char *why;
};

static void
globs_match_as_fnmatch(void **state)
{
	static const struct pattern_case cases[] = {
		{"abc", "abc", true, "literal"},
		{"abc", "abcd", false, "a byte more"},
		{"abc", "ab", false, "a byte less"},
		{"", "", true, "nothing"},
		{"*", "", true, "any is nothing"},
		{"a*c", "a/b/c", true, "'*' crosses '/'"},
		{"*.so", ".so", true, "and a leading dot"},
		{"a?c", "a/c", true, "so does '?'"},
		{"a?c", "ac", false, "one byte, not none"},
		{"*a*b*", "xxaxxbxx", true, "many '*'"},
		{"*a*b*", "xxbxxaxx", false, "in order"},
		{"*ab", "aab", true, "goes back"},
		{"[a-c]x", "bx", true, "a range"},
		{"[a-c]x", "dx", false, "out of it"},
		{"[!a-c]x", "dx", true, "inverted"},
		{"[^a-c]x", "bx", false, "inverted, the other way"},
		{"[]a]x", "]x", true, "a bracket first is one of them"},
		{"[a-]x", "-x", true, "a dash last is, too"},
		{"[[:digit:]]x", "7x", true, "a class"},
		{"[[:digit:]]x", "ax", false, "not of it"},
		{"[ax", "[ax", true, "not closed: itself"},
		{"a\\*c", "a*c", true, "a protected '*'"},
		{"a\\*c", "abc", false, "is no '*'"},
		{"a\\", "a", false, "protects nothing"},
		{"A*", "abc", false, "case counts"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (match_glob(span_of(cases[i].pattern), span_of(cases[i].text),
			       false) != cases[i].match)
			fail_msg("%s: %s %s", cases[i].why, cases[i].pattern,
				 cases[i].text);
	assert_true(match_glob(span_of("A[X-Z]*"), span_of("ayB"), true));
	assert_false(match_glob(span_of("A[X-Z]*"), span_of("aaB"), true));
}

/* 30 '*' and a text of many 'a': 2^30 ways for one that tries them all. */
static void
no_text_makes_a_glob_slow(void **state)
{
	char pattern[64] = "", text[4096];
	const clock_t start = clock();

	(void)state;
	for (size_t i = 0; i < 60; i += 2)
		memcpy(pattern + i, "*a", 3);
	pattern[60] = 'b';
	memset(text, 'a', sizeof(text));
	for (int i = 0; i < 100; i++)
		assert_false(match_glob(span_of(pattern),
					(struct span){text, sizeof(text)},
					false));
	assert_true(clock() - start < 5 * CLOCKS_PER_SEC);
}

static bool
regex(const char *pattern, const char *text)
{
	_cleanup_arena_ struct arena a = ARENA_INIT(1 << 22);
	_cleanup_free_ uint32_t *work = NULL;
	const struct regex *re = NULL;
	struct aegis_error err = {0};

	if (regex_compile(&a, pattern, &re, &err) < 0)
		fail_msg("%s: %s", pattern, err.text);
	work = calloc(regex_work_count(re), sizeof(*work));
	assert_non_null(work);
	return regex_match(re, span_of(text), work);
}

static void
regular_expressions_match_the_whole_text(void **state)
{
	static const struct pattern_case cases[] = {
		{"abc", "abc", true, "literal"},
		{"abc", "xabc", false, "all of it"},
		{"abc", "abcx", false, "to the end"},
		{"^abc$", "abc", true, "anchors change nothing"},
		{"", "", true, "nothing"},
		{"", "a", false, "is not something"},
		{"a|b", "b", true, "either"},
		{"ab|cd", "abd", false, "binds least"},
		{"a(b|c)d", "acd", true, "a group"},
		{"a(?:b|c)d", "acd", true, "without a name"},
		{"a(?P<x>b)d", "abd", true, "with one"},
		{"ab*c", "ac", true, "none"},
		{"ab*c", "abbbc", true, "many"},
		{"ab+c", "ac", false, "at least one"},
		{"ab?c", "abbc", false, "at most one"},
		{"ab{2}c", "abbc", true, "two"},
		{"ab{2}c", "abc", false, "not one"},
		{"ab{2,}c", "abbbbc", true, "two or more"},
		{"ab{1,2}c", "abbbc", false, "not three"},
		{"ab{x}c", "ab{x}c", true, "braces that count nothing"},
		{"a.*?b", "axxb", true, "lazy: the same texts"},
		{"a.c", "a\nc", false, "'.' is no line feed"},
		{"(?s)a.c", "a\nc", true, "unless asked for"},
		{"(?i)aBc", "AbC", true, "any case"},
		{"a(?i:b)c", "aBc", true, "for a part"},
		{"a(?i:b)c", "aBC", false, "and no further"},
		{"[a-c]+", "abcabc", true, "a set"},
		{"[^a-c]+", "xyz", true, "inverted"},
		{"[^a-c]+", "xbz", false, "inverted"},
		{"[]a]+", "a]", true, "a bracket first"},
		{"[\\d.]+", "1.2", true, "a class in a set"},
		{"[[:alpha:]]+", "abc", true, "by name"},
		{"(?i)[^a]", "A", false, "case of an inverted set"},
		{"\\d{3}", "123", true, "digits"},
		{"\\D", "1", false, "no digits"},
		{"\\w+\\s\\w+", "ab cd", true, "words"},
		{".*\\bnc\\b.*", "run nc now", true, "a word"},
		{".*\\bnc\\b.*", "run ncx now", false, "a part of one"},
		{"a\\Bb", "ab", true, "no edge of a word"},
		{"\\x41", "A", true, "a byte"},
		{"a\\.b", "axb", false, "a dot"},
		{"(a*)*b", "aaab", true, "a repeat of a repeat"},
		{"(a|)+b", "b", true, "of nothing"},
		{"a$b", "ab", false, "an end in the middle"},
		{"(^a|b)c", "bc", true, "an anchor in a group"},
		{"\xc3\xa4.", "\xc3\xa4x", true, "bytes beyond ASCII"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (regex(cases[i].pattern, cases[i].text) != cases[i].match)
			fail_msg("%s: %s %s", cases[i].why, cases[i].pattern,
				 cases[i].text);
}

static void
wrong_regular_expressions_are_refused(void **state)
{
	static const struct {
		const char *pattern, *reason;
	} cases[] = {
		{"(", "')' is missing"},
		{")", "without '('"},
		{"[a", "']' is missing"},
		{"[b-a]", "before it begins"},
		{"[[:nonsense:]]", "unknown class"},
		{"*a", "nothing to repeat"},
		{"a**", "a repeat of a repeat"},
		{"a{3,2}", "number of repeats"},
		{"a{1001}", "number of repeats"},
		{"(((a{1000}){1000}){1000})", "steps"},
		{"((){1000}){1000}", "steps"},
		{"\\1", "not supported"},
		{"\\pL", "not supported"},
		{"(?=a)", "not supported"},
		{"(?<!a)", "a name"},
		{"a\\", "not supported"},
		{"\\x4", "hexadecimal"},
		{"[\xc3\xa4]", "ASCII only"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena a = ARENA_INIT(1 << 22);
		const struct regex *re = NULL;
		struct aegis_error err = {0};

		assert_true(regex_compile(&a, cases[i].pattern, &re, &err) < 0);
		if (!strstr(err.text, cases[i].reason))
			fail_msg("%s: %s", cases[i].pattern, err.text);
	}
}

static void
paths_are_prefixes_by_component(void **state)
{
	static const struct pattern_case cases[] = {
		{"/var/run", "/var/run/docker", true, "below"},
		{"/var/run", "/var/run", true, "itself"},
		{"/var/run", "/var/running", false, "a longer name"},
		{"/var/run", "/var", false, "above"},
		{"/var/run/", "/var/run", true, "a slash too many"},
		{"/*/run", "/var/run/x", true, "a glob"},
		{"/v*n", "/var/run", false, "of one component"},
		{"/", "/x", true, "everything"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (match_path_prefix(span_of(cases[i].text),
				      span_of(cases[i].pattern)) !=
		    cases[i].match)
			fail_msg("%s: %s %s", cases[i].why, cases[i].pattern,
				 cases[i].text);
}

static void
base64_is_decoded_as_far_as_it_is_such(void **state)
{
	static const struct {
		const char *text, *decoded;
	} cases[] = {
		{"aGVsbG8=", "hello"}, {"aGVsbG8", "hello"}, {"", ""},
		{"aGVs!bG8", "hel"},   {"!", ""},
	};
	char out[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const size_t n = match_base64(span_of(cases[i].text), out,
					      sizeof(out));

		assert_int_equal(n, strlen(cases[i].decoded));
		assert_memory_equal(out, cases[i].decoded, n);
	}
	assert_int_equal(match_base64(span_of("aGVsbG8="), out, 2), 2);
}

static void
maps_find_what_was_put(void **state)
{
	_cleanup_arena_ struct arena a = ARENA_INIT(1 << 24);
	struct map m = {0};
	char keys[2000][8];

	(void)state;
	assert_int_equal(map_find(&m, span_of("x")), MAP_NONE);
	for (uint32_t i = 0; i < ARRAY_SIZE(keys); i++) {
		snprintf(keys[i], sizeof(keys[i]), "k%u", i);
		assert_int_equal(map_put(&m, &a, span_of(keys[i]), i), 0);
	}
	assert_int_equal(map_put(&m, &a, span_of(keys[7]), 70), 0);
	assert_int_equal(m.count, ARRAY_SIZE(keys));
	assert_int_equal(map_find(&m, span_of("k7")), 70);
	assert_int_equal(map_find(&m, span_of("k1999")), 1999);
	assert_int_equal(map_find(&m, span_of("k2000")), MAP_NONE);
	assert_int_equal(map_find(&m, span_of("")), MAP_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(globs_match_as_fnmatch),
		cmocka_unit_test(no_text_makes_a_glob_slow),
		cmocka_unit_test(regular_expressions_match_the_whole_text),
		cmocka_unit_test(wrong_regular_expressions_are_refused),
		cmocka_unit_test(paths_are_prefixes_by_component),
		cmocka_unit_test(base64_is_decoded_as_far_as_it_is_such),
		cmocka_unit_test(maps_find_what_was_put),
	};

	return cmocka_run_group_tests_name("rules_match", tests, NULL, NULL);
}
