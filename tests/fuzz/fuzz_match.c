/*
 * Globs against fnmatch(3), regular expressions against themselves: PATTERN NUL
 * TEXT.
 */
#include <assert.h>
#include <fnmatch.h>
#include <stdint.h>
#include <string.h>

#include "lib/rules/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STARS_MAX 4 /* fnmatch is exponential in them */

static bool
is_ascii(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

static size_t
count(const char *s, char c)
{
	size_t n = 0;

	for (; *s; s++)
		n += *s == c;
	return n;
}

/* What POSIX leaves open, or glibc reads in its own way: collating elements, a
 * backslash or a slip in a set, a range that runs backwards. */
static bool
is_plain(const char *pattern)
{
	const char *set = strchr(pattern, '[');

	return !set || (!strpbrk(set, "\\-:.=") && strchr(set + 2, ']') &&
			count(set, '[') == 1);
}

static void
check_glob(const char *pattern, const char *text)
{
	const struct span p = {pattern, strlen(pattern)};
	const struct span t = {text, strlen(text)};
	const bool ours = match_glob(p, t, false);

	match_glob(p, t, true);
	match_path_prefix(t, p);
	match_icontains(t, p);
	if (is_ascii(pattern) && is_ascii(text) && is_plain(pattern) &&
	    count(pattern, '*') <= STARS_MAX)
		assert(ours == (fnmatch(pattern, text, 0) == 0));
	assert(match_contains(t, p) == (strstr(text, pattern) != NULL));
}

static bool
regex_says(const char *pattern, struct span text, bool *ret)
{
	_cleanup_arena_ struct arena a = ARENA_INIT(64UL * 1024 * 1024);
	_cleanup_free_ uint32_t *work = NULL;
	const struct regex *re = NULL;
	struct aegis_error err = {0};

	if (regex_compile(&a, pattern, &re, &err) < 0) {
		assert(err.text[0]);
		return false;
	}
	work = calloc(regex_work_count(re), sizeof(*work));
	if (!work)
		return false;
	*ret = regex_match(re, text, work);
	return true;
}

/* x and (?:x)|(?:x) are the same; so are x and (?:x){1}. */
static void
check_regex(const char *pattern, struct span text)
{
	char twice[3 * REGEX_TEXT_MAX];
	bool once = false, again = false;

	if (!regex_says(pattern, text, &once))
		return;
	snprintf(twice, sizeof(twice), "(?:%s)|(?:%s)", pattern, pattern);
	if (strlen(pattern) < REGEX_TEXT_MAX / 3 &&
	    regex_says(twice, text, &again))
		assert(once == again);
	snprintf(twice, sizeof(twice), "(?:%s){1}", pattern);
	if (regex_says(twice, text, &again))
		assert(once == again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[1024];
	const char *subject;

	if (size < 2 || size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	subject = text + strnlen(text, size - 1) + 1;
	check_glob(text, subject);
	check_regex(text, (struct span){subject,
					size - (size_t)(subject - text)});
	return 0;
}
