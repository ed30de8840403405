/*
 * regex - regular expressions that match a whole text in bounded time.
 *
 * Falco uses RE2.  This is the part of RE2's syntax that rules use: literals,
 * . [] [^] [[:alpha:]] | () (?:) (?P<name>) (?i) (?s) * + ? {n,m} and their
 * lazy forms, \d \w \s \b and their opposites, \xHH, ^ $ \A \z.  What is not
 * there (back references, look-around, \p{..}) is an error when it is compiled,
 * never a different meaning.  Bytes, not characters: '.' is one byte, and a set
 * holds ASCII only.
 *
 * All states are followed at once, as RE2 does: no text of an attacker makes it
 * slower than program x text.  A program is read-only; any thread may use it,
 * with work space of its own.
 */
#ifndef AEGIS_LIB_RULES_REGEX_H
#define AEGIS_LIB_RULES_REGEX_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/error.h"
#include "lib/rules/match.h"

#define REGEX_TEXT_MAX 1024    /* bytes of a pattern */
#define REGEX_PROGRAM_MAX 2000 /* steps it may become */
#define REGEX_REPEAT_MAX 1000  /* as RE2 */
#define REGEX_DEPTH_MAX 100    /* nested groups */

struct regex;

/* 0 and a program in a, or -EINVAL, -E2BIG, -ENOMEM with the reason. */
int regex_compile(struct arena *a, const char *pattern,
		  const struct regex **ret, struct aegis_error *err);
/* How many words of work space regex_match() needs. */
size_t regex_work_count(const struct regex *re);
bool regex_match(const struct regex *re, struct span text, uint32_t *work);

#endif
