#include "lib/gate/endpoint.h"

#include <errno.h>
#include <string.h>

static const struct endpoint endpoints[ENDPOINT_MAX] = {
	[ENDPOINT_UNKNOWN] = {.name = "unknown", .method = "", .pattern = ""},
#define ENDPOINT(i, n, m, p, c, b)                                             \
	[ENDPOINT_##i] = {.id = ENDPOINT_##i,                                  \
			  .name = n,                                           \
			  .method = m,                                         \
			  .pattern = p,                                        \
			  .class = ENDPOINT_CLASS_##c,                         \
			  .body = ENDPOINT_BODY_##b},
#include "lib/gate/endpoint.def"
#undef ENDPOINT
};

static const char *const class_names[ENDPOINT_CLASS_MAX] = {
	[ENDPOINT_CLASS_INVALID] = "unknown",
#define X(name, text) [ENDPOINT_CLASS_##name] = text,
	ENDPOINT_CLASSES(X)
#undef X
};

/* What stood for the first placeholder of a pattern. */
struct span {
	const char *text;
	size_t len;
};

/* {name}: all up to the literal tail of the pattern.  Empty only at the end of
 * a path ("/volumes/"), where gorilla takes it too. */
static bool
match_name(const char *tail, const char *text, const char *end,
	   struct span *ret_name)
{
	size_t len = (size_t)(end - text), tail_len = strlen(tail);

	if (len < tail_len || memcmp(end - tail_len, tail, tail_len))
		return false;
	len -= tail_len;
	*ret_name = (struct span){text, len};
	return len || !tail_len;
}

static bool
match_pattern(const char *pattern, const char *path, const char *end,
	      struct span *ret_name)
{
	static const char greedy[] = "{name}", component[] = "{id}";
	struct span name = {path, 0};
	size_t n;

	while (*pattern) {
		if (*pattern != '{') {
			if (*path++ != *pattern++)
				return false;
			continue;
		}
		if (pattern[1] == greedy[1])
			return match_name(pattern + strlen(greedy), path, end,
					  ret_name);
		n = strcspn(path, "/");
		if (!n)
			return false;
		if (!name.len)
			name = (struct span){path, n};
		path += n;
		pattern += strlen(component);
	}
	*ret_name = name;
	return path == end;
}

static const struct endpoint *
find(const char *method, const char *path, struct span *ret_name)
{
	const char *end = path + strlen(path);

	for (size_t i = ENDPOINT_UNKNOWN + 1; i < ENDPOINT_MAX; i++) {
		const struct endpoint *e = &endpoints[i];

		/* The second letter sends most of them away at once. */
		if (e->pattern[1] == path[1] && !strcmp(e->method, method) &&
		    match_pattern(e->pattern, path, end, ret_name))
			return e;
	}
	*ret_name = (struct span){"", 0};
	return &endpoints[ENDPOINT_UNKNOWN];
}

int
endpoint_find(const char *method, const char *path, struct endpoint_match *ret)
{
	struct span name = {"", 0};

	ret->name[0] = '\0';
	ret->endpoint = &endpoints[ENDPOINT_UNKNOWN];
	if (!*path)
		return 0;

	ret->endpoint = find(method, path, &name);
	if (!ret->endpoint->id && !strcmp(method, "HEAD"))
		ret->endpoint = find("GET", path, &name);
	if (name.len >= sizeof(ret->name))
		return -ENAMETOOLONG;

	memcpy(ret->name, name.text, name.len);
	ret->name[name.len] = '\0';
	return 0;
}

const struct endpoint *
endpoint_get(enum endpoint_id id)
{
	return &endpoints[(unsigned)id < ENDPOINT_MAX ? id : ENDPOINT_UNKNOWN];
}

const char *
endpoint_class_name(enum endpoint_class class)
{
	return class_names[(unsigned)class < ENDPOINT_CLASS_MAX
				   ? class
				   : ENDPOINT_CLASS_INVALID];
}

enum endpoint_class
endpoint_class_from_name(const char *name)
{
	for (unsigned i = 1; i < ENDPOINT_CLASS_MAX; i++)
		if (!strcmp(class_names[i], name))
			return (enum endpoint_class)i;
	return ENDPOINT_CLASS_INVALID;
}

bool
endpoint_method_is_read(const char *method)
{
	return !strcmp(method, "GET") || !strcmp(method, "HEAD") ||
	       !strcmp(method, "OPTIONS");
}
