#include "lib/json_out.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/swar.h"
#include "lib/utf8.h"

void
json_out_init(struct json_out *o, struct buf *buf)
{
	*o = (struct json_out){.buf = buf};
}

/* What stands before a value: a comma in an array, nothing after a key. */
static void
begin_value(struct json_out *o)
{
	if (o->after_key) {
		o->after_key = false;
		return;
	}
	assert(!o->is_object[o->depth]);
	assert(o->depth || !o->need_comma[0]);
	if (o->need_comma[o->depth])
		buf_addc(o->buf, ',');
	o->need_comma[o->depth] = true;
}

static void
open_nested(struct json_out *o, bool object)
{
	begin_value(o);
	assert(o->depth < JSON_OUT_DEPTH_MAX);
	o->depth++;
	o->is_object[o->depth] = object;
	o->need_comma[o->depth] = false;
	buf_addc(o->buf, object ? '{' : '[');
}

static void
close_nested(struct json_out *o, bool object)
{
	assert(o->depth > 0 && o->is_object[o->depth] == object &&
	       !o->after_key);
	o->depth--;
	buf_addc(o->buf, object ? '}' : ']');
}

void
json_out_object(struct json_out *o)
{
	open_nested(o, true);
}

void
json_out_object_end(struct json_out *o)
{
	close_nested(o, true);
}

void
json_out_array(struct json_out *o)
{
	open_nested(o, false);
}

void
json_out_array_end(struct json_out *o)
{
	close_nested(o, false);
}

/* Bytes that stand for themselves in a string, also within HTML: ASCII from ' '
 * to '~' but for " & < > and the backslash. */
static const bool is_plain[256] = {
	[' ' ... '!'] = true,  ['#' ... '%'] = true, ['\'' ... ';'] = true,
	['='] = true,	       ['?' ... '['] = true, [']' ... '~'] = true,
};

static void
add_ascii(struct buf *b, unsigned char c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *p = c ? strchr(from, c) : NULL;

	if (p) {
		buf_addc(b, '\\');
		buf_addc(b, to[p - from]);
	} else {
		buf_addf(b, "\\u%04x", c);
	}
}

/* U+2028 and U+2029 end a line of JavaScript. */
static bool
is_line_separator(const unsigned char *p, size_t n)
{
	return n == 3 && p[0] == 0xe2 && p[1] == 0x80 &&
	       (p[2] == 0xa8 || p[2] == 0xa9);
}

static size_t
add_special(struct buf *b, const unsigned char *p, size_t left)
{
	size_t n;

	if (p[0] < 0x80) {
		add_ascii(b, p[0]);
		return 1;
	}
	n = utf8_length(p, left);
	if (!n)
		buf_adds(b, "\xef\xbf\xbd"); /* U+FFFD */
	else if (is_line_separator(p, n))
		buf_addf(b, "\\u20%02x", p[2] - 0x80);
	else
		buf_add(b, p, n);
	return n ? n : 1;
}

/* Copies eight bytes and marks what of them does not stand for itself.  One bit
 * off, '&' is '"' and '>' is '<'; DEL is the last before what is not ASCII. */
static inline uint64_t
copy_eight(char *to, const char *from)
{
	const uint64_t v = swar_load(from);

	memcpy(to, from, sizeof(v));
	return swar_marks(swar_below(v, ' ') |
			  swar_equal(v | SWAR_EACH('&' ^ '"'), '&') |
			  swar_equal(v | SWAR_EACH('>' ^ '<'), '>') |
			  swar_equal(v, '\\') | (v + SWAR_EACH(1)) | v);
}

/* False, and anything in to, if s needs an escape or is not ASCII. */
static bool
copy_plain(char *to, const char *s, size_t len)
{
	uint64_t marks = 0;

	if (len < 8) {
		for (size_t i = 0; i < len; i++) {
			if (!is_plain[(unsigned char)s[i]])
				return false;
			to[i] = s[i];
		}
		return true;
	}
	for (size_t i = 0; i < len - 8; i += 8)
		marks |= copy_eight(to + i, s + i);
	return !(marks | copy_eight(to + len - 8, s + len - 8));
}

static void
add_escaped(struct buf *b, const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;

	buf_addc(b, '"');
	while (len) {
		size_t run = 0;

		while (run < len && is_plain[p[run]])
			run++;
		buf_add(b, p, run);
		if (run < len)
			run += add_special(b, p + run, len - run);
		p += run;
		len -= run;
	}
	buf_addc(b, '"');
}

static void
add_string(struct buf *b, const char *s, size_t len)
{
	char *at = buf_reserve(b, len + 2); /* an escaped one needs no less */

	if (!at)
		return;
	if (!copy_plain(at + 1, s, len)) {
		add_escaped(b, s, len);
		return;
	}
	at[0] = '"';
	at[len + 1] = '"';
	buf_commit(b, len + 2);
}

void
json_out_key_bytes(struct json_out *o, const char *key, size_t len)
{
	assert(o->is_object[o->depth] && !o->after_key);
	if (o->need_comma[o->depth])
		buf_addc(o->buf, ',');
	o->need_comma[o->depth] = true;
	add_string(o->buf, key, len);
	buf_addc(o->buf, ':');
	o->after_key = true;
}

void
json_out_key(struct json_out *o, const char *key)
{
	json_out_key_bytes(o, key, strlen(key));
}

void
json_out_bytes(struct json_out *o, const char *s, size_t len)
{
	begin_value(o);
	add_string(o->buf, s, len);
}

void
json_out_string(struct json_out *o, const char *s)
{
	if (s)
		json_out_bytes(o, s, strlen(s));
	else
		json_out_null(o);
}

void
json_out_int(struct json_out *o, int64_t v)
{
	char text[20], *end = text + sizeof(text), *at = end;
	uint64_t left = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	do {
		*--at = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	if (v < 0)
		*--at = '-';
	begin_value(o);
	buf_add(o->buf, at, (size_t)(end - at));
}

void
json_out_bool(struct json_out *o, bool v)
{
	begin_value(o);
	buf_adds(o->buf, v ? "true" : "false");
}

void
json_out_null(struct json_out *o)
{
	begin_value(o);
	buf_adds(o->buf, "null");
}

void
json_out_raw(struct json_out *o, const char *json, size_t len)
{
	begin_value(o);
	buf_add(o->buf, json, len);
}

void
json_out_time_ms(struct json_out *o, int64_t unix_ms)
{
	time_t seconds = (time_t)(unix_ms / 1000);
	int ms = (int)(unix_ms % 1000);
	char text[40];
	struct tm tm;
	size_t used;

	if (ms < 0) {
		ms += 1000;
		seconds--;
	}
	gmtime_r(&seconds, &tm);
	used = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + used, sizeof(text) - used, ".%03dZ", ms);
	json_out_string(o, text);
}

void
json_out_kv_string(struct json_out *o, const char *key, const char *s)
{
	json_out_key(o, key);
	json_out_string(o, s);
}

void
json_out_kv_int(struct json_out *o, const char *key, int64_t v)
{
	json_out_key(o, key);
	json_out_int(o, v);
}

void
json_out_kv_bool(struct json_out *o, const char *key, bool v)
{
	json_out_key(o, key);
	json_out_bool(o, v);
}

int
json_out_end(struct json_out *o)
{
	assert(o->depth == 0 && !o->after_key);
	return buf_error(o->buf);
}
