/*
 * endpoint - which call of the Docker Engine API is this?
 *
 * endpoint.def lists the whole API, 1.24 to today, one line a call.  A path the
 * table does not know is ENDPOINT_UNKNOWN; whether that is denied depends on
 * the method (what changes state is).  Names in a path may hold slashes
 * (gorilla's {name:.*}), so patterns are matched from both ends: "/images/{name}/tag" is
 * any path that begins "/images/" and ends "/tag" with something between.
 * Where two patterns match, the one listed first wins, as in moby's routers.
 * Pure; any thread.
 */
#ifndef AEGIS_LIB_GATE_ENDPOINT_H
#define AEGIS_LIB_GATE_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>

/* What an endpoint can do, and the key under `api:` in the policy. */
#define ENDPOINT_CLASSES(X)                                                    \
	X(READ, "read")             /* shows; changes nothing */               \
	X(CONTAINERS, "containers") /* create, start, stop, remove, ... */     \
	X(EXEC, "exec")                                                        \
	X(ARCHIVE, "archive") /* files into a container */                     \
	X(COMMIT, "commit")                                                    \
	X(BUILD, "build")                                                      \
	X(IMAGES, "images")                                                    \
	X(VOLUMES, "volumes")                                                  \
	X(NETWORKS, "networks")                                                \
	X(SWARM, "swarm") /* swarm, nodes, services, tasks, secrets, configs */\
	X(PLUGINS, "plugins")                                                  \
	X(SYSTEM, "system") /* auth, session, ... */

enum endpoint_class {
	ENDPOINT_CLASS_INVALID,
#define X(name, text) ENDPOINT_CLASS_##name,
	ENDPOINT_CLASSES(X)
#undef X
	ENDPOINT_CLASS_MAX,
};

/* How the body reaches us, and what its absence means. */
enum endpoint_body {
	ENDPOINT_BODY_NONE,     /* none is defined; one that is kept from us is
				 * refused */
	ENDPOINT_BODY_JSON,     /* needed: missing is a deny */
	ENDPOINT_BODY_OPTIONAL, /* JSON or nothing, e.g. commit, exec start of
				 * old clients */
	ENDPOINT_BODY_WITHHELD, /* JSON that dockerd may keep from plugins */
	ENDPOINT_BODY_OPAQUE,   /* a tar or a stream we are never shown */
};

enum endpoint_id {
	ENDPOINT_UNKNOWN,
#define ENDPOINT(id, name, method, pattern, class, body) ENDPOINT_##id,
#include "lib/gate/endpoint.def"
#undef ENDPOINT
	ENDPOINT_MAX,
};

struct endpoint {
	enum endpoint_id id;
	const char *name;    /* "container.create": in decisions and messages */
	const char *method;  /* "POST" */
	const char *pattern; /* "/containers/{name}/start" */
	enum endpoint_class class;
	enum endpoint_body body;
};

/* Enough for any path parameter: dockerd's names and references are shorter,
 * and a longer one is cut by nobody: endpoint_find() says so. */
#define ENDPOINT_NAME_MAX 4096

struct endpoint_match {
	const struct endpoint *endpoint; /* never NULL; unknown has id 0 */
	char name[ENDPOINT_NAME_MAX];    /* the first {name} or {id} of the
					  * path, "" if none */
};

/*
 * Find the endpoint of method and normalised path (struct uri).  HEAD counts
 * as GET unless it has a line of its own.
 * Returns 0, also for an unknown one; -ENAMETOOLONG.
 */
int endpoint_find(const char *method, const char *path,
		  struct endpoint_match *ret);

const struct endpoint *endpoint_get(enum endpoint_id id);
const char *endpoint_class_name(enum endpoint_class class);
enum endpoint_class endpoint_class_from_name(const char *name);

/* GET, HEAD and OPTIONS change nothing in the Engine API. */
bool endpoint_method_is_read(const char *method);

#endif
