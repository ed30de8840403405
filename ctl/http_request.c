#include "ctl/http_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- head --------------------------------------------------------------------- */

static char *
trim(char *s)
{
	char *end = s + strlen(s);

	while (end > s && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	return s + strspn(s, " \t");
}

static int
request_line(struct http_request *r, char *line)
{
	char *uri = strchr(line, ' '), *version;

	version = uri ? strchr(uri + 1, ' ') : NULL;
	if (!version || strncmp(version, " HTTP/1.", 8) || uri == line)
		return -EBADMSG;
	*uri = *version = '\0';
	r->method = line;
	r->uri = uri + 1;
	return 0;
}

static int
header_line(struct http_request *r, char *line)
{
	char *colon = strchr(line, ':');

	if (!colon || colon == line)
		return -EBADMSG;
	if (r->header_count == HTTP_HEADERS_MAX)
		return -E2BIG;
	*colon = '\0';
	if (strpbrk(line, " \t"))
		return -EBADMSG;
	r->headers[r->header_count++] = (struct http_header){
		.name = line,
		.value = trim(colon + 1),
	};
	return 0;
}

int
http_request_head(struct http_request *r, const char *data, size_t len)
{
	const char *end = len ? memmem(data, len, "\r\n\r\n", 4) : NULL;
	char *at = r->head, *line;
	int result = 0;

	if (!end)
		return len > HTTP_HEAD_MAX ? -E2BIG : -EAGAIN;
	r->head_len = (size_t)(end - data) + 4;
	if (r->head_len > HTTP_HEAD_MAX)
		return -E2BIG;
	if (memchr(data, '\0', r->head_len))
		return -EBADMSG;
	memcpy(r->head, data, r->head_len);
	r->head[r->head_len - 4] = '\0';
	r->header_count = 0;
	for (bool first = true; (line = strsep(&at, "\n")) && !result;
	     first = false) {
		line[strcspn(line, "\r")] = '\0';
		result = first ? request_line(r, line) : header_line(r, line);
	}
	return result;
}

const char *
http_request_header(const struct http_request *r, const char *name)
{
	for (unsigned i = r->header_count; i-- > 0;)
		if (!strcasecmp(r->headers[i].name, name))
			return r->headers[i].value;
	return NULL;
}

/* --- body --------------------------------------------------------------------- */

static int
sized_body(const char *text, const char *data, size_t len, struct buf *body,
	   size_t *at)
{
	unsigned long long size;
	char *end;

	if (*text < '0' || *text > '9')
		return -EBADMSG;
	errno = 0;
	size = strtoull(text, &end, 10);
	if (errno || *end)
		return -EBADMSG;
	if (size > body->max)
		return -E2BIG;
	if (size > len - *at)
		return -EAGAIN;
	buf_add(body, data + *at, (size_t)size);
	*at += (size_t)size;
	return 0;
}

/* "1a\r\n": at most eight digits, no extensions: Go sends none. */
static int
chunk_size(const char *data, size_t len, size_t *at, size_t *ret)
{
	const char *end = len > *at ? memmem(data + *at, len - *at, "\r\n", 2)
				    : NULL;
	size_t size = 0, digits = 0;

	if (!end)
		return len - *at > 10 ? -EBADMSG : -EAGAIN;
	for (const char *s = data + *at; s < end; s++, digits++) {
		const char *hex = "0123456789abcdef";
		const char *digit = *s ? strchr(hex, *s | 0x20) : NULL;

		if (!digit || digits == 8)
			return -EBADMSG;
		size = size * 16 + (size_t)(digit - hex);
	}
	if (!digits)
		return -EBADMSG;
	*at = (size_t)(end - data) + 2;
	*ret = size;
	return 0;
}

static int
chunked_body(const char *data, size_t len, struct buf *body, size_t *at)
{
	size_t size;

	do {
		int r = chunk_size(data, len, at, &size);

		if (r)
			return r;
		if (size > body->max)
			return -E2BIG;
		if (len - *at < size + 2)
			return -EAGAIN;
		buf_add(body, data + *at, size);
		*at += size;
		if (memcmp(data + *at, "\r\n", 2))
			return -EBADMSG; /* trailers: Go sends none */
		*at += 2;
	} while (size);
	return 0;
}

int
http_request_body(const struct http_request *r, const char *data, size_t len,
		  struct buf *body, size_t *ret_used)
{
	const char *encoding = http_request_header(r, "Transfer-Encoding");
	const char *size = http_request_header(r, "Content-Length");
	size_t at = r->head_len;
	int result = 0;

	buf_clear(body);
	if (encoding)
		result = strcasecmp(encoding, "chunked")
				 ? -EBADMSG
				 : chunked_body(data, len, body, &at);
	else if (size)
		result = sized_body(size, data, len, body, &at);
	*ret_used = at;
	if (!result && buf_error(body))
		return -E2BIG;
	return result;
}
