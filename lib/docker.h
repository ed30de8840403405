/*
 * docker - a small blocking client of dockerd's API over its Unix socket.
 *
 * One connection a call, closed after it; a deadline over the whole call
 * (connect, send, receive); a named bound on the answer.  Content-Length,
 * chunked and read-to-close bodies; no redirects.  For worker threads and
 * command-line programs: never call it from an httpd loop.  Any thread may
 * call; nothing is shared.
 */
#ifndef AEGIS_LIB_DOCKER_H
#define AEGIS_LIB_DOCKER_H

#include <stddef.h>

#include "lib/buf.h"
#include "lib/error.h"

/* An inspect is some 8 KiB; a container with 10,000 labels fits. */
#define DOCKER_ANSWER_MAX (8 * 1024 * 1024)

struct docker_call {
	const char *socket;     /* path */
	const char *method;     /* "GET" */
	const char *path;       /* "/containers/x/json", already encoded; the
				 * caller chooses a version prefix or none */
	const char *user_agent; /* NULL: "aegis" */
	const char *body;       /* NULL: none; sent as application/json */
	size_t body_len;
	unsigned timeout_ms;
};

/*
 * Returns 0 with *ret_status and the body appended to ret_body, whatever the
 * status; -ETIMEDOUT past the deadline; -EMSGSIZE over ret_body's max;
 * -EPROTO for an answer that is not HTTP/1.x; or the errno of the socket.
 */
int docker_call(const struct docker_call *call, unsigned *ret_status,
		struct buf *ret_body, struct aegis_error *err);

/* Append s percent-encoded for a path component; '/' and ':' are encoded. */
void docker_path_escape(struct buf *out, const char *s);

#endif
