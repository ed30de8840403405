/*
 * 289 calls that real docker commands made, judged under the policy we ship,
 * against tests/fixtures/recorded.expected.tsv: name, verdict, rule, command.
 * The host is an ordinary one: bind sources are no links, containers and images
 * are what the policy allows.  `test_recorded print` writes the file anew, to be
 * read line by line before it is committed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "lib/gate/gate.h"

#define NOW_MS 1790000000000LL
#define RECORDED "tests/fixtures/recorded.jsonl"
#define EXPECTED "tests/fixtures/recorded.expected.tsv"
#define POLICY "policies/gatekeeper.yaml"
#define ROUNDS_MAX 8
#define ROWS_MAX 400

#define ID "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
/* Begins as the short id that one of the commands runs. */
#define IMAGE_ID "0e6ae4fb13474b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2"

static const char container_text[] =
	"{\"Id\":\"" ID "\",\"Name\":\"/web\",\"Image\":\"sha256:" IMAGE_ID "\","
	"\"Config\":{\"Image\":\"nginx:1.27\"},\"HostConfig\":{}}";
static const char exec_text[] =
	"{\"ContainerID\":\"" ID "\",\"ProcessConfig\":{\"privileged\":false,"
	"\"entrypoint\":\"id\"}}";
static const char image_text[] =
	"{\"Id\":\"sha256:" IMAGE_ID "\",\"RepoTags\":[\"nginx:1.27\"],"
	"\"RepoDigests\":[\"nginx@sha256:" IMAGE_ID "\"]}";

static const struct gate_host host = {
	.own_paths = {"/etc/aegis", "/var/lib/aegis"},
	.own_path_count = 2,
	.docker_socket = "/run/docker.sock",
	.plugin_name = "aegis",
};

static struct policy *policy;
static struct json_doc container, exec, image;

/* --- judging ---------------------------------------------------------------------- */

static void
answer(struct gate_facts *facts, const struct gate_call *call, unsigned missing)
{
	static struct spec_mounts mounts;

	facts->asked |= missing;
	if (missing & (GATE_LOOKUP_CONTAINER | GATE_LOOKUP_EXEC))
		facts->container = container.root;
	if (missing & GATE_LOOKUP_EXEC)
		facts->exec = exec.root;
	if (missing & GATE_LOOKUP_IMAGE)
		facts->image = image.root;
	if (!(missing & GATE_LOOKUP_PATHS) ||
	    spec_mounts(gate_call_mounted(call), &mounts, NULL) < 0)
		return;
	facts->path_count = 0;
	for (unsigned i = 0; i < mounts.count; i++)
		if (strcmp(mounts.v[i].type, "bind") == 0)
			facts->paths[facts->path_count++] = (struct gate_path){
				.source = mounts.v[i].source,
				.resolved = mounts.v[i].source};
}

static void
judge(const char *request, size_t len, struct gate_verdict *v)
{
	struct envelope envelope = ENVELOPE_INIT;
	struct gate_call call = GATE_CALL_INIT;
	struct gate_facts facts = {0};
	struct aegis_error err = {0};
	unsigned rounds = 0, missing;

	if (envelope_parse(&envelope, request, len, &err) < 0)
		fail_msg("%s", err.text);
	if (gate_read(&call, &envelope, policy, v) == 0) {
		while ((missing = gate_need(&call, &facts, policy))) {
			assert_true(++rounds < ROUNDS_MAX);
			answer(&facts, &call, missing);
		}
		gate_judge(&call, &facts, policy, &host, NOW_MS, v);
	}
	gate_call_release(&call);
	envelope_release(&envelope);
}

/* --- the files --------------------------------------------------------------------- */

/* row() for each recorded call; the file and the call belong to us. */
static unsigned
each_recorded(void (*row)(const char *name, const char *command,
			  const struct gate_verdict *v))
{
	static struct gate_verdict verdict;
	FILE *f = fopen(RECORDED, "r");
	struct json_doc doc = {0};
	char *line = NULL;
	size_t size = 0, at;
	unsigned count = 0;
	ssize_t n;

	if (!f)
		fail_msg("no " RECORDED ": run from the top of the tree");
	while ((n = getline(&line, &size, f)) > 0) {
		assert_int_equal(json_parse(&doc, line, (size_t)n, NULL), 0);
		memset(&verdict, 0, sizeof(verdict));
		/* The request is the last member: the line's rest but "}\n". */
		at = json_get(doc.root, "request")->offset;
		judge(line + at, (size_t)n - at - 2, &verdict);
		row(json_get_string(doc.root, "name"),
		    json_get_string(doc.root, "command"), &verdict);
		count++;
	}
	json_doc_release(&doc);
	free(line);
	fclose(f);
	return count;
}

static const char *
rule_name(const struct gate_verdict *v)
{
	return v->allow ? "-" : rule_get(v->rule)->name;
}

static struct expected {
	char name[128], verdict[16], rule[64];
	bool seen;
} expected[ROWS_MAX];
static unsigned expected_count, differences;

static void
read_expected(void)
{
	FILE *f = fopen(EXPECTED, "r");
	char line[4096];

	if (!f)
		fail_msg("no " EXPECTED);
	while (fgets(line, sizeof(line), f)) {
		struct expected *e = &expected[expected_count++];

		assert_true(expected_count <= ROWS_MAX);
		if (sscanf(line, "%127[^\t]\t%15[^\t]\t%63[^\t]\t", e->name,
			   e->verdict, e->rule) != 3)
			fail_msg("%s:%u is no row", EXPECTED, expected_count);
	}
	fclose(f);
}

static void
compare(const char *name, const char *command, const struct gate_verdict *v)
{
	const char *verdict = v->allow ? "allow" : "deny";

	for (unsigned i = 0; i < expected_count; i++) {
		struct expected *e = &expected[i];

		if (strcmp(e->name, name) != 0)
			continue;
		e->seen = true;
		if (strcmp(e->verdict, verdict) == 0 &&
		    strcmp(e->rule, rule_name(v)) == 0)
			return;
		print_error("%s: wanted %s %s, got %s %s: %s\n", name,
			    e->verdict, e->rule, verdict, rule_name(v),
			    v->message);
		differences++;
		return;
	}
	print_error("%s (%s) has no expectation\n", name, command);
	differences++;
}

static void
recorded_calls_come_out_as_written_down(void **state)
{
	unsigned count;

	(void)state;
	read_expected();
	count = each_recorded(compare);
	for (unsigned i = 0; i < expected_count; i++)
		if (!expected[i].seen) {
			print_error("%s is expected and not recorded\n",
				    expected[i].name);
			differences++;
		}
	assert_true(count > 0);
	assert_int_equal(differences, 0);
}

static void
print_row(const char *name, const char *command, const struct gate_verdict *v)
{
	printf("%s\t%s\t%s\t%s\n", name, v->allow ? "allow" : "deny",
	       rule_name(v), command);
}

static int
load(void **state)
{
	struct aegis_error err = {0};

	(void)state;
	if (policy_load(&policy, POLICY, &err) < 0) {
		print_error("%s\n", err.text);
		return -1;
	}
	return json_parse(&container, container_text, strlen(container_text),
			  NULL) ||
	       json_parse(&exec, exec_text, strlen(exec_text), NULL) ||
	       json_parse(&image, image_text, strlen(image_text), NULL);
}

static int
unload(void **state)
{
	(void)state;
	policy_free(policy);
	json_doc_release(&container);
	json_doc_release(&exec);
	json_doc_release(&image);
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_calls_come_out_as_written_down),
	};

	if (argc == 2 && strcmp(argv[1], "print") == 0)
		return load(NULL) || !each_recorded(print_row) || unload(NULL);
	return cmocka_run_group_tests(tests, load, unload);
}
