/*
 * buf - bytes that grow up to a limit named by who makes them.
 *
 * The first append that would pass the limit, or for which there is no memory,
 * makes the error stick: later appends do nothing, and one buf_error() at the
 * end tells.  data is always NUL-terminated once anything was appended.
 * Not thread-safe; one owner.
 */
#ifndef AEGIS_LIB_BUF_H
#define AEGIS_LIB_BUF_H

#include <stddef.h>

#include "lib/cleanup.h"

struct buf {
	char *data; /* NULL while empty */
	size_t len; /* without the NUL */
	size_t cap;
	size_t max; /* largest len allowed */
	int error;  /* 0, -ENOSPC or -ENOMEM; sticky */
};

#define BUF_INIT(max_bytes) ((struct buf){.max = (max_bytes)})

void buf_release(struct buf *b);
void buf_clear(struct buf *b); /* empty, no error, memory kept */
void buf_trim(struct buf *b, size_t keep_bytes); /* ... unless it is more */
void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_adds(struct buf *b, const char *s);
void buf_addf(struct buf *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Room for len more bytes at the end, for a reader; NULL if over the limit.
 * What was written there counts after buf_commit(). */
char *buf_grow(struct buf *b, size_t len); /* its slow half */
static inline char *
buf_reserve(struct buf *b, size_t len)
{
	if (b->error || len > b->max - b->len || b->len + len >= b->cap)
		return buf_grow(b, len);
	return b->data + b->len;
}
void buf_commit(struct buf *b, size_t len);

/* Inline, as writers of JSON call it for every second byte. */
static inline void
buf_addc(struct buf *b, char c)
{
	char *at = buf_reserve(b, 1);

	if (!at)
		return;
	at[0] = c;
	at[1] = '\0';
	b->len++;
}

static inline int
buf_error(const struct buf *b)
{
	return b->error;
}

/* The text, "" when nothing was appended; borrowed. */
static inline const char *
buf_str(const struct buf *b)
{
	return b->data ? b->data : "";
}

#define _cleanup_buf_ _cleanup_(buf_release)

#endif
