#include "lib/escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/utf8.h"

/* The longest escape is "\u{10ffff}"; the room is for any 32-bit number, as
 * the compiler counts it. */
#define ESCAPED_MAX sizeof("\\u{ffffffff}")

/* What does not show, or changes how its line reads: controls, Unicode's
 * format characters (category Cf: bidirectional controls, zero width, tags),
 * line and paragraph separators, and the letters without ink. */
static const struct {
	uint32_t first, last;
} hidden[] = {
	{0x00, 0x1f},	    {0x7f, 0x9f},	{0xad, 0xad},
	{0x34f, 0x34f},	    {0x600, 0x605},	{0x61c, 0x61c},
	{0x6dd, 0x6dd},	    {0x70f, 0x70f},	{0x890, 0x891},
	{0x8e2, 0x8e2},	    {0x115f, 0x1160},	{0x17b4, 0x17b5},
	{0x180b, 0x180f},   {0x200b, 0x200f},	{0x2028, 0x202e},
	{0x2060, 0x206f},   {0x3164, 0x3164},	{0xfe00, 0xfe0f},
	{0xfeff, 0xfeff},   {0xffa0, 0xffa0},	{0xfff0, 0xfffb},
	{0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f},
	{0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

static bool
is_hidden(uint32_t c)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (c <= hidden[i].last)
			return c >= hidden[i].first;
	return false;
}

/* One character of s, escaped, into out; returns how much of s it was. */
static size_t
escape_one(const unsigned char *s, size_t len, char out[ESCAPED_MAX])
{
	const size_t n = utf8_length(s, len);
	const uint32_t c = n ? utf8_code_point(s, n) : s[0];

	if (!n || (c < 0x80 && is_hidden(c))) {
		snprintf(out, ESCAPED_MAX, "\\x%02x", (unsigned)c);
		return 1;
	}
	if (c == '\\') {
		memcpy(out, "\\\\", 3);
	} else if (is_hidden(c)) {
		snprintf(out, ESCAPED_MAX, "\\u{%x}", (unsigned)c);
	} else {
		memcpy(out, s, n);
		out[n] = '\0';
	}
	return n;
}

/* Printable ASCII but the backslash stands for itself. */
static size_t
plain_run(const unsigned char *s, size_t len)
{
	size_t n = 0;

	while (n < len && s[n] >= 0x20 && s[n] < 0x7f && s[n] != '\\')
		n++;
	return n;
}

size_t
escape_bytes(const void *in, size_t len, char *out, size_t size)
{
	const unsigned char *s = in;
	size_t used = 0;

	while (len) {
		char one[ESCAPED_MAX];
		const size_t run = plain_run(
			s, len < size - used ? len : size - used - 1);
		const size_t n = run ? run : escape_one(s, len, one);
		const size_t k = run ? run : strlen(one);

		if (k >= size - used)
			break;
		memcpy(out + used, run ? (const char *)s : one, k);
		used += k;
		s += n;
		len -= n;
	}
	out[used] = '\0';
	return used;
}

size_t
escape_line(const char *in, char *out, size_t size)
{
	return escape_bytes(in, strlen(in), out, size);
}
