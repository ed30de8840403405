/*
 * match - how texts of events are held against patterns of rules.
 *
 * The text is the attacker's, so that time is bounded by pattern x text for
 * every function, and no locale and no NUL byte changes the answer.  Texts are
 * bytes with a length.  Pure, no allocation; any thread.
 */
#ifndef AEGIS_LIB_RULES_MATCH_H
#define AEGIS_LIB_RULES_MATCH_H

#include <stdbool.h>
#include <stddef.h>

struct span {
	const char *text;
	size_t len;
};

bool match_contains(struct span text, struct span part);
/* part in lower case (ASCII). */
bool match_icontains(struct span text, struct span part);
bool match_starts(struct span text, struct span part);
bool match_ends(struct span text, struct span part);
bool match_equal(struct span a, struct span b);

/*
 * fnmatch(3) in the C locale without flags: '*' and '?' match '/' and a leading
 * dot too, [a-z] [!a-z] [[:alpha:]], '\' takes the next character as it is, a
 * '[' that is not closed is itself.
 */
bool match_glob(struct span pattern, struct span text, bool any_case);

/*
 * Is prefix a prefix of path in whole components?  "/var/run" is one of
 * "/var/run/docker" and of itself, not of "/var/running".  A component of
 * prefix may be a glob.  Empty components count for nothing, and neither does
 * the difference between "a" and "/a".
 */
bool match_path_prefix(struct span path, struct span prefix);

/* Decode base64 as far as it is such; the length, at most size. */
size_t match_base64(struct span text, char *out, size_t size);
/* What follows the last '/'. */
struct span match_basename(struct span path);

#endif
