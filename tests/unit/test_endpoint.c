#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/cleanup.h"
#include "lib/gate/endpoint.h"
#include "lib/gate/uri.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define ID "25ee4f976d18a07df832986361ef10c1adbd9cd2ea3246f8c51f39c1d3c36b87"

static void
calls_are_found(void **state)
{
	static const struct {
		const char *method, *path;
		enum endpoint_id id;
		const char *name, *why;
	} cases[] = {
		{"HEAD", "/_ping", ENDPOINT_PING_HEAD, "", "its own line"},
		{"GET", "/_ping", ENDPOINT_PING, "", "no name"},
		{"HEAD", "/info", ENDPOINT_INFO, "", "HEAD counts as GET"},
		{"HEAD", "/containers/a/archive",
		 ENDPOINT_CONTAINER_ARCHIVE_HEAD, "a", "HEAD before GET"},
		{"HEAD", "/auth", ENDPOINT_UNKNOWN, "", "HEAD is no POST"},
		{"POST", "/containers/create", ENDPOINT_CONTAINER_CREATE, "",
		 "no name"},
		{"GET", "/containers/json", ENDPOINT_CONTAINER_LIST, "",
		 "no name"},
		{"POST", "/containers/" ID "/start", ENDPOINT_CONTAINER_START,
		 ID, "by id"},
		{"GET", "/containers/json/json", ENDPOINT_CONTAINER_INSPECT,
		 "json", "a container called json"},
		{"POST", "/containers/create/start", ENDPOINT_CONTAINER_START,
		 "create", "a container called create"},
		{"DELETE", "/containers/create", ENDPOINT_CONTAINER_DELETE,
		 "create", "DELETE of a container called create"},
		{"DELETE", "/containers/prune", ENDPOINT_CONTAINER_DELETE,
		 "prune", "DELETE of a container called prune"},
		{"POST", "/containers/a/b/c/start", ENDPOINT_CONTAINER_START,
		 "a/b/c", "slashes in a name"},
		{"POST", "/containers/a/exec/start", ENDPOINT_CONTAINER_START,
		 "a/exec", "the last word counts"},
		{"POST", "/containers/start/start/start",
		 ENDPOINT_CONTAINER_START, "start/start", "a name is greedy"},
		{"POST", "/containers/start", ENDPOINT_UNKNOWN, "",
		 "nothing between"},
		{"POST", "/containers//start", ENDPOINT_UNKNOWN, "",
		 "an empty name before more"},
		{"DELETE", "/containers/", ENDPOINT_CONTAINER_DELETE, "",
		 "an empty name at the end"},
		{"DELETE", "/containers", ENDPOINT_UNKNOWN, "", "no '/'"},
		{"DELETE", "/containers/a/checkpoints/b",
		 ENDPOINT_CHECKPOINT_DELETE, "a", "before the container"},
		{"DELETE", "/containers/a/b/checkpoints/c",
		 ENDPOINT_CONTAINER_DELETE, "a/b/checkpoints/c",
		 "checkpoints take one component"},
		{"DELETE", "/containers/a/checkpoints/b/c",
		 ENDPOINT_CONTAINER_DELETE, "a/checkpoints/b/c",
		 "checkpoints take one component each"},
		{"GET", "/containers/a/attach/ws", ENDPOINT_CONTAINER_ATTACH_WS,
		 "a", "two words at the end"},
		{"POST", "/containers/a/attach", ENDPOINT_CONTAINER_ATTACH, "a",
		 "one word"},
		{"POST", "/containers/a/attach/ws", ENDPOINT_UNKNOWN, "",
		 "GET only"},
		{"GET", "/containers/a/archive", ENDPOINT_CONTAINER_ARCHIVE_GET,
		 "a", "one path, GET"},
		{"PUT", "/containers/a/archive", ENDPOINT_CONTAINER_ARCHIVE_PUT,
		 "a", "one path, PUT"},
		{"POST", "/containers/a/archive", ENDPOINT_UNKNOWN, "",
		 "one path, POST"},
		{"POST", "/exec/" ID "/start", ENDPOINT_EXEC_START, ID, "exec"},
		{"GET", "/images/get", ENDPOINT_IMAGE_GET, "", "many images"},
		{"GET", "/images/get/get", ENDPOINT_IMAGE_EXPORT, "get",
		 "an image called get"},
		{"POST", "/images/127.0.0.1:5000/app/push", ENDPOINT_IMAGE_PUSH,
		 "127.0.0.1:5000/app", "a registry"},
		{"DELETE", "/images/r.io/a/b:1", ENDPOINT_IMAGE_DELETE,
		 "r.io/a/b:1", "a whole reference"},
		{"DELETE", "/images/a@sha256:0", ENDPOINT_IMAGE_DELETE,
		 "a@sha256:0", "a digest"},
		{"GET", "/distribution/r.io/a:1/json",
		 ENDPOINT_DISTRIBUTION_INSPECT, "r.io/a:1", "a reference"},
		{"POST", "/build", ENDPOINT_BUILD, "", "a word"},
		{"POST", "/build/prune", ENDPOINT_BUILD_PRUNE, "", "two words"},
		{"POST", "/build/", ENDPOINT_UNKNOWN, "", "trailing '/'"},
		{"POST", "/buildx", ENDPOINT_UNKNOWN, "", "a letter more"},
		{"POST", "/buil", ENDPOINT_UNKNOWN, "", "a letter less"},
		{"GET", "/networks/a", ENDPOINT_NETWORK_INSPECT, "a", "network"},
		{"DELETE", "/volumes/a/b", ENDPOINT_VOLUME_DELETE, "a/b",
		 "a volume takes slashes"},
		{"DELETE", "/services/a", ENDPOINT_SERVICE_DELETE, "a",
		 "a service"},
		{"DELETE", "/services/a/b", ENDPOINT_UNKNOWN, "",
		 "a service takes no slash"},
		{"DELETE", "/services/", ENDPOINT_UNKNOWN, "",
		 "a service has a name"},
		{"POST", "/services/create", ENDPOINT_SERVICE_CREATE, "",
		 "create"},
		{"POST", "/services/create/update", ENDPOINT_SERVICE_UPDATE,
		 "create", "a service called create"},
		{"GET", "/swarm", ENDPOINT_SWARM_INSPECT, "", "swarm"},
		{"POST", "/plugins/r.io:5/x/aegis:dev/disable",
		 ENDPOINT_PLUGIN_DISABLE, "r.io:5/x/aegis:dev", "a plugin"},
		{"GET", "/plugins/privileges", ENDPOINT_PLUGIN_PRIVILEGES, "",
		 "no plugin"},
		{"GET", "/debug/pprof/heap", ENDPOINT_UNKNOWN, "", "debug"},
		{"OPTIONS", "/info", ENDPOINT_UNKNOWN, "", "OPTIONS"},
		{"get", "/info", ENDPOINT_UNKNOWN, "", "methods have a case"},
		{"GETX", "/info", ENDPOINT_UNKNOWN, "", "another method"},
		{"", "/info", ENDPOINT_UNKNOWN, "", "no method"},
		{"GET", "/Info", ENDPOINT_UNKNOWN, "", "paths have a case"},
		{"GET", "/v1.41/info", ENDPOINT_UNKNOWN, "", "a version"},
		{"GET", "/", ENDPOINT_UNKNOWN, "", "the root"},
		{"GET", "", ENDPOINT_UNKNOWN, "", "nothing"},
		{"GET", "/containers/{name}/json", ENDPOINT_CONTAINER_INSPECT,
		 "{name}", "braces are letters"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct endpoint_match m;
		int r = endpoint_find(cases[i].method, cases[i].path, &m);

		if (r || m.endpoint->id != cases[i].id ||
		    strcmp(m.name, cases[i].name))
			fail_msg("%s %s: %d %s \"%s\": %s", cases[i].method,
				 cases[i].path, r, m.endpoint->name, m.name,
				 cases[i].why);
	}
}

/* A path of the pattern, with name for its placeholders. */
static void
write_path(const char *pattern, const char *name, char *out, size_t size)
{
	size_t used = 0;

	while (*pattern) {
		const char *part = *pattern == '{' ? name : pattern;
		size_t n = *pattern == '{' ? strlen(name) : 1;

		assert_true(used + n < size);
		memcpy(out + used, part, n);
		used += n;
		pattern += *pattern == '{' ? strcspn(pattern, "}") + 1 : 1;
	}
	out[used] = '\0';
}

static void
every_line_is_found_by_its_own_path(void **state)
{
	(void)state;
	for (int i = 1; i < ENDPOINT_MAX; i++) {
		const struct endpoint *e = endpoint_get((enum endpoint_id)i);
		struct endpoint_match m;
		char path[256];

		assert_int_equal(e->id, i);
		write_path(e->pattern, "x", path, sizeof(path));
		assert_int_equal(endpoint_find(e->method, path, &m), 0);
		if (m.endpoint != e)
			fail_msg("%s %s is %s, not %s", e->method, path,
				 m.endpoint->name, e->name);
		assert_string_equal(m.name, strchr(e->pattern, '{') ? "x" : "");
	}
}

static void
every_line_makes_sense(void **state)
{
	(void)state;
	for (int i = 1; i < ENDPOINT_MAX; i++) {
		const struct endpoint *e = endpoint_get((enum endpoint_id)i);
		bool get = endpoint_method_is_read(e->method);

		assert_int_equal(e->pattern[0], '/');
		if (get && e->body != ENDPOINT_BODY_NONE)
			fail_msg("%s: a %s with a body", e->name, e->method);
		if (get && e->class != ENDPOINT_CLASS_READ &&
		    i != ENDPOINT_CONTAINER_ATTACH_WS &&
		    i != ENDPOINT_SWARM_INSPECT && i != ENDPOINT_SWARM_UNLOCKKEY)
			fail_msg("%s: a %s that is no read", e->name,
				 e->method);
		if (!get && e->class == ENDPOINT_CLASS_READ &&
		    i != ENDPOINT_CONTAINER_WAIT)
			fail_msg("%s: a %s that is a read", e->name, e->method);
		for (int k = 1; k < i; k++)
			if (!strcmp(endpoint_get((enum endpoint_id)k)->name,
				    e->name))
				fail_msg("%s: the name is taken", e->name);
	}
}

static void
a_name_too_long_is_said(void **state)
{
	char path[ENDPOINT_NAME_MAX + 32] = "/images/";
	const size_t prefix = strlen(path);
	struct endpoint_match m;

	(void)state;
	memset(path + prefix, 'a', ENDPOINT_NAME_MAX);
	path[prefix + ENDPOINT_NAME_MAX] = '\0';
	assert_int_equal(endpoint_find("DELETE", path, &m), -ENAMETOOLONG);
	path[prefix + ENDPOINT_NAME_MAX - 1] = '\0';
	assert_int_equal(endpoint_find("DELETE", path, &m), 0);
	assert_int_equal(strlen(m.name), ENDPOINT_NAME_MAX - 1);
}

/* The value of "key":"..." in a line of JSON without escapes. */
static void
read_value(const char *line, const char *key, char *out, size_t size)
{
	const char *s = strstr(line, key);

	assert_non_null(s);
	s += strlen(key);
	assert_true(strcspn(s, "\"") < size);
	assert_null(memchr(s, '\\', strcspn(s, "\"")));
	snprintf(out, size, "%.*s", (int)strcspn(s, "\""), s);
}

/* What the docker command sent, 147 command lines of it. */
static void
no_recorded_request_is_unknown(void **state)
{
	_cleanup_fclose_ FILE *f = fopen("tests/fixtures/recorded.jsonl", "r");
	_cleanup_free_ char *line = NULL;
	struct uri uri = URI_INIT;
	size_t cap = 0, count = 0;

	(void)state;
	assert_non_null(f);
	for (; getline(&line, &cap, f) > 0; count++) {
		struct endpoint_match m;
		char method[16], text[4096];

		read_value(line, "\"RequestMethod\":\"", method,
			   sizeof(method));
		read_value(line, "\"RequestUri\":\"", text, sizeof(text));
		assert_int_equal(uri_parse(&uri, text, strlen(text), NULL), 0);
		assert_int_equal(endpoint_find(method, uri.path, &m), 0);
		if (m.endpoint->id == ENDPOINT_UNKNOWN)
			fail_msg("%s %s", method, text);
	}
	uri_release(&uri);
	assert_true(count > 200);
}

static void
classes_have_names(void **state)
{
	(void)state;
	for (int i = 1; i < ENDPOINT_CLASS_MAX; i++)
		assert_int_equal(
			endpoint_class_from_name(
				endpoint_class_name((enum endpoint_class)i)),
			i);
	assert_int_equal(endpoint_class_from_name("exec"), ENDPOINT_CLASS_EXEC);
	assert_int_equal(endpoint_class_from_name("Exec"),
			 ENDPOINT_CLASS_INVALID);
	assert_int_equal(endpoint_class_from_name("unknown"),
			 ENDPOINT_CLASS_INVALID);
	assert_string_equal(endpoint_class_name(ENDPOINT_CLASS_MAX), "unknown");
}

static void
an_id_out_of_range_is_unknown(void **state)
{
	(void)state;
	assert_int_equal(endpoint_get(ENDPOINT_MAX)->id, ENDPOINT_UNKNOWN);
	assert_int_equal(endpoint_get((enum endpoint_id)-1)->id,
			 ENDPOINT_UNKNOWN);
	assert_string_equal(endpoint_get(ENDPOINT_UNKNOWN)->name, "unknown");
}

static void
only_get_head_and_options_read(void **state)
{
	static const char *const writes[] = {"POST", "PUT",  "DELETE", "PATCH",
					     "get",  "GETX", "",       "TRACE"};

	(void)state;
	assert_true(endpoint_method_is_read("GET"));
	assert_true(endpoint_method_is_read("HEAD"));
	assert_true(endpoint_method_is_read("OPTIONS"));
	for (size_t i = 0; i < ARRAY_SIZE(writes); i++)
		assert_false(endpoint_method_is_read(writes[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_found),
		cmocka_unit_test(every_line_is_found_by_its_own_path),
		cmocka_unit_test(every_line_makes_sense),
		cmocka_unit_test(a_name_too_long_is_said),
		cmocka_unit_test(no_recorded_request_is_unknown),
		cmocka_unit_test(classes_have_names),
		cmocka_unit_test(an_id_out_of_range_is_unknown),
		cmocka_unit_test(only_get_head_and_options_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
