/*
 * spec - what a container would be, in the words of Docker's API.
 *
 * A container comes in several documents: the create body, dockerd's inspect, a
 * Swarm service, an update, an exec.  Each is read into the same slots, named
 * after Docker's HostConfig and Config (hostconfig.def, config.def), so that
 * one set of checks judges all of them.
 *
 * Slots point into the json_doc that was read, and live as long.
 */
#ifndef AEGIS_LIB_GATE_SPEC_H
#define AEGIS_LIB_GATE_SPEC_H

#include <stdbool.h>

#include "lib/error.h"
#include "lib/json.h"

enum host_field {
#define FIELD(id, name, type) HOST_##id,
#include "lib/gate/hostconfig.def"
#undef FIELD
	HOST_MAX,
};

enum config_field {
#define FIELD(id, name, type) CONFIG_##id,
#include "lib/gate/config.def"
#undef FIELD
	CONFIG_MAX,
};

enum spec_kind {
	SPEC_NONE,
	SPEC_CREATE,  /* POST /containers/create */
	SPEC_INSPECT, /* what dockerd made of it */
	SPEC_SERVICE, /* Swarm: a service's tasks */
	SPEC_UPDATE,  /* POST /containers/{name}/update: only what is to change */
	SPEC_EXEC,    /* POST /containers/{name}/exec, or its inspect */
};

struct spec {
	enum spec_kind kind;
	const struct json_node *host[HOST_MAX];
	const struct json_node *config[CONFIG_MAX];
	const struct json_node *networks; /* map: endpoints at creation */
	const struct json_node *unknown;  /* a HostConfig key we do not know, or
					   * one of a service */
	/* SPEC_INSPECT */
	const char *name, *id, *image_id;
	const struct json_node *mounts; /* what is mounted in the end */
	/* SPEC_SERVICE */
	const struct json_node *privileges; /* ContainerSpec.Privileges */
	const struct json_node *ports;      /* EndpointSpec.Ports */
	const struct json_node *task_networks;    /* TaskTemplate.Networks */
	const struct json_node *service_networks; /* Networks, until API 1.44 */
	bool plugin_runtime;                /* the task is a plugin */
	/* SPEC_EXEC */
	bool exec_privileged;
	const char *exec_user; /* "" */
	const struct json_node *exec_env;
};

/* Each returns 0 or -EBADMSG with the field and the reason. */
int spec_from_create(struct spec *s, const struct json_node *body,
		     struct aegis_error *err);
int spec_from_inspect(struct spec *s, const struct json_node *inspect,
		      struct aegis_error *err);
int spec_from_service(struct spec *s, const struct json_node *body,
		      struct aegis_error *err);
int spec_from_update(struct spec *s, const struct json_node *body,
		     struct aegis_error *err);
int spec_from_exec(struct spec *s, const struct json_node *body,
		   struct aegis_error *err);
/* GET /exec/{id}/json: ProcessConfig has other names. */
int spec_from_exec_inspect(struct spec *s, const struct json_node *inspect,
			   struct aegis_error *err);

/* One mount, from Binds, HostConfig.Mounts or the inspect's Mounts. */
struct spec_mount {
	const char *type;   /* "bind", "volume", "tmpfs", "npipe", "image", ... */
	const char *source; /* host path, or volume name; "" */
	const char *target;
	const char *mode; /* "ro,rshared": of Binds; or the propagation */
	bool read_only;
	const char *driver;               /* of a volume; "" */
	const struct json_node *options;  /* driver options, or NULL */
	const char *field;                /* "HostConfig.Binds": for messages */
};

/* Longer lists are refused by the check that asks. */
#define SPEC_MOUNTS_MAX 96
#define SPEC_TEXT_MAX 32768

struct spec_mounts {
	struct spec_mount v[SPEC_MOUNTS_MAX];
	unsigned count;
	char text[SPEC_TEXT_MAX]; /* split Binds live here */
	size_t used;
};

/* The container whose namespace a mode joins ("container:NAME"); NULL if none. */
const char *spec_joined(const struct spec *s, enum host_field mode);

/* The modes that can join, in hostconfig.def's order. */
#define SPEC_JOINED_MAX 4
extern const enum host_field spec_join_modes[SPEC_JOINED_MAX];

/* A network that a container or the tasks of a service would be in. */
struct spec_network {
	const char *name; /* or an id, or the beginning of one */
	const struct json_node *driver_options; /* map, or NULL */
	const char *field;
};

#define SPEC_NETWORKS_MAX 32

struct spec_networks {
	struct spec_network v[SPEC_NETWORKS_MAX];
	unsigned count;
};

/* All networks of a create or a service.  Returns 0, -E2BIG or -EBADMSG. */
int spec_networks(const struct spec *s, struct spec_networks *ret,
		  struct aegis_error *err);
/* The driver options in moby's EndpointSettings. */
int spec_endpoint_options(const struct json_node *settings,
			  const struct json_node **ret,
			  struct aegis_error *err);

/* All mounts of a spec, in one form.  Returns 0, -E2BIG, or -EBADMSG for a bind
 * whose text does not split as dockerd's parser would (volume/mounts/
 * linux_parser.go). */
int spec_mounts(const struct spec *s, struct spec_mounts *ret,
		struct aegis_error *err);

#endif
