/*
 * What dockerd is asked, and what a decision makes of each kind of answer: an
 * absence is a fact, a fault is a deny.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/buf.h"
#include "lib/gate/lookup.h"
#include "tests/unit/canned.h"

#define ID "0e6ae4fb1347a8601b20eaa26ed815c01e3b0e9039b041c88daebe94a5085f06"
#define CONTAINER                                                              \
	"{\"Id\":\"" ID "\",\"Name\":\"/web\",\"Image\":\"sha256:" ID          \
	"\",\"Config\":{\"Image\":\"nginx:1.27\"},\"HostConfig\":{},"          \
	"\"Mounts\":[]}"
#define IMAGE                                                                  \
	"{\"Id\":\"sha256:" ID "\",\"RepoTags\":[\"nginx:1.27\"],"             \
	"\"RepoDigests\":[]}"
#define SHORT_MS 200
#define LONG_MS 10000

static const struct gate_host host = {
	.docker_socket = "/run/docker.sock",
	.plugin_name = "aegis",
};

/* A container with VOLUMES volumes v0, v1, ... */
#define VOLUMES 10
#define BIND(n) "\"v" #n ":/m" #n "\""
#define MOUNT(n)                                                               \
	"{\"Type\":\"volume\",\"Name\":\"v" #n "\",\"Source\":\"/x\","          \
	"\"Destination\":\"/m" #n "\",\"Driver\":\"local\",\"RW\":true}"
#define TEN(X)                                                                 \
	X(0) "," X(1) "," X(2) "," X(3) "," X(4) "," X(5) "," X(6) "," X(7)    \
	"," X(8) "," X(9)
#define CONTAINER_WITH_VOLUMES                                                 \
	"{\"Id\":\"" ID "\",\"Name\":\"/web\",\"Image\":\"sha256:" ID          \
	"\",\"Config\":{\"Image\":\"nginx:1.27\"},\"HostConfig\":{\"Binds\":["  \
	TEN(BIND) "]},\"Mounts\":[" TEN(MOUNT) "]}"

static char asked[CANNED_REQUEST_MAX];
static size_t label_bytes; /* of each volume */
static unsigned volumes_seen, members_seen;
static const char *container_answer, *image_answer, *list_answer, *info_answer;
static const char *policy_text = "version: 1\n";

/* "200 BODY" as an answer over the wire. */
static const char *
over_the_wire(const char *answer, size_t *ret_len)
{
	static char text[CANNED_REQUEST_MAX];

	if (!answer) {
		*ret_len = 0;
		return NULL;
	}
	*ret_len = (size_t)snprintf(text, sizeof(text),
				    "HTTP/1.1 %.3s X\r\nContent-Length: %zu\r\n"
				    "\r\n%s",
				    answer, strlen(answer + 4), answer + 4);
	return text;
}

/* A volume with labels, which nobody judges. */
static const char *
say_volume(const char *request, size_t *ret_len)
{
	static struct buf body = BUF_INIT(2 * 1024 * 1024);
	static struct buf wire = BUF_INIT(3 * 1024 * 1024);
	char name[8] = {0};

	sscanf(request, "GET /volumes/%7[^ ]", name);
	buf_clear(&body);
	buf_addf(&body, "{\"Name\":\"%s\",\"Driver\":\"local\",\"Scope\":"
			"\"local\",\"Options\":null,\"Labels\":{\"a\":\"\"",
		 name);
	for (size_t i = 0; i < label_bytes / 12; i++)
		buf_addf(&body, ",\"%06zx\":\"\"", i);
	buf_adds(&body, "}}");
	buf_clear(&wire);
	buf_addf(&wire, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
		 body.len);
	buf_add(&wire, body.data, body.len);
	*ret_len = wire.len;
	return wire.data;
}

static const char *
say(const char *request, size_t *ret_len)
{
	const size_t used = strlen(asked);
	const size_t line = strcspn(request, "\r");

	snprintf(asked + used, sizeof(asked) - used, "%.*s\n", (int)line,
		 request);
	if (strstr(request, "/volumes/"))
		return say_volume(request, ret_len);
	return over_the_wire(strstr(request, "/images/") ? image_answer
			     : strstr(request, "/containers/json?all=1")
				     ? list_answer
			     : strstr(request, "/info") ? info_answer
							: container_answer,
			     ret_len);
}

/* The verdict over a start of container web. */
static void
start(const char *docker, unsigned timeout_ms, struct gate_verdict *ret)
{
	static const char text[] =
		"{\"RequestMethod\":\"POST\",\"RequestUri\":"
		"\"/v1.41/containers/we%2Fb/start\",\"RequestHeaders\":"
		"{\"Content-Length\":\"0\"}}";
	struct envelope envelope = ENVELOPE_INIT;
	struct gate_call call = GATE_CALL_INIT;
	struct hostpath_root root;
	const struct lookup_source source = {.docker = docker,
					     .user_agent = "test",
					     .root = &root,
					     .timeout_ms = timeout_ms};
	struct policy *policy = NULL;
	struct lookup *lookup = NULL;
	const struct gate_facts *facts;

	assert_int_equal(policy_parse(&policy, "p", policy_text,
				      strlen(policy_text), NULL), 0);
	assert_int_equal(lookup_new(&lookup), 0);
	assert_int_equal(hostpath_root_open(&root, "/", NULL), 0);
	assert_int_equal(envelope_parse(&envelope, text, strlen(text), NULL),
			 0);
	assert_int_equal(gate_read(&call, &envelope, policy, ret), 0);
	/* Only paths can be had without waiting. */
	assert_null(lookup_try(lookup, &source, &call, policy));
	facts = lookup_run(lookup, &source, &call, policy);
	volumes_seen = facts->volume_count;
	members_seen = volumes_seen ? facts->volumes[0]->count : 0;
	gate_judge(&call, facts, policy, &host, 0, ret);
	gate_call_release(&call);
	envelope_release(&envelope);
	hostpath_root_close(&root);
	lookup_free(lookup);
	policy_free(policy);
}

struct lookup_case {
	const char *why, *container, *image;
	const char *rule;    /* NULL: allowed */
	const char *message; /* a part of it */
};

static const struct lookup_case cases[] = {
	{"both are there", "200 " CONTAINER, "200 " IMAGE, NULL, ""},
	{"no such container: dockerd's to refuse",
	 "404 {\"message\":\"No such container: web\"}", NULL, NULL, ""},
	{"the image is gone", "200 " CONTAINER,
	 "404 {\"message\":\"No such image: x\"}", "images.unresolved", ""},
	{"no such route says nothing of the container",
	 "404 {\"message\":\"page not found\"}", NULL, "gate.lookup", "404"},
	{"dockerd failed", "500 {\"message\":\"dial \\u001b[31m\"}", NULL,
	 "gate.lookup", "dockerd answered 500: dial \\x1b[31m"},
	{"a fault without words", "500 ", NULL, "gate.lookup", "500"},
	{"dockerd failed over the image", "200 " CONTAINER, "500 {}",
	 "gate.lookup", "500"},
	{"no JSON", "200 <html>", NULL, "gate.lookup", ""},
	{"JSON, but no inspect", "200 {}", NULL, "gate.lookup", "cannot be read"},
	{"half of one: what stands behind must not be lost",
	 "200 {\"Id\":\"" ID "\",\"Name\":\"/web\",\"Image\":\"sha256:" ID
	 "\",\"Config\":{\"Image\":\"nginx:1.27\"},\"HostConfig\":{"
	 "\"Binds\":5,\"Privileged\":true},\"Mounts\":[]}",
	 "200 " IMAGE, "gate.lookup", "cannot be read"},
	{"a list", "200 []", NULL, "gate.lookup", ""},
};

static void
an_absence_is_a_fact_and_a_fault_a_deny(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct lookup_case *c = &cases[i];
		struct gate_verdict v;
		struct canned dockerd;
		const char *got;

		container_answer = c->container;
		image_answer = c->image;
		asked[0] = '\0';
		assert_int_equal(canned_start(&dockerd, say), 0);
		start(dockerd.path, LONG_MS, &v);
		canned_stop(&dockerd);
		got = v.allow ? NULL : rule_get(v.rule)->name;
		if (!got != !c->rule || (got && strcmp(got, c->rule) != 0) ||
		    !strstr(v.message, c->message) ||
		    strpbrk(v.message, "\n\033"))
			fail_msg("%s: %s %s", c->why, got ? got : "allow",
				 v.message);
	}
}

static void
names_go_into_the_question_encoded(void **state)
{
	struct gate_verdict v;
	struct canned dockerd;

	(void)state;
	container_answer = "200 " CONTAINER;
	image_answer = "200 " IMAGE;
	asked[0] = '\0';
	assert_int_equal(canned_start(&dockerd, say), 0);
	start(dockerd.path, LONG_MS, &v);
	canned_stop(&dockerd);
	assert_string_equal(asked,
			    "GET /containers/we%2Fb/json HTTP/1.1\n"
			    "GET /images/sha256%3A" ID "/json HTTP/1.1\n");
}

static void
start_with_volumes(size_t label_bytes_each, struct gate_verdict *ret)
{
	struct canned dockerd;

	label_bytes = label_bytes_each;
	container_answer = "200 " CONTAINER_WITH_VOLUMES;
	image_answer = "200 " IMAGE;
	assert_int_equal(canned_start(&dockerd, say), 0);
	start(dockerd.path, LONG_MS, ret);
	canned_stop(&dockerd);
}

/* Labels are the client's and can be many. */
static void
of_a_volume_only_what_is_judged_is_kept(void **state)
{
	struct gate_verdict v;

	(void)state;
	start_with_volumes(64 * 1024, &v);
	assert_true(v.allow);
	assert_int_equal(volumes_seen, VOLUMES);
	assert_int_equal(members_seen, 3);
}

static void
all_answers_together_have_a_bound(void **state)
{
	struct gate_verdict v;

	(void)state;
	start_with_volumes(1024 * 1024, &v);
	assert_false(v.allow);
	assert_int_equal(v.rule, RULE_GATE_LOOKUP);
	assert_non_null(strstr(v.message, "over 8 MiB"));
}

static void
silence_is_a_deny_at_the_deadline(void **state)
{
	struct gate_verdict v;
	struct canned dockerd;

	(void)state;
	container_answer = NULL;
	assert_int_equal(canned_start(&dockerd, say), 0);
	start(dockerd.path, SHORT_MS, &v);
	canned_stop(&dockerd);
	assert_false(v.allow);
	assert_int_equal(v.rule, RULE_GATE_LOOKUP);
	assert_non_null(strstr(v.message, "no answer within"));
}

static void
nobody_there_is_a_deny(void **state)
{
	struct gate_verdict v;

	(void)state;
	start("/nonexistent/docker.sock", LONG_MS, &v);
	assert_false(v.allow);
	assert_int_equal(v.rule, RULE_GATE_LOOKUP);
}

/* --- binds, on this file system ---------------------------------------------------- */

#define DIR_MAX 64
#define ANSWER_MAX 4096
#define TOO_MANY 1001

static char dir[DIR_MAX];

/* w/a, x/a; link -> w; chain -> v/turn -> x */
static int
make_folders(void **state)
{
	static const char *const folders[] = {"/w", "/w/a", "/v", "/x", "/x/a"};
	static const char *const links[][2] = {
		{"w", "/link"}, {"v/turn", "/chain"}, {"../x", "/v/turn"}};
	char path[DIR_MAX + 8];

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test_lookup.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", dir, folders[i]);
		if (mkdir(path, 0700) < 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", dir, links[i][1]);
		if (symlink(links[i][0], path) < 0)
			return -1;
	}
	policy_text = "version: 1\ncontainers: {binds: {allow: [/tmp/**]}}\n";
	return 0;
}

static int
remove_folders(void **state)
{
	static const char *const names[] = {"/link", "/chain", "/v/turn",
					    "/w/a", "/w", "/v", "/x/a", "/x",
					    ""};
	char path[DIR_MAX + 8];

	(void)state;
	policy_text = "version: 1\n";
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", dir, names[i]);
		if (remove(path) < 0)
			return -1;
	}
	return 0;
}

struct bind_case {
	const char *why;
	const char *id, *source; /* of the other; "" is dir */
	const char *ours; /* NULL: w/a */
	bool read_write;
	const char *file; /* of the inspect: "HostnamePath" */
	const char *info; /* DockerRootDir, from dir */
	const char *rule; /* NULL: allowed */
	const char *message;
};

static const struct bind_case bind_cases[] = {
	{"nothing in common", "b", "/v", NULL, true, "/d", NULL, NULL, ""},
	{"another holds it", "b", "/w", NULL, true, "/d", NULL, "containers.binds",
	 "the container db"},
	{"through a link", "b", "/link", NULL, true, "/d", NULL, "containers.binds",
	 "/w\""},
	{"the link itself", "b", "", NULL, true, "/d", NULL, "containers.binds", ""},
	{"read-only", "b", "/w", NULL, false, "/d", NULL, NULL, ""},
	{"ours passes by a link there", "b", "/v", "/chain/a", true, "/d", NULL,
	 "containers.binds", "/v\""},
	{"theirs passes by a link in ours", "b", "/chain/a", "/v", true, "/d",
	 NULL, "containers.binds", "a bind of the container db"},
	{"the container itself", ID, "/w", NULL, true, "/d", NULL, NULL, ""},
	{"dockerd lives there, says the inspect", "b", "/v", NULL, true, "/w", NULL,
	 "containers.binds", "dockerd"},
	{"dockerd lives there, says its info", "b", "/v", NULL, true, NULL, "/w",
	 "containers.binds", "dockerd"},
	{"dockerd lives elsewhere", "b", "/v", NULL, true, NULL, "/d", NULL, ""},
	{"dockerd does not say where", "b", "/v", NULL, true, NULL, NULL,
	 "gate.lookup", "no folder of its own"},
};

static void
judge_bind(const struct bind_case *c, struct gate_verdict *ret)
{
	static char container[ANSWER_MAX], list[ANSWER_MAX], info[ANSWER_MAX];
	struct canned dockerd;

	snprintf(container, sizeof(container),
		 "200 {\"Id\":\"" ID "\",\"Name\":\"/web\",\"Image\":\"sha256:" ID
		 "\",\"Config\":{\"Image\":\"nginx:1.27\"},\"HostConfig\":{},"
		 "\"HostnamePath\":\"%s%s/containers/" ID "/hostname\","
		 "\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"%s%s\","
		 "\"Destination\":\"/e\",\"RW\":true}]}",
		 dir, c->file ? c->file : "/containers/x", dir,
		 c->ours ? c->ours : "/w/a");
	if (!c->file)
		*strstr(container, "HostnamePath") = 'x';
	snprintf(list, sizeof(list),
		 "200 [{\"Id\":\"%s\",\"Names\":[\"/db\"],\"Mounts\":["
		 "{\"Type\":\"volume\",\"Source\":\"/\",\"RW\":true},"
		 "{\"Type\":\"bind\",\"Source\":\"%s%s\",\"RW\":%s}]}]",
		 c->id, dir, c->source, c->read_write ? "true" : "false");
	snprintf(info, sizeof(info),
		 c->info ? "200 {\"DockerRootDir\":\"%s%s\"}" : "200 {}", dir,
		 c->info ? c->info : "");
	container_answer = container;
	image_answer = "200 " IMAGE;
	list_answer = list;
	info_answer = info;
	asked[0] = '\0';
	assert_int_equal(canned_start(&dockerd, say), 0);
	start(dockerd.path, LONG_MS, ret);
	canned_stop(&dockerd);
}

static void
binds_of_others_and_dockerds_folder_are_looked_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bind_cases) / sizeof(bind_cases[0]); i++) {
		const struct bind_case *c = &bind_cases[i];
		struct gate_verdict v;
		const char *got;

		judge_bind(c, &v);
		got = v.allow ? NULL : rule_get(v.rule)->name;
		if (!got != !c->rule || (got && strcmp(got, c->rule) != 0) ||
		    !strstr(v.message, c->message))
			fail_msg("%s: %s %s", c->why, got ? got : "allow",
				 v.message);
		/* It costs dockerd more than an inspect does. */
		if (!strstr(asked, "GET /info") != !!c->file)
			fail_msg("%s: asked %s", c->why, asked);
	}
}

static void
a_host_with_too_many_containers_is_a_deny(void **state)
{
	_cleanup_buf_ struct buf list = BUF_INIT(1 << 20);
	struct gate_verdict v;
	struct canned dockerd;

	(void)state;
	judge_bind(&bind_cases[0], &v);
	assert_true(v.allow);
	buf_adds(&list, "200 [{}");
	for (unsigned i = 1; i < TOO_MANY; i++)
		buf_adds(&list, ",{}");
	buf_adds(&list, "]");
	list_answer = buf_str(&list);
	assert_int_equal(canned_start(&dockerd, say), 0);
	start(dockerd.path, LONG_MS, &v);
	canned_stop(&dockerd);
	assert_int_equal(v.rule, RULE_GATE_LOOKUP);
	assert_non_null(strstr(v.message, "too many"));
}

static void
facts_of_a_record_come_back_whole(void **state)
{
	static const char json[] =
		"{\"asked\":17,\"container\":" CONTAINER
		",\"paths\":[{\"source\":\"/a\",\"resolved\":\"/b\","
		"\"turns\":[\"/a\"]},"
		"{\"source\":\"/c\",\"why\":\"no\"}],"
		"\"networks\":[{\"target\":\"v\",\"name\":\"host\"},"
		"{\"target\":\"w\"}],"
		"\"joined\":[{\"name\":\"db\",\"container\":{\"HostConfig\":"
		"{\"NetworkMode\":\"host\"}}},{\"name\":\"x\"}],"
		"\"others\":[{\"container\":\"db\",\"source\":\"/s\","
		"\"read_write\":false}],\"data_root\":\"/d\"}";
	static const char *const broken[] = {
		"[]", "{}", "{\"asked\":-1}", "{\"asked\":\"1\"}",
		"{\"asked\":1,\"paths\":[{}]}",
		"{\"asked\":1,\"paths\":[{\"source\":\"/a\",\"why\":\"\",\"turns\":[1]}]}", "{\"asked\":1,\"volumes\":[1]}",
		"{\"asked\":1,\"networks\":[{\"name\":\"x\"}]}",
		"{\"asked\":1,\"joined\":[{}]}",
		"{\"asked\":1,\"others\":[{\"source\":\"/s\"}]}",
		"{\"asked\":1", "x"};
	_cleanup_buf_ struct buf out = BUF_INIT(65536);
	const struct gate_facts *f;
	struct lookup *l = NULL;

	(void)state;
	assert_int_equal(lookup_new(&l), 0);
	assert_int_equal(lookup_load(l, json, strlen(json), NULL), 0);
	f = lookup_facts(l);
	assert_int_equal(f->asked,
			 GATE_LOOKUP_CONTAINER | GATE_LOOKUP_PATHS);
	assert_int_equal(f->path_count, 2);
	assert_string_equal(f->paths[0].resolved, "/b");
	assert_string_equal(f->paths[1].why, "no");
	gate_facts_json(f, &out);
	assert_int_equal(lookup_load(l, buf_str(&out), out.len, NULL), 0);
	f = lookup_facts(l);
	assert_int_equal(f->path_count, 2);
	assert_int_equal(f->paths[0].turn_count, 1);
	assert_string_equal(f->paths[0].turns[0], "/a");
	assert_int_equal(f->network_count, 2);
	assert_string_equal(f->networks[0].name, "host");
	assert_null(f->networks[1].name);
	assert_int_equal(f->joined_count, 2);
	assert_string_equal(json_get_string(json_get(f->joined[0].container,
						     "HostConfig"),
					    "NetworkMode"),
			    "host");
	assert_null(f->joined[1].container);
	assert_int_equal(f->other_count, 1);
	assert_string_equal(f->others[0].source, "/s");
	assert_false(f->others[0].read_write);
	assert_string_equal(f->data_root, "/d");
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		assert_int_equal(lookup_load(l, broken[i], strlen(broken[i]),
					     NULL),
				 -EBADMSG);
	lookup_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_absence_is_a_fact_and_a_fault_a_deny),
		cmocka_unit_test(names_go_into_the_question_encoded),
		cmocka_unit_test(of_a_volume_only_what_is_judged_is_kept),
		cmocka_unit_test(all_answers_together_have_a_bound),
		cmocka_unit_test(silence_is_a_deny_at_the_deadline),
		cmocka_unit_test(nobody_there_is_a_deny),
		cmocka_unit_test_setup_teardown(
			binds_of_others_and_dockerds_folder_are_looked_up,
			make_folders, remove_folders),
		cmocka_unit_test_setup_teardown(
			a_host_with_too_many_containers_is_a_deny, make_folders,
			remove_folders),
		cmocka_unit_test(facts_of_a_record_come_back_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
