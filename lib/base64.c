#include "lib/base64.h"

#include <errno.h>
#include <stdint.h>

/* No digit; a bit that no digit's value has. */
#define NO 0x80
#define NO_5 NO, NO, NO, NO, NO
#define NO_16 NO, NO_5, NO_5, NO_5
#define NO_64 NO_16, NO_16, NO_16, NO_16

static const uint8_t digit_value[256] = {
	/* clang-format off */
	NO_16, NO_16,
	NO, NO_5, NO_5, 62 /* + */, NO, NO, NO, 63 /* / */,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61 /* 9 */, NO, NO_5,
	NO, 0 /* A */, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25 /* Z */, NO_5,
	NO, 26 /* a */, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51 /* z */, NO_5,
	NO_64, NO_64,
	/* clang-format on */
};

/* Four digits to 24 bits; what is no digit shows in *bad. */
static uint32_t
decode_four(const unsigned char *in, uint32_t *bad)
{
	const uint32_t a = digit_value[in[0]], b = digit_value[in[1]];
	const uint32_t c = digit_value[in[2]], d = digit_value[in[3]];

	*bad |= (a | b | c | d) & NO;
	return a << 18 | b << 12 | c << 6 | d;
}

/* The last four, of which up to two are padding. */
static size_t
decode_last(const unsigned char *in, unsigned char *out, uint32_t *bad)
{
	const size_t pad = in[3] != '=' ? 0 : in[2] != '=' ? 1 : 2;
	const unsigned char four[4] = {in[0], in[1], pad > 1 ? 'A' : in[2],
				       pad > 0 ? 'A' : in[3]};
	const uint32_t v = decode_four(four, bad);

	/* Bits that stand for nothing could carry a second spelling. */
	if (v & ((1u << 8 * pad) - 1))
		*bad |= NO;
	for (size_t i = 0; i < 3 - pad; i++)
		out[i] = (unsigned char)(v >> (16 - 8 * i));
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
		const uint32_t v = decode_four(p, &bad);

		o[0] = (unsigned char)(v >> 16);
		o[1] = (unsigned char)(v >> 8);
		o[2] = (unsigned char)v;
	}
	if (len)
		o += decode_last(p, o, &bad);
	if (bad)
		return -EBADMSG;
	*ret_len = (size_t)(o - (unsigned char *)out);
	return 0;
}
