/*
 * aegis.yaml, and the typed values that every YAML file of AEGIS is read by.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/settings.h"

static char path[] = "/tmp/test_settings.XXXXXX";

static int
make_file(void **state)
{
	const int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int
remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static int
load(const char *text, struct settings *ret, struct aegis_error *err)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	return settings_load(ret, path, err);
}

/* The contract of the design, section 8. */
static void
an_empty_file_is_the_defaults(void **state)
{
	struct settings s;

	(void)state;
	assert_int_equal(load("", &s, NULL), 0);
	assert_string_equal(s.store, "/var/lib/aegis/aegis.db");
	assert_string_equal(s.docker, "/var/run/docker.sock");
	assert_string_equal(s.user, "aegis");
	assert_true(s.user_is_default);
	assert_string_equal(s.gate.socket, "/run/docker/plugins/aegis.sock");
	assert_string_equal(s.gate.policy, "/etc/aegis/gatekeeper.yaml");
	assert_int_equal(s.monitor.rules_count, 1);
	assert_string_equal(s.monitor.rules[0], "/etc/aegis/rules.d");
	assert_string_equal(s.control.socket, "/run/aegis/api.sock");
	assert_string_equal(s.control.listen, "127.0.0.1:8080");
	assert_string_equal(s.control.token, "/etc/aegis/token");
	assert_string_equal(s.dashboard.listen, "127.0.0.1:8081");
}

static void
what_is_written_is_taken(void **state)
{
	struct settings s;

	(void)state;
	assert_int_equal(load("store: /a/b.db\nuser: aegis\n"
			      "gate: {socket: /c.sock, retention_days: 7}\n"
			      "monitor: {rules: [/x, /y]}\n",
			      &s, NULL),
			 0);
	assert_string_equal(s.store, "/a/b.db");
	assert_false(s.user_is_default);
	assert_string_equal(s.gate.socket, "/c.sock");
	assert_int_equal(s.gate.retention_days, 7);
	assert_int_equal(s.gate.retention_mb, 512);
	assert_int_equal(s.monitor.rules_count, 2);
	assert_string_equal(s.monitor.rules[1], "/y");
}

static const struct {
	const char *why, *text, *message;
} mistakes[] = {
	{"a key misspelt", "stor: /a\n", ":1:1: unknown key 'stor'; did you mean 'store'?"},
	{"a nested one", "gate:\n  polcy: /a\n", ":2:3: unknown key 'polcy'"},
	{"a relative path", "store: a.db\n", ":1:8: \"a.db\" is not an absolute path"},
	{"a socket too long for the kernel",
	 "docker: /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
	 ":1:9: too long for a Unix socket (107 bytes)"},
	{"no port", "control: {listen: 127.0.0.1}\n", "is not ADDRESS:PORT"},
	{"a port too high", "control: {listen: \"127.0.0.1:65536\"}\n", "is not ADDRESS:PORT"},
	{"no days", "gate: {retention_days: 0}\n", ":1:24: "},
	{"half a day", "gate: {retention_days: 0.5}\n", ":1:24: "},
	{"a text for a section", "gate: /a\n", ":1:7: "},
	{"a control character", "store: \"/a\\x1b[31m\\0\"\n", ":1:"},
};

static void
mistakes_are_pointed_at_and_change_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct aegis_error err = {0};
		struct settings s = {.user = "as it was"};
		int r = load(mistakes[i].text, &s, &err);

		if (r != -EBADMSG || strncmp(err.text, path, strlen(path)) != 0 ||
		    !strstr(err.text, mistakes[i].message) ||
		    strpbrk(err.text, "\n\033"))
			fail_msg("%s: %d %s", mistakes[i].why, r, err.text);
		assert_string_equal(s.user, "as it was");
	}
}

static void
a_named_file_must_be_there(void **state)
{
	struct aegis_error err = {0};
	struct settings s;

	(void)state;
	assert_int_equal(settings_load(&s, "/nonexistent/a.yaml", &err),
			 -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/a.yaml"));
	setenv("AEGIS_CONFIG", "/nonexistent/b.yaml", 1);
	assert_int_equal(settings_load(&s, NULL, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/b.yaml"));
	unsetenv("AEGIS_CONFIG");
}

/* Opening a pipe would wait for a writer. */
static void
what_is_no_file_is_refused_at_once(void **state)
{
	static const char *const names[] = {"/dev/null", "/dev/zero", "/tmp", path};
	struct aegis_error err = {0};
	struct settings s;

	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(settings_load(&s, names[i], &err), -EINVAL);
		assert_non_null(strstr(err.text, names[i]));
		assert_non_null(strstr(err.text, "not a regular file"));
	}
}

/* --- values ------------------------------------------------------------------ */

/* The value of "v:". */
static const struct conf_node *
value_of(struct conf *conf, const char *text)
{
	assert_int_equal(conf_parse(conf, "f", text, strlen(text), NULL), 0);
	return conf_get(conf->root, "v");
}

static void
sizes_are_read_as_docker_reads_them(void **state)
{
	static const struct {
		const char *text;
		int64_t size; /* -1: refused */
	} sizes[] = {
		{"v: 0", 0},		  {"v: 1048576", 1048576},
		{"v: 512m", 536870912},	  {"v: 512M", 536870912},
		{"v: 2g", 2147483648},	  {"v: 1k", 1024},
		{"v: 1b", 1},		  {"v: 8t", 8796093022208},
		{"v: -1", -1},		  {"v: 1x", -1},
		{"v: m", -1},		  {"v: \"\"", -1},
		{"v: 9223372036854775807", INT64_MAX},
		{"v: 9223372036854775808", -1},
		{"v: 9007199254740992k", -1},
		{"v: [1]", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		_cleanup_conf_ struct conf conf = CONF_INIT;
		int64_t size = -1;
		int r = conf_size(&conf, value_of(&conf, sizes[i].text), &size,
				  NULL);

		if (r != (sizes[i].size < 0 ? -EBADMSG : 0) ||
		    size != sizes[i].size)
			fail_msg("%s: %d %lld", sizes[i].text, r,
				 (long long)size);
	}
}

static void
times_are_days_or_rfc_3339(void **state)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1: refused */
	} times[] = {
		{"v: 1970-01-01", 86400000 - 1},
		{"v: 2027-01-31", 1801439999999},
		{"v: 2027-01-31T00:00:00Z", 1801353600000},
		{"v: 2027-01-31T01:00:00+01:00", 1801353600000},
		{"v: 2028-02-29", 1835481599999},
		{"v: 2027-02-29", -1},
		{"v: 2027-13-01", -1},
		{"v: 2027-1-1", -1},
		{"v: 2027-01-31T24:00:00Z", -1},
		{"v: 2027-01-31T00:00:00", -1},
		{"v: 2027-01-31x", -1},
		{"v: tomorrow", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		_cleanup_conf_ struct conf conf = CONF_INIT;
		int64_t ms = -1;
		int r = conf_time_ms(&conf, value_of(&conf, times[i].text), &ms,
				     NULL);

		if (r != (times[i].ms < 0 ? -EBADMSG : 0) || ms != times[i].ms)
			fail_msg("%s: %d %lld", times[i].text, r,
				 (long long)ms);
	}
}

static void
what_is_bounded_is_refused_beyond(void **state)
{
	_cleanup_conf_ struct conf conf = CONF_INIT;
	char deep[2 * CONF_DEPTH_MAX + 8] = "v: ", *many;
	size_t used = 3;

	(void)state;
	for (int i = 0; i < CONF_DEPTH_MAX + 1; i++)
		deep[used++] = '[';
	for (int i = 0; i < CONF_DEPTH_MAX + 1; i++)
		deep[used++] = ']';
	assert_int_equal(conf_parse(&conf, "f", deep, used, NULL), -EBADMSG);
	many = malloc(2 * CONF_NODES_MAX + 8);
	assert_non_null(many);
	for (used = 0; used < 2 * CONF_NODES_MAX + 4; used += 2)
		memcpy(many + used, used ? "1," : "[ ", 2);
	many[used++] = ']';
	assert_int_equal(conf_parse(&conf, "f", many, used, NULL), -EBADMSG);
	free(many);
	assert_int_equal(conf_parse(&conf, "f", "a\0b", 3, NULL), -EBADMSG);
	assert_int_equal(conf_parse(&conf, "f", "a: \xff", 4, NULL), -EBADMSG);
}

static void
the_nearest_name_is_near(void **state)
{
	static const char *const names[] = {"images", "containers", "exec"};

	(void)state;
	assert_string_equal(conf_nearest("imags", names, 3), "images");
	assert_string_equal(conf_nearest("Containers", names, 3), "containers");
	assert_string_equal(conf_nearest("excec", names, 3), "exec");
	assert_null(conf_nearest("volumes", names, 3));
	assert_null(conf_nearest("", names, 3));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_file_is_the_defaults),
		cmocka_unit_test(what_is_written_is_taken),
		cmocka_unit_test(mistakes_are_pointed_at_and_change_nothing),
		cmocka_unit_test(a_named_file_must_be_there),
		cmocka_unit_test(what_is_no_file_is_refused_at_once),
		cmocka_unit_test(sizes_are_read_as_docker_reads_them),
		cmocka_unit_test(times_are_days_or_rfc_3339),
		cmocka_unit_test(what_is_bounded_is_refused_beyond),
		cmocka_unit_test(the_nearest_name_is_near),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
