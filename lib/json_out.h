/*
 * json_out - writes one JSON document; the only place that escapes JSON.
 *
 * Calls may go unchecked: an error sticks in the buf and shows at
 * json_out_end().  Bytes that are not UTF-8 become U+FFFD, as Go writes them.
 * '<', '>', '&', U+2028 and U+2029 are written as \u escapes, so that a
 * document can stand in a page.  Commas and nesting are kept here; misuse
 * (a value without a key in an object) is an assertion.
 */
#ifndef AEGIS_LIB_JSON_OUT_H
#define AEGIS_LIB_JSON_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"

#define JSON_OUT_DEPTH_MAX 64

struct json_out {
	struct buf *buf; /* borrowed; appended to */
	unsigned depth;
	bool after_key;
	bool need_comma[JSON_OUT_DEPTH_MAX + 1];
	bool is_object[JSON_OUT_DEPTH_MAX + 1];
};

void json_out_init(struct json_out *o, struct buf *buf);
void json_out_object(struct json_out *o);
void json_out_object_end(struct json_out *o);
void json_out_array(struct json_out *o);
void json_out_array_end(struct json_out *o);
void json_out_key(struct json_out *o, const char *key);
void json_out_key_bytes(struct json_out *o, const char *key, size_t len);
void json_out_string(struct json_out *o, const char *s); /* NULL: null */
void json_out_bytes(struct json_out *o, const char *s, size_t len);
void json_out_int(struct json_out *o, int64_t v);
void json_out_bool(struct json_out *o, bool v);
void json_out_null(struct json_out *o);
/* A value already in JSON; the caller answers for it. */
void json_out_raw(struct json_out *o, const char *json, size_t len);
/* "2026-11-23T22:51:00.123Z" (RFC 3339) from ms since the epoch, UTC. */
void json_out_time_ms(struct json_out *o, int64_t unix_ms);

/* key + value in one call */
void json_out_kv_string(struct json_out *o, const char *key, const char *s);
void json_out_kv_int(struct json_out *o, const char *key, int64_t v);
void json_out_kv_bool(struct json_out *o, const char *key, bool v);

/* Returns 0 or the buf's error; asserts that everything opened was closed. */
int json_out_end(struct json_out *o);

#endif
