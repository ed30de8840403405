/*
 * The grammar of conditions: what is a tree, which one, and what is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/rules/condition.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MEMORY_MAX (64UL * 1024 * 1024)

/* Parse and print; NULL if it is refused, with the reason in err. */
static const char *
compiled(const char *text, enum condition_style style, struct buf *out,
	 struct aegis_error *err)
{
	_cleanup_arena_ struct arena a = ARENA_INIT(MEMORY_MAX);
	const struct condition *c = NULL;

	*err = (struct aegis_error){0};
	buf_clear(out);
	if (condition_parse(&a, text, &c, NULL, err) < 0)
		return NULL;
	condition_print(c, style, out);
	return buf_str(out);
}

static void
compiles_as_falco_shows_it(void **state)
{
	static const struct {
		const char *text, *compiled, *why;
	} cases[] = {
		{"a.b=c", "a.b = c", "blanks around operators do not count"},
		{" a.b\t=\n c ", "a.b = c", "any blank will do"},
		{"a.b==c", "a.b == c", "= and == stay what they are"},
		{"a.b = x or a.b = y and a.b = z",
		 "(a.b = x or (a.b = y and a.b = z))", "and binds first"},
		{"(a.b = x or a.b = y) and a.b = z",
		 "((a.b = x or a.b = y) and a.b = z)", "parentheses"},
		{"((a.b = x))", "a.b = x", "parentheses around one thing"},
		{"not a.b = x and c.d = y", "(not a.b = x and c.d = y)",
		 "not binds most"},
		{"not not a.b = x", "a.b = x", "two are none"},
		{"not not not a.b = x", "not a.b = x", "three are one"},
		{"not(a.b = x)", "not a.b = x", "no blank before '('"},
		{"not not(a.b = x)", "a.b = x", "the same twice"},
		{"a.b = x and(c.d = y)", "(a.b = x and c.d = y)", "and("},
		{"a.b = x or(c.d = y)", "(a.b = x or c.d = y)", "or("},
		{"a.b exists", "a.b exists", "an operator without a right"},
		{"(a.b exists)", "a.b exists", "and what follows"},
		{"a.b in (x,y , z)", "a.b in (x, y, z)", "a list"},
		{"a.b in(x)", "a.b in (x)", "no blank before a list"},
		{"a.b in ()", "a.b in ()", "of nothing"},
		{"a.b in x", "a.b in x", "a name alone"},
		{"a.b pmatch (/x, /y)", "a.b pmatch (/x, /y)", "pmatch"},
		{"a.b intersects (x)", "a.b intersects (x)", "not in"},
		{"a.b >= 0x1F", "a.b >= 0x1F", "numbers stay as written"},
		{"a.b <= -1", "a.b <= -1", "negative"},
		{"a.b <3", "a.b < 3", "no blank"},
		{"a.b contains x", "a.b contains x", "a word"},
		{"a.b contains \"x y\"", "a.b contains \"x y\"", "quotes"},
		{"a.b contains 'xy'", "a.b contains xy",
		 "quotes only where a blank is"},
		{"a.b = \"(x)\"", "a.b = (x)",
		 "and not where a parenthesis is: Falco's way"},
		{"a.b = \"a\\\"b\"", "a.b = \"a\\\"b\"", "an escaped quote"},
		{"a.b = 'a\\'b'", "a.b = \"a'b\"", "the other quote"},
		{"a.b = \"a\\tb\"", "a.b = \"a\\tb\"", "a tab"},
		{"a.b = \"a\\x41\"", "a.b = aA", "a byte"},
		{"a.b = \"a\\ b\"", "a.b = \"a\\\\b\"",
		 "backslash and blank: a backslash, as Falco lives with it"},
		{"a.b = \"\"", "a.b = ", "nothing, not even quotes"},
		{"a.b[1] = x", "a.b[1] = x", "an argument"},
		{"a.b[\"x y\"] = x", "a.b[\"x y\"] = x", "quoted"},
		{"a.b[/x-y] = x", "a.b[/x-y] = x", "bare"},
		{"m and a.b = x", "(m and a.b = x)", "a macro"},
		{"m", "m", "alone"},
		{"notable", "notable", "a macro that begins as not does"},
		{"a.b = and", "a.b = and", "a value is a value"},
		{"a.b startswith oneof (x, y)", "a.b startswith oneof (x, y)",
		 "oneof"},
		{"a.b = anyof (x)", "a.b = anyof (x)", "anyof"},
		{"a.b glob allof names", "a.b glob allof names", "allof, a name"},
		{"a.b = oneof", "a.b = oneof", "a value that is called so"},
		{"a.b = oneof and c.d = x", "(a.b = oneof and c.d = x)",
		 "the same before a word"},
		{"tolower(a.b) = x", "tolower(a.b) = x", "a transformer"},
		{"toupper( b64(a.b) ) = x", "toupper(b64(a.b)) = x", "two"},
		{"a.b = val(c.d)", "a.b = val(c.d)", "a field on the right"},
		{"a.b = tolower(c.d[1])", "a.b = tolower(c.d[1])",
		 "a transformed one"},
		{"join(\",\", (a.b, c.d)) = x", "join(,,(a.b,c.d)) = x",
		 "several, and a group; the comma shown as Falco does"},
	};
	_cleanup_buf_ struct buf out = BUF_INIT(CONDITION_TEXT_MAX);
	struct aegis_error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *got = compiled(cases[i].text, CONDITION_AS_FALCO,
					   &out, &err);

		if (!got || strcmp(got, cases[i].compiled) != 0)
			fail_msg("%s: %s: %s", cases[i].why, cases[i].text,
				 got ? got : err.text);
	}
}

static void
refuses_what_is_no_condition(void **state)
{
	static const struct {
		const char *text, *reason, *why;
	} cases[] = {
		{"", "empty", "nothing"},
		{" \n", "empty", "blanks"},
		{"a.b", "operator", "a field alone"},
		{"a.b = ", "a value", "no right side"},
		{"a.b = x y", "'and' or 'or'", "two values"},
		{"a.b = x and", "'('", "and with nothing behind"},
		{"a.b = x and and c.d = y", "'('", "two words"},
		{"a.b = x andc.d = y", "'and' or 'or'", "no blank behind and"},
		{"(a.b = x", "')'", "an open parenthesis"},
		{"a.b = x)", "'and' or 'or'", "one too many"},
		{"()", "'('", "nothing in parentheses"},
		{"not", "'('", "not of nothing"},
		{"and", "'('", "a word as a macro"},
		{"= x", "'('", "no left side"},
		{"a.b in (x y)", "','", "no comma"},
		{"a.b in (x,)", "after ','", "a comma too many"},
		{"a.b in (,x)", "')'", "a comma first"},
		{"a.b in (x", "')'", "an open list"},
		{"a.b in", "list", "no list"},
		{"a.b in \"x\"", "list", "a quoted text is no list"},
		{"a.b inside", "operator", "in with more letters"},
		{"a.b existsx", "operator", "exists with more letters"},
		{"a.b > x", "a number", "a word for a number"},
		{"a.b > (1)", "a number", "a list for a number"},
		{"a.b containsx", "operator", "no blank behind a word"},
		{"a.b contains\"x\"", "operator", "nor a quote"},
		{"a.b contains (x)", "a value", "a list for a value"},
		{"a.b = \"x", "a value", "an open quote"},
		{"a.b = \"x\\\"", "a value", "closed by an escaped quote"},
		{"a.b = \"\\q\"", "unknown escape", "an escape that is none"},
		{"a.b = \"\\x4\"", "unknown escape", "half a byte"},
		{"a.b = \"\\x00\"", "NUL", "a NUL"},
		{"a.b = \"\\'\"", "unknown escape", "the wrong quote escaped"},
		{"a.b[ = x", "argument", "an open argument"},
		{"a.b[] = x", "argument", "an empty one"},
		{"a.b[\"x\" = x", "']'", "a quoted open one"},
		{"a.1 = x", "'and' or 'or'", "a name that begins with a digit"},
		{"val(a.b) = x", "'and' or 'or'", "val on the left"},
		{"a.b = val(x)", "a field", "val of no field"},
		{"a.b = val(a.b, c.d)", "one field", "val of two"},
		{"tolower(a.b = x", "')'", "an open transformer"},
		{"tolower() = x", "a field", "an empty one"},
		{"join(\",\", ((a.b))) = x", "a field", "a group in a group"},
		{"a.b in oneof (x)", "'and' or 'or'", "in takes no oneof"},
		{"a.b startswith oneof", "", "oneof and no list is a value"},
	};
	_cleanup_buf_ struct buf out = BUF_INIT(CONDITION_TEXT_MAX);
	struct aegis_error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *got = compiled(cases[i].text, CONDITION_AS_FALCO,
					   &out, &err);

		if (!*cases[i].reason) {
			assert_non_null(got);
			continue;
		}
		if (got || !strstr(err.text, cases[i].reason))
			fail_msg("%s: %s: %s", cases[i].why, cases[i].text,
				 got ? got : err.text);
	}
}

static void
what_is_printed_to_be_parsed_parses(void **state)
{
	static const struct {
		const char *text, *printed;
	} cases[] = {
		{"a.b = \"(x)\"", "a.b = \"(x)\""},
		{"a.b = \"\"", "a.b = \"\""},
		{"a.b in (\"a,b\", c)", "a.b in (\"a,b\", c)"},
		{"a.b = 'oneof'", "a.b = \"oneof\""},
		{"a.b in oneof", "a.b in oneof"},
		{"a.b = \"a\\\\b\"", "a.b = \"a\\x5cb\""},
		{"a.b[\"]\"] = x", "a.b[\"]\"] = x"},
		{"a.b[\"\"] = x", "a.b[\"\"] = x"},
		{"not (not a.b = x)", "not (not a.b = x)"},
	};
	_cleanup_buf_ struct buf out = BUF_INIT(CONDITION_TEXT_MAX);
	_cleanup_buf_ struct buf again = BUF_INIT(CONDITION_TEXT_MAX);
	struct aegis_error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_string_equal(compiled(cases[i].text, CONDITION_TO_PARSE,
					     &out, &err),
				    cases[i].printed);
		assert_string_equal(compiled(buf_str(&out), CONDITION_TO_PARSE,
					     &again, &err),
				    cases[i].printed);
	}
}

/* count times open, then the check, then count times close. */
static int
nested(const char *open, const char *close, unsigned count)
{
	_cleanup_arena_ struct arena a = ARENA_INIT(MEMORY_MAX);
	_cleanup_buf_ struct buf text = BUF_INIT(2 * CONDITION_TEXT_MAX);
	const struct condition *c;

	for (unsigned i = 0; i < count; i++)
		buf_adds(&text, open);
	buf_adds(&text, "a.b = x");
	for (unsigned i = 0; i < count; i++)
		buf_adds(&text, close);
	assert_int_equal(buf_error(&text), 0);
	return condition_parse(&a, buf_str(&text), &c, NULL, NULL);
}

static void
bounds_are_errors(void **state)
{
	(void)state;
	assert_int_equal(nested("(", ")", 190), 0);
	assert_int_equal(nested("(", ")", 200), -E2BIG);
	assert_int_equal(nested("not ", "", 100000), 0); /* no nesting */
	assert_int_equal(nested("not (", ")", 200), -E2BIG);
	assert_int_equal(nested("m and ", "", 90000), 0);
	assert_int_equal(nested("m and ", "", 100000), -E2BIG);
	assert_int_equal(nested("                ", "", 65536), -E2BIG);
}

static void
events_are_those_that_can_match(void **state)
{
	static const struct {
		const char *text;
		int count; /* -1: all but one; 0: none; ALL: all */
		const char *why;
	} cases[] = {
#define ALL (RULES_EVENT_MAX - 1)
		{"evt.type = open", 1, "one"},
		{"evt.type in (open, openat)", 2, "two"},
		{"evt.type != open", ALL - 1, "all others"},
		{"not evt.type = open", ALL - 1, "the same"},
		{"not evt.type != open", 1, "not the others"},
		{"not evt.type in (open, openat)", ALL - 2, "all others"},
		{"evt.type exists", ALL, "always"},
		{"not evt.type exists", 0, "never"},
		{"proc.name = x", ALL, "says nothing of it"},
		{"not proc.name = x", ALL, "nor does its opposite"},
		{"proc.name = x and evt.type = open", 1, "and"},
		{"proc.name = x or evt.type = open", ALL, "or"},
		{"not (proc.name = x and evt.type = open)", ALL,
		 "what is not both may be any"},
		{"not (proc.name = x or evt.type = open)", ALL - 1,
		 "De Morgan"},
		{"evt.type = open and evt.type = openat", 0, "no event is two"},
		{"evt.num = 0", 0, "events count from 1"},
		{"not evt.num = 0", ALL, "so this is always true"},
		{"evt.num > 0", ALL, "and this"},
		{"not evt.num >= 1", 0, "and this never"},
		{"evt.num = 1", ALL, "this may be"},
		{"evt.num in (0)", 0, "a list of nothing that is"},
		{"evt.num in (0, 1)", ALL, "a list of something"},
		{"evt.type = open and not evt.num = 0", 1, "never_true, idle"},
		{"evt.type startswith open", ALL, "not worked out"},
	};
	struct aegis_error err = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena a = ARENA_INIT(MEMORY_MAX);
		const struct condition *c = NULL;
		struct rules_event_set set;

		assert_int_equal(condition_parse(&a, cases[i].text, &c, NULL,
						 &err),
				 0);
		condition_events(c, &set);
		if ((int)rules_event_set_count(&set) != cases[i].count)
			fail_msg("%s: %s: %u", cases[i].why, cases[i].text,
				 rules_event_set_count(&set));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compiles_as_falco_shows_it),
		cmocka_unit_test(refuses_what_is_no_condition),
		cmocka_unit_test(what_is_printed_to_be_parsed_parses),
		cmocka_unit_test(bounds_are_errors),
		cmocka_unit_test(events_are_those_that_can_match),
	};

	return cmocka_run_group_tests_name("rules_condition", tests, NULL,
					   NULL);
}
