/*
 * gate_case - one call of the API, what dockerd would say of it, and the rule that
 * should refuse it; for the tests of the gate's decision, which are tables.
 *
 * The call goes the whole way of the program: the envelope is written as dockerd
 * writes it and parsed, and a fact is there only if the gate asked for it.
 */
#ifndef AEGIS_TESTS_UNIT_GATE_CASE_H
#define AEGIS_TESTS_UNIT_GATE_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/gate/gate.h"
#include "lib/json_out.h"

#define NOW_MS 1790000000000LL /* 2026-09-21 */

static const char baseline[] =
	"version: 1\n"
	"images:\n"
	"  allow: [docker.io/library/*, registry.example.com/team/**]\n"
	"  require_tag: true\n"
	"  forbid_tags: [latest]\n"
	"  forbid_words: [exploit]\n"
	"containers:\n"
	"  profile: baseline\n"
	"  binds: {allow: [/srv/**, /etc/localtime]}\n";

static const struct gate_host host = {
	.own_paths = {"/var/lib/aegis/aegis.db", "/etc/aegis"},
	.own_path_count = 2,
	.docker_socket = "/run/docker.sock",
	.plugin_name = "aegis",
};

/* One call and the facts about it. */
struct call {
	const char *method, *uri, *type, *length, *body, *user;
	const char *container, *exec, *image, *plugin, *volume; /* JSON */
	const char *resolved; /* of every bind; NULL: itself */
	const char *turn;     /* a link on the way of every bind */
	const char *network;  /* what the swarm calls every target; NULL: unknown */
	const char *joined;   /* JSON of every container that is joined */
	struct gate_other other; /* a bind of another container */
	const char *data_root;   /* of dockerd */
	const char *failed;
};

#define CREATE "/v1.41/containers/create"
#define IMG "\"Image\":\"nginx:1.27\""

static struct gate_verdict verdict;

static const struct json_node *
parse_fact(struct json_doc *doc, const char *text)
{
	if (!text)
		return NULL;
	assert_int_equal(json_parse(doc, text, strlen(text), NULL), 0);
	return doc->root;
}

/* The envelope as dockerd would write it; parsed, so that the test goes the
 * way of the program. */
static void
build_envelope(const struct call *c, struct buf *out, char *base64)
{
	struct json_out o;

	json_out_init(&o, out);
	json_out_object(&o);
	if (c->user) {
		json_out_kv_string(&o, "User", c->user);
		json_out_kv_string(&o, "UserAuthNMethod", "TLS");
	}
	json_out_kv_string(&o, "RequestMethod", c->method ? c->method : "POST");
	json_out_kv_string(&o, "RequestUri", c->uri ? c->uri : CREATE);
	if (base64)
		json_out_kv_string(&o, "RequestBody", base64);
	json_out_key(&o, "RequestHeaders");
	json_out_object(&o);
	if (c->type || c->body)
		json_out_kv_string(&o, "Content-Type",
				   c->type ? c->type : "application/json");
	if (c->length)
		json_out_kv_string(&o, "Content-Length", c->length);
	json_out_object_end(&o);
	json_out_object_end(&o);
	assert_int_equal(json_out_end(&o), 0);
}

static char *
encode(const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = strlen(text), n = 0;
	char *out = calloc(len / 3 + 2, 4);

	for (size_t i = 0; i < len; i += 3) {
		unsigned v = (unsigned)(unsigned char)text[i] << 16;

		v |= i + 1 < len ? (unsigned)(unsigned char)text[i + 1] << 8 : 0;
		v |= i + 2 < len ? (unsigned)(unsigned char)text[i + 2] : 0;
		out[n++] = digits[v >> 18];
		out[n++] = digits[v >> 12 & 63];
		out[n++] = i + 1 < len ? digits[v >> 6 & 63] : '=';
		out[n++] = i + 2 < len ? digits[v & 63] : '=';
	}
	return out;
}

static void
fill_paths(struct gate_facts *facts, const struct spec_mounts *m,
	   const struct call *c)
{
	for (unsigned i = 0; i < m->count; i++)
		if (!strcmp(m->v[i].type, "bind"))
			facts->paths[facts->path_count++] = (struct gate_path){
				.source = m->v[i].source,
				.resolved = c->resolved ? c->resolved
							: m->v[i].source,
				.turns = {c->turn},
				.turn_count = c->turn ? 1 : 0};
}

/* The names that a service's networks have in the swarm. */
static void
fill_networks(struct gate_facts *facts, const struct gate_call *call,
	      const char *name)
{
	struct spec_networks networks;

	facts->network_count = 0;
	if (!(facts->asked & GATE_LOOKUP_NETWORKS) ||
	    spec_networks(&call->spec, &networks, NULL) < 0)
		return;
	for (unsigned i = 0; i < networks.count; i++)
		facts->networks[facts->network_count++] = (struct gate_network){
			.target = networks.v[i].name, .name = name};
}

static void
fill_joined(struct gate_facts *facts, const struct gate_call *call,
	    const struct json_node *container)
{
	facts->joined_count = 0;
	for (size_t i = 0; i < SPEC_JOINED_MAX; i++) {
		const char *name = spec_joined(gate_call_mounted(call),
					       spec_join_modes[i]);

		if (name && (facts->asked & GATE_LOOKUP_JOINED))
			facts->joined[facts->joined_count++] =
				(struct gate_joined){name, container};
	}
}

/* Only what was asked for: a look-up that is forgotten finds nothing. */
static void
answer(struct gate_facts *facts, const struct call *c, struct json_doc docs[6])
{
	if (facts->asked & (GATE_LOOKUP_CONTAINER | GATE_LOOKUP_EXEC))
		facts->container = parse_fact(&docs[0], c->container);
	if (facts->asked & GATE_LOOKUP_EXEC)
		facts->exec = parse_fact(&docs[1], c->exec);
	if (facts->asked & GATE_LOOKUP_IMAGE)
		facts->image = parse_fact(&docs[2], c->image);
	if (facts->asked & GATE_LOOKUP_PLUGIN)
		facts->plugin = parse_fact(&docs[3], c->plugin);
	if (facts->asked & GATE_LOOKUP_VOLUMES) {
		facts->volumes[0] = parse_fact(&docs[4], c->volume);
		facts->volume_count = c->volume ? 1 : 0;
	}
	if (facts->asked & GATE_LOOKUP_OTHERS) {
		facts->others[0] = c->other;
		facts->other_count = c->other.source ? 1 : 0;
	}
	if (facts->asked & GATE_LOOKUP_DATA_ROOT)
		facts->data_root = c->data_root;
}

static void
run(const char *policy_text, const struct call *c)
{
	_cleanup_buf_ struct buf text = BUF_INIT(1 << 20);
	struct envelope envelope = ENVELOPE_INIT;
	struct gate_call call = GATE_CALL_INIT;
	struct json_doc docs[6] = {{0}};
	static struct spec_mounts mounts;
	struct gate_facts facts = {.failed = c->failed};
	char *base64 = c->body ? encode(c->body) : NULL;
	struct aegis_error err = {0};
	struct policy *policy;

	if (policy_parse(&policy, "test.yaml", policy_text,
			 strlen(policy_text), &err) < 0)
		fail_msg("%s", err.text);
	build_envelope(c, &text, base64);
	assert_int_equal(envelope_parse(&envelope, buf_str(&text), text.len,
					&err), 0);
	if (gate_read(&call, &envelope, policy, &verdict) == 0) {
		while (gate_need(&call, &facts, policy)) {
			facts.asked |= call.lookups;
			answer(&facts, c, docs);
			fill_networks(&facts, &call, c->network);
			fill_joined(&facts, &call,
				    parse_fact(&docs[5], c->joined));
			if (spec_mounts(gate_call_mounted(&call), &mounts,
					NULL) == 0) {
				facts.path_count = 0;
				fill_paths(&facts, &mounts, c);
			}
		}
		gate_judge(&call, &facts, policy, &host, NOW_MS, &verdict);
	}
	for (size_t i = 0; i < 6; i++)
		json_doc_release(&docs[i]);
	gate_call_release(&call);
	envelope_release(&envelope);
	policy_free(policy);
	free(base64);
}

struct test_case {
	const char *why;
	const char *rule; /* NULL: allowed */
	struct call call;
};

static void
check(const char *policy, const struct test_case *cases, size_t count)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < count; i++) {
		const struct test_case *t = &cases[i];
		const char *got;

		run(policy, &t->call);
		got = verdict.allow ? NULL : rule_get(verdict.rule)->name;
		if (!got != !t->rule || (got && strcmp(got, t->rule) != 0)) {
			print_error("%s: wanted %s, got %s: %s\n", t->why,
				    t->rule ? t->rule : "allow",
				    got ? got : "allow", verdict.message);
			wrong++;
		}
		if (!verdict.allow && (strpbrk(verdict.message, "\n\r\033") ||
				       !strstr(verdict.message, "; "))) {
			print_error("%s: not one line with a way out: %s\n",
				    t->why, verdict.message);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

#define CHECK(policy, ...)                                                     \
	do {                                                                   \
		static const struct test_case cases_[] = {__VA_ARGS__};        \
		check(policy, cases_, sizeof(cases_) / sizeof(cases_[0]));     \
	} while (0)

/* A body with one HostConfig member. */
#define HOST(member)                                                           \
	{                                                                      \
		.body = "{" IMG ",\"HostConfig\":{" member "}}"                \
	}

#define SHA "0e6ae4fb1347a8601b20eaa26ed815c01e3b0e9039b041c88daebe94a5085f06"
#define MOUNT(m) HOST("\"Mounts\":[{" m "}]")
#define POST0(u) {.uri = "/v1.41" u, .length = "0"}
#define INSPECT(member)                                                        \
	"{\"Id\":\"" SHA "\",\"Name\":\"/web\",\"Image\":\"sha256:" SHA        \
	"\",\"Config\":{\"Image\":\"nginx:1.27\"},\"HostConfig\":{" member     \
	"},\"Mounts\":[]}"
#define NGINX "{\"Id\":\"sha256:" SHA "\",\"RepoTags\":[\"nginx:1.27\"],\"RepoDigests\":[]}"
#define START(c) {.uri = "/v1.41/containers/web/start", .length = "0", .container = c, .image = NGINX}

#endif
