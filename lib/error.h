/*
 * error - what went wrong, where, and what to do, in one line.
 *
 * Functions return 0 or a negative errno.  Where the caller has to show the
 * reason to a person, a struct aegis_error on its stack takes the text.  Every
 * function here accepts a NULL err and never allocates; a text that does not
 * fit is cut.  Text from outside goes in escaped (lib/escape.h).
 */
#ifndef AEGIS_LIB_ERROR_H
#define AEGIS_LIB_ERROR_H

#include <errno.h>

#define AEGIS_ERROR_TEXT_LEN 512

struct aegis_error {
	int code; /* negative errno, 0 = nothing happened */
	char text[AEGIS_ERROR_TEXT_LEN];
};

/* "FORMAT: strerror(code)".  Returns code, so that callers return it. */
int aegis_error_set(struct aegis_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "FORMAT" alone, for a reason that errno has no word for.  Returns code. */
int aegis_error_setx(struct aegis_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "FORMAT: what was there before".  Returns code. */
int aegis_error_wrap(struct aegis_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
