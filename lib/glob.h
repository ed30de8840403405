/*
 * glob - patterns over names made of components ("a/b/c"), matched whole.
 *
 * A component of a pattern is literal text in which '*' stands for any run of
 * characters but '/'; the component "**" stands for any number of components,
 * none included.  A pattern matches the whole name or not at all: "nginx" never
 * admits "nginx-evil/x"; "srv" followed by a "**" component admits "srv" itself
 * and all below it.
 * Case-sensitive, bytes, no escapes, no classes.  Pure; any thread.
 *
 * Time is bounded by pattern length x name length (no exponential case).
 */
#ifndef AEGIS_LIB_GLOB_H
#define AEGIS_LIB_GLOB_H

#include <stdbool.h>

#include "lib/error.h"

bool glob_match(const char *pattern, const char *name);

/* Does the pattern match name, or can it match something below it?  Both
 * "/home/a" and "/home/a/.ssh" hold what "/home/a/.ssh" with "**" matches. */
bool glob_reaches(const char *pattern, const char *name);

/* 0, or -EINVAL with the reason: empty, "**" beside other text in a component,
 * an empty component ("a//b"; a leading '/' is fine), over GLOB_PATTERN_MAX. */
#define GLOB_PATTERN_MAX 1024
int glob_check(const char *pattern, struct aegis_error *err);

#endif
