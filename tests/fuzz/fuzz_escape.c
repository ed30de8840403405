/*
 * fuzz_escape - what is escaped is printable UTF-8 on one line, is cut between
 * characters, and tells the input's bytes: no two inputs look alike.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/escape.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
put_code_point(unsigned char *out, uint32_t c)
{
	const size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (size_t i = n; i-- > 1; c >>= 6)
		out[i] = (unsigned char)(0x80 | (c & 0x3f));
	out[0] = (unsigned char)(first[n] | c);
	return n;
}

/* The way back. */
static size_t
unescape(const char *in, unsigned char *out)
{
	size_t used = 0;

	while (*in) {
		char *end = NULL;

		if (*in != '\\') {
			out[used++] = (unsigned char)*in++;
			continue;
		}
		in++;
		if (*in == '\\') {
			out[used++] = '\\';
			in++;
		} else if (*in == 'x') {
			char hex[3] = {in[1], in[1] ? in[2] : '\0', '\0'};

			out[used++] = (unsigned char)strtoul(hex, &end, 16);
			assert(end == hex + 2);
			in += 3;
		} else {
			unsigned long c;

			assert(in[0] == 'u' && in[1] == '{');
			c = strtoul(in + 2, &end, 16);
			assert(*end == '}');
			used += put_code_point(out + used, (uint32_t)c);
			in = end + 1;
		}
	}
	return used;
}

static void
assert_shows(const char *text, size_t len)
{
	const char *const end = text + len;

	while (text < end) {
		const size_t n = utf8_length(text, (size_t)(end - text));

		assert(n && !is_hidden(utf8_code_point(text, n)));
		text += n;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t room = size > 0 ? data[0] + 1u : 1;
	char *whole = malloc(4 * size + 1), *cut = malloc(room);
	unsigned char *back = malloc(size + 1);
	size_t n, k;

	assert(whole && cut && back);
	/* No input grows more than a byte does, to "\xNN". */
	n = escape_bytes(data, size, whole, 4 * size + 1);
	assert(n == strlen(whole));
	assert_shows(whole, n);
	assert(unescape(whole, back) == size);
	assert(size == 0 || memcmp(back, data, size) == 0);

	k = escape_bytes(data, size, cut, room);
	assert(k == strlen(cut) && k < room && memcmp(cut, whole, k) == 0);
	assert_shows(cut, k);
	assert(unescape(cut, back) <= size);
	assert(k == n || n >= room);
	free(whole);
	free(cut);
	free(back);
	return 0;
}
