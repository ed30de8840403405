/*
 * differential SOCKET COUNT SEED FOLDER - is our reading of a create body dockerd's?
 *
 * COUNT generated bodies, spelled as Go's decoder would accept them and as it might not,
 * go to a dockerd without a gate.  Where it made a container, the gate judges twice:
 * the body (ring 1) and dockerd's own inspect (ring 2).  A body that ring 1 lets
 * through and whose container ring 2 refuses is one that we read differently.
 * Bind sources are below FOLDER, which the policy allows, or outside.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#include "lib/docker.h"
#include "lib/gate/lookup.h"

#define NOW_MS 1790000000000LL
#define TIMEOUT_MS 20000
#define MEMBERS_MAX 5
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

struct member {
	const char *key;
	const char *values[6];
};

/* %s is the folder. */
static const struct member host_config[] = {
	{"Privileged", {"true", "false", "null", "1", "\"true\""}},
	{"CapAdd", {"[\"SYS_ADMIN\"]", "[\"cap_net_admin\"]", "[\"CHOWN\"]", "\"SYS_PTRACE\"", "null"}},
	{"CapDrop", {"[\"ALL\"]", "[]"}},
	{"PidMode", {"\"host\"", "\"\"", "\"private\"", "null"}},
	{"IpcMode", {"\"host\"", "\"shareable\"", "\"private\"", "\"none\""}},
	{"UTSMode", {"\"host\"", "\"\""}},
	{"UsernsMode", {"\"host\"", "\"\""}},
	{"CgroupnsMode", {"\"host\"", "\"private\""}},
	{"NetworkMode", {"\"host\"", "\"none\"", "\"default\""}},
	{"Binds", {"[\"/usr:/x\"]", "[\"%s:/x:ro\"]", "[\"%s/../..:/x\"]", "[\"data:/x\"]", "[]", "null"}},
	{"Mounts", {"[{\"Type\":\"bind\",\"Source\":\"/usr\",\"Target\":\"/y\"}]",
		    "[{\"type\":\"bind\",\"source\":\"%s\",\"target\":\"/y\"}]",
		    "[{\"Type\":\"volume\",\"Target\":\"/y\",\"VolumeOptions\":{\"DriverConfig\":{\"Name\":\"local\",\"Options\":{\"type\":\"none\",\"o\":\"bind\",\"device\":\"/usr\"}}}}]",
		    "[{\"Type\":\"tmpfs\",\"Target\":\"/y\"}]", "[]"}},
	{"Devices", {"[{\"PathOnHost\":\"/dev/null\",\"PathInContainer\":\"/dev/n\",\"CgroupPermissions\":\"rwm\"}]", "[]", "null"}},
	{"DeviceCgroupRules", {"[\"a *:* rwm\"]", "[\"c 1:3 mr\"]", "[]"}},
	{"SecurityOpt", {"[\"seccomp=unconfined\"]", "[\"no-new-privileges\"]", "[\"seccomp:unconfined\"]", "[]"}},
	{"MaskedPaths", {"[]", "null", "[\"/proc/kcore\"]"}},
	{"ReadonlyPaths", {"[]", "null"}},
	{"Sysctls", {"{\"net.ipv4.ip_forward\":\"1\"}", "{\"net.ipv4.tcp_syncookies\":\"1\"}", "{}"}},
	{"OomScoreAdj", {"-500", "100", "0"}},
	{"OomKillDisable", {"true", "false"}},
	{"GroupAdd", {"[\"0\"]", "[\"1000\"]", "[\"disk\"]"}},
	{"CgroupParent", {"\"/x\"", "\"\""}},
	{"Ulimits", {"[{\"Name\":\"memlock\",\"Soft\":-1,\"Hard\":-1}]", "[{\"Name\":\"nofile\",\"Soft\":1024,\"Hard\":1024}]"}},
	{"Memory", {"67108864", "0", "\"1\""}},
	{"PidsLimit", {"100", "null"}},
	{"ReadonlyRootfs", {"true", "false"}},
	{"RestartPolicy", {"{\"Name\":\"always\"}", "{\"Name\":\"no\"}"}},
	{"LogConfig", {"{\"Type\":\"json-file\"}", "{\"Type\":\"syslog\"}", "{\"Type\":\"none\"}"}},
	{"VolumeDriver", {"\"local\"", "\"\""}},
	{"Tmpfs", {"{\"/t\":\"\"}", "{}"}},
};

static const struct member config[] = {
	{"User", {"\"0\"", "\"1000:1000\"", "\"\""}},
	{"Env", {"[\"A=b\"]", "[]"}},
	{"NetworkDisabled", {"false"}},
	{"Labels", {"{\"a\":\"b\"}", "null"}},
	{"Volumes", {"{\"/v\":{}}", "{}", "null"}},
	{"ExposedPorts", {"{\"80/tcp\":{}}"}},
	{"Image", {"\"registry.invalid/evil:1\"", "\"nginx:1.27\""}},
};

static const struct gate_host plain_host = {
	.own_paths = {"/etc/aegis"},
	.own_path_count = 1,
	.docker_socket = "/run/docker.sock",
	.plugin_name = "aegis",
};

struct run {
	const char *docker, *folder;
	struct gate_host host;
	struct hostpath_root root;
	struct policy *policy;
	struct lookup *lookup;
	struct lookup_source source;
	struct json_doc headers, no_body; /* of the envelopes */
	uint64_t random;
	unsigned made, passed, refused;
};

static unsigned
pick(struct run *r, unsigned below)
{
	r->random = r->random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(r->random >> 33) % below;
}

/* --- bodies ------------------------------------------------------------------------ */

/* As it is written, or as Go would still match it, or nearly so. */
static void
add_key(struct run *r, struct buf *out, const char *key)
{
	const unsigned how = pick(r, 12);

	buf_addc(out, '"');
	for (const char *c = key; *c; c++) {
		const char lower = (char)(*c | 0x20);
		const bool first = c == key;

		if (how == 0)
			buf_addc(out, lower);
		else if (how == 1)
			buf_addc(out, (char)(*c & ~0x20));
		else if (how == 2 && first)
			buf_addf(out, "\\u%04x", (unsigned)*c);
		else if (how == 3 && lower == 's')
			buf_adds(out, "\xc5\xbf"); /* U+017F folds to s */
		else if (how == 3 && lower == 'k')
			buf_adds(out, "\xe2\x84\xaa"); /* U+212A folds to k */
		else
			buf_addc(out, *c);
	}
	if (how == 4)
		buf_adds(out, "\\u0000");
	buf_adds(out, "\":");
}

static void
add_members(struct run *r, struct buf *out, const struct member *members,
	    unsigned count)
{
	const unsigned n = 1 + pick(r, MEMBERS_MAX);

	for (unsigned i = 0; i < n; i++) {
		const struct member *m = &members[pick(r, count)];
		const char *value, *mark;
		unsigned values = 0;

		while (values < LENGTH(m->values) && m->values[values])
			values++;
		value = m->values[pick(r, values)];
		mark = strstr(value, "%s");
		add_key(r, out, m->key);
		if (mark) {
			buf_add(out, value, (size_t)(mark - value));
			buf_adds(out, r->folder);
			value = mark + 2;
		}
		buf_adds(out, value);
		buf_addc(out, ',');
	}
}

static void
add_body(struct run *r, struct buf *out)
{
	buf_adds(out, "{\"Image\":\"nginx:1.27\",\"Cmd\":[\"true\"],");
	if (pick(r, 3) == 0)
		add_members(r, out, config, LENGTH(config));
	for (unsigned i = pick(r, 8) == 0 ? 2 : 1; i > 0; i--) {
		if (pick(r, 5) == 0)
			add_key(r, out, "HostConfig");
		else
			buf_adds(out, "\"HostConfig\":");
		buf_addc(out, '{');
		add_members(r, out, host_config, LENGTH(host_config));
		buf_adds(out, "\"Init\":false}");
		buf_addc(out, i > 1 ? ',' : '}');
	}
	if (pick(r, 40) == 0)
		buf_adds(out, " {}");
}

/* --- dockerd ------------------------------------------------------------------------- */

static unsigned
api(struct run *r, const char *method, const char *path, const struct buf *body,
    struct buf *answer)
{
	struct aegis_error err = {0};
	const struct docker_call call = {
		.socket = r->docker,
		.method = method,
		.path = path,
		.body = body ? buf_str(body) : NULL,
		.body_len = body ? body->len : 0,
		.timeout_ms = TIMEOUT_MS,
	};
	unsigned status = 0;

	buf_clear(answer);
	if (docker_call(&call, &status, answer, &err) < 0) {
		fprintf(stderr, "%s %s: %s\n", method, path, err.text);
		exit(1);
	}
	return status;
}

/* --- the gate ---------------------------------------------------------------------------- */

static bool
allows(struct run *r, const char *uri, const struct buf *body,
       struct gate_verdict *v)
{
	struct gate_call call = GATE_CALL_INIT;
	struct envelope e = {
		.user = "",
		.user_method = "",
		.method = "POST",
		.uri = uri,
		.uri_len = strlen(uri),
		.headers = body ? r->headers.root : r->no_body.root,
		.body = body ? buf_str(body) : NULL,
		.body_len = body ? body->len : 0,
	};

	memset(v, 0, sizeof(*v));
	if (gate_read(&call, &e, r->policy, v) == 0) {
		const struct gate_facts *facts =
			lookup_run(r->lookup, &r->source, &call, r->policy);

		gate_judge(&call, facts, r->policy, &r->host, NOW_MS, v);
	}
	gate_call_release(&call);
	return v->allow;
}

/* Returns false if the two rings differ in the dangerous direction. */
static bool
compare(struct run *r, const struct buf *body)
{
	static struct gate_verdict first, second;
	_cleanup_buf_ struct buf answer = BUF_INIT(DOCKER_ANSWER_MAX);
	struct json_doc doc = {0};
	char id[80] = "", path[160];
	bool same = true;

	if (api(r, "POST", "/v1.41/containers/create", body, &answer) != 201)
		return true;
	if (json_parse(&doc, answer.data, answer.len, NULL) == 0)
		snprintf(id, sizeof(id), "%s", json_get_string(doc.root, "Id"));
	json_doc_release(&doc);
	r->made++;
	if (allows(r, "/v1.41/containers/create", body, &first)) {
		r->passed++;
		snprintf(path, sizeof(path), "/v1.41/containers/%s/start", id);
		same = allows(r, path, NULL, &second);
		if (!same)
			printf("DIFFERENT: %s\n  ring 2: %s\n", buf_str(body),
			       second.message);
	} else {
		r->refused++;
	}
	snprintf(path, sizeof(path), "/v1.41/containers/%s?force=1&v=1", id);
	api(r, "DELETE", path, NULL, &answer);
	return same;
}

static void
load(struct run *r)
{
	static const char headers[] = "{\"Content-Type\":\"application/json\"}";
	static const char no_body[] = "{\"Content-Length\":\"0\"}";
	_cleanup_buf_ struct buf text = BUF_INIT(4096);
	struct aegis_error err = {0};
	struct statfs fs;

	buf_addf(&text,
		 "version: 1\n"
		 "images: {allow: [docker.io/library/*], require_tag: true}\n"
		 "containers:\n"
		 "  profile: baseline\n"
		 "  binds: {allow: [\"%s/**\", \"%s\"]}\n",
		 r->folder, r->folder);
	if (hostpath_root_open(&r->root, "/", &err) < 0 ||
	    policy_parse(&r->policy, "differential", buf_str(&text), text.len,
			 &err) < 0 ||
	    lookup_new(&r->lookup) < 0 ||
	    json_parse(&r->headers, headers, strlen(headers), NULL) < 0 ||
	    json_parse(&r->no_body, no_body, strlen(no_body), NULL) < 0) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	r->host = plain_host;
	r->host.cgroup_v1 = statfs("/sys/fs/cgroup", &fs) == 0 &&
			    fs.f_type != CGROUP2_SUPER_MAGIC;
	r->source = (struct lookup_source){
		.docker = r->docker,
		.user_agent = "aegis-differential",
		.root = &r->root,
		.timeout_ms = TIMEOUT_MS,
	};
}

int
main(int argc, char **argv)
{
	struct run r = {0};
	unsigned long count;
	unsigned different = 0;

	if (argc != 5) {
		fprintf(stderr,
			"usage: differential SOCKET COUNT SEED FOLDER\n");
		return 64;
	}
	r.docker = argv[1];
	count = strtoul(argv[2], NULL, 10);
	r.random = strtoul(argv[3], NULL, 10);
	r.folder = argv[4];
	load(&r);
	for (unsigned long i = 0; i < count; i++) {
		_cleanup_buf_ struct buf body = BUF_INIT(65536);

		add_body(&r, &body);
		different += !compare(&r, &body);
	}
	printf("%lu bodies: dockerd made %u, the gate let %u of these pass and "
	       "refused %u, %u read differently\n",
	       count, r.made, r.passed, r.refused, different);
	lookup_free(r.lookup);
	json_doc_release(&r.headers);
	json_doc_release(&r.no_body);
	policy_free(r.policy);
	hostpath_root_close(&r.root);
	/* A run that compared nothing has proven nothing. */
	return different || r.passed < count / 50 || r.refused < count / 50;
}
