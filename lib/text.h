/*
 * text - a text into an array of a known size, cut where it does not fit.
 */
#ifndef AEGIS_LIB_TEXT_H
#define AEGIS_LIB_TEXT_H

#include <stddef.h>
#include <string.h>

/* size > 0; always NUL-terminated. */
static inline void
text_copy(char *to, size_t size, const char *from)
{
	if (!memccpy(to, from, '\0', size))
		to[size - 1] = '\0';
}

/* Into an array. */
#define TEXT_COPY(to, from) text_copy((to), sizeof(to), (from))

#endif
