/*
 * daemon_json - one name added to, or taken out of, "authorization-plugins".
 *
 * dockerd's daemon.json is its owner's: the text is edited in place, so that
 * order, spacing and every other key stay as they were.  Pure.
 */
#ifndef AEGIS_CTL_DAEMON_JSON_H
#define AEGIS_CTL_DAEMON_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/error.h"

enum daemon_json_edit { DAEMON_JSON_ADD, DAEMON_JSON_REMOVE };

/*
 * Append the edited text to out; *ret_changed is false if nothing was to do.
 * An empty text counts as "{}".  A name is also found with a tag
 * ("aegis:latest") when it is to be removed.
 * Returns 0, or -EBADMSG with "line:column: what" for what dockerd would not
 * read or could read in two ways.
 */
int daemon_json_edit(const char *text, size_t len, enum daemon_json_edit edit,
		     const char *plugin, struct buf *out, bool *ret_changed,
		     struct aegis_error *err);

/* Call name for each of the list, until it returns non-zero, which is then
 * returned.  *ret_key: is there such a list at all?  0 or -EBADMSG otherwise. */
int daemon_json_each(const char *text, size_t len, bool *ret_key,
		     int (*name)(const char *name, void *ctx), void *ctx,
		     struct aegis_error *err);
/* Is the plugin in the list, with or without a tag?  0 or -EBADMSG. */
int daemon_json_lists(const char *text, size_t len, const char *plugin,
		      bool *ret);
/* An object without members, or nothing at all: the file says nothing. */
bool daemon_json_is_empty(const char *text, size_t len);

/* The string behind a key of the top object, "" if absent or no string. */
int daemon_json_string(const char *text, size_t len, const char *key,
		       char *ret, size_t size, struct aegis_error *err);

/* Where the JSON value that begins at `at` ends.  text is valid JSON. */
size_t json_text_end(const char *text, size_t at);

#endif
