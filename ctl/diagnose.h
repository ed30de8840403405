/*
 * diagnose - what is wrong, from what was seen, and the one command against it.
 *
 * Pure.  What could not be seen is not known, which is not the same as bad: a
 * user who may not look is told that, and nothing else of what he may not see.
 */
#ifndef AEGIS_CTL_DIAGNOSE_H
#define AEGIS_CTL_DIAGNOSE_H

#include <stdbool.h>
#include <sys/types.h>

#include "ctl/dockerd.h"
#include "lib/error.h"

struct evidence {
	/* Where was looked. */
	const char *gate_socket, *docker_socket, *store_path, *plugin;
	const char *config; /* dockerd's daemon.json */

	struct aegis_error gate;    /* of the plugin's socket; code 0: answers */
	bool managed, managed_off;  /* dockerd has it as a managed plugin */
	struct aegis_error dockerd; /* of its API */
	bool dockerd_blames; /* its answer is that the plugin failed */
	bool listed;         /* in its /info */
	enum dockerd_wiring wired;
	int recorded; /* our call to dockerd is in the store: 1, 0, or an errno */
	struct aegis_error store;   /* of reading it */
	pid_t lock_pid;             /* who holds the store's write lock; 0 */
	char lock_name[32];
};

enum seen { SEEN_NOT, SEEN_YES, SEEN_UNKNOWN };

#define PROBLEMS_MAX 12
#define PROBLEM_LEN 640

struct diagnosis {
	enum seen answering, up, gated;
	int code; /* of the worst */
	char problems[PROBLEMS_MAX][PROBLEM_LEN];
	unsigned count;
};

void diagnose(const struct evidence *e, struct diagnosis *ret);
void diagnosis_add(struct diagnosis *d, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
