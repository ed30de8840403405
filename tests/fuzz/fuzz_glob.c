/*
 * fuzz_glob - the matcher against a second one that is slow and simple.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/glob.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* By the header's words, one case a line; exponential, so kept short. */
static bool
slow_component(const char *p, size_t plen, const char *n, size_t nlen)
{
	if (!plen)
		return !nlen;
	if (*p == '*')
		return slow_component(p + 1, plen - 1, n, nlen) ||
		       (nlen && slow_component(p, plen, n + 1, nlen - 1));
	return nlen && *p == *n &&
	       slow_component(p + 1, plen - 1, n + 1, nlen - 1);
}

static bool
slow_match(const char *p, const char *n)
{
	size_t plen = p ? strcspn(p, "/") : 0, nlen = n ? strcspn(n, "/") : 0;
	const char *p_rest = p && p[plen] ? p + plen + 1 : NULL;
	const char *n_rest = n && n[nlen] ? n + nlen + 1 : NULL;

	if (!p)
		return !n;
	if (plen == 2 && p[0] == '*' && p[1] == '*')
		return slow_match(p_rest, n) || (n && slow_match(p, n_rest));
	return n && slow_component(p, plen, n, nlen) &&
	       slow_match(p_rest, n_rest);
}

/* Is there a beginning of the pattern, whole components of it, that matches?  Or
 * one that ends in "**", which takes all that follows. */
static bool
slow_reaches(const char *pattern, const char *name)
{
	const char *n = strcmp(name, "/") ? name : "";
	char begin[2 * GLOB_PATTERN_MAX];

	for (size_t i = 0; i <= strlen(pattern); i++) {
		if (pattern[i] && pattern[i] != '/')
			continue;
		snprintf(begin, sizeof(begin), "%.*s", (int)i, pattern);
		if (slow_match(begin, n))
			return true;
	}
	return false;
}

static void
reached_from_above(const char *pattern, const char *name)
{
	char above[2 * GLOB_PATTERN_MAX];

	for (size_t i = 1; i <= strlen(name); i++) {
		if (name[i] && name[i] != '/')
			continue;
		snprintf(above, sizeof(above), "%.*s", (int)i, name);
		assert(glob_reaches(pattern, above));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[2 * GLOB_PATTERN_MAX];
	const char *name;

	if (size < 1 || size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	name = memchr(text, '\0', size);
	name = name ? name + 1 : text;

	if (glob_check(text, NULL) == 0 && !strpbrk(text, "*"))
		assert(glob_match(text, text));
	if (strlen(text) <= 12 && strlen(name) <= 16) {
		assert(glob_match(text, name) == slow_match(text, name));
		assert(glob_reaches(text, name) == slow_reaches(text, name));
	}
	/* What is matched is reached from every folder above it. */
	if (glob_match(text, name))
		reached_from_above(text, name);
	return 0;
}
