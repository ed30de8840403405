/*
 * envelope - the AuthZReq and AuthZRes documents that dockerd sends.
 *
 * Source: moby pkg/authorization/api.go; the names are as sent (RequestUri, not
 * the documentation's RequestURI), every one may be absent.  dockerd's encoder
 * wrote the document, so a second reading of it is not possible, but values in
 * it are the client's.
 *
 * Pointers lead into the caller's json_doc and into the body buffer here.
 * An envelope can be used again; one owner.
 */
#ifndef AEGIS_LIB_GATE_ENVELOPE_H
#define AEGIS_LIB_GATE_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"
#include "lib/json.h"

/* dockerd forwards at most 1 MiB (20.10) or 4 MiB (29) of body; in base64 and
 * with headers this is the most that can arrive. */
#define ENVELOPE_MAX (8 * 1024 * 1024)

struct envelope {
	const char *user;        /* TLS CN; "" if there was none */
	const char *user_method; /* "TLS" or "" */
	const char *method;
	const char *uri;
	size_t uri_len;
	const struct json_node *headers; /* object of strings, or NULL */
	const char *body; /* decoded, NUL behind; NULL if none was sent */
	size_t body_len;
	/* AuthZRes only */
	int status; /* 0 if absent */
	const char *response;
	size_t response_len;
	/* private */
	struct json_doc doc;
	struct envelope_room {
		char *data;
		size_t cap;
	} body_room, response_room; /* kept from call to call */
};

#define ENVELOPE_INIT ((struct envelope){0})

/* Returns 0, or -EBADMSG with the reason: not JSON, no method or URI, a field
 * of the wrong type, a body that is not base64. */
int envelope_parse(struct envelope *e, const char *text, size_t len,
		   struct aegis_error *err);
void envelope_release(struct envelope *e);
/* Between two calls: give back what the last took beyond keep_bytes each for the
 * document and the bodies. */
void envelope_trim(struct envelope *e, size_t keep_bytes);

/* A header by its canonical name ("Content-Type"), any case; NULL if absent.
 * Only the last of repeated ones arrives here, while dockerd used the first:
 * good for refusing, never for allowing. */
const char *envelope_header(const struct envelope *e, const char *name);

#define _cleanup_envelope_ _cleanup_(envelope_release)

#endif
