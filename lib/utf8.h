/*
 * utf8 - where does a well-formed character end (RFC 3629 section 4)?
 *
 * Overlong forms, surrogates and what lies above U+10FFFF are not well-formed.
 * Inline, because the JSON scanner asks for every character that is not ASCII.
 */
#ifndef AEGIS_LIB_UTF8_H
#define AEGIS_LIB_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Length in bytes of the character that text begins with, of left > 0 bytes;
 * 0 if it is not well-formed. */
static inline size_t
utf8_length(const void *text, size_t left)
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (n > left)
		return 0;
	/* What is refused beyond the shape shows in the second byte. */
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* The code point of a character that utf8_length() found to be n bytes. */
static inline uint32_t
utf8_code_point(const void *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text;
	uint32_t c = n == 1 ? p[0] : p[0] & (0xffu >> (n + 1));

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3fu);
	return c;
}

#endif
