#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/gate/rule.h"

static void
every_rule_is_found_by_its_name(void **state)
{
	(void)state;
	for (int i = RULE_NONE + 1; i < RULE_MAX; i++) {
		const struct rule *rule = rule_get((enum rule_id)i);

		assert_non_null(rule->name);
		assert_true(*rule->name && *rule->advice);
		assert_int_equal(rule_from_name(rule->name), i);
	}
}

static void
other_names_are_no_rule(void **state)
{
	static const char *const names[] = {
		"", "containers", "containers.bind", "containers.bindss",
		"Containers.binds", " containers.binds",
	};

	(void)state;
	assert_int_equal(rule_from_name("containers.binds"), RULE_CT_BINDS);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(rule_from_name(names[i]), RULE_NONE);
}

static void
an_id_out_of_range_is_no_rule(void **state)
{
	(void)state;
	assert_string_equal(rule_get(RULE_NONE)->name, "");
	assert_true(rule_get(RULE_NONE)->fixed);
	assert_ptr_equal(rule_get(RULE_MAX), rule_get(RULE_NONE));
	assert_ptr_equal(rule_get((enum rule_id)-1), rule_get(RULE_NONE));
}

static unsigned
count(const struct rule_set *s)
{
	unsigned n = 0;

	for (int i = 0; i < RULE_MAX; i++)
		n += rule_set_has(s, (enum rule_id)i);
	return n;
}

static void
a_name_adds_its_rule(void **state)
{
	struct rule_set s = {{0}};

	(void)state;
	assert_int_equal(rule_set_add_name(&s, "containers.binds"), 1);
	assert_true(rule_set_has(&s, RULE_CT_BINDS));
	assert_int_equal(rule_set_add_name(&s, "api"), 1);
	assert_true(rule_set_has(&s, RULE_API));
	assert_int_equal(count(&s), 2);
}

static void
a_first_word_adds_its_family(void **state)
{
	struct rule_set s = {{0}};
	unsigned n = rule_set_add_name(&s, "containers");

	(void)state;
	assert_true(n > 20);
	assert_int_equal(count(&s), n);
	for (int i = RULE_NONE + 1; i < RULE_MAX; i++)
		assert_int_equal(rule_set_has(&s, (enum rule_id)i),
				 !strncmp(rule_get((enum rule_id)i)->name,
					  "containers.", 11));
}

static void
fixed_rules_and_strangers_add_nothing(void **state)
{
	static const char *const names[] = {
		"gate", "gate.self", "gate.internal", "", "container",
		"containers.", "containersx", ".binds", "binds", "*",
	};
	struct rule_set s = {{0}};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(rule_set_add_name(&s, names[i]), 0);
	assert_int_equal(count(&s), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_is_found_by_its_name),
		cmocka_unit_test(other_names_are_no_rule),
		cmocka_unit_test(an_id_out_of_range_is_no_rule),
		cmocka_unit_test(a_name_adds_its_rule),
		cmocka_unit_test(a_first_word_adds_its_family),
		cmocka_unit_test(fixed_rules_and_strangers_add_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
