/*
 * uri - a RequestUri read once, as dockerd's router reads it.
 *
 * dockerd (moby daemon/server, gorilla/mux, Go net/url) serves a handler under
 * many spellings: percent-encoded letters and slashes, an absolute form, any
 * "/v1.41", "/v01.041" or none.  This module makes the one spelling the
 * endpoint table knows, and refuses what does not normalise
 * (research/authz.md section 2.2): '#' anywhere (moby drops the body then), bad
 * escapes in path or query, bytes that a URI cannot hold (raw ones over 0x7e
 * too), NUL, control bytes in the path, "//", "/./", "/../", a ';' in the query,
 * an API version below 1.24 or not of the form 1.41.
 *
 * Strings live in the struct's own storage.  Pure; any thread.
 */
#ifndef AEGIS_LIB_GATE_URI_H
#define AEGIS_LIB_GATE_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

/* Longer is refused.  dockerd takes up to 1 MiB of request line; build args
 * and filters travel here. */
#define URI_MAX (256 * 1024)
#define URI_QUERY_MAX 64 /* key=value pairs; the build endpoint has some 25 */

/* Engine API versions as major * 1000 + minor. */
#define API_VERSION(major, minor) ((major) * 1000 + (minor))
#define API_VERSION_MIN API_VERSION(1, 24)
#define API_VERSION_NONE 0 /* no prefix: dockerd takes its newest */

struct uri_param {
	const char *key;   /* decoded, NUL-terminated; never holds NUL */
	const char *value; /* decoded, "" if there was no '=' */
};

struct uri {
	const char *path; /* decoded, without version: "/containers/create" */
	unsigned api_version;
	struct uri_param query[URI_QUERY_MAX]; /* in order, repeats kept */
	unsigned query_count;
	char *storage; /* private */
	size_t storage_cap;
};

#define URI_INIT ((struct uri){0})

/*
 * Returns 0; -EPROTONOSUPPORT for an API version that is refused; -EINVAL for
 * all else that is, with the reason; -E2BIG over URI_MAX or URI_QUERY_MAX;
 * -ENOMEM.  After a failure path is "" and the query empty.  The struct can be
 * parsed into again.
 */
int uri_parse(struct uri *uri, const char *text, size_t len,
	      struct aegis_error *err);
void uri_release(struct uri *uri);

/* The first value of key, as Go's Query().Get has it, or NULL if absent.
 * Keys are case-sensitive. */
const char *uri_query(const struct uri *uri, const char *key);
/* uri_query() read as moby's httputils.BoolValue: absent, "", "0", "no",
 * "false", "none" (any case, trimmed) are false, all else is true. */
bool uri_query_bool(const struct uri *uri, const char *key);

#endif
