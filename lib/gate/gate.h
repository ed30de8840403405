/*
 * gate - may this call of the Docker Engine API go through?
 *
 * The decision, as a function of its arguments: no I/O, no clock, no globals.
 * It runs in two steps, because some answers only dockerd or the host's file
 * system has:
 *
 *   gate_read()     envelope -> struct gate_call: URI, endpoint, body decoded,
 *                   and the look-ups it needs (gate_call.lookups)
 *   (the caller does the look-ups, lib/gate/lookup.h, and fills gate_facts)
 *   gate_judge()    policy + call + facts -> verdict
 *
 * gate_read() already refuses what cannot be read one way only; its verdict is
 * then final.  Whoever cannot finish either step denies.
 *
 * Ring 1 judges what the client asked (create), ring 2 what dockerd understood
 * (start, restart, exec start: lookups of the container and its image).
 */
#ifndef AEGIS_LIB_GATE_GATE_H
#define AEGIS_LIB_GATE_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/gate/endpoint.h"
#include "lib/gate/envelope.h"
#include "lib/gate/policy.h"
#include "lib/gate/rule.h"
#include "lib/gate/spec.h"
#include "lib/gate/uri.h"
#include "lib/image_ref.h"

/* What the gate protects of itself, and what it knows of its host. */
#define GATE_OWN_PATHS_MAX 16
struct gate_host {
	/* Resolved host paths nobody may mount, hold or be inside: the store's
	 * folder, the configuration's, the plugin socket's, daemon.json's. */
	const char *own_paths[GATE_OWN_PATHS_MAX];
	unsigned own_path_count;
	const char *docker_socket; /* resolved */
	const char *plugin_name;   /* "aegis"; as docker plugin ls says */
	bool cgroup_v1; /* dockerd's default is then the host's cgroup namespace */
};

/* --- verdict ------------------------------------------------------------- */

#define GATE_FIELD_LEN 128
#define GATE_MESSAGE_LEN 640
#define GATE_REASON_LEN 400
#define GATE_FINDINGS_MAX 8 /* kept for the message; all are counted */

struct gate_finding {
	enum rule_id rule;
	char field[GATE_FIELD_LEN];   /* "HostConfig.Privileged" */
	char reason[GATE_REASON_LEN]; /* "true: the profile baseline forbids it" */
	bool audit;                   /* its mode is audit: does not block */
	const struct policy_exception *waived_by; /* NULL: not waived */
};

struct gate_verdict {
	bool allow;
	bool audited;      /* allowed, but only because of audit mode */
	enum rule_id rule; /* the first that blocks, or that would have */
	const char *field; /* of that finding; "" */
	char message[GATE_MESSAGE_LEN]; /* one line, escaped; "" if clean */
	const struct policy_exception *exception; /* one that waived something */
	struct gate_finding findings[GATE_FINDINGS_MAX];
	unsigned finding_count; /* may exceed GATE_FINDINGS_MAX */
};

/* --- the call ------------------------------------------------------------ */

/* What has to be asked before gate_judge().  The values are in records. */
enum gate_lookup {
	GATE_LOOKUP_CONTAINER = 1 << 0, /* GET /containers/{name}/json */
	GATE_LOOKUP_EXEC = 1 << 1,      /* GET /exec/{name}/json, its container */
	GATE_LOOKUP_IMAGE = 1 << 2,     /* GET /images/{image}/json */
	GATE_LOOKUP_PLUGIN = 1 << 3,    /* GET /plugins/{name}/json */
	GATE_LOOKUP_PATHS = 1 << 4,     /* bind sources on the host */
	GATE_LOOKUP_VOLUMES = 1 << 5,   /* GET /volumes/{name} of named volumes */
	GATE_LOOKUP_NETWORKS = 1 << 6,  /* GET /networks/{target}, of services */
	GATE_LOOKUP_JOINED = 1 << 7,    /* GET /containers/{name}/json of those
					 * whose namespaces are joined */
	GATE_LOOKUP_OTHERS = 1 << 8,    /* GET /containers/json?all=1: whose binds
					 * nest with the call's */
	GATE_LOOKUP_DATA_ROOT = 1 << 9, /* of dockerd: an inspect, or GET /info */
};

struct gate_call {
	const struct envelope *envelope; /* borrowed */
	struct uri uri;
	struct endpoint_match match;
	struct json_doc body;
	struct spec spec; /* of create, service create/update, update, exec */
	struct spec container; /* ring 2: the one the call is about, as dockerd
				* describes it; SPEC_NONE until that is known */
	char image[IMAGE_REF_NAME_MAX + IMAGE_REF_DIGEST_MAX + 256]; /* the
		* reference the call is about, as dockerd puts it together; "" */
	char subject[256]; /* what the record calls it: container, image, ... */
	unsigned lookups;  /* enum gate_lookup */
};

#define GATE_CALL_INIT ((struct gate_call){0})

/* Make call the unread call of envelope: unknown endpoint, nothing decoded.  For
 * a record of what could not even be read; gate_read() begins with it. */
void gate_call_reset(struct gate_call *call, const struct envelope *envelope);

/* --- facts --------------------------------------------------------------- */

#define GATE_PATHS_MAX 64
#define GATE_VOLUMES_MAX 32
/* More links than these on the way to a bind's source are refused. */
#define GATE_TURNS_MAX 4

/* A bind source as the host's kernel resolves it. */
struct gate_path {
	const char *source;   /* as in the request */
	const char *resolved; /* absolute, no links; NULL: could not be resolved */
	const char *why;      /* when NULL */
	/* Links on the way, for look-ups of OTHERS (hostpath_turns()). */
	const char *turns[GATE_TURNS_MAX];
	unsigned turn_count;
};

/* What the swarm understands by the network that a service asks for. */
struct gate_network {
	const char *target; /* as in the request */
	const char *name;   /* NULL: the swarm has no such network */
};

/* A container whose namespaces another one joins. */
struct gate_joined {
	const char *name;                  /* as in "container:NAME" */
	const struct json_node *container; /* inspect; NULL: there is none */
};

/* More containers than these are not looked through for their binds. */
#define GATE_CONTAINERS_MAX 1000
/* One is enough for a deny; more are kept for the message's sake. */
#define GATE_OTHERS_MAX 8

/* A bind of another container by which it could put a link into the way to one of
 * the call's, or the call's into the way to it (check_nested.c). */
struct gate_other {
	const char *container; /* its name */
	const char *source;    /* resolved, where that can be */
	bool read_write;
};

/* Documents that dockerd answered, NULL where not asked or not found. */
struct gate_facts {
	unsigned asked; /* enum gate_lookup: done, whether found or not */
	const struct json_node *container; /* inspect */
	const struct json_node *exec;
	const struct json_node *image;
	const struct json_node *plugin;
	const struct json_node *volumes[GATE_VOLUMES_MAX];
	unsigned volume_count;
	struct gate_path paths[GATE_PATHS_MAX];
	unsigned path_count;
	struct gate_network networks[SPEC_NETWORKS_MAX];
	unsigned network_count;
	struct gate_joined joined[SPEC_JOINED_MAX];
	unsigned joined_count;
	struct gate_other others[GATE_OTHERS_MAX];
	unsigned other_count;
	const char *data_root; /* resolved; NULL: not asked */
	const char *failed; /* a look-up that failed or ran out of time: why */
};

/* --- the two steps -------------------------------------------------------- */

/*
 * Decode.  Returns 0 and *call, or -EACCES with a final deny in *verdict.
 * policy decides which look-ups are worth making.
 */
int gate_read(struct gate_call *call, const struct envelope *envelope,
	      const struct policy *policy, struct gate_verdict *verdict);
void gate_call_release(struct gate_call *call);
/* Between two calls: give back what the last took beyond keep_bytes each for its
 * URI and its body. */
void gate_call_trim(struct gate_call *call, size_t keep_bytes);

/* The spec whose mounts count: of the container there is, or that is wanted. */
const struct spec *gate_call_mounted(const struct gate_call *call);

/*
 * Ring 2 learns more look-ups from the first ones: the image and the volumes of
 * an inspected container, bind sources.  Call after each round; returns the
 * look-ups still missing, 0 when gate_judge() can run.
 */
unsigned gate_need(struct gate_call *call, const struct gate_facts *facts,
		   const struct policy *policy);

/* Could a bind of another container and one of ours swap each other's source for
 * a link?  Whether ours are read-write, and where they lead, is in mounts and
 * facts. */
bool gate_nests(const struct spec_mounts *ours, const struct gate_facts *facts,
		const struct gate_other *other);

/* Judge.  now_ms is the wall clock, for the expiry of exceptions. */
void gate_judge(const struct gate_call *call, const struct gate_facts *facts,
		const struct policy *policy, const struct gate_host *host,
		int64_t now_ms, struct gate_verdict *ret);

/* A deny that did not come from a policy: fail closed with this rule. */
void gate_deny(struct gate_verdict *ret, enum rule_id rule, const char *field,
	       const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* --- the record ------------------------------------------------------------ */

/* The URI with values that may be secret replaced: build args, tokens.
 * An unparsable one is escaped and cut. */
void gate_redact_uri(const struct gate_call *call, struct buf *out);

/* The name of an image or plugin without user and password, in out[size]. */
void gate_redact_name(const char *name, char *out, size_t size);

/*
 * The request as judged, for the record and for replay: its body with zero
 * values left out, values of Env, build args, secrets, configs and auth
 * replaced by "[redacted]".  Nothing is appended if there is no body.
 */
void gate_redact_body(const struct gate_call *call, struct buf *out);

/* The facts as JSON, so that a replay judges on what was known then. */
void gate_facts_json(const struct gate_facts *facts, struct buf *out);

#endif
