#include "lib/glob.h"

#include <stdint.h>
#include <string.h>

/* A component: text up to the next '/' or the end. */
struct part {
	const char *text;
	size_t len;
};

static struct part
part_at(const char *s)
{
	return (struct part){s, strcspn(s, "/")};
}

/* Where the next component begins, NULL behind the last one. */
static const char *
part_next(struct part p)
{
	return p.text[p.len] == '/' ? p.text + p.len + 1 : NULL;
}

static bool
part_is_any(struct part p)
{
	return p.len == 2 && p.text[0] == '*' && p.text[1] == '*';
}

/* One component.  Going back to the last '*' only is enough: what an earlier
 * one could take, the later one can take as well. */
static bool
part_match(struct part pattern, struct part name)
{
	size_t p = 0, n = 0, star = SIZE_MAX, retry = 0;

	while (n < name.len) {
		if (p < pattern.len && pattern.text[p] == '*') {
			star = p++;
			retry = n;
		} else if (p < pattern.len && pattern.text[p] == name.text[n]) {
			p++;
			n++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			n = ++retry;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.text[p] == '*')
		p++;
	return p == pattern.len;
}

/* The same walk as part_match(), over components instead of characters. */
static bool
match_parts(const char *pattern, const char *name)
{
	const char *p = pattern, *n = name, *star = NULL, *retry = NULL;

	while (n) {
		if (p && part_is_any(part_at(p))) {
			star = p;
			retry = n;
			p = part_next(part_at(p));
		} else if (p && part_match(part_at(p), part_at(n))) {
			p = part_next(part_at(p));
			n = part_next(part_at(n));
		} else if (star) {
			retry = part_next(part_at(retry));
			p = part_next(part_at(star));
			n = retry;
		} else {
			return false;
		}
	}
	while (p && part_is_any(part_at(p)))
		p = part_next(part_at(p));
	return !p;
}

/* In front of its first '*' a pattern is text, and there most patterns differ
 * from most names. */
bool
glob_match(const char *pattern, const char *name)
{
	size_t i = 0, begin = 0; /* of the component that i is in */

	for (; pattern[i] == name[i] && pattern[i] != '*'; i++) {
		if (!pattern[i])
			return true;
		if (pattern[i] == '/')
			begin = i + 1;
	}
	/* A name may end where the pattern has a '/': what is behind it can stand
	 * for no component at all. */
	if (pattern[i] != '*' && !(pattern[i] == '/' && !name[i]))
		return false;
	return match_parts(pattern + begin, name + begin);
}

/* Every component of a pattern matches some text, so what is left of one when the
 * name ends can be below it; and behind "**" everything can. */
bool
glob_reaches(const char *pattern, const char *name)
{
	/* The root is nothing before its '/'; below it is everything. */
	const char *p = pattern, *n = strcmp(name, "/") ? name : "";

	for (; n; n = part_next(part_at(n))) {
		if (!p)
			return false;
		if (part_is_any(part_at(p)))
			return true;
		if (!part_match(part_at(p), part_at(n)))
			return false;
		p = part_next(part_at(p));
	}
	return true;
}

static bool
has_double_star(struct part p)
{
	for (size_t i = 1; i < p.len; i++)
		if (p.text[i - 1] == '*' && p.text[i] == '*')
			return true;
	return false;
}

int
glob_check(const char *pattern, struct aegis_error *err)
{
	const char *s = pattern;

	if (!*pattern)
		return aegis_error_setx(err, -EINVAL, "the pattern is empty");
	if (strlen(pattern) > GLOB_PATTERN_MAX)
		return aegis_error_setx(err, -EINVAL,
					"the pattern is over %d bytes long",
					GLOB_PATTERN_MAX);
	if (!strcmp(pattern, "/"))
		return 0;
	for (s += *s == '/'; s; s = part_next(part_at(s))) {
		if (!part_at(s).len)
			return aegis_error_setx(
				err, -EINVAL,
				"the pattern has nothing between or behind "
				"its slashes");
		if (!part_is_any(part_at(s)) && has_double_star(part_at(s)))
			return aegis_error_setx(
				err, -EINVAL,
				"\"**\" has to stand alone between slashes");
	}
	return 0;
}
