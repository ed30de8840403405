/*
 * swar - a question about eight characters at once, in one 64-bit word.
 *
 * A question marks a byte by its top bit.  It is put to ASCII: or the word itself
 * into the marks, so that whatever is not ASCII is marked too.  The lowest mark
 * is right, and so is that there is none; a subtraction's borrow can set others,
 * but only above one that is right.
 */
#ifndef AEGIS_LIB_SWAR_H
#define AEGIS_LIB_SWAR_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SWAR_EACH(c) (UINT64_MAX / 0xff * (c))

/* The first character becomes the lowest byte. */
static inline uint64_t
swar_load(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

/* c at most 0x80. */
static inline uint64_t
swar_below(uint64_t v, unsigned char c)
{
	return v - SWAR_EACH(c);
}

static inline uint64_t
swar_equal(uint64_t v, unsigned char c)
{
	return swar_below(v ^ SWAR_EACH(c), 1);
}

/* Is any byte marked? */
static inline uint64_t
swar_marks(uint64_t v)
{
	return v & SWAR_EACH(0x80);
}

/* Which is the first?  marks is not 0. */
static inline size_t
swar_first(uint64_t marks)
{
	return (size_t)__builtin_ctzll(marks) / 8;
}

#endif
