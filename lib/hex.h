/*
 * hex - hexadecimal digits, of either case.
 */
#ifndef AEGIS_LIB_HEX_H
#define AEGIS_LIB_HEX_H

/* 0 to 15; -1: no digit. */
static inline int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The byte that two digits write, -1 if they are none.  s[1] is read only behind
 * a digit, so the end of a text stops it. */
static inline int
hex_byte(const char *s)
{
	const int high = hex_digit(s[0]);
	const int low = high < 0 ? -1 : hex_digit(s[1]);

	return low < 0 ? -1 : high << 4 | low;
}

#endif
