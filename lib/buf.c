#include "lib/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST_CAP 256

void
buf_release(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT(b->max);
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	b->error = 0;
	if (b->data)
		b->data[0] = '\0';
}

void
buf_trim(struct buf *b, size_t keep_bytes)
{
	if (b->cap > keep_bytes)
		buf_release(b);
	else
		buf_clear(b);
}

char *
buf_grow(struct buf *b, size_t len)
{
	size_t cap = b->cap ? b->cap : BUF_FIRST_CAP;
	char *data;

	if (b->error)
		return NULL;
	if (len > b->max - b->len) {
		b->error = -ENOSPC;
		return NULL;
	}
	while (cap <= b->len + len)
		cap *= 2;
	data = realloc(b->data, cap);
	if (!data) {
		b->error = -ENOMEM;
		return NULL;
	}
	b->data = data;
	b->cap = cap;
	return data + b->len;
}

void
buf_commit(struct buf *b, size_t len)
{
	b->len += len;
	b->data[b->len] = '\0';
}

void
buf_add(struct buf *b, const void *bytes, size_t len)
{
	char *at = buf_reserve(b, len);

	if (!at)
		return;
	if (len)
		memcpy(at, bytes, len);
	buf_commit(b, len);
}

void
buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_addf(struct buf *b, const char *format, ...)
{
	va_list ap, again;
	char *at;
	int n;

	va_start(ap, format);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0)
		b->error = b->error ? b->error : -EINVAL;
	at = n < 0 ? NULL : buf_reserve(b, (size_t)n);
	if (at) {
		vsnprintf(at, (size_t)n + 1, format, again);
		buf_commit(b, (size_t)n);
	}
	va_end(again);
}
