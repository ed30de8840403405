#include "lib/base64.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

/* No digit: a bit that no digit sets. */
#define NO 1u
#define NO_5 NO, NO, NO, NO, NO
#define NO_16 NO, NO_5, NO_5, NO_5
#define NO_64 NO_16, NO_16, NO_16, NO_16

/* So many digits from value v on, at bit s. */
#define RUN_2(v, s) (v) << (s), ((v) + 1) << (s)
#define RUN_10(v, s)                                                           \
	RUN_2(v, s), RUN_2((v) + 2, s), RUN_2((v) + 4, s), RUN_2((v) + 6, s),  \
		RUN_2((v) + 8, s)
#define RUN_26(v, s)                                                           \
	RUN_10(v, s), RUN_10((v) + 10, s), RUN_2((v) + 20, s),                 \
		RUN_2((v) + 22, s), RUN_2((v) + 24, s)

/* Every byte's value as a digit at bit s. */
#define DIGITS_AT(s)                                                           \
	{                                                                      \
		NO_16, NO_16, NO_5, NO_5, NO,                                  \
		62u << (s) /* + */, NO, NO, NO, 63u << (s) /* / */,            \
		RUN_10(52u, s) /* 0 */, NO_5, NO, NO,                          \
		RUN_26(0u, s) /* A */, NO_5, NO, RUN_26(26u, s) /* a */, NO_5, \
		NO_64, NO_64                                                   \
	}

/* A table for each place, so that four digits need no shifts. */
static const uint32_t digit_at[4][256] = {DIGITS_AT(26), DIGITS_AT(20),
					  DIGITS_AT(14), DIGITS_AT(8)};

/* Four digits to the upper 24 bits, and NO below if one is none. */
static uint32_t
decode_four(const unsigned char *in)
{
	return digit_at[0][in[0]] | digit_at[1][in[1]] | digit_at[2][in[2]] |
	       digit_at[3][in[3]];
}

/* The last four, of which up to two are padding. */
static size_t
decode_last(const unsigned char *in, unsigned char *out, uint32_t *bad)
{
	const size_t pad = in[3] != '=' ? 0 : in[2] != '=' ? 1 : 2;
	const unsigned char four[4] = {in[0], in[1], pad > 1 ? 'A' : in[2],
				       pad > 0 ? 'A' : in[3]};
	const uint32_t v = decode_four(four);

	*bad |= v;
	/* Bits that stand for nothing could carry a second spelling. */
	if (v & ((1u << 8 * (pad + 1)) - 1))
		*bad |= NO;
	for (size_t i = 0; i < 3 - pad; i++)
		out[i] = (unsigned char)(v >> (24 - 8 * i));
	return 3 - pad;
}

int
base64_decode(const char *in, size_t len, void *out, size_t *ret_len)
{
	const unsigned char *p = (const unsigned char *)in;
	unsigned char *o = out;
	uint32_t bad = 0;

	if (len % 4)
		return -EBADMSG;
	for (; len > 4; len -= 4, p += 4, o += 3) {
		const uint32_t v = decode_four(p), bytes = htobe32(v);

		/* The fourth byte is the place of a digit still to come. */
		memcpy(o, &bytes, sizeof(bytes));
		bad |= v;
	}
	if (len)
		o += decode_last(p, o, &bad);
	if (bad & NO)
		return -EBADMSG;
	*ret_len = (size_t)(o - (unsigned char *)out);
	return 0;
}
