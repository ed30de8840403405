/*
 * http_request - one HTTP/1.1 request out of bytes that may not be all there.
 *
 * For the stand-in of `policy explain`, whose only client is the docker
 * command: strict, small, bounded.  Pure.
 */
#ifndef AEGIS_CTL_HTTP_REQUEST_H
#define AEGIS_CTL_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

#define HTTP_HEAD_MAX (64 * 1024)
#define HTTP_HEADERS_MAX 64

struct http_header {
	const char *name, *value; /* NUL-terminated, trimmed */
};

struct http_request {
	const char *method, *uri;
	struct http_header headers[HTTP_HEADERS_MAX];
	unsigned header_count;
	size_t head_len; /* of the input, with the empty line */
	/* private: the head, cut into strings */
	char head[HTTP_HEAD_MAX + 1];
};

/* Returns 0; -EAGAIN if the head is not complete; -EBADMSG or -E2BIG. */
int http_request_head(struct http_request *ret, const char *data, size_t len);

/* The last header of that name, any case; NULL if there is none. */
const char *http_request_header(const struct http_request *r,
				const char *name);

/*
 * The body that follows the head in data, by Content-Length or chunked, added
 * to body; *ret_used is where the next request begins.
 * Returns 0; -EAGAIN; -EBADMSG or -E2BIG (over body's max).
 */
int http_request_body(const struct http_request *r, const char *data,
		      size_t len, struct buf *body, size_t *ret_used);

#endif
