/*
 * Any bytes as the body of a call, or in its URI: no crash, one line of message
 * for each deny, a record that is JSON, and nothing privileged that is allowed.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/gate/gate.h"
#include "lib/gate/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_MS 1790000000000LL
#define ROUNDS_MAX 8

static const char *const uris[] = {
	"/v1.41/containers/create",     "/v1.41/containers/x/exec",
	"/v1.41/containers/x/update",   "/v1.41/volumes/create",
	"/v1.41/networks/create",       "/v1.41/services/create",
	"/v1.41/containers/x/start",    "/v1.41/swarm/init",
	"/v1.41/images/create?fromImage=nginx&tag=1",
	"/v1.41/commit?container=x&repo=a", "/v1.41/networks/x/connect",
	"/v1.41/plugins/pull?remote=a/b:1",
	"/v1.41/containers/x/checkpoints", "/v1.41/containers/x/stop",
	"/v1.41/swarm/update?version=1",
};

/* These take the bytes as the rest of the URI. */
static const char *const queries[] = {
	"/v1.41/build?version=2&outputs=", "/v1.41/build?cachefrom=",
	"/v1.41/commit?changes=", "/v1.41/images/create?fromImage=",
	"/v1.41/images/",
};
#define URI_COUNT (sizeof(uris) / sizeof(uris[0]))
#define QUERY_COUNT (sizeof(queries) / sizeof(queries[0]))

static const char policy_text[] =
	"version: 1\n"
	"images: {allow: [docker.io/library/*], forbid_tags: [latest]}\n"
	"containers: {profile: restricted, binds: {allow: [/srv/**]}}\n";

static const struct gate_host host = {
	.own_paths = {"/etc/aegis"},
	.own_path_count = 1,
	.docker_socket = "/run/docker.sock",
	.plugin_name = "aegis",
};

static void
resolve_to_itself(struct gate_facts *facts, const struct gate_call *call)
{
	static struct spec_mounts mounts;

	facts->path_count = 0;
	if (spec_mounts(gate_call_mounted(call), &mounts, NULL) < 0)
		return;
	for (unsigned i = 0; i < mounts.count; i++)
		if (strcmp(mounts.v[i].type, "bind") == 0 &&
		    facts->path_count < GATE_PATHS_MAX)
			facts->paths[facts->path_count++] = (struct gate_path){
				.source = mounts.v[i].source,
				.resolved = mounts.v[i].source};
}

static bool
is_privileged(const struct gate_call *call)
{
	const struct json_node *host_config =
		json_get(call->body.root, "HostConfig");
	const struct json_node *value =
		host_config && host_config->type == JSON_OBJECT
			? json_get(host_config, "Privileged")
			: NULL;

	return value && value->type == JSON_BOOL && value->boolean;
}

static void
check_verdict(const struct gate_verdict *v)
{
	assert(v->allow || v->message[0]);
	for (const char *c = v->message; *c; c++)
		assert((unsigned char)*c >= ' ' && *c != 0x7f);
}

static void
check_record(const struct gate_call *call)
{
	_cleanup_buf_ struct buf uri = BUF_INIT(1 << 20);
	_cleanup_buf_ struct buf body = BUF_INIT(1 << 20);
	struct json_doc doc = {0};

	gate_redact_uri(call, &uri);
	gate_redact_body(call, &body);
	if (body.len && !buf_error(&body))
		assert(json_parse(&doc, body.data, body.len, NULL) == 0);
	json_doc_release(&doc);
}

static void
judge(struct gate_call *call, const struct policy *policy, bool is_create,
      struct gate_verdict *v)
{
	struct gate_facts facts = {0};
	unsigned rounds = 0, missing;

	while ((missing = gate_need(call, &facts, policy))) {
		assert(++rounds < ROUNDS_MAX);
		facts.asked |= missing;
		if (missing & GATE_LOOKUP_PATHS)
			resolve_to_itself(&facts, call);
	}
	gate_judge(call, &facts, policy, &host, NOW_MS, v);
	assert(!is_create || !is_privileged(call) || !v->allow);
}

static void
encode_uri(const char *before, const char *value, struct buf *uri)
{
	buf_adds(uri, before);
	for (; *value; value++)
		buf_addf(uri, "%%%02x", (unsigned char)*value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy *policy;
	static struct gate_verdict verdict;
	struct gate_call call = GATE_CALL_INIT;
	struct envelope e = {.user = "", .user_method = "", .method = "POST"};
	const size_t which = size ? data[0] % (URI_COUNT + QUERY_COUNT) : 0;
	_cleanup_buf_ struct buf uri = BUF_INIT(1 << 20);
	char *body;

	if (!policy)
		assert(policy_parse(&policy, "fuzz", policy_text,
				    strlen(policy_text), NULL) == 0);
	if (size < 2)
		return 0;
	body = strndup((const char *)data + 1, size - 1);
	if (which < URI_COUNT) {
		e.uri = uris[which];
		e.body = body;
		e.body_len = strlen(body);
	} else {
		encode_uri(queries[which - URI_COUNT], body, &uri);
		e.uri = buf_str(&uri);
	}
	e.uri_len = strlen(e.uri);
	memset(&verdict, 0, sizeof(verdict));
	if (gate_read(&call, &e, policy, &verdict) == 0)
		judge(&call, policy, which == 0, &verdict);
	check_verdict(&verdict);
	check_record(&call);
	gate_call_release(&call);
	free(body);
	return 0;
}
