/*
 * Rule files: what of them loads, as what, and what is refused with which words
 * and where.  "sem N" as in test_rules_eval.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/rules/output.h"
#include "lib/rules/ruleset.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static struct ruleset *
load(const char *const *texts, size_t count)
{
	struct ruleset *rs = ruleset_new(NULL);
	struct aegis_error err = {0};

	assert_non_null(rs);
	for (size_t i = 0; i < count; i++) {
		char label[] = "a.yaml";

		label[0] = (char)('a' + i);
		assert_int_equal(ruleset_add_text(rs, label, texts[i],
						  strlen(texts[i]), &err),
				 0);
	}
	assert_int_equal(ruleset_compile(rs, &err), 0);
	return rs;
}

static struct ruleset *
load_one(const char *text)
{
	return load(&text, 1);
}

static void
print_problems(const struct ruleset *rs)
{
	for (uint32_t i = 0; i < ruleset_problem_count(rs); i++)
		print_message("%s\n", ruleset_problem(rs, i)->text);
}

/* A rule "r" with this condition behind whatever stands before it. */
#define RULE(name, condition)                                                  \
	"- {rule: " name ", desc: d, output: o, priority: info, "               \
	"warn_evttypes: false, condition: '" condition "'}\n"

/* --- lists, macros, appends --------------------------------------------- */

static void
conditions_are_filled_in_as_falco_does(void **state)
{
	static const struct {
		const char *text, *condition, *why;
	} cases[] = {
		{"- {list: l, items: [a, b]}\n"
		 RULE("r", "proc.name in (l)"),
		 "proc.name in (a, b)", "a list"},
		{RULE("r", "proc.name in (l)")
		 "- {list: l, items: [a, b]}\n",
		 "proc.name in (a, b)", "sem 1: in any order"},
		{"- {list: l, items: [a, b]}\n"
		 RULE("r", "proc.name in (x, l, y)"),
		 "proc.name in (x, a, b, y)", "between others"},
		{"- {list: l, items: [a, b]}\n"
		 RULE("r", "proc.name in (l,l)"),
		 "proc.name in (a, b, a, b)", "twice"},
		{"- {list: l, items: [a b, \"'c d'\", \"e\"]}\n"
		 RULE("r", "proc.name in (l)"),
		 "proc.name in (\"a b\", \"c d\", e)", "quotes for blanks"},
		{"- {list: foo, items: [bar, baz]}\n"
		 RULE("r", "proc.cmdline = \"run foo now\""),
		 "proc.cmdline = \"run bar, baz now\"",
		 "sem 1: inside of quotes too"},
		{"- {list: foo, items: [bar]}\n"
		 RULE("r", "proc.cmdline = \"run foot foo-x xfoo\""),
		 "proc.cmdline = \"run foot foo-x xfoo\"",
		 "no part of a word"},
		{"- {list: l3, items: [deep]}\n"
		 "- {list: l2, items: [l3, mid]}\n"
		 "- {list: l1, items: [l2, top]}\n"
		 RULE("r", "proc.name in (l1)"),
		 "proc.name in (l3, mid, top)",
		 "sem 2: one level; l3 is of before, and stays a word"},
		{"- {list: l1, items: [l2, top]}\n"
		 "- {list: l2, items: [a]}\n"
		 RULE("r", "proc.name in (l1)"),
		 "proc.name in (a, top)",
		 "sem 2: not there yet, but the text brings it in"},
		{"- {list: l, items: []}\n" RULE("r", "proc.name in (a, l)"),
		 "proc.name in (a)", "sem 3: a comma goes with it"},
		{"- {list: l, items: []}\n" RULE("r", "proc.name in (l, a)"),
		 "proc.name in (a)", "sem 3: the one behind"},
		{"- {list: l, items: []}\n" RULE("r", "proc.name in (a, l, b)"),
		 "proc.name in (a, b)", "sem 3: one only"},
		{"- {list: l, items: []}\n" RULE("r", "proc.name in (l)"),
		 "proc.name in ()", "sem 3: nothing left"},
		{"- {list: l, items: [a]}\n- {list: l, items: [b], append: true}\n"
		 RULE("r", "proc.name in (l)"),
		 "proc.name in (a, b)", "append"},
		{"- {list: l, items: [a]}\n"
		 "- {list: l, items: [b], override: {items: append}}\n"
		 RULE("r", "proc.name in (l)"),
		 "proc.name in (a, b)", "override: append"},
		{"- {list: l, items: [a]}\n"
		 "- {list: l, items: [b], override: {items: replace}}\n"
		 RULE("r", "proc.name in (l)"),
		 "proc.name in (b)", "override: replace"},
		{"- {list: l, items: [a]}\n- {list: l, items: [b]}\n"
		 RULE("r", "proc.name in (l)"),
		 "proc.name in (b)", "sem 5: redefined"},
		{"- {macro: m, condition: proc.name = a or proc.name = b}\n"
		 RULE("r", "m and fd.num = 1"),
		 "((proc.name = a or proc.name = b) and fd.num = 1)",
		 "sem 4: a macro is a tree"},
		{RULE("r", "m")
		 "- {macro: m, condition: proc.name = a}\n",
		 "proc.name = a", "sem 4: rules see all macros"},
		{"- {macro: m, condition: proc.name = a or proc.name = b}\n"
		 "- {macro: m, condition: and fd.num = 1, append: true}\n"
		 RULE("r", "m"),
		 "(proc.name = a or (proc.name = b and fd.num = 1))",
		 "sem 5: an append is text, without parentheses"},
		{"- {macro: m, condition: proc.name = a}\n"
		 "- {macro: n, condition: m}\n"
		 "- {macro: m, condition: proc.name = b}\n"
		 RULE("r", "n"),
		 "proc.name = b", "sem 5: a redefinition keeps its place"},
		{"- {macro: m, condition: proc.name = a}\n"
		 "- {macro: n, condition: proc.name = b}\n"
		 "- {macro: m, condition: or n, append: true}\n"
		 RULE("r", "m"),
		 "(proc.name = a or proc.name = b)",
		 "sem 4: an append sees what came before the append"},
		{RULE("r", "proc.name = a or proc.name = b")
		 "- {rule: r, condition: and fd.num = 1, append: true}\n",
		 "(proc.name = a or (proc.name = b and fd.num = 1))",
		 "sem 5: rules, too"},
		{RULE("r", "proc.name = a")
		 "- {rule: r, condition: or proc.name = b, "
		 "override: {condition: append}}\n",
		 "(proc.name = a or proc.name = b)", "override: append"},
		{RULE("r", "proc.name = a")
		 "- {rule: r, condition: proc.name = b, "
		 "override: {condition: replace}}\n",
		 "proc.name = b", "override: replace"},
		{"- {list: a b, items: [c]}\n" RULE("r", "proc.name in (a b)"),
		 "proc.name in (c)", "a list with a blank in its name"},
		{RULE("r", "proc.name = a")
		 "- {rule: r, condition: and fd.num = 1, append: true, "
		 "source: }\n",
		 "(proc.name = a and fd.num = 1)", "an empty source is none"},
		{RULE("r", "proc.name = a") "---\n" RULE("r", "proc.name = b"),
		 "proc.name = b", "a second document"},
		{"- &x {macro: m, condition: proc.name = a}\n- *x\n"
		 RULE("r", "m"),
		 "proc.name = a", "an alias"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ruleset *rs = load_one(cases[i].text);
		const struct rules_rule *r = ruleset_rule(rs, 0);

		print_problems(rs);
		if (!r->condition ||
		    strcmp(r->condition, cases[i].condition) != 0)
			fail_msg("%s: %s", cases[i].why,
				 r->condition ? r->condition : r->reason);
		assert_int_equal(ruleset_error_count(rs), 0);
		ruleset_free(rs);
	}
}

/* sem 6: as research saw Falco compile them. */
static void
exceptions_are_filled_in_as_falco_does(void **state)
{
	static const struct {
		const char *exceptions, *condition, *why;
	} cases[] = {
		{"[{name: e, fields: [proc.name, fd.name], comps: [=, "
		 "startswith], values: [[cat, /etc/a], [my prog, /b]]}]",
		 "(fd.num = 1 and not ((proc.name = cat and fd.name startswith "
		 "/etc/a) or (proc.name = \"my prog\" and fd.name startswith "
		 "/b)))",
		 "tuples, or'ed"},
		{"[{name: e, fields: [proc.name, fd.name], values: [[a, b]]}]",
		 "(fd.num = 1 and not (proc.name = a and fd.name = b))",
		 "no comps: ="},
		{"[{name: e, fields: proc.name, values: [x, y]}]",
		 "(fd.num = 1 and not proc.name in (x, y))", "one field: in"},
		{"[{name: e, fields: proc.name, comps: startswith anyof, "
		 "values: [x, y]}]",
		 "(fd.num = 1 and not proc.name startswith anyof (x, y))",
		 "another operator of lists"},
		{"[{name: e, fields: [proc.name, fd.directory], comps: [in, "
		 "in], values: [[[a, b], [/c, /d]], [l, [/e]]]}]",
		 "(fd.num = 1 and not ((proc.name in (a, b) and fd.directory "
		 "in (/c, /d)) or (proc.name in (bar, baz) and fd.directory in "
		 "(/e))))",
		 "lists, and the name of a list"},
		{"[{name: e, fields: [proc.name], comps: [in], "
		 "values: [[(x)], [y]]}]",
		 "(fd.num = 1 and not (proc.name in (x) or proc.name in (y)))",
		 "parentheses where there are none"},
		{"[{name: e, fields: [proc.name]}]", "fd.num = 1",
		 "no values: nothing"},
		{"[{name: e, fields: proc.name, values: [x]}, "
		 "{name: f, fields: fd.name, values: [y]}]",
		 "(fd.num = 1 and not proc.name in (x) and not fd.name in "
		 "(y))",
		 "two of them"},
		{"[{name: e, fields: ['proc.aname[2]'], values: [[x]]}]",
		 "(fd.num = 1 and not proc.aname[2] = x)", "an argument"},
		{"", "fd.num = 1", "none"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[2048];
		struct ruleset *rs;
		const struct rules_rule *r;

		snprintf(text, sizeof(text),
			 "- {list: l, items: [bar, baz]}\n"
			 "- rule: r\n  desc: d\n  output: o\n  priority: info\n"
			 "  condition: fd.num = 1\n  exceptions: %s\n",
			 cases[i].exceptions);
		rs = load_one(text);
		r = ruleset_rule(rs, 0);
		if (!r->condition ||
		    strcmp(r->condition, cases[i].condition) != 0)
			fail_msg("%s: %s", cases[i].why,
				 r->condition ? r->condition : r->reason);
		ruleset_free(rs);
	}
}

static void
exceptions_grow(void **state)
{
	static const char *const files[] = {
		"- rule: r\n  desc: d\n  output: o\n  priority: info\n"
		"  condition: fd.num = 1\n"
		"  exceptions: [{name: e, fields: proc.name, values: [a]}]\n",
		"- rule: r\n  exceptions:\n  - {name: e, values: [b]}\n"
		"  - {name: f, fields: [fd.name], values: [[c]]}\n"
		"  override: {exceptions: append}\n",
		"- rule: r\n  exceptions: [{name: e, values: [d]}]\n"
		"  append: true\n",
	};
	struct ruleset *rs = load(files, ARRAY_SIZE(files));

	(void)state;
	print_problems(rs);
	assert_string_equal(ruleset_rule(rs, 0)->condition,
			    "(fd.num = 1 and not proc.name in (a, b, d) and "
			    "not fd.name = c)");
	ruleset_free(rs);
}

/* --- rules -------------------------------------------------------------- */

static void
rules_are_redefined_switched_and_overridden(void **state)
{
	static const char *const files[] = {
		RULE("one", "evt.type = open") RULE("two", "evt.type = open")
		RULE("three", "evt.type = open") RULE("four", "evt.type = open"),
		"- {rule: two, enabled: false}\n"
		RULE("one", "evt.type = openat")
		"- {rule: three, priority: CRITICAL, tags: [x, y, x], output: "
		"p, desc: e, aegis: {action: kill}, override: {priority: "
		"replace, tags: append, output: append, desc: append, aegis: "
		"replace}}\n"
		"- {rule: four, enabled: no, override: {enabled: replace}}\n",
		"- {rule: four, enabled: true, override: {enabled: replace}}\n",
	};
	struct ruleset *rs = load(files, ARRAY_SIZE(files));
	const struct rules_rule *r;

	(void)state;
	print_problems(rs);
	assert_int_equal(ruleset_problem_count(rs), 0);
	assert_int_equal(ruleset_rule_count(rs), 4);
	r = ruleset_rule(rs, 0);
	assert_string_equal(r->name, "one");
	assert_string_equal(r->condition, "evt.type = openat");
	assert_string_equal(r->file, "b.yaml");
	assert_int_equal(r->line, 2);
	assert_false(ruleset_rule(rs, 1)->enabled);
	assert_null(ruleset_rule(rs, 1)->reason);
	r = ruleset_rule(rs, 2);
	assert_int_equal(r->priority, RULES_PRIORITY_CRITICAL);
	assert_int_equal(r->action, RULES_ACTION_KILL);
	assert_int_equal(r->tag_count, 2);
	assert_string_equal(r->desc, "d e");
	assert_true(ruleset_rule(rs, 3)->enabled);
	ruleset_free(rs);
}

/* sem 7 */
static void
priorities_are_falcos(void **state)
{
	static const struct {
		const char *text;
		enum rules_priority priority;
	} cases[] = {
		{"Emergency", RULES_PRIORITY_EMERGENCY},
		{"CRITICAL", RULES_PRIORITY_CRITICAL},
		{"warning", RULES_PRIORITY_WARNING},
		{"info", RULES_PRIORITY_INFORMATIONAL},
		{"INFO", RULES_PRIORITY_INFORMATIONAL},
		{"Informational", RULES_PRIORITY_INFORMATIONAL},
		{"inform", RULES_PRIORITY_MAX},
		{"warn", RULES_PRIORITY_MAX},
		{"", RULES_PRIORITY_MAX},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(rules_priority_find(cases[i].text),
				 cases[i].priority);
}

static void
actions_are_attached_from_outside(void **state)
{
	struct ruleset *rs = load_one(
		"- {rule: a, desc: d, output: o, priority: critical, tags: [t], "
		"condition: evt.type = open, aegis: {action: quarantine}}\n"
		RULE("b", "evt.type = open"));
	struct aegis_error err = {0};

	(void)state;
	assert_int_equal(ruleset_rule(rs, 0)->action, RULES_ACTION_QUARANTINE);
	assert_int_equal(ruleset_attach(rs, RULES_ATTACH_RULE, "b",
					RULES_ACTION_KILL, &err),
			 0);
	assert_int_equal(ruleset_rule(rs, 1)->action, RULES_ACTION_KILL);
	assert_int_equal(ruleset_attach(rs, RULES_ATTACH_TAG, "t",
					RULES_ACTION_ALERT, &err),
			 0);
	assert_int_equal(ruleset_rule(rs, 0)->action, RULES_ACTION_ALERT);
	assert_int_equal(ruleset_attach(rs, RULES_ATTACH_PRIORITY, "error",
					RULES_ACTION_KILL, &err),
			 0);
	assert_int_equal(ruleset_rule(rs, 0)->action, RULES_ACTION_KILL);
	assert_int_equal(ruleset_attach(rs, RULES_ATTACH_PRIORITY, "nonsense",
					RULES_ACTION_KILL, &err),
			 -ENOENT);
	assert_int_equal(ruleset_attach(rs, RULES_ATTACH_TAG, "u",
					RULES_ACTION_KILL, &err),
			 -ENOENT);
	ruleset_free(rs);
}

/* --- what is refused ---------------------------------------------------- */

struct mistake {
	const char *why, *text, *where, *reason;
	bool is_warning;
};

#define GOOD RULE("good", "evt.type = open")

static const struct mistake mistakes[] = {
	{"not YAML", "- {rule: r\n", "a.yaml:2:1: ", "", false},
	{"no list", "rule: r\n", "a.yaml:1:1: ", "a list", false},
	{"an item that is none", "- x\n" GOOD, "a.yaml:1:3: ", "wanted", false},
	{"an unknown item", "- {rul: r}\n" GOOD, "a.yaml:1:3: ", "ignored", true},
	{"an unknown key", "- {list: l, items: [], itms: 1}\n" GOOD,
	 "a.yaml:1:24: ", "did you mean 'items'?", true},
	{"a key twice", "- {list: l, items: [a], items: [b]}\n" GOOD,
	 "a.yaml:1:25: ", "twice", true},
	{"a list without items", "- {list: l}\n" GOOD, "a.yaml:1:3: ",
	 "'items' is missing", false},
	{"items that are no list", "- {list: l, items: a}\n" GOOD,
	 "a.yaml:1:20: ", "has to be a list", false},
	{"an item that is a map", "- {list: l, items: [{a: b}]}\n" GOOD,
	 "a.yaml:1:21: ", "a text", false},
	{"a list with a blank", "- {list: a b, items: []}\n" GOOD,
	 "a.yaml:1:4: ", "the name of a list", true},
	{"append to nothing", "- {list: l, items: [a], append: true}\n" GOOD,
	 "a.yaml:1:3: ", "no list 'l' before", false},
	{"a macro without a condition", "- {macro: m}\n" GOOD, "a.yaml:1:3: ",
	 "'condition' is missing", false},
	{"an empty one", "- {macro: m, condition: ''}\n" GOOD, "a.yaml:1:25: ",
	 "empty", false},
	{"one that does not parse", "- {macro: m, condition: a.b =}\n" GOOD,
	 "a.yaml:1:25: ", "a value, at the end", false},
	{"a name that is none", "- {macro: 1m, condition: fd.num = 1}\n" GOOD,
	 "a.yaml:1:4: ", "the name of a macro", true},
	{"a field as a text", RULE("r", "evt.type = open and fd.name = fd.filename")
	 GOOD, "a.yaml:1:82: ", "val(fd.filename)", true},
	{"an output of the past",
	 "- {rule: r, desc: d, condition: evt.type = open, output: \"o "
	 "(%container.info)\", priority: info}\n" GOOD,
	 "a.yaml:1:58: ", "left out", true},
	{"a macro of itself", "- {macro: m, condition: m}\n" GOOD,
	 "a.yaml:1:25: ", "defined after this", false},
	{"an unknown macro", "- {macro: m, condition: n}\n" GOOD,
	 "a.yaml:1:25: ", "unknown macro 'n'", false},
	{"one that comes later",
	 "- {macro: m, condition: n}\n- {macro: n, condition: fd.num = 1}\n" GOOD,
	 "a.yaml:1:25: ", "defined after this, in line 2", false},
	{"a rule without output",
	 "- {rule: r, desc: d, condition: fd.num = 1, priority: info}\n" GOOD,
	 "a.yaml:1:3: ", "'output' is missing", false},
	{"without priority",
	 "- {rule: r, desc: d, condition: fd.num = 1, output: o}\n" GOOD,
	 "a.yaml:1:3: ", "'priority' is missing", false},
	{"a wrong one",
	 "- {rule: r, desc: d, condition: fd.num = 1, output: o, priority: "
	 "warnin}\n" GOOD,
	 "a.yaml:1:66: ", "did you mean Warning", false},
	{"a wrong output",
	 "- {rule: r, desc: d, condition: evt.type = open, output: "
	 "'%fd.nmae', priority: info}\n" GOOD,
	 "a.yaml:1:58: ", "did you mean 'fd.name'?", false},
	{"a switch for nothing", "- {rule: r, enabled: true}\n" GOOD,
	 "a.yaml:1:3: ", "no rule 'r' before", false},
	{"no switch", "- {rule: r, tags: [a]}\n" GOOD, "a.yaml:1:3: ",
	 "'enabled' is missing", false},
	{"a switch that is none", GOOD "- {rule: good, enabled: maybe}\n",
	 "a.yaml:2:25: ", "true or false", false},
	{"an append to nothing",
	 "- {rule: r, condition: and fd.num = 1, append: true}\n" GOOD,
	 "a.yaml:1:3: ", "no rule 'r' before", false},
	{"of nothing", GOOD "- {rule: good, append: true}\n", "a.yaml:2:3: ",
	 "a condition or exceptions", false},
	{"an override of nothing",
	 "- {rule: r, priority: info, override: {priority: replace}}\n" GOOD,
	 "a.yaml:1:3: ", "no rule 'r' before", false},
	{"a key without an override",
	 GOOD "- {rule: good, priority: info, tags: [x], override: {priority: "
	      "replace}}\n",
	 "a.yaml:2:32: ", "no entry under override", false},
	{"an override without its key",
	 GOOD "- {rule: good, override: {priority: replace}}\n", "a.yaml:2:3: ",
	 "'priority' is missing", false},
	{"what cannot be appended",
	 GOOD "- {rule: good, priority: info, override: {priority: append}}\n",
	 "a.yaml:2:43: ", "cannot be appended", false},
	{"what cannot be replaced",
	 GOOD "- {rule: good, source: syscall, override: {source: replace}}\n",
	 "a.yaml:2:44: ", "cannot be replaced", false},
	{"another word", GOOD
	 "- {rule: good, priority: info, override: {priority: remove}}\n",
	 "a.yaml:2:53: ", "append or replace", false},
	{"append and override",
	 GOOD "- {rule: good, condition: x, append: true, override: "
	      "{condition: append}}\n",
	 "a.yaml:2:44: ", "exclude each other", false},
	{"another source",
	 GOOD "- {rule: good, desc: d, output: o, priority: info, condition: "
	      "fd.num = 1, source: k8s_audit}\n",
	 "a.yaml:2:3: ", "is of source 'syscall' in line 1", false},
	{"a source AEGIS has not",
	 "- {rule: r, desc: d, output: o, priority: info, condition: ka.verb = "
	 "get, source: k8s_audit}\n" GOOD,
	 "a.yaml:1:3: ", "no source 'k8s_audit'", true},
	{"an action that is none",
	 "- {rule: r, desc: d, output: o, priority: info, condition: fd.num = "
	 "1, aegis: {action: kil}}\n" GOOD,
	 "a.yaml:1:88: ", "did you mean 'kill'?", false},
	{"a key of aegis that is none",
	 "- {rule: r, desc: d, output: o, priority: info, condition: fd.num = "
	 "1, aegis: {acton: kill}}\n" GOOD,
	 "a.yaml:1:80: ", "unknown key 'acton'", false},
	{"an exception without a name",
	 "- {rule: r, desc: d, output: o, priority: info, condition: fd.num = "
	 "1, exceptions: [{fields: proc.name}]}\n" GOOD,
	 "a.yaml:1:85: ", "'name' is missing", false},
	{"without fields",
	 "- {rule: r, desc: d, output: o, priority: info, condition: fd.num = "
	 "1, exceptions: [{name: e}]}\n" GOOD,
	 "a.yaml:1:85: ", "no fields", false},
	{"of an unknown field",
	 "- {rule: r, desc: d, output: o, priority: info, condition: fd.num = "
	 "1, exceptions: [{name: e, fields: proc.nmae}]}\n" GOOD,
	 "a.yaml:1:85: ", "did you mean 'proc.name'?", false},
	{"with too few values",
	 "- {rule: r, desc: d, output: o, priority: info, condition: fd.num = "
	 "1, exceptions: [{name: e, fields: [proc.name, fd.name], values: "
	 "[[a]]}]}\n" GOOD,
	 "a.yaml:1:85: ", "a list of 2", false},
	{"with too few comps",
	 "- {rule: r, desc: d, output: o, priority: info, condition: fd.num = "
	 "1, exceptions: [{name: e, fields: [proc.name, fd.name], comps: [=]}"
	 "]}\n" GOOD,
	 "a.yaml:1:85: ", "as many comps", false},
	{"with an operator that is none",
	 "- {rule: r, desc: d, output: o, priority: info, condition: fd.num = "
	 "1, exceptions: [{name: e, fields: [proc.name], comps: [like]}]}\n" GOOD,
	 "a.yaml:1:85: ", "'like' is no operator", false},
	{"with one that takes no list",
	 "- {rule: r, desc: d, output: o, priority: info, condition: fd.num = "
	 "1, exceptions: [{name: e, fields: proc.name, comps: '='}]}\n" GOOD,
	 "a.yaml:1:85: ", "'=' is no operator", false},
	{"fields for an exception that is there",
	 "- {rule: r, desc: d, output: o, priority: info, condition: evt.type = "
	 "open, exceptions: [{name: e, fields: proc.name}]}\n"
	 "- {rule: r, exceptions: [{name: e, fields: proc.name, values: [x]}], "
	 "append: true}\n" GOOD,
	 "a.yaml:2:26: ", "only values", false},
	{"an engine of the future", "- required_engine_version: 0.99.0\n" GOOD,
	 "a.yaml:1:28: ", "nothing of it was loaded", false},
	{"an engine that is none", "- required_engine_version: new\n" GOOD,
	 "a.yaml:1:28: ", "0.57.0", false},
	{"a plugin AEGIS has not",
	 "- required_plugin_versions: [{name: json, version: 0.7.0}]\n" GOOD,
	 "a.yaml:1:31: ", "no plugin 'json'", true},
	{"an event without a sensor",
	 RULE("r", "evt.type = getpid") GOOD, "a.yaml:1:82: ", "no sensor", true},
	{"an alias of nothing", "- *x\n", "a.yaml:1:3: ", "no anchor", false},
	{"a terminal's escapes",
	 "- {macro: m, condition: \"a.b = x \\x1b[2J\"}\n" GOOD,
	 "a.yaml:1:25: ", "at '\\x1b[2J'", false},
};

/* One thing is refused and said, at its place; GOOD loads all the same, but for
 * files that are no files. */
static void
what_is_wrong_is_refused_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		const struct mistake *m = &mistakes[i];
		struct ruleset *rs = load_one(m->text);
		const struct rules_problem *p;
		bool good = false;

		if (ruleset_problem_count(rs) != 1) {
			print_problems(rs);
			fail_msg("%s: %u problems", m->why,
				 ruleset_problem_count(rs));
		}
		p = ruleset_problem(rs, 0);
		if (strncmp(p->text, m->where, strlen(m->where)) != 0 ||
		    !strstr(p->text, m->reason) || p->is_error == m->is_warning)
			fail_msg("%s: %s", m->why, p->text);
		for (uint32_t k = 0; k < ruleset_rule_count(rs); k++)
			good |= !strcmp(ruleset_rule(rs, k)->name, "good") &&
				!ruleset_rule(rs, k)->reason;
		if (strstr(m->text, "good") && !strstr(m->text, "engine") &&
		    !good)
			fail_msg("%s: the good rule did not load", m->why);
		ruleset_free(rs);
	}
}

/* What needs what was refused is refused with it, and says so. */
static void
users_of_what_was_refused_are_refused(void **state)
{
	struct ruleset *rs = load_one(
		"- {macro: bad, condition: nonsense}\n"
		"- {macro: worse, condition: bad}\n" RULE("r", "worse") GOOD);

	(void)state;
	assert_int_equal(ruleset_error_count(rs), 3);
	assert_non_null(strstr(ruleset_macro(rs, 1)->reason,
			       "'bad' was refused"));
	assert_non_null(strstr(ruleset_rule(rs, 0)->reason,
			       "'worse' was refused"));
	assert_null(ruleset_rule(rs, 1)->reason);
	ruleset_free(rs);
}

/* sem 4 */
static void
a_circle_of_macros_is_refused(void **state)
{
	struct ruleset *rs = load_one(
		"- {macro: m, condition: fd.num = 1}\n"
		"- {macro: n, condition: m}\n"
		"- {macro: m, condition: or n, append: true}\n" RULE("r", "n")
			GOOD);

	(void)state;
	assert_non_null(strstr(ruleset_macro(rs, 0)->reason,
			       "'n' leads back to itself"));
	assert_non_null(ruleset_macro(rs, 1)->reason);
	assert_non_null(ruleset_rule(rs, 0)->reason);
	assert_null(ruleset_rule(rs, 1)->reason);
	ruleset_free(rs);
}

static void
a_refused_update_changes_nothing(void **state)
{
	struct ruleset *rs = load_one(
		GOOD
		"- {rule: good, condition: and fd.num = 1, exceptions: [{name: "
		"e}], override: {condition: append, exceptions: append}}\n"
		"- {rule: good, desc: x, output: o, condition: evt.type = "
		"close, priority: nonsense}\n");

	(void)state;
	assert_int_equal(ruleset_error_count(rs), 2);
	assert_int_equal(ruleset_rule_count(rs), 1);
	assert_string_equal(ruleset_rule(rs, 0)->condition, "evt.type = open");
	ruleset_free(rs);
}

static void
unknown_filters_may_be_skipped(void **state)
{
	struct ruleset *rs = load_one(
		"- {rule: r, desc: d, output: o, priority: info, condition: "
		"new.field = 1, skip-if-unknown-filter: true}\n"
		"- {rule: s, desc: d, output: '%new.field', priority: info, "
		"condition: evt.type = open, skip-if-unknown-filter: true}\n"
		"- {rule: t, desc: d, output: o, priority: info, condition: "
		"fd.num = x, skip-if-unknown-filter: true}\n");

	(void)state;
	assert_int_equal(ruleset_problem_count(rs), 3);
	assert_false(ruleset_problem(rs, 0)->is_error);
	assert_false(ruleset_problem(rs, 1)->is_error);
	assert_true(ruleset_problem(rs, 2)->is_error); /* known, but wrong */
	for (uint32_t i = 0; i < 3; i++)
		assert_non_null(ruleset_rule(rs, i)->reason);
	ruleset_free(rs);
}

static void
any_type_of_event_is_worth_a_warning(void **state)
{
	struct ruleset *rs = load_one(
		"- {rule: r, desc: d, output: o, priority: info, condition: "
		"proc.name = x}\n"
		"- {rule: s, desc: d, output: o, priority: info, condition: "
		"proc.name = x, warn_evttypes: false}\n");

	(void)state;
	assert_int_equal(ruleset_problem_count(rs), 1);
	assert_string_equal(ruleset_problem(rs, 0)->name, "r");
	assert_false(ruleset_problem(rs, 0)->is_error);
	assert_true(rules_event_set_is_full(&ruleset_rule(rs, 0)->events));
	ruleset_free(rs);
}

/* --- bounds ------------------------------------------------------------- */

/* m1 is m0 twice, m2 is m1 twice: 2^40 checks in 40 lines. */
static void
macros_that_double_are_refused(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT(1 << 20);
	struct ruleset *rs;

	(void)state;
	buf_adds(&text, "- {macro: m0, condition: fd.num = 1}\n");
	for (int i = 1; i <= 40; i++)
		buf_addf(&text, "- {macro: m%d, condition: m%d and m%d}\n", i,
			 i - 1, i - 1);
	buf_adds(&text, RULE("r", "m40") GOOD);
	rs = load_one(buf_str(&text));
	assert_non_null(strstr(ruleset_rule(rs, 0)->reason, "was refused"));
	assert_null(ruleset_rule(rs, 1)->reason);
	assert_null(ruleset_macro(rs, 10)->reason);
	assert_non_null(strstr(ruleset_macro(rs, 16)->reason,
			       "more than 100000 checks"));
	ruleset_free(rs);
}

/* A chain of macros, each changed after all were defined, so that none is filled
 * in before the first, and each nested as deep as one may be: what recursion
 * would come to without a bound. */
static void
macros_nest_no_deeper_than_conditions(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT(1 << 22);
	struct ruleset *rs;

	(void)state;
	for (int i = 0; i < 900; i++)
		buf_addf(&text, "- {macro: m%d, condition: fd.num = 1}\n", i);
	for (int i = 0; i < 900; i++) {
		buf_addf(&text, "- {macro: m%d, append: true, condition: 'and ",
			 i);
		for (int k = 0; k < 150; k++)
			buf_adds(&text, "not (");
		buf_addf(&text, "m%d", i < 899 ? i + 1 : 0);
		for (int k = 0; k < 150; k++)
			buf_adds(&text, ")");
		buf_adds(&text, "'}\n");
	}
	buf_adds(&text, RULE("r", "m0") GOOD);
	rs = load_one(buf_str(&text));
	assert_non_null(strstr(ruleset_macro(rs, 0)->reason, "too deeply"));
	assert_non_null(ruleset_rule(rs, 0)->reason);
	assert_null(ruleset_rule(rs, 1)->reason);
	ruleset_free(rs);
}

/* A list of lists of lists, by the text. */
static void
lists_that_multiply_are_refused(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT(1 << 20);
	struct ruleset *rs;

	(void)state;
	for (int i = 0; i < 12; i++) {
		buf_addf(&text, "- {list: l%d, items: [", i);
		for (int k = 0; k < 12; k++)
			buf_addf(&text, "%sl%d", k ? ", " : "", i + 1);
		buf_adds(&text, "]}\n");
	}
	buf_adds(&text, RULE("r", "proc.name in (l0)") GOOD);
	rs = load_one(buf_str(&text));
	assert_non_null(strstr(ruleset_rule(rs, 0)->reason, "bytes"));
	assert_null(ruleset_rule(rs, 1)->reason);
	ruleset_free(rs);
}

/* One list of 90,000 items in 40 rules: each is in bounds, all are not. */
static void
what_all_rules_come_to_is_bounded(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT(1 << 22);
	struct ruleset *rs;
	uint32_t loaded = 0;

	(void)state;
	buf_adds(&text, GOOD "- {list: l, items: [");
	for (int i = 0; i < 90000; i++)
		buf_addf(&text, "%sa%d", i ? ", " : "", i);
	buf_adds(&text, "]}\n");
	for (int i = 0; i < 40; i++)
		buf_addf(&text, RULE("r%d", "fd.num = %d and proc.name in (l)"),
			 i, i);
	assert_int_equal(buf_error(&text), 0);
	rs = load_one(buf_str(&text));
	for (uint32_t i = 0; i < ruleset_rule_count(rs); i++)
		loaded += !ruleset_rule(rs, i)->reason;
	assert_in_range(loaded, 2, 20);
	assert_int_equal(ruleset_error_count(rs), 41 - loaded);
	assert_non_null(strstr(ruleset_rule(rs, 40)->reason,
			       "all conditions together"));
	ruleset_free(rs);
}

static void
files_are_read_in_order_and_one_may_be_missing(void **state)
{
	struct ruleset *rs = ruleset_new(NULL);
	struct aegis_error err = {0};
	char path[] = "/tmp/aegis-rules.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, GOOD, strlen(GOOD)), strlen(GOOD));
	close(fd);
	assert_int_equal(ruleset_add_file(rs, "/nonexistent/x.yaml", &err), 0);
	assert_int_equal(ruleset_add_file(rs, path, &err), 0);
	unlink(path);
	assert_int_equal(ruleset_compile(rs, &err), 0);
	assert_int_equal(ruleset_error_count(rs), 1);
	assert_non_null(strstr(ruleset_problem(rs, 0)->text,
			       "/nonexistent/x.yaml"));
	assert_int_equal(ruleset_rule_count(rs), 1);
	assert_string_equal(ruleset_rule(rs, 0)->file, path);
	ruleset_free(rs);
}

/* Our own rules: every one loads, and none needs a second look. */
static void
the_shipped_rules_load(void **state)
{
	struct ruleset *rs = ruleset_new(NULL);
	struct aegis_error err = {0};

	(void)state;
	assert_int_equal(ruleset_add_file(rs, "policies/rules/aegis_rules.yaml",
					  &err),
			 0);
	assert_int_equal(ruleset_compile(rs, &err), 0);
	print_problems(rs);
	assert_int_equal(ruleset_problem_count(rs), 0);
	assert_in_range(ruleset_rule_count(rs), 20, 200);
	for (uint32_t i = 0; i < ruleset_rule_count(rs); i++) {
		const struct rules_rule *r = ruleset_rule(rs, i);

		if (r->reason || !r->tag_count || strlen(r->desc) < 20)
			fail_msg("%s", r->name);
	}
	ruleset_free(rs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions_are_filled_in_as_falco_does),
		cmocka_unit_test(exceptions_are_filled_in_as_falco_does),
		cmocka_unit_test(exceptions_grow),
		cmocka_unit_test(rules_are_redefined_switched_and_overridden),
		cmocka_unit_test(priorities_are_falcos),
		cmocka_unit_test(actions_are_attached_from_outside),
		cmocka_unit_test(what_is_wrong_is_refused_alone),
		cmocka_unit_test(users_of_what_was_refused_are_refused),
		cmocka_unit_test(a_circle_of_macros_is_refused),
		cmocka_unit_test(a_refused_update_changes_nothing),
		cmocka_unit_test(unknown_filters_may_be_skipped),
		cmocka_unit_test(any_type_of_event_is_worth_a_warning),
		cmocka_unit_test(macros_that_double_are_refused),
		cmocka_unit_test(macros_nest_no_deeper_than_conditions),
		cmocka_unit_test(lists_that_multiply_are_refused),
		cmocka_unit_test(what_all_rules_come_to_is_bounded),
		cmocka_unit_test(files_are_read_in_order_and_one_may_be_missing),
		cmocka_unit_test(the_shipped_rules_load),
	};

	return cmocka_run_group_tests_name("rules_load", tests, NULL, NULL);
}
