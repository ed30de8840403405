/* ctl/daemon_json.c: the owner's file keeps everything but our name. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "ctl/daemon_json.c"

#define A "\"authorization-plugins\""

static void
only_our_name_is_edited(void **state)
{
	static const struct {
		enum daemon_json_edit edit;
		const char *before, *after, *why;
	} cases[] = {
		{DAEMON_JSON_ADD, "", "{\n  " A ": [\"aegis\"]\n}\n",
		 "no file, or an empty one"},
		{DAEMON_JSON_ADD, "{}", "{\n  " A ": [\"aegis\"]\n}",
		 "an empty object"},
		{DAEMON_JSON_ADD, "{\n    \"debug\": true\n}\n",
		 "{\n    " A ": [\"aegis\"],\n    \"debug\": true\n}\n",
		 "indented as the first key is"},
		{DAEMON_JSON_ADD, "{\"debug\":true}",
		 "{" A ": [\"aegis\"],\"debug\":true}", "on one line"},
		{DAEMON_JSON_ADD, "{" A ": []}", "{" A ": [\"aegis\"]}",
		 "an empty list"},
		{DAEMON_JSON_ADD, "{" A ": [ ]}", "{" A ": [\"aegis\"]}",
		 "an empty list with space"},
		{DAEMON_JSON_ADD, "{" A ": [\"a]\\\"\" ]}",
		 "{" A ": [\"a]\\\"\", \"aegis\" ]}",
		 "after a name with a bracket and a quote in it"},
		{DAEMON_JSON_ADD, "{" A ": [\"aegis\"]}",
		 "{" A ": [\"aegis\"]}", "there already"},
		{DAEMON_JSON_ADD, "{" A ": [\"aegis2\"]}",
		 "{" A ": [\"aegis2\", \"aegis\"]}", "a longer name is another"},
		{DAEMON_JSON_REMOVE, "{" A ": [\"aegis\"]}", "{}",
		 "the only key"},
		{DAEMON_JSON_REMOVE,
		 "{\n  \"a\": [1, {\"b\": 2}],\n  " A
		 ": [\"aegis\"],\n  \"c\": 3\n}\n",
		 "{\n  \"a\": [1, {\"b\": 2}],\n  \"c\": 3\n}\n",
		 "a key in the middle"},
		{DAEMON_JSON_REMOVE, "{\n  \"a\": 1,\n  " A " : [\"aegis\"]\n}",
		 "{\n  \"a\": 1\n}", "the last key"},
		{DAEMON_JSON_REMOVE, "{" A ": [\"aegis\"], \"a\": 1}",
		 "{ \"a\": 1}", "the first key"},
		{DAEMON_JSON_REMOVE, "{" A ": [\"aegis\", \"b\"]}",
		 "{" A ": [ \"b\"]}", "the first name"},
		{DAEMON_JSON_REMOVE, "{" A ": [\"b\", \"aegis\"]}",
		 "{" A ": [\"b\"]}", "the last name"},
		{DAEMON_JSON_REMOVE, "{" A ": [\"b\", \"aegis:latest\"]}",
		 "{" A ": [\"b\"]}", "the managed form"},
		{DAEMON_JSON_REMOVE, "{" A ": [\"aegis2\"]}",
		 "{" A ": [\"aegis2\"]}", "a longer name is another"},
		{DAEMON_JSON_REMOVE, "{}", "{}", "not there"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_INIT(4096);
		bool changed;
		int r = daemon_json_edit(cases[i].before,
					 strlen(cases[i].before), cases[i].edit,
					 "aegis", &out, &changed, NULL);

		if (r || strcmp(buf_str(&out), cases[i].after))
			fail_msg("%s: %d, %s", cases[i].why, r, buf_str(&out));
		assert_int_equal(changed, strcmp(cases[i].before,
						 cases[i].after) != 0);
		buf_release(&out);
	}
}

static void
add_and_remove_give_back_the_keys(void **state)
{
	static const char *const before[] = {
		"{\n  \"debug\": true\n}\n",
		"{\n  \"debug\": true,\n  " A ": [\"other\"]\n}\n",
		"{\"hosts\": [\"unix:///x\"], \"n\": 1.50e3}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		struct buf on = BUF_INIT(4096), off = BUF_INIT(4096);
		bool changed;

		assert_int_equal(daemon_json_edit(before[i], strlen(before[i]),
						  DAEMON_JSON_ADD, "aegis",
						  &on, &changed, NULL),
				 0);
		assert_int_equal(daemon_json_edit(buf_str(&on), on.len,
						  DAEMON_JSON_REMOVE, "aegis",
						  &off, &changed, NULL),
				 0);
		assert_string_equal(buf_str(&off), before[i]);
		buf_release(&on);
		buf_release(&off);
	}
}

static void
what_dockerd_could_not_read_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text, *place, *why;
	} cases[] = {
		{"{\n  \"a\": 1,\n}", "3:1", "a trailing comma"},
		{"{\n  \"a\" 1}", "2:7", "no colon"},
		{"[]", "1:1", "not an object"},
		{"{" A ": \"aegis\"}", "1:27", "not a list"},
		{"{" A ": [\"b\", 1]}", "1:33", "not a name"},
		{"{\"a\": 1, \"a\": 2}", "1:1", "a key twice"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct aegis_error err = {0};
		struct buf out = BUF_INIT(4096);
		bool changed;
		int r = daemon_json_edit(cases[i].text, strlen(cases[i].text),
					 DAEMON_JSON_ADD, "aegis", &out,
					 &changed, &err);
		size_t len = strlen(cases[i].place);

		if (r != -EBADMSG || strncmp(err.text, cases[i].place, len) ||
		    err.text[len] != ':')
			fail_msg("%s: %d, %s", cases[i].why, r, err.text);
		buf_release(&out);
	}
}

static void
a_string_of_the_file_is_found(void **state)
{
	static const char text[] = "{\"pidfile\": \"/run/d.pid\", \"n\": 1}";
	char value[64];

	(void)state;
	assert_int_equal(daemon_json_string(text, strlen(text), "pidfile",
					    value, sizeof(value), NULL),
			 0);
	assert_string_equal(value, "/run/d.pid");
	assert_int_equal(daemon_json_string(text, strlen(text), "n", value,
					    sizeof(value), NULL),
			 0);
	assert_string_equal(value, "");
}

static int
append_name(const char *name, void *ctx)
{
	buf_addf(ctx, "%s;", name);
	return 0;
}

static void
the_list_is_read(void **state)
{
	static const struct {
		const char *text, *names;
		bool key, ours, empty;
	} cases[] = {
		{"", "", false, false, true},
		{" \n", "", false, false, true},
		{"{}", "", false, false, true},
		{" {\n}\n", "", false, false, true},
		{"{\"debug\": true}", "", false, false, false},
		{"{" A ": []}", "", true, false, false},
		{"{" A ": [\"aegis\"]}", "aegis;", true, true, false},
		{"{" A ": [\"opa\", \"aegis:latest\"]}", "opa;aegis:latest;",
		 true, true, false},
		{"{" A ": [\"aegis2\"]}", "aegis2;", true, false, false},
		{"{\"x\": " A "}", "", false, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_buf_ struct buf names = BUF_INIT(256);
		const char *text = cases[i].text;
		size_t len = strlen(text);
		bool key, ours;

		assert_int_equal(daemon_json_each(text, len, &key, append_name,
						  &names, NULL),
				 0);
		assert_int_equal(daemon_json_lists(text, len, "aegis", &ours),
				 0);
		if (strcmp(buf_str(&names), cases[i].names) ||
		    key != cases[i].key || ours != cases[i].ours ||
		    daemon_json_is_empty(text, len) != cases[i].empty)
			fail_msg("%s: %s", text, buf_str(&names));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_our_name_is_edited),
		cmocka_unit_test(add_and_remove_give_back_the_keys),
		cmocka_unit_test(
			what_dockerd_could_not_read_is_refused_with_its_place),
		cmocka_unit_test(a_string_of_the_file_is_found),
		cmocka_unit_test(the_list_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
