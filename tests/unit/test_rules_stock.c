/*
 * The stock rule files of Falco, against what Falco itself makes of them
 * (`falco -L`, compiled.json).  They are not in this repository: without them
 * this test fails, as a test that did not run proves nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/json.h"
#include "lib/rules/output.h"
#include "lib/rules/ruleset.h"
#include "tests/unit/stock_rules.h"

#define COMPILED_MAX (8UL * 1024 * 1024)

/* What Falco's container plugin puts behind every output. */
#define PLUGIN_OUTPUT                                                          \
	"container_id=%container.id container_name=%container.name "           \
	"container_image_repository=%container.image.repository "              \
	"container_image_tag=%container.image.tag "                            \
	"k8s_pod_name=%k8s.pod.name k8s_ns_name=%k8s.ns.name"

struct stock {
	struct ruleset *rs;
	struct json_doc compiled;
};

static void
read_compiled(struct json_doc *doc)
{
	char path[PATH_MAX];
	_cleanup_free_ char *text = malloc(COMPILED_MAX);
	_cleanup_fclose_ FILE *f = NULL;
	struct aegis_error err = {0};
	size_t len;

	stock_path("compiled.json", path, sizeof(path));
	f = fopen(path, "re");
	assert_non_null(f);
	assert_non_null(text);
	len = fread(text, 1, COMPILED_MAX, f);
	assert_in_range(len, 1, COMPILED_MAX - 1);
	if (json_parse(doc, text, len, &err) < 0)
		fail_msg("%s: %s", path, err.text);
}

static int
setup(void **state)
{
	static const struct rules_options options = {.extra_output =
							     PLUGIN_OUTPUT};
	static struct stock s;
	static const char *const files[] = {"falco_rules.yaml",
					    "falco-incubating_rules.yaml"};
	struct aegis_error err = {0};
	char path[PATH_MAX];

	s.rs = ruleset_new(&options);
	assert_non_null(s.rs);
	for (size_t i = 0; i < 2; i++) {
		stock_path(files[i], path, sizeof(path));
		assert_int_equal(ruleset_add_file(s.rs, path, &err), 0);
	}
	assert_int_equal(ruleset_compile(s.rs, &err), 0);
	read_compiled(&s.compiled);
	*state = &s;
	return 0;
}

static int
teardown(void **state)
{
	struct stock *s = *state;

	ruleset_free(s->rs);
	json_doc_release(&s->compiled);
	return 0;
}

/* --- sets of texts, compared both ways ---------------------------------- */

struct names {
	const char *v[4096];
	size_t count;
};

static void
names_add(struct names *n, const char *name)
{
	for (size_t i = 0; i < n->count; i++)
		if (!strcmp(n->v[i], name))
			return;
	assert_in_range(n->count, 0, 4095);
	n->v[n->count++] = name;
}

static bool
names_have(const struct names *n, const char *name)
{
	for (size_t i = 0; i < n->count; i++)
		if (!strcmp(n->v[i], name))
			return true;
	return false;
}

static void
same_names(const struct names *ours, const struct json_node *theirs,
	   const char *of, const char *what)
{
	struct names unique = {0}; /* Falco repeats what an output repeats */

	json_foreach(n, theirs) {
		if (!names_have(ours, n->str))
			fail_msg("%s: Falco has the %s %s", of, what, n->str);
		names_add(&unique, n->str);
	}
	if (ours->count != unique.count)
		fail_msg("%s: %zu %ss, Falco has %zu", of, ours->count, what,
			 unique.count);
}

/* --- what a tree names -------------------------------------------------- */

struct walk {
	struct names fields, operators;
	char texts[512][64];
	size_t text_count;
};

static void
visit(void *ctx, const struct condition *c)
{
	struct walk *w = ctx;
	char *name = w->texts[w->text_count];

	if (c->left->argument)
		snprintf(name, 64, "%s[%s]", c->left->text, c->left->argument);
	else
		snprintf(name, 64, "%s", c->left->text);
	if (!names_have(&w->fields, name)) {
		names_add(&w->fields, name);
		w->text_count++;
	}
	names_add(&w->operators, rules_op_text(c->op));
}

static void
same_tree(const char *name, const struct condition *tree,
	  const struct json_node *details)
{
	struct walk *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	condition_each_check(tree, visit, w);
	same_names(&w->fields, json_get(details, "condition_fields"), name,
		   "field");
	same_names(&w->operators, json_get(details, "condition_operators"),
		   name, "operator");
	free(w);
}

/*
 * Falco's set is ours and "asyncevent" (its async events reach every rule,
 * whatever the condition says).  Where the condition leaves the type open, both
 * are everything: each of Falco's names is one of event.def but "NA", which is
 * what it calls its unused numbers.
 */
static void
same_events(const char *name, const struct rules_event_set *ours,
	    const struct json_node *theirs)
{
	const bool all = rules_event_set_is_full(ours);
	unsigned count = 0;

	json_foreach(n, theirs) {
		const enum rules_event e = rules_event_find(n->str);
		const bool extra = !strcmp(n->str, "asyncevent");

		if (all && !strcmp(n->str, "NA"))
			continue;
		if (!e)
			fail_msg("%s: Falco has the event %s", name, n->str);
		if (!rules_event_set_has(ours, e) && !extra)
			fail_msg("%s: Falco may match %s", name, n->str);
		count += rules_event_set_has(ours, e);
	}
	assert_int_equal(count, rules_event_set_count(ours));
}

/* --- the tests ---------------------------------------------------------- */

static void
every_list_macro_and_rule_loads(void **state)
{
	const struct stock *s = *state;

	for (uint32_t i = 0; i < ruleset_problem_count(s->rs); i++)
		print_message("%s\n", ruleset_problem(s->rs, i)->text);
	assert_int_equal(ruleset_problem_count(s->rs), 0);
	assert_int_equal(ruleset_rule_count(s->rs), 56);
	assert_int_equal(ruleset_macro_count(s->rs), 157);
	assert_int_equal(ruleset_list_count(s->rs), 83);
	for (uint32_t i = 0; i < ruleset_rule_count(s->rs); i++)
		assert_null(ruleset_rule(s->rs, i)->reason);
}

static void
lists_hold_what_falco_has_in_them(void **state)
{
	const struct stock *s = *state;
	uint32_t i = 0;

	json_foreach(n, json_get(s->compiled.root, "lists")) {
		const struct rules_list *l = ruleset_list(s->rs, i++);
		const struct json_node *items =
			json_get(json_get(n, "details"), "items_compiled");
		struct names ours = {0};

		assert_string_equal(l->name, json_get_string(json_get(n, "info"),
							     "name"));
		for (uint32_t k = 0; k < l->item_count; k++)
			names_add(&ours, l->items[k]);
		same_names(&ours, items, l->name, "item");
	}
	assert_int_equal(i, ruleset_list_count(s->rs));
}

static void
macros_compile_to_what_falco_compiles_them_to(void **state)
{
	const struct stock *s = *state;
	uint32_t i = 0;

	json_foreach(n, json_get(s->compiled.root, "macros")) {
		const struct rules_macro *m = ruleset_macro(s->rs, i++);
		const struct json_node *details = json_get(n, "details");

		assert_string_equal(m->name, json_get_string(json_get(n, "info"),
							     "name"));
		assert_string_equal(m->condition,
				    json_get_string(details,
						    "condition_compiled"));
		same_tree(m->name, m->tree, details);
		same_events(m->name, &m->events, json_get(details, "events"));
	}
	assert_int_equal(i, ruleset_macro_count(s->rs));
}

static void
rules_compile_to_what_falco_compiles_them_to(void **state)
{
	const struct stock *s = *state;
	uint32_t i = 0;

	json_foreach(n, json_get(s->compiled.root, "rules")) {
		const struct rules_rule *r = ruleset_rule(s->rs, i++);
		const struct json_node *details = json_get(n, "details");
		const struct json_node *info = json_get(n, "info");
		struct names fields = {0};

		assert_string_equal(r->name, json_get_string(info, "name"));
		assert_string_equal(r->condition,
				    json_get_string(details,
						    "condition_compiled"));
		same_tree(r->name, r->tree, details);
		same_events(r->name, &r->events, json_get(details, "events"));
		for (uint32_t k = 0; k < rules_output_field_count(r->output);
		     k++)
			names_add(&fields, rules_output_field(r->output, k));
		same_names(&fields, json_get(details, "output_fields"), r->name,
			   "output field");
	}
	assert_int_equal(i, ruleset_rule_count(s->rs));
}

static void
rules_keep_what_is_written_beside_the_condition(void **state)
{
	const struct stock *s = *state;
	uint32_t i = 0;

	json_foreach(n, json_get(s->compiled.root, "rules")) {
		const struct rules_rule *r = ruleset_rule(s->rs, i++);
		const struct json_node *info = json_get(n, "info");
		struct names tags = {0};

		assert_string_equal(rules_priority_name(r->priority),
				    json_get_string(info, "priority"));
		assert_string_equal(r->desc,
				    json_get_string(info, "description"));
		assert_string_equal(r->source, json_get_string(info, "source"));
		assert_int_equal(r->enabled, json_get(info, "enabled")->boolean);
		assert_int_equal(r->action, RULES_ACTION_ALERT);
		for (uint32_t k = 0; k < r->tag_count; k++)
			names_add(&tags, r->tags[k]);
		same_names(&tags, json_get(info, "tags"), r->name, "tag");
	}
}

static void
printed_to_be_parsed_they_stay_what_they_are(void **state)
{
	const struct stock *s = *state;

	for (uint32_t i = 0; i < ruleset_rule_count(s->rs); i++) {
		const struct rules_rule *r = ruleset_rule(s->rs, i);
		_cleanup_buf_ struct buf once = BUF_INIT(CONDITION_TEXT_MAX);
		_cleanup_buf_ struct buf again = BUF_INIT(CONDITION_TEXT_MAX);
		_cleanup_buf_ struct buf falco = BUF_INIT(CONDITION_TEXT_MAX);
		_cleanup_arena_ struct arena a = ARENA_INIT(RULES_MEMORY_MAX);
		const struct condition *c = NULL;

		condition_print(r->tree, CONDITION_TO_PARSE, &once);
		assert_int_equal(condition_parse(&a, buf_str(&once), &c, NULL,
						 NULL),
				 0);
		condition_print(c, CONDITION_TO_PARSE, &again);
		condition_print(c, CONDITION_AS_FALCO, &falco);
		assert_string_equal(buf_str(&once), buf_str(&again));
		assert_string_equal(buf_str(&falco), r->condition);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_list_macro_and_rule_loads),
		cmocka_unit_test(lists_hold_what_falco_has_in_them),
		cmocka_unit_test(macros_compile_to_what_falco_compiles_them_to),
		cmocka_unit_test(rules_compile_to_what_falco_compiles_them_to),
		cmocka_unit_test(rules_keep_what_is_written_beside_the_condition),
		cmocka_unit_test(printed_to_be_parsed_they_stay_what_they_are),
	};

	return cmocka_run_group_tests_name("rules_stock", tests, setup,
					   teardown);
}
