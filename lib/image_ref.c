#include "lib/image_ref.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_REGISTRY "docker.io"
#define LEGACY_REGISTRY "index.docker.io"
#define OFFICIAL_PREFIX "library/"
#define ID_HEX_LEN 64

/* Sets of characters, as bits. */
enum {
	DIGIT = 1 << 0,
	LOWER_A_F = 1 << 1,
	LOWER_G_Z = 1 << 2,
	UPPER_A_F = 1 << 3,
	UPPER_G_Z = 1 << 4,
	DASH = 1 << 5,
	DOT = 1 << 6,
	UNDERSCORE = 1 << 7,
	COLON = 1 << 8,
	LOWER_HEX = DIGIT | LOWER_A_F,
	LOWER = LOWER_A_F | LOWER_G_Z,
	UPPER = UPPER_A_F | UPPER_G_Z,
	ALNUM = DIGIT | LOWER | UPPER,
};

static const uint16_t sets_of[256] = {
	['0' ... '9'] = DIGIT,	   ['a' ... 'f'] = LOWER_A_F,
	['g' ... 'z'] = LOWER_G_Z, ['A' ... 'F'] = UPPER_A_F,
	['G' ... 'Z'] = UPPER_G_Z, ['-'] = DASH,
	['.'] = DOT,		   ['_'] = UNDERSCORE,
	[':'] = COLON,
};

/* A piece of the text being read. */
struct piece {
	const char *s;
	size_t len;
};

static struct piece
piece_of(const char *s)
{
	return (struct piece){s, strlen(s)};
}

static bool
piece_is(struct piece p, const char *text)
{
	return p.len == strlen(text) && !memcmp(p.s, text, p.len);
}

static bool
is_in(char c, unsigned set)
{
	return sets_of[(unsigned char)c] & set;
}

/* How many bytes at the front are of set. */
static size_t
piece_span(struct piece p, unsigned set)
{
	size_t n = 0;

	while (n < p.len && is_in(p.s[n], set))
		n++;
	return n;
}

static bool
piece_has(struct piece p, unsigned set)
{
	for (size_t i = 0; i < p.len; i++)
		if (is_in(p.s[i], set))
			return true;
	return false;
}

static struct piece
piece_from(struct piece p, size_t at)
{
	return (struct piece){p.s + at, p.len - at};
}

/* Cut *p at the first c: what is in front stays in *p, *ret_rest takes what is
 * behind.  False, and nothing changed, if there is no c. */
static bool
cut(struct piece *p, char c, struct piece *ret_rest)
{
	const char *at = memchr(p->s, c, p->len);
	size_t len;

	if (!at)
		return false;
	len = (size_t)(at - p->s);
	*ret_rest = piece_from(*p, len + 1);
	p->len = len;
	return true;
}

/* --- grammar ------------------------------------------------------------- */

/* [A-Za-z0-9-]+ with neither end a '-', joined by dots. */
static bool
is_domain_name(struct piece p)
{
	struct piece rest = p;
	bool more = true;

	while (more) {
		p = rest;
		more = cut(&p, '.', &rest);
		if (!p.len || piece_span(p, ALNUM | DASH) < p.len ||
		    p.s[0] == '-' || p.s[p.len - 1] == '-')
			return false;
	}
	return true;
}

/* A host name, an IPv4 address or "[IPv6]", with or without ":port". */
static bool
is_registry(struct piece p)
{
	struct piece host = p, port = {"", 0};
	bool has_port;

	if (p.len && p.s[0] == '[') {
		size_t n = piece_span(piece_from(p, 1), LOWER_HEX | UPPER_A_F | COLON);

		if (!n || n + 1 >= p.len || p.s[n + 1] != ']')
			return false;
		port = piece_from(p, n + 2);
		if (!port.len)
			return true;
		has_port = port.s[0] == ':';
		if (!has_port)
			return false;
		port = piece_from(port, 1);
	} else {
		has_port = cut(&host, ':', &port);
		if (!is_domain_name(host))
			return false;
	}
	return !has_port || (port.len && piece_span(port, DIGIT) == port.len);
}

/* '.', '_', "__" or any number of '-' between runs of [a-z0-9]. */
static bool
is_component(struct piece p)
{
	size_t n, sep;

	for (;;) {
		n = piece_span(p, DIGIT | LOWER);
		if (!n)
			return false;
		p = piece_from(p, n);
		if (!p.len)
			return true;
		sep = piece_span(p, DASH);
		if (!sep && p.s[0] == '.')
			sep = 1;
		if (!sep && p.s[0] == '_')
			sep = p.len > 1 && p.s[1] == '_' ? 2 : 1;
		if (!sep)
			return false;
		p = piece_from(p, sep);
	}
}

static bool
is_repository(struct piece p)
{
	struct piece rest = p;
	bool more = true;

	while (more) {
		p = rest;
		more = cut(&p, '/', &rest);
		if (!is_component(p))
			return false;
	}
	return true;
}

static bool
is_tag(struct piece p)
{
	return p.len && p.len <= IMAGE_REF_TAG_MAX &&
	       piece_span(p, ALNUM | UNDERSCORE | DOT | DASH) == p.len && p.s[0] != '.' &&
	       p.s[0] != '-';
}

static bool
is_digest(struct piece p)
{
	static const struct {
		const char *algorithm;
		size_t hex_len;
	} known[] = {{"sha256", 64}, {"sha384", 96}, {"sha512", 128}};
	struct piece hex;

	if (!cut(&p, ':', &hex))
		return false;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (piece_is(p, known[i].algorithm))
			return hex.len == known[i].hex_len &&
			       piece_span(hex, LOWER_HEX) == hex.len;
	return false;
}

/* --- reading ------------------------------------------------------------- */

static int
refuse(struct aegis_error *err, const char *why)
{
	return aegis_error_setx(err, -EINVAL, "%s", why);
}

/* splitDockerDomain(): which registry does the name begin with?  Takes it, and
 * its '/', off *rest. */
static struct piece
take_registry(struct piece *rest)
{
	struct piece first = *rest, behind;

	if (!cut(&first, '/', &behind))
		return piece_of(DEFAULT_REGISTRY);
	if (!piece_is(first, "localhost") && !piece_has(first, DOT | COLON | UPPER))
		return piece_of(DEFAULT_REGISTRY);
	*rest = behind;
	return piece_is(first, LEGACY_REGISTRY) ? piece_of(DEFAULT_REGISTRY)
						: first;
}

static char *
put(char *at, struct piece p)
{
	memcpy(at, p.s, p.len);
	return at + p.len;
}

/* Registry and repository of name, in the normal form. */
static int
read_name(struct piece name, struct image_ref *ret, struct aegis_error *err)
{
	struct piece registry = take_registry(&name);
	bool official = piece_is(registry, DEFAULT_REGISTRY) &&
			!memchr(name.s, '/', name.len);
	struct piece prefix = piece_of(official ? OFFICIAL_PREFIX : "");
	char *at;

	if (!is_registry(registry))
		return refuse(err, "the registry is not a host name or address "
				   "with an optional port");
	if (piece_has(name, UPPER))
		return refuse(err, "the repository name must be lower case");
	if (!is_repository(name))
		return refuse(err,
			      "the repository name may have a-z, 0-9 and, "
			      "between them, '.', '_', \"__\" and '-'");
	if (registry.len + 1 + prefix.len + name.len > IMAGE_REF_NAME_MAX)
		return refuse(err, "the repository name is over 255 "
				   "characters long");
	at = put(ret->name, registry);
	*at++ = '/';
	at = put(at, prefix);
	at = put(at, name);
	*at = '\0';
	return 0;
}

struct parts {
	struct piece name, tag, digest;
	bool has_tag, has_digest;
};

/* Split "name:tag@digest".  A port's ':' has a '/' behind it, a tag's not. */
static struct parts
split(struct piece text)
{
	struct parts parts = {.tag = {"", 0}, .digest = {"", 0}};
	struct piece last, front;

	parts.has_digest = cut(&text, '@', &parts.digest);
	for (front = last = text; cut(&front, '/', &last);)
		front = last;
	parts.has_tag = cut(&last, ':', &parts.tag);
	parts.name.s = text.s;
	parts.name.len = (size_t)(last.s + last.len - text.s);
	return parts;
}

static int
read_named(struct piece text, struct image_ref *ret, struct aegis_error *err)
{
	struct parts parts = split(text);
	int r;

	if (!parts.name.len)
		return refuse(err, "there is no repository name");
	r = read_name(parts.name, ret, err);
	if (r < 0)
		return r;
	if (parts.has_tag && !is_tag(parts.tag))
		return refuse(err, "the tag must be 1 to 128 of a-z, A-Z, 0-9, "
				   "'_', '.' and '-', and begin with neither "
				   "of the last two");
	if (parts.has_digest && !is_digest(parts.digest))
		return refuse(err, "the digest must be sha256:, sha384: or "
				   "sha512: and all its lower-case hex digits");
	memcpy(ret->tag, parts.tag.s, parts.tag.len);
	memcpy(ret->digest, parts.digest.s, parts.digest.len);
	ret->kind = IMAGE_REF_NAMED;
	return 0;
}

static bool
is_bare_id(struct piece p)
{
	return p.len == ID_HEX_LEN && piece_span(p, LOWER_HEX) == p.len;
}

static bool
is_short_id(struct piece p)
{
	static const char algorithm[] = "sha256:";

	if (p.len > strlen(algorithm) &&
	    !memcmp(p.s, algorithm, strlen(algorithm)))
		p = piece_from(p, strlen(algorithm));
	return p.len && p.len < ID_HEX_LEN &&
	       piece_span(p, LOWER_HEX) == p.len;
}

bool
image_ref_may_be_id(const char *text)
{
	const struct piece all = piece_of(text);

	return is_bare_id(all) || is_digest(all) || is_short_id(all);
}

int
image_ref_parse(const char *text, struct image_ref *ret,
		struct aegis_error *err)
{
	struct piece all = piece_of(text);
	struct image_ref ref = {0};
	int r = 0;

	if (!all.len)
		return refuse(err, "there is no image name");
	if (is_bare_id(all)) {
		ref.kind = IMAGE_REF_ID;
		snprintf(ref.digest, sizeof(ref.digest), "sha256:%s", text);
	} else if (is_digest(all)) {
		ref.kind = IMAGE_REF_ID;
		memcpy(ref.digest, all.s, all.len);
	} else {
		ref.maybe_short_id = is_short_id(all);
		r = read_named(all, &ref, err);
	}
	if (r == 0)
		*ret = ref;
	return r;
}

void
image_ref_registry(const struct image_ref *ref, char *ret, size_t size)
{
	snprintf(ret, size, "%.*s", (int)strcspn(ref->name, "/"), ref->name);
}

void
image_ref_format(const struct image_ref *ref, char *out, size_t size)
{
	snprintf(out, size, "%s%s%s%s%s", ref->name, *ref->tag ? ":" : "",
		 ref->tag, *ref->digest && *ref->name ? "@" : "", ref->digest);
}
