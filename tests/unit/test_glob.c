#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/glob.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void
matches_whole_names_by_component(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool match;
		const char *why;
	} cases[] = {
		{"a/b", "a/b", true, "literal"},
		{"a/b", "a/B", false, "case counts"},
		{"a/b", "a/b/c", false, "one component more"},
		{"a/b", "a", false, "one component less"},
		{"a/b", "a/bc", false, "one byte more"},
		{"a/b", "xa/b", false, "one byte before"},
		{"a/b", "", false, "nothing"},
		{"r.io/nginx", "r.io/nginx-evil/x", false, "no prefix match"},
		{"r.io/nginx*", "r.io/nginx-evil/x", false, "'*' stops at /"},
		{"r.io/nginx*", "r.io/nginx-evil", true, "'*' in a component"},
		{"r.io/nginx*", "r.io/nginx", true, "'*' for nothing"},
		{"*", "a", true, "a whole component"},
		{"*", "a/b", false, "one component only"},
		{"*/b", "a/b", true, "first component"},
		{"a/*/c", "a/b/c", true, "middle component"},
		{"a/*/c", "a/b/b/c", false, "middle, two components"},
		{"a/*/c", "a/c", false, "middle, none"},
		{"*a*b*", "xxaxxbxx", true, "many '*'"},
		{"*a*b*", "xxbxxaxx", false, "many '*', wrong order"},
		{"*ab", "aab", true, "goes back"},
		{"*ab", "aaba", false, "goes back, a byte more"},
		{"*ab*ab", "abab", true, "each half once"},
		{"*ab*ab", "aab", false, "no byte used twice"},
		{"srv/**", "srv", true, "\"**\" is no component"},
		{"srv/**", "srv/a", true, "\"**\" is one component"},
		{"srv/**", "srv/a/b/c", true, "\"**\" is many components"},
		{"srv/**", "srvx/a", false, "\"**\" needs the '/'"},
		{"srv/**", "srv-evil", false, "\"**\" needs the component"},
		{"/srv/**", "/srv/a", true, "leading '/'"},
		{"/srv/**", "srv/a", false, "leading '/' missing"},
		{"srv/**", "/srv/a", false, "leading '/' added"},
		{"**", "a/b/c", true, "all"},
		{"**", "a", true, "all, one component"},
		{"**/c", "c", true, "\"**\" first, none"},
		{"**/c", "a/b/c", true, "\"**\" first"},
		{"**/c", "a/b/xc", false, "\"**\" first, a byte more"},
		{"**/c", "a/c/b", false, "\"**\" first, not the last"},
		{"a/**/c", "a/c", true, "\"**\" between, none"},
		{"a/**/c", "a/b/b/c", true, "\"**\" between"},
		{"a/**/c", "a/b/b/d", false, "\"**\" between, other end"},
		{"a/**/b/c", "a/b/x/b/c", true, "goes back over components"},
		{"a/**/b/**/c", "a/b/c/b/c", true, "two \"**\""},
		{"a/**/b/**/c", "a/x/c", false, "two \"**\", no b"},
		{"**/a/*/b", "a/a/x/b", true, "\"**\" then '*'"},
		{"**/**", "a", true, "\"**\" twice is one"},
		{"/", "/", true, "the root"},
		{"/", "/etc", false, "the root is not what is below"},
		{"/**", "/etc/passwd", true, "all below the root"},
		{"/**", "/", true, "the root itself"},
		{"", "", true, "nothing matches nothing"},
		{"", "a", false, "nothing matches nothing else"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (glob_match(cases[i].pattern, cases[i].name) !=
		    cases[i].match)
			fail_msg("%s on %s: %s", cases[i].pattern,
				 cases[i].name, cases[i].why);
}

static void
reaches_what_is_below_a_name(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool reaches;
		const char *why;
	} cases[] = {
		{"/a/b", "/a/b", true, "the name itself"},
		{"/a/b", "/a", true, "one component below"},
		{"/a/b/c", "/a", true, "two components below"},
		{"/a/b", "/", true, "all is below the root"},
		{"/", "/", true, "the root itself"},
		{"/", "/a", false, "the root is above"},
		{"/a/b", "/a/b/c", false, "the pattern ends above"},
		{"/a/b", "/c", false, "beside"},
		{"/a/b", "/ab", false, "a byte more"},
		{"/ab", "/a", false, "a byte less"},
		{"/a/b", "a", false, "leading '/' missing"},
		{"/home/*/.ssh/**", "/home/alice", true, "above a '*'"},
		{"/home/*/.ssh/**", "/home", true, "two above"},
		{"/home/*/.ssh/**", "/home/alice/.ssh", true, "\"**\" is none"},
		{"/home/*/.ssh/**", "/home/alice/.ssh/id", true, "inside"},
		{"/home/*/.ssh/**", "/home/alice/shop", false, "beside it"},
		{"/home/*/.ssh/**", "/home/alice/shop/.ssh", false, "deeper"},
		{"/home/*/.ssh/**", "/home/alice/.sshd", false, "begins alike"},
		{"/home/a*/x", "/home/alice", true, "'*' in a component"},
		{"/home/a*/x", "/home/bob", false, "'*' in another"},
		{"/**/.ssh", "/srv/www", true, "\"**\" can be below"},
		{"/srv/**/.ssh", "/srv/www", true, "\"**\" between"},
		{"/srv/**/.ssh", "/opt/www", false, "\"**\" of elsewhere"},
		{"/srv/**/.ssh", "/", true, "\"**\" below the root"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (glob_reaches(cases[i].pattern, cases[i].name) !=
		    cases[i].reaches)
			fail_msg("%s from %s: %s", cases[i].pattern,
				 cases[i].name, cases[i].why);
}

static void
check_names_what_is_wrong(void **state)
{
	static const struct {
		const char *pattern, *part; /* of the reason; NULL: valid */
		const char *why;
	} cases[] = {
		{"a", NULL, "a name"},
		{"/a", NULL, "leading '/'"},
		{"/", NULL, "the root"},
		{"a/**/b*c", NULL, "all together"},
		{"", "empty", "empty"},
		{"a//b", "between", "an empty component"},
		{"//a", "between", "two leading '/'"},
		{"//", "between", "two '/'"},
		{"a/", "between", "trailing '/'"},
		{"a/b**", "alone", "\"**\" behind text"},
		{"a/**b", "alone", "\"**\" before text"},
		{"***", "alone", "three '*'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct aegis_error err = {0};
		int r = glob_check(cases[i].pattern, &err);

		if (r != (cases[i].part ? -EINVAL : 0) ||
		    (cases[i].part && !strstr(err.text, cases[i].part)))
			fail_msg("%s: %d %s", cases[i].why, r, err.text);
	}
}

static void
check_limits_the_length(void **state)
{
	char pattern[GLOB_PATTERN_MAX + 2];

	(void)state;
	memset(pattern, 'a', sizeof(pattern));
	pattern[GLOB_PATTERN_MAX] = '\0';
	assert_int_equal(glob_check(pattern, NULL), 0);
	pattern[GLOB_PATTERN_MAX] = 'a';
	pattern[GLOB_PATTERN_MAX + 1] = '\0';
	assert_int_equal(glob_check(pattern, NULL), -EINVAL);
}

/* Exponential matchers do not come back from these. */
static void
hostile_patterns_end(void **state)
{
	char pattern[GLOB_PATTERN_MAX + 1], name[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(pattern) - 1; i++)
		pattern[i] = i % 2 ? 'a' : '*';
	pattern[sizeof(pattern) - 1] = '\0';
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 2] = 'b';
	name[sizeof(name) - 1] = '\0';
	assert_false(glob_match(pattern, name));

	for (size_t i = 0; i < sizeof(pattern) - 1; i++)
		pattern[i] = "**/a/"[i % 5];
	pattern[sizeof(pattern) - 1 - 4] = '\0';
	for (size_t i = 0; i < sizeof(name) - 1; i++)
		name[i] = i % 2 ? '/' : 'a';
	name[sizeof(name) - 1] = '\0';
	assert_false(glob_match(pattern, name));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_whole_names_by_component),
		cmocka_unit_test(reaches_what_is_below_a_name),
		cmocka_unit_test(check_names_what_is_wrong),
		cmocka_unit_test(check_limits_the_length),
		cmocka_unit_test(hostile_patterns_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
