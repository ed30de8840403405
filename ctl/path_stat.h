/*
 * path_stat - what dockerd says of a path in a container, for `docker cp`.
 *
 * It says so in a header of the answer to HEAD /containers/{name}/archive, which
 * lib/docker, made for bodies, does not give back.
 */
#ifndef AEGIS_CTL_PATH_STAT_H
#define AEGIS_CTL_PATH_STAT_H

#include <stddef.h>

#define PATH_STAT_HEADER "X-Docker-Container-Path-Stat"
#define PATH_STAT_MAX 8192

/* Returns 0 with the status and the header's value ("" if there is none), or an
 * errno. */
int path_stat(const char *socket, const char *uri, unsigned timeout_ms,
	      unsigned *ret_status, char ret[static PATH_STAT_MAX]);
/* The same from the head of an answer.  Returns 0 or -EPROTO. */
int path_stat_parse(const char *head, unsigned *ret_status,
		    char ret[static PATH_STAT_MAX]);

#endif
