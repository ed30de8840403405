/*
 * judge - what the checks of the gate share; private to lib/gate.
 *
 * A check looks at its part of a call and reports what the policy does not
 * want with judge_find().  It neither stops nor decides: the verdict is made of
 * all findings (verdict.c), so that a message can name everything at once.
 */
#ifndef AEGIS_LIB_GATE_JUDGE_H
#define AEGIS_LIB_GATE_JUDGE_H

#include "lib/gate/fields.h"
#include "lib/gate/gate.h"

struct judge {
	const struct gate_call *call;
	const struct gate_facts *facts;
	const struct policy *policy;
	const struct gate_host *host;
	int64_t now_ms;
	/* What is judged just now: of the call, or in ring 2 of the facts. */
	const struct spec *spec;
	/* For exceptions: names of what is judged, "" if there is none. */
	const struct json_node *labels;
	char image_name[IMAGE_REF_NAME_MAX + 64]; /* normalised */
	const char *container_name;
	struct gate_verdict *verdict;
};

/* Report.  The reason is escaped here; field is ours. */
void judge_find(struct judge *j, enum rule_id rule, const char *field,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Turn the findings into the verdict and its message. */
void verdict_finish(struct gate_verdict *v);

/* --- the checks ------------------------------------------------------------ */

/* What an image name is checked for. */
enum image_use {
	IMAGE_RUN,  /* create, service, start: all of it */
	IMAGE_PULL, /* all but what only a local image can be */
	IMAGE_TASK, /* of a service: nodes pull it, or find what they have */
	IMAGE_MAKE, /* a local name comes into being: build -t, tag, commit, import;
		     * may be untagged, since it cannot run so */
	IMAGE_PUSH, /* leaves the host for a registry */
};

/* A reference as dockerd puts it together.  image: its inspect, or NULL. */
void check_image(struct judge *j, const char *text, enum image_use use,
		 const char *field, const struct json_node *image);
/* Is it sure that the image did not come from a registry under this name: has it
 * digests of registries, but none of it?  image may be NULL. */
bool image_is_from_elsewhere(const struct json_node *image, const char *name);
/* Ring 2: what exceptions call the image that a container was made of. */
void name_image_of_container(struct judge *j);
/* Ring 2: the image a container was made of, by name and by what it is. */
void check_image_of_container(struct judge *j);

/* Each of judge.spec. */
void check_container(struct judge *j);  /* everything but mounts */
void check_namespaces(struct judge *j); /* part of it */
void check_networks(struct judge *j);   /* part of that: those it would be in */
void check_mounts(struct judge *j);
void check_nested(struct judge *j); /* binds within binds */
void check_update(struct judge *j); /* resources, devices */
void check_exec(struct judge *j);
void check_sysctl(struct judge *j, const char *field, const char *name);
/* The driver that a log configuration names under key. */
void check_log_driver(struct judge *j, const char *field,
		      const struct json_node *log, const char *key);
void check_volume_options(struct judge *j, const char *field, const char *driver,
			  const struct json_node *options);
/* Everything that is an endpoint's own: queries and small bodies. */
void check_endpoint(struct judge *j);
void check_network_connect(struct judge *j);
void check_swarm(struct judge *j); /* who is in the swarm, and as what */

/* --- helpers ----------------------------------------------------------------- */

/* What is known of a bind's source; NULL: nothing. */
const struct gate_path *find_path(const struct gate_facts *facts,
				  const char *source);

bool policy_list_has_glob(const struct policy_list *list, const char *text);
/* The same for a path that somebody else resolves: "." and ".." in it climb out
 * of what a pattern allows. */
bool policy_list_has_path(const struct policy_list *list, const char *path);
bool policy_list_has_word(const struct policy_list *list, const char *word);

#endif
