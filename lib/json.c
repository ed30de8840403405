#include "lib/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hex.h"
#include "lib/json_keys.h"
#include "lib/swar.h"
#include "lib/utf8.h"

/* What a document keeps between two parses; more is given back. */
#define JSON_KEEP_MAX (1024 * 1024)

struct scan {
	struct json_doc *doc;
	const char *text, *at, *end;
	struct aegis_error *err;
	unsigned depth;
};

static int
refuse(struct scan *s, const char *why)
{
	return aegis_error_setx(s->err, -EBADMSG, "JSON at byte %zu: %s",
				(size_t)(s->at - s->text), why);
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Encoders write none, so that one comparison does most often. */
static inline void
skip_space(struct scan *s)
{
	while (s->at < s->end && (unsigned char)*s->at <= ' ' &&
	       is_space(*s->at))
		s->at++;
}

/* --- strings ------------------------------------------------------------ */

/* Four hex digits, or -1. */
static int
hex4(const char *p, const char *end)
{
	int v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		const int digit = hex_digit(p[i]);

		if (digit < 0)
			return -1;
		v = v << 4 | digit;
	}
	return v;
}

static size_t
put_utf8(char *out, unsigned c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

struct string {
	const char *bytes;
	uint32_t len;
	bool escaped, non_ascii, has_nul;
};

/* \uXXXX, and a pair of them beyond the basic plane.  at is behind the 'u'. */
static int
scan_unicode(struct scan *s, char *out, size_t *ret_len, struct string *str)
{
	int high = hex4(s->at, s->end), low;
	unsigned c = (unsigned)high;

	if (high < 0)
		return refuse(s, "\\u without four hex digits");
	s->at += 4;
	if (high >= 0xdc00 && high < 0xe000)
		return refuse(s, "half of a surrogate pair");
	if (high >= 0xd800 && high < 0xdc00) {
		if (s->end - s->at < 6 || s->at[0] != '\\' || s->at[1] != 'u')
			return refuse(s, "half of a surrogate pair");
		low = hex4(s->at + 2, s->end);
		if (low < 0xdc00 || low > 0xdfff)
			return refuse(s, "half of a surrogate pair");
		s->at += 6;
		c = 0x10000 + ((unsigned)(high - 0xd800) << 10) +
		    (unsigned)(low - 0xdc00);
	}
	str->has_nul |= c == 0;
	str->non_ascii |= c > 0x7f;
	*ret_len = put_utf8(out, c);
	return 0;
}

static int
scan_escape(struct scan *s, char *out, size_t *ret_len, struct string *str)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *p;

	str->escaped = true;
	if (++s->at == s->end)
		return refuse(s, "the string has no end");
	if (*s->at == 'u') {
		s->at++;
		return scan_unicode(s, out, ret_len, str);
	}
	p = *s->at ? strchr(from, *s->at) : NULL;
	if (!p)
		return refuse(s, "an unknown escape");
	s->at++;
	*out = to[p - from];
	*ret_len = 1;
	return 0;
}

/* What is not plain ASCII: an escape, a longer character, or an error. */
static int
scan_special(struct scan *s, char **out, struct string *ret)
{
	const unsigned char c = (unsigned char)*s->at;
	size_t n = 0;

	if (c == '\\') {
		int r = scan_escape(s, *out, &n, ret);

		if (r < 0)
			return r;
		*out += n;
		return 0;
	}
	if (c < 0x20)
		return refuse(s, "a raw control character in a string");
	n = utf8_length(s->at, (size_t)(s->end - s->at));
	if (!n)
		return refuse(s, "bytes that are not UTF-8");
	ret->non_ascii = true;
	memcpy(*out, s->at, n);
	*out += n;
	s->at += n;
	return 0;
}

/* Marks what of eight bytes is a quote, a backslash, a control or not ASCII. */
static uint64_t
mark_special(const char *p)
{
	const uint64_t v = swar_load(p);

	/* Turning that bit round puts the quote, and no other character, right
	 * behind the controls. */
	return swar_marks(swar_below(v ^ SWAR_EACH(0x02), '"' - 1) |
			  swar_equal(v, '\\') | v);
}

static bool
is_plain(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 &&
	       c != '"' && c != '\\';
}

/* Copies what needs no attention; returns where out is then. */
static inline char *
copy_plain(struct scan *s, char *out)
{
	const char *const in = s->at;
	const size_t left = (size_t)(s->end - in);
	size_t n = 0;

	for (; n < (left & ~(size_t)7); n += 8) {
		const uint64_t marks = mark_special(in + n);

		/* All eight: out is never ahead of in, so there is room. */
		memcpy(out + n, in + n, 8);
		if (marks) {
			n += swar_first(marks);
			s->at = in + n;
			return out + n;
		}
	}
	for (; n < left && is_plain(in[n]); n++)
		out[n] = in[n];
	s->at = in + n;
	return out + n;
}

/* at is behind the opening quote.  What is written never is longer than what
 * was read, quotes included, so that the arena of the text's size holds it. */
static int
scan_string(struct scan *s, struct string *ret)
{
	struct json_doc *doc = s->doc;
	char *const begin = doc->strings + doc->strings_used;
	char *out = begin;

	*ret = (struct string){.bytes = begin};
	for (;;) {
		out = copy_plain(s, out);
		if (s->at == s->end)
			return refuse(s, "the string has no end");
		if (*s->at == '"')
			break;
		if (scan_special(s, &out, ret) < 0)
			return -EBADMSG;
	}
	s->at++;
	ret->len = (uint32_t)(out - begin);
	*out++ = '\0';
	doc->strings_used += (size_t)(out - begin);
	return 0;
}

/* --- numbers and words -------------------------------------------------- */

static void
skip_digits(struct scan *s)
{
	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
}

static bool
at_digit(const struct scan *s)
{
	return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

/* RFC 8259 section 6. */
static int
scan_number(struct scan *s, struct json_node *n)
{
	struct json_doc *doc = s->doc;
	const char *begin = s->at;
	char *out = doc->strings + doc->strings_used;
	size_t len;

	if (*s->at == '-')
		s->at++;
	if (!at_digit(s))
		return refuse(s, "not a value");
	if (*s->at == '0')
		s->at++;
	else
		skip_digits(s);
	if (at_digit(s))
		return refuse(s, "a number with a leading zero");
	if (s->at < s->end && *s->at == '.') {
		s->at++;
		if (!at_digit(s))
			return refuse(s, "a number without digits after the "
					 "point");
		skip_digits(s);
	}
	if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
		s->at++;
		if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
			s->at++;
		if (!at_digit(s))
			return refuse(s, "a number without an exponent");
		skip_digits(s);
	}
	len = (size_t)(s->at - begin);
	memcpy(out, begin, len);
	out[len] = '\0';
	doc->strings_used += len + 1;
	n->type = JSON_NUMBER;
	n->str = out;
	n->str_len = (uint32_t)len;
	return 0;
}

static bool
skip_word(struct scan *s, const char *word, size_t len)
{
	if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0)
		return false;
	s->at += len;
	return true;
}

static int
scan_word(struct scan *s, struct json_node *n)
{
	if (skip_word(s, "null", 4)) {
		n->type = JSON_NULL;
		return 0;
	}
	n->type = JSON_BOOL;
	n->boolean = skip_word(s, "true", 4);
	if (!n->boolean && !skip_word(s, "false", 5))
		return refuse(s, "not a value");
	return 0;
}

/* --- values ------------------------------------------------------------- */

static int scan_value(struct scan *s, struct json_node **ret);

static struct json_node *
new_node(struct scan *s)
{
	struct json_doc *doc = s->doc;
	struct json_node *n;

	if (doc->node_count == doc->node_cap)
		return NULL;
	n = &doc->nodes[doc->node_count++];
	*n = (struct json_node){.offset = (uint32_t)(s->at - s->text)};
	return n;
}

static int
scan_key(struct scan *s, struct string *ret)
{
	skip_space(s);
	if (s->at == s->end || *s->at != '"')
		return refuse(s, "a key is missing");
	s->at++;
	if (scan_string(s, ret) < 0)
		return -EBADMSG;
	skip_space(s);
	if (s->at == s->end || *s->at != ':')
		return refuse(s, "a ':' is missing");
	s->at++;
	return 0;
}

static int
scan_member(struct scan *s, struct json_node *parent, struct json_node **ret)
{
	struct string key = {0};
	int r;

	if (parent->type == JSON_OBJECT) {
		r = scan_key(s, &key);
		if (r < 0)
			return r;
		if (key.escaped || key.non_ascii || key.has_nul)
			parent->key_flags |= JSON_KEYS_ODD;
	}
	r = scan_value(s, ret);
	if (r < 0)
		return r;
	(*ret)->key = key.bytes;
	(*ret)->key_len = key.len;
	parent->count++;
	return 0;
}

static int
check_keys(struct scan *s, struct json_node *object)
{
	uint32_t flags = 0;
	int r;

	if (object->count < 2)
		return 0;
	r = json_keys_duplicate(object, &flags);
	object->key_flags |= flags;
	return r < 0 ? aegis_error_set(s->err, r, "check the keys of an object")
		     : 0;
}

static int
scan_members(struct scan *s, struct json_node *parent, char close)
{
	const struct json_node **link = &parent->first;
	struct json_node *child;
	int r;

	skip_space(s);
	if (s->at < s->end && *s->at == close) {
		s->at++;
		return 0;
	}
	for (;;) {
		r = scan_member(s, parent, &child);
		if (r < 0)
			return r;
		*link = child;
		link = &child->next;
		skip_space(s);
		if (s->at == s->end)
			return refuse(s, "the value has no end");
		if (*s->at == close)
			break;
		if (*s->at != ',')
			return refuse(s, "a ',' is missing");
		s->at++;
	}
	s->at++;
	return parent->type == JSON_OBJECT ? check_keys(s, parent) : 0;
}

static int
scan_nested(struct scan *s, struct json_node *n)
{
	const bool object = *s->at == '{';
	int r;

	if (++s->depth > JSON_DEPTH_MAX)
		return refuse(s, "nested too deep");
	n->type = object ? JSON_OBJECT : JSON_ARRAY;
	s->at++;
	r = scan_members(s, n, object ? '}' : ']');
	s->depth--;
	return r;
}

static int
scan_text(struct scan *s, struct json_node *n)
{
	struct string str;

	s->at++;
	if (scan_string(s, &str) < 0)
		return -EBADMSG;
	n->type = JSON_STRING;
	n->str = str.bytes;
	n->str_len = str.len;
	n->has_nul = str.has_nul;
	return 0;
}

static int
scan_value(struct scan *s, struct json_node **ret)
{
	struct json_node *n;

	skip_space(s);
	if (s->at == s->end)
		return refuse(s, "a value is missing");
	n = *ret = new_node(s);
	if (!n)
		return refuse(s, "too many values");
	switch (*s->at) {
	case '{':
	case '[':
		return scan_nested(s, n);
	case '"':
		return scan_text(s, n);
	case 't':
	case 'f':
	case 'n':
		return scan_word(s, n);
	default:
		return scan_number(s, n);
	}
}

/* --- the document ------------------------------------------------------- */

/* Sized for the worst that len bytes can hold, so that nothing moves while
 * nodes point at each other.  What is not touched costs no memory. */
static int
reserve(struct json_doc *doc, size_t len)
{
	/* A value is two bytes with its comma or its closing bracket; brackets
	 * without one are no more than the levels. */
	size_t nodes = len / 2 + JSON_DEPTH_MAX;
	/* A number at the very end has no byte behind it for its NUL. */
	const size_t strings = len + 1;

	if (doc->node_cap * sizeof(*doc->nodes) + doc->strings_cap >
	    JSON_KEEP_MAX)
		json_doc_release(doc);
	if (nodes > JSON_NODES_MAX)
		nodes = JSON_NODES_MAX;
	if (doc->node_cap < nodes) {
		free(doc->nodes);
		doc->nodes = malloc(nodes * sizeof(*doc->nodes));
		doc->node_cap = doc->nodes ? nodes : 0;
	}
	if (doc->strings_cap < strings) {
		free(doc->strings);
		doc->strings = malloc(strings);
		doc->strings_cap = doc->strings ? strings : 0;
	}
	return doc->nodes && doc->strings ? 0 : -ENOMEM;
}

int
json_parse(struct json_doc *doc, const char *text, size_t len,
	   struct aegis_error *err)
{
	struct scan s = {.doc = doc, .text = text, .at = text,
			 .end = text, .err = err};
	struct json_node *root;
	int r;

	doc->root = NULL;
	if (!len)
		return refuse(&s, "a value is missing");
	if (len > UINT32_MAX - 1)
		return refuse(&s, "too long");
	s.end += len;
	r = reserve(doc, len);
	if (r < 0)
		return aegis_error_set(err, r, "parse %zu bytes of JSON", len);
	doc->node_count = doc->strings_used = 0;
	r = scan_value(&s, &root);
	if (r < 0)
		return r;
	skip_space(&s);
	if (s.at != s.end)
		return refuse(&s, "something follows the value");
	doc->root = root;
	return 0;
}

void
json_doc_release(struct json_doc *doc)
{
	free(doc->nodes);
	free(doc->strings);
	*doc = JSON_DOC_INIT;
}

void
json_doc_trim(struct json_doc *doc, size_t keep_bytes)
{
	doc->root = NULL;
	if (doc->node_count * sizeof(*doc->nodes) + doc->strings_used >
	    keep_bytes)
		json_doc_release(doc);
}

const struct json_node *
json_get(const struct json_node *object, const char *key)
{
	const size_t len = strlen(key);

	if (!object || object->type != JSON_OBJECT)
		return NULL;
	json_foreach(n, object)
		if (n->key_len == len && !memcmp(n->key, key, len))
			return n;
	return NULL;
}

const char *
json_get_string(const struct json_node *object, const char *key)
{
	const struct json_node *n = json_get(object, key);

	return n && n->type == JSON_STRING && !n->has_nul ? n->str : NULL;
}

bool
json_key_is(const struct json_node *node, const char *name)
{
	if (!node->key || strlen(name) != node->key_len)
		return false;
	for (uint32_t i = 0; i < node->key_len; i++)
		if (json_fold(node->key[i]) != json_fold(name[i]))
			return false;
	return true;
}

int
json_int64(const struct json_node *node, int64_t *ret_value)
{
	bool negative;
	uint64_t v = 0;

	if (node->type != JSON_NUMBER)
		return -ERANGE;
	negative = node->str[0] == '-';
	for (const char *p = node->str + negative; *p; p++) {
		if (*p < '0' || *p > '9' || v > INT64_MAX / 10)
			return -ERANGE;
		v = v * 10 + (uint64_t)(*p - '0');
	}
	if (v > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	/* -2^63 has no positive counterpart to negate. */
	*ret_value = negative && v ? -(int64_t)(v - 1) - 1 : (int64_t)v;
	return 0;
}
