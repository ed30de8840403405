/*
 * conf - YAML files as a tree that knows where each value stood.
 *
 * The only owner of libyaml.  What is read here decides what root's daemon
 * does, so it is strict: a duplicate key, an alias or anchor, a tag, a second
 * document, a NUL byte in a text, anything but UTF-8, a file over CONF_FILE_MAX
 * are errors.  Errors read "FILE:LINE:COLUMN: what; what to do".  Lines and
 * columns count from 1.
 *
 * A tree is read-only once parsed, and its texts live until conf_release().
 */
#ifndef AEGIS_LIB_CONF_H
#define AEGIS_LIB_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cleanup.h"
#include "lib/error.h"

#define CONF_FILE_MAX (4 * 1024 * 1024)
#define CONF_DEPTH_MAX 32
#define CONF_NODES_MAX 200000

enum conf_type { CONF_NULL, CONF_SCALAR, CONF_LIST, CONF_MAP };

struct conf_node {
	enum conf_type type;
	unsigned line, column;
	const char *key;   /* in the enclosing map, else NULL */
	unsigned key_line, key_column;
	const char *value; /* of a scalar; "" otherwise */
	bool quoted;       /* "true" in quotes is text */
	struct conf_node *first, *next; /* children; sibling */
	unsigned count;                 /* of children */
};

struct conf {
	const char *file; /* as given; for messages */
	const char *text; /* as read */
	size_t text_len;
	const struct conf_node *root;
	void *storage; /* private */
};

#define CONF_INIT ((struct conf){0})

/* 0, -ENOENT and other errnos of open/read, -EINVAL for what is no regular file,
 * -EFBIG, -EBADMSG for bad YAML.  An empty file has a root of type CONF_NULL.  On
 * failure *conf is empty. */
int conf_load(struct conf *conf, const char *file, struct aegis_error *err);
int conf_parse(struct conf *conf, const char *file_label, const char *text,
	       size_t len, struct aegis_error *err);
void conf_release(struct conf *conf);

/*
 * Files that others write in their habits, such as rule files, are read less
 * strictly.  A reader that asks for CONF_DUPLICATES looks itself for a key that
 * comes twice (both are in the tree).  An alias is a copy of what it stands for
 * and counts in full towards CONF_NODES_MAX.
 */
enum conf_flag {
	CONF_DOCUMENTS = 1 << 0,  /* any number; root is the list of them */
	CONF_ALIASES = 1 << 1,    /* anchors and aliases */
	CONF_DUPLICATES = 1 << 2, /* a key may come twice */
};
int conf_load_as(struct conf *conf, unsigned flags, const char *file,
		 struct aegis_error *err);
int conf_parse_as(struct conf *conf, unsigned flags, const char *file_label,
		  const char *text, size_t len, struct aegis_error *err);

/* size zero bytes that live as long as the tree: who keeps what was read keeps
 * the conf, and there is one thing to free.  NULL if there is no memory. */
void *conf_alloc(const struct conf *conf, size_t size);

/* Reads a value into slot: 0, or an error with the place in *err. */
typedef int conf_reader(const struct conf *conf, const struct conf_node *value,
			void *slot, struct aegis_error *err);

/*
 * One key a map may have: its reader is called with the value node and with
 * ctx + offset, where ctx is what conf_read_map() was given.  So a section that
 * is a struct is read by a table of {name, reader of the type, offsetof}.
 */
struct conf_key {
	const char *name;
	conf_reader *read;
	size_t offset;
};

/* The child of a map with this key; NULL if absent or without a value. */
const struct conf_node *conf_get(const struct conf_node *map, const char *key);

/*
 * Read a map by a table; a NULL value (key without value) reads as absent.
 * An unknown key is -EBADMSG: "FILE:L:C: unknown key 'imagess'; did you mean
 * 'images'?" (or the list of known keys if none is near).
 */
int conf_read_map(const struct conf *conf, const struct conf_node *map,
		  const struct conf_key *keys, size_t key_count, void *ctx,
		  struct aegis_error *err);

/* Typed scalars.  Each returns 0 or -EBADMSG with place and what was wanted. */
int conf_string(const struct conf *conf, const struct conf_node *n,
		const char **ret, struct aegis_error *err);
int conf_bool(const struct conf *conf, const struct conf_node *n, bool *ret,
	      struct aegis_error *err);
int conf_int(const struct conf *conf, const struct conf_node *n, int64_t min,
	     int64_t max, int64_t *ret, struct aegis_error *err);
/* "512m", "2g", "1048576": bytes, as docker's --memory writes them. */
int conf_size(const struct conf *conf, const struct conf_node *n, int64_t *ret,
	      struct aegis_error *err);
/* "2027-01-31" (end of that day) or RFC 3339 -> ms since the epoch, UTC. */
int conf_time_ms(const struct conf *conf, const struct conf_node *n,
		 int64_t *ret, struct aegis_error *err);
/* One of names[0..count); *ret is the index; a near miss is suggested. */
int conf_enum(const struct conf *conf, const struct conf_node *n,
	      const char *const *names, size_t count, size_t *ret,
	      struct aegis_error *err);

/* "FILE:L:C: text" into err, escaped onto one line, so that values of the file
 * go in as they are; returns -EBADMSG. */
int conf_error(const struct conf *conf, const struct conf_node *n,
	       struct aegis_error *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The same at the place of the value's key. */
int conf_key_error(const struct conf *conf, const struct conf_node *n,
		   struct aegis_error *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The nearest of names by edit distance (at most 1/3 of its length, case does
 * not count), or NULL.  For every "did you mean" of AEGIS. */
const char *conf_nearest(const char *text, const char *const *names,
			 size_t count);

#define _cleanup_conf_ _cleanup_(conf_release)

#endif
