/*
 * conf, read in the habits of others: documents, aliases, keys that come twice.
 * How strict it is otherwise is in test_settings.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/conf.h"

static int
parse(struct conf *conf, unsigned flags, const char *text,
      struct aegis_error *err)
{
	*err = (struct aegis_error){0};
	return conf_parse_as(conf, flags, "f", text, strlen(text), err);
}

static void
nothing_is_lenient_unless_asked_for(void **state)
{
	static const char *const texts[] = {"a\n---\nb\n", "[&x a, *x]\n",
					    "{a: 1, a: 2}\n"};
	struct aegis_error err;
	struct conf conf;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(parse(&conf, 0, texts[i], &err), -EBADMSG);
		assert_int_equal(parse(&conf, ~(1u << i), texts[i], &err),
				 -EBADMSG);
		assert_int_equal(parse(&conf, 1u << i, texts[i], &err), 0);
		conf_release(&conf);
	}
}

static void
documents_are_items_of_the_root(void **state)
{
	struct aegis_error err;
	struct conf conf;

	(void)state;
	assert_int_equal(parse(&conf, CONF_DOCUMENTS, "a\n---\n---\n- b\n",
			       &err),
			 0);
	assert_int_equal(conf.root->type, CONF_LIST);
	assert_int_equal(conf.root->count, 3);
	assert_string_equal(conf.root->first->value, "a");
	assert_int_equal(conf.root->first->next->type, CONF_NULL);
	assert_int_equal(conf.root->first->next->next->type, CONF_LIST);
	conf_release(&conf);
	assert_int_equal(parse(&conf, CONF_DOCUMENTS, "", &err), 0);
	assert_int_equal(conf.root->type, CONF_LIST);
	assert_int_equal(conf.root->count, 0);
	conf_release(&conf);
}

static void
an_alias_is_a_copy_at_its_own_place(void **state)
{
	const struct conf_node *n;
	struct aegis_error err;
	struct conf conf;

	(void)state;
	assert_int_equal(parse(&conf, CONF_ALIASES,
			       "a: &x [1, 2]\nb: *x\nc: 3\n", &err),
			 0);
	n = conf_get(conf.root, "b");
	assert_int_equal(n->type, CONF_LIST);
	assert_int_equal(n->count, 2);
	assert_string_equal(n->first->next->value, "2");
	assert_int_equal(n->line, 2);
	assert_int_equal(n->column, 4);
	assert_string_equal(n->key, "b");
	assert_string_equal(n->next->key, "c");
	assert_string_equal(conf_get(conf.root, "a")->key, "a");
	conf_release(&conf);
}

static void
aliases_of_nothing_and_of_themselves_are_refused(void **state)
{
	struct aegis_error err;
	struct conf conf;

	(void)state;
	assert_int_equal(parse(&conf, CONF_ALIASES, "[*x, &x a]", &err),
			 -EBADMSG);
	assert_non_null(strstr(err.text, "f:1:2: no anchor 'x'"));
	assert_int_equal(parse(&conf, CONF_ALIASES, "&x [a, *x]", &err),
			 -EBADMSG);
	assert_int_equal(parse(&conf, CONF_ALIASES | CONF_DOCUMENTS,
			       "&x a\n---\n*x\n", &err),
			 -EBADMSG);
}

/* Nine aliases in a list of nine aliases in ...: 9^12 values in 12 lines. */
static void
aliases_count_in_full(void **state)
{
	_cleanup_buf_ struct buf text = BUF_INIT(1 << 16);
	struct aegis_error err;
	struct conf conf;

	(void)state;
	buf_adds(&text, "- &a0 x\n");
	for (int i = 1; i <= 12; i++) {
		buf_addf(&text, "- &a%d [", i);
		for (int k = 0; k < 9; k++)
			buf_addf(&text, "%s*a%d", k ? ", " : "", i - 1);
		buf_adds(&text, "]\n");
	}
	assert_int_equal(parse(&conf, CONF_ALIASES, buf_str(&text), &err),
			 -EBADMSG);
	assert_non_null(strstr(err.text, "values"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lenient_unless_asked_for),
		cmocka_unit_test(documents_are_items_of_the_root),
		cmocka_unit_test(an_alias_is_a_copy_at_its_own_place),
		cmocka_unit_test(
			aliases_of_nothing_and_of_themselves_are_refused),
		cmocka_unit_test(aliases_count_in_full),
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
