#include "lib/rules/match.h"

#include <ctype.h>
#include <string.h>

static unsigned char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A'))
				    : (unsigned char)c;
}

bool
match_contains(struct span text, struct span part)
{
	return !part.len ||
	       memmem(text.text, text.len, part.text, part.len) != NULL;
}

bool
match_icontains(struct span text, struct span part)
{
	for (size_t i = 0; i + part.len <= text.len; i++) {
		size_t k = 0;

		while (k < part.len &&
		       lower(text.text[i + k]) == (unsigned char)part.text[k])
			k++;
		if (k == part.len)
			return true;
	}
	return false;
}

bool
match_starts(struct span text, struct span part)
{
	return part.len <= text.len && !memcmp(text.text, part.text, part.len);
}

bool
match_ends(struct span text, struct span part)
{
	return part.len <= text.len &&
	       !memcmp(text.text + text.len - part.len, part.text, part.len);
}

bool
match_equal(struct span a, struct span b)
{
	return a.len == b.len && !memcmp(a.text, b.text, a.len);
}

/* --- globs -------------------------------------------------------------- */

static bool
in_class(const char *name, size_t len, unsigned char c)
{
	static const struct {
		const char *name;
		int (*has)(int);
	} classes[] = {
		{"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank},
		{"cntrl", iscntrl}, {"digit", isdigit}, {"graph", isgraph},
		{"lower", islower}, {"print", isprint}, {"punct", ispunct},
		{"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit},
	};

	for (size_t i = 0; c < 0x80 && i < sizeof(classes) / sizeof(classes[0]);
	     i++)
		if (strlen(classes[i].name) == len &&
		    !memcmp(classes[i].name, name, len))
			return classes[i].has(c) != 0;
	return false;
}

/* One character of a bracket expression, which '\' may protect. */
static bool
take_char(const char **p, const char *end, unsigned char *ret)
{
	if (*p < end && **p == '\\')
		++*p;
	if (*p >= end)
		return false;
	*ret = (unsigned char)*(*p)++;
	return true;
}

static unsigned char
swapped_case(unsigned char c)
{
	return c < 0x80 && isalpha(c) ? c ^ 0x20 : c;
}

/* p is behind the '['.  Returns what is behind the ']', or NULL if there is
 * none; *ret tells whether c is in the set. */
static const char *
match_set(const char *p, const char *end, unsigned char c, bool any_case,
	  bool *ret)
{
	const bool inverted = p < end && (*p == '!' || *p == '^');
	const unsigned char other = any_case ? swapped_case(c) : c;
	bool found = false;

	p += inverted;
	for (bool first = true; p < end && (first || *p != ']');
	     first = false) {
		unsigned char low, high;
		const char *close;

		if (end - p > 3 && p[0] == '[' && p[1] == ':' &&
		    (close = memmem(p + 2, (size_t)(end - p - 2), ":]", 2))) {
			found |=
				in_class(p + 2, (size_t)(close - p - 2), c) ||
				in_class(p + 2, (size_t)(close - p - 2), other);
			p = close + 2;
			continue;
		}
		if (!take_char(&p, end, &low))
			return NULL;
		high = low;
		if (end - p > 1 && p[0] == '-' && p[1] != ']') {
			p++;
			if (!take_char(&p, end, &high))
				return NULL;
		}
		found |= (c >= low && c <= high) ||
			 (other >= low && other <= high);
	}
	*ret = found != inverted;
	return p < end ? p + 1 : NULL;
}

/* Does one element of the pattern, not a '*', match c?  Returns what is behind
 * it, NULL if it does not. */
static const char *
match_one(const char *p, const char *end, char c, bool any_case)
{
	const char *after;
	bool has;

	switch (*p) {
	case '?':
		return p + 1;
	case '[':
		after = match_set(p + 1, end, (unsigned char)c, any_case, &has);
		if (after)
			return has ? after : NULL;
		break;
	case '\\':
		if (++p == end)
			return NULL;
		break;
	default:
		break;
	}
	if (*p == c || (any_case && lower(*p) == lower(c)))
		return p + 1;
	return NULL;
}

/* Only the last '*' is ever tried again: what an earlier one could take more,
 * the last can take as well. */
bool
match_glob(struct span pattern, struct span text, bool any_case)
{
	const char *p = pattern.text, *p_end = p + pattern.len;
	const char *t = text.text, *t_end = t + text.len;
	const char *star = NULL, *star_t = NULL, *after;

	while (t < t_end) {
		if (p < p_end && *p == '*') {
			star = ++p;
			star_t = t;
			continue;
		}
		after = p < p_end ? match_one(p, p_end, *t, any_case) : NULL;
		if (after) {
			p = after;
			t++;
			continue;
		}
		if (!star)
			return false;
		p = star;
		t = ++star_t;
	}
	while (p < p_end && *p == '*')
		p++;
	return p == p_end;
}

/* --- paths -------------------------------------------------------------- */

/* The next component, without its slashes; empty at the end. */
static struct span
next_component(struct span *path)
{
	struct span c;

	while (path->len && *path->text == '/') {
		path->text++;
		path->len--;
	}
	c = (struct span){path->text, 0};
	while (c.len < path->len && c.text[c.len] != '/')
		c.len++;
	path->text += c.len;
	path->len -= c.len;
	return c;
}

bool
match_path_prefix(struct span path, struct span prefix)
{
	for (;;) {
		const struct span want = next_component(&prefix);
		struct span have;

		if (!want.len)
			return true;
		have = next_component(&path);
		if (!have.len || !match_glob(want, have, false))
			return false;
	}
}

struct span
match_basename(struct span path)
{
	const char *slash = path.len ? memrchr(path.text, '/', path.len) : NULL;
	const size_t skip = slash ? (size_t)(slash - path.text) + 1 : 0;

	return (struct span){path.text + skip, path.len - skip};
}

static int
base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

size_t
match_base64(struct span text, char *out, size_t size)
{
	unsigned bits = 0, held = 0;
	size_t used = 0;

	for (size_t i = 0; i < text.len && used < size; i++) {
		const int digit = base64_digit(text.text[i]);

		if (digit < 0)
			break;
		bits = (bits << 6 | (unsigned)digit) & 0xffff;
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[used++] = (char)(bits >> held & 0xff);
		}
	}
	return used;
}
