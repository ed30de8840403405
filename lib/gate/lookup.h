/*
 * lookup - the questions a decision asks dockerd and the host, and the answers.
 *
 * Blocking, within one deadline for all: for worker threads and aegis-ctl.  Only GETs are
 * sent, and the gate answers GETs without a look-up, so no recursion is
 * possible (research/h2o-and-dockerd.md section 4).
 */
#ifndef AEGIS_LIB_GATE_LOOKUP_H
#define AEGIS_LIB_GATE_LOOKUP_H

#include <stdbool.h>

#include "lib/docker.h"
#include "lib/gate/gate.h"
#include "lib/gate/hostpath.h"

/* All that dockerd answers about one call. */
#define LOOKUP_ANSWERS_MAX DOCKER_ANSWER_MAX

struct lookup_source {
	const char *docker;     /* socket path */
	const char *user_agent; /* by which the gate knows its own questions */
	const struct hostpath_root *root; /* the host's file system */
	bool cached_paths; /* what the kernel does not have cached is a failure */
	unsigned timeout_ms;    /* for all look-ups of one call */
};

/* Facts with the documents and paths they point into. */
struct lookup;

int lookup_new(struct lookup **ret);
void lookup_free(struct lookup *l);
/* Between two calls: give back what the last took beyond keep_bytes a document.
 * The facts are gone. */
void lookup_trim(struct lookup *l, size_t keep_bytes);
DEFINE_CLEANUP(struct lookup *, lookup_free);

/*
 * Do what call needs until gate_need() is 0; facts->failed says if one could
 * not be done.  The facts are borrowed from l until its next use.
 */
const struct gate_facts *lookup_run(struct lookup *l,
				    const struct lookup_source *source,
				    struct gate_call *call,
				    const struct policy *policy);

/* Only what needs no waiting: paths that the kernel has cached.  NULL if
 * something needs lookup_run(). */
const struct gate_facts *lookup_try(struct lookup *l,
				    const struct lookup_source *source,
				    struct gate_call *call,
				    const struct policy *policy);

/* Facts from a record: what gate_facts_json() wrote. */
int lookup_load(struct lookup *l, const char *json, size_t len,
		struct aegis_error *err);
const struct gate_facts *lookup_facts(const struct lookup *l);

#endif
