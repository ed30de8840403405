/*
 * json - a strict scanner that refuses what Go's decoder could read otherwise.
 *
 * The body of a Docker API call is read twice: here, and by dockerd with Go's
 * encoding/json.  What the two could read differently is a way round the gate
 * (research/authz.md section 2.3), so this scanner follows RFC 8259 to the
 * letter and keeps, per object, what makes Go's reading depart from it; who
 * decodes an object as a Go struct refuses such an object, who decodes it as a
 * Go map (labels) need not.
 *
 * Refused outright: anything but white space after the value, a BOM, comments,
 * trailing commas, NaN, raw control bytes, bytes that are not UTF-8 (overlong
 * forms and surrogates too), lone surrogate escapes, numbers not of the RFC's
 * grammar, more than JSON_DEPTH_MAX levels, more than JSON_NODES_MAX values.
 *
 * Nodes and strings live in the document; nothing is freed one by one.  A
 * document can be used again with json_parse(): its memory is kept, so that
 * steady work does not allocate.  One owner at a time.
 */
#ifndef AEGIS_LIB_JSON_H
#define AEGIS_LIB_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cleanup.h"
#include "lib/error.h"

/* Go stops at 10,000; real bodies stay under 10. */
#define JSON_DEPTH_MAX 64
/* A create body of the docker CLI has some 150 values. */
#define JSON_NODES_MAX 200000

enum json_type {
	JSON_INVALID,
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

/* What of an object's keys a Go struct decoder reads in its own way. */
enum json_key_flags {
	JSON_KEYS_DUP_EXACT = 1 << 0,  /* the same key twice, after unescaping */
	JSON_KEYS_DUP_FOLDED = 1 << 1, /* twice under ASCII case folding */
	JSON_KEYS_ODD = 1 << 2,        /* a key with an escape, a NUL or a
					* non-ASCII byte: U+017F and U+212A
					* fold to s and k in Go */
};

struct json_node {
	enum json_type type;
	uint32_t key_flags; /* of an object */
	bool boolean;
	bool has_nul; /* of a string: it holds U+0000, so str is cut for C */
	/* Key in the enclosing object, unescaped; NULL in an array and at the
	 * top.  NUL-terminated. */
	const char *key;
	uint32_t key_len;
	/* A string's unescaped bytes, or a number's text as written.
	 * NUL-terminated. */
	uint32_t str_len;
	const char *str;
	const struct json_node *first; /* of an array or object, in order */
	const struct json_node *next;  /* sibling */
	uint32_t count;                /* children */
	uint32_t offset;               /* of the value in the text */
};

struct json_doc {
	const struct json_node *root;
	/* private below: node blocks and the string arena */
	struct json_node *nodes;
	size_t node_count, node_cap;
	char *strings;
	size_t strings_used, strings_cap;
};

#define JSON_DOC_INIT ((struct json_doc){0})

/*
 * Parse len bytes of text.  Returns 0; -EBADMSG with the byte offset and the
 * reason in err for anything refused; -ENOMEM.  On failure root is NULL.
 * The text may be freed afterwards.
 */
int json_parse(struct json_doc *doc, const char *text, size_t len,
	       struct aegis_error *err);
void json_doc_release(struct json_doc *doc);
/* Between two uses: give the memory back if the last took more than keep_bytes
 * of it.  Who does so after each use holds no more than that. */
void json_doc_trim(struct json_doc *doc, size_t keep_bytes);

/* Make doc an object of those members of object that have one of keys (a list
 * that ends in NULL), exactly, in no more memory than they need; of the same key
 * twice the first.  Returns 0, or -ENOMEM and an empty doc. */
int json_pick(struct json_doc *doc, const struct json_node *object,
	      const char *const *keys);

/* The first child of object with this key, exactly; NULL if absent or if
 * object is NULL or not an object. */
const struct json_node *json_get(const struct json_node *object,
				 const char *key);
/* json_get() for a string value: its text; NULL for another type and for a
 * text that holds U+0000, which C would cut. */
const char *json_get_string(const struct json_node *object, const char *key);

/* ASCII case folding, as Go matches a key without special runes. */
bool json_key_is(const struct json_node *node, const char *name);

/* An integer of Go's int64: no fraction, no exponent, in range.
 * Returns 0 or -ERANGE; *ret_value is untouched on failure. */
int json_int64(const struct json_node *node, int64_t *ret_value);

#define json_foreach(child, parent)                                            \
	for (const struct json_node *child = (parent)->first; child;           \
	     child = child->next)

#define _cleanup_json_ _cleanup_(json_doc_release)

#endif
