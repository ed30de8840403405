/*
 * fuzz_uri - any URI is refused or has one spelling, and endpoint_find() finds
 * the same under any method.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/gate/endpoint.c"
#include "lib/gate/uri.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE_LIMIT 4096

static void
check_spelling(const struct uri *uri)
{
	const char *path = uri->path;
	size_t len = strlen(path);

	assert(path[0] == '/');
	assert(!strstr(path, "//") && !strstr(path, "/./"));
	assert(!strstr(path, "/../"));
	assert(len < 2 || strcmp(path + len - 2, "/."));
	assert(len < 3 || strcmp(path + len - 3, "/.."));
	assert(!uri->api_version || uri->api_version >= API_VERSION_MIN);
	assert(uri->query_count <= URI_QUERY_MAX);
	for (unsigned i = 0; i < uri->query_count; i++) {
		const char *first = uri_query(uri, uri->query[i].key);

		assert(first && uri->query[i].value);
		uri_query_bool(uri, uri->query[i].key);
	}
}

static size_t
escape_all(const char *s, char *out)
{
	static const char hex[] = "0123456789abcdef";
	char *start = out;

	for (; *s; s++) {
		*out++ = '%';
		*out++ = hex[(unsigned char)*s >> 4];
		*out++ = hex[*s & 15];
	}
	return (size_t)(out - start);
}

/* Decoded once: all of it escaped and read again is the same. */
static void
check_decoding(const struct uri *uri)
{
	static char text[8 * SIZE_LIMIT];
	struct uri again = URI_INIT;
	size_t n = (size_t)snprintf(text, sizeof(text), "x://y/v1.24");

	n += escape_all(uri->path, text + n);
	for (unsigned i = 0; i < uri->query_count; i++) {
		text[n++] = i ? '&' : '?';
		n += escape_all(uri->query[i].key, text + n);
		text[n++] = '=';
		n += escape_all(uri->query[i].value, text + n);
	}
	assert(uri_parse(&again, text, n, NULL) == 0);
	assert(!strcmp(again.path, uri->path));
	assert(again.api_version == API_VERSION_MIN);
	assert(again.query_count == uri->query_count);
	for (unsigned i = 0; i < uri->query_count; i++) {
		assert(!strcmp(again.query[i].key, uri->query[i].key));
		assert(!strcmp(again.query[i].value, uri->query[i].value));
	}
	uri_release(&again);
}

static void
check_endpoint(const struct uri *uri)
{
	static const char *const methods[] = {"GET", "HEAD", "POST", "PUT",
					      "DELETE"};
	static struct endpoint_match m;

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (endpoint_find(methods[i], uri->path, &m) < 0)
			continue;
		assert(m.endpoint == endpoint_get(m.endpoint->id));
		assert(strstr(uri->path, m.name));
		assert(m.endpoint->id || !*m.name);
		if (m.endpoint->id && !strchr(m.endpoint->pattern, '{'))
			assert(!strcmp(m.endpoint->pattern, uri->path));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct uri uri;

	if (size > SIZE_LIMIT || uri_parse(&uri, (const char *)data, size, NULL))
		return 0;
	check_spelling(&uri);
	check_decoding(&uri);
	check_endpoint(&uri);
	return 0;
}
