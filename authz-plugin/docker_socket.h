/*
 * docker_socket - may the gate still ask dockerd?
 *
 * The group of dockerd's socket is taken over when root is given up.  A socket that
 * comes later with another group cannot be used until the next start, which takes
 * that one.  Main thread only.
 */
#ifndef AEGIS_AUTHZ_PLUGIN_DOCKER_SOCKET_H
#define AEGIS_AUTHZ_PLUGIN_DOCKER_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/error.h"

#define DOCKER_SOCKET_GROUPS_MAX 64

struct docker_socket {
	const char *path; /* borrowed */
	bool was_root;    /* the next start can take another group */
	gid_t groups[DOCKER_SOCKET_GROUPS_MAX];
	int group_count;
	unsigned refusals; /* in a row */
	bool restart_helps; /* of the last refusal */
};

/* Once root is given up, and before the sandbox. */
void docker_socket_init(struct docker_socket *d, const char *path,
			bool was_root);

/* Asked now and then.  0, also if there is no socket; -EACCES, with what to do, if
 * it was refused the last time too: between its bind and its chmod it always is. */
int docker_socket_check(struct docker_socket *d, struct aegis_error *err);

#endif
