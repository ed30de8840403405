/*
 * redact - Docker's documents written again without the secrets in them.
 *
 * Values that the API itself names as secrets, values of environment variables
 * and of options with telling names ("splunk-token") become "[redacted]".
 * Labels and command lines stay, since policies match them: a secret given
 * there is seen by `docker inspect` too.  Zero values of Go are left out, except
 * where their presence means something: in maps, in lists, and the empty
 * MaskedPaths that unmasks.  Keys match as in Go; a key outside ASCII, which
 * could match in Go only, counts as that of a secret.
 *
 * Private to lib/gate.  Pure; any thread.
 */
#ifndef AEGIS_LIB_GATE_REDACT_H
#define AEGIS_LIB_GATE_REDACT_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/json.h"
#include "lib/json_out.h"

#define REDACTED "[redacted]"
/* Longer strings end in "[cut]". */
#define REDACT_STRING_MAX 1024

/* What a value is, by the key it stands under. */
enum redact {
	REDACT_STRUCT,  /* keys are the API's; inherited by what is inside */
	REDACT_MAP,     /* keys are the client's, and none is left out */
	REDACT_OPTIONS, /* a map to drivers, whose options may be secrets */
	REDACT_ARGS,    /* a plugin's: "Value" is a secret; or a command's */
	REDACT_ENV,     /* "NAME=value" */
	REDACT_NAME,    /* an image, a plugin or a URL, with a password perhaps */
	REDACT_AUTH,    /* all but who and where is a secret */
	REDACT_SECRET,
};

void redact_value(struct json_out *o, const struct json_node *n,
		  enum redact kind);

/* Only these keys (a list that ends in NULL) of a struct, zero values left
 * out. */
void redact_picked(struct json_out *o, const struct json_node *object,
		   const char *const *keys);

/* Does a name speak of a secret: token, password, key, ...? */
bool redact_is_telling(const char *name);

/* A URL, or the name of an image or plugin, without user, password and query;
 * other text as it is. */
void redact_url(struct buf *out, const char *url);

/* redact_url() in out[size], cut at its end: for messages. */
void redact_shown(const char *text, char *out, size_t size);

/* Does redact_url() leave a text as it is, as it does nearly every one? */
bool redact_is_plain(const char *text);

#endif
