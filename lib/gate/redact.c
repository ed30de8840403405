#include "lib/gate/redact.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "lib/gate/fields.h"
#include "lib/text.h"

#define CUT "[cut]"
/* Of an option's value, rewritten. */
#define OPTION_MAX 4096

struct key_rule {
	const char *key; /* NULL ends a list */
	enum redact kind;
};

/* Every key that is not plain, of all documents in one table: no key means a
 * secret in one document and something else in another.  By their lengths, as
 * most keys are plain and have none of their length to be compared with. */
static const struct key_rule *const key_rules[] = {
#define KEYS(...) (const struct key_rule[]){__VA_ARGS__, {NULL, 0}}
	[3] = KEYS({"Env", REDACT_ENV}, {"URL", REDACT_NAME}),
	[4] = KEYS({"Data", REDACT_SECRET}, /* of a secret or config */
		   {"Auth", REDACT_SECRET}, {"Args", REDACT_ARGS}),
	[5] = KEYS({"Image", REDACT_NAME}, {"Tmpfs", REDACT_MAP},
		   {"Ports", REDACT_MAP}),
	[6] = KEYS({"Labels", REDACT_MAP}, {"Remote", REDACT_NAME}),
	[7] = KEYS({"Options", REDACT_OPTIONS}, {"Sysctls", REDACT_MAP},
		   {"Volumes", REDACT_MAP},
		   {"OnBuild", REDACT_SECRET} /* ENV lines too */),
	[8] = KEYS({"Password", REDACT_SECRET}),
	[9] = KEYS({"JoinToken", REDACT_SECRET}, {"UnlockKey", REDACT_SECRET},
		   {"LogConfig", REDACT_OPTIONS},
		   {"LogDriver", REDACT_OPTIONS}),
	[10] = KEYS({"JoinTokens", REDACT_SECRET}, {"PrivateKey", REDACT_SECRET},
		    {"DriverOpts", REDACT_OPTIONS}, {"StorageOpt", REDACT_MAP}),
	[11] = KEYS({"Annotations", REDACT_MAP}),
	[12] = KEYS({"SigningCAKey", REDACT_SECRET}, {"ExposedPorts", REDACT_MAP},
		    {"PortBindings", REDACT_MAP}),
	[13] = KEYS({"IdentityToken", REDACT_SECRET},
		    {"RegistryToken", REDACT_SECRET}),
	[15] = KEYS({"EndpointsConfig", REDACT_MAP}),
	[18] = KEYS({"AuxiliaryAddresses", REDACT_MAP}),
#undef KEYS
};

static enum redact
kind_of_key(const struct json_node *n)
{
	const size_t lengths = sizeof(key_rules) / sizeof(key_rules[0]);
	const struct key_rule *rule =
		n->key_len < lengths ? key_rules[n->key_len] : NULL;
	const char first = (char)(n->key[0] | 0x20);

	for (; rule && rule->key; rule++)
		if ((rule->key[0] | 0x20) == first && json_key_is(n, rule->key))
			return rule->kind;
	return REDACT_STRUCT;
}

static bool
begins_with_telling(const char *s)
{
	static const char *const words[] = {"token", "passw",  "passphrase",
					    "secret", "key",   "auth",
					    "credential"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if ((s[0] | 0x20) == words[i][0] &&
		    !strncasecmp(s, words[i], strlen(words[i])))
			return true;
	return false;
}

bool
redact_is_telling(const char *name)
{
	for (; *name; name++)
		if (begins_with_telling(name))
			return true;
	return false;
}

static bool
is_odd(const struct json_node *n)
{
	for (uint32_t i = 0; i < n->key_len; i++)
		if ((unsigned char)n->key[i] >= 0x80 || !n->key[i])
			return true;
	return false;
}

/* --- strings ------------------------------------------------------------------ */

static void
put_string(struct json_out *o, const char *s, size_t len)
{
	char cut[REDACT_STRING_MAX + sizeof(CUT)];

	if (len <= REDACT_STRING_MAX) {
		json_out_bytes(o, s, len);
		return;
	}
	memcpy(cut, s, REDACT_STRING_MAX);
	memcpy(cut + REDACT_STRING_MAX, CUT, sizeof(CUT));
	json_out_bytes(o, cut, REDACT_STRING_MAX + sizeof(CUT) - 1);
}

/* A name without "=" takes the client's own variable away: no value. */
static void
put_env(struct json_out *o, const char *s, size_t len)
{
	char out[REDACT_STRING_MAX + sizeof(REDACTED)];
	const char *equals = memchr(s, '=', len);
	size_t name_len = equals ? (size_t)(equals - s) + 1 : len;

	if (!equals) {
		put_string(o, s, len);
		return;
	}
	if (name_len > REDACT_STRING_MAX)
		name_len = REDACT_STRING_MAX;
	memcpy(out, s, name_len);
	memcpy(out + name_len, REDACTED, sizeof(REDACTED));
	json_out_bytes(o, out, name_len + sizeof(REDACTED) - 1);
}

/* Is "@..." the digest of an image, "@sha256:25ee..."? */
static bool
is_digest(const char *at)
{
	const char *hex = at + 1 + strcspn(at + 1, ":");

	return *hex && strspn(hex + 1, "0123456789abcdef") >= 32;
}

/* The '@' behind user and password; NULL if there are none. */
static const char *
find_userinfo_end(const char *host, bool is_url)
{
	const size_t len = strcspn(host, is_url ? "/?#, " : "?#, ");
	const char *at = memrchr(host, '@', len);

	if (at && !is_url && is_digest(at))
		at = memrchr(host, '@', (size_t)(at - host));
	/* "git@host:path" has no scheme and no secret. */
	if (at && !is_url &&
	    (host[0] == '/' || !memchr(host, ':', (size_t)(at - host))))
		return NULL;
	return at;
}

void
redact_url(struct buf *out, const char *url)
{
	const char *scheme_end = strstr(url, "://");
	/* "//user@host/share" is a URL to mount.cifs. */
	const char *host = scheme_end			? scheme_end + 3
			   : strncmp(url, "//", 2) == 0 ? url + 2
							: url;
	const char *at = find_userinfo_end(host, host != url);
	const char *rest;

	buf_add(out, url, (size_t)(host - url));
	if (at) {
		buf_adds(out, REDACTED);
		host = at;
	}
	rest = host + strcspn(host, "?");
	buf_add(out, host, (size_t)(rest - host));
	if (*rest) {
		buf_adds(out, "?" REDACTED);
		rest += strcspn(rest, "#");
	}
	buf_adds(out, rest);
}

bool
redact_is_plain(const char *text)
{
	return !strpbrk(text, "@?");
}

void
redact_shown(const char *text, char *out, size_t size)
{
	_cleanup_buf_ struct buf shown = BUF_INIT(strlen(text) + 64);

	if (redact_is_plain(text)) {
		text_copy(out, size, text);
		return;
	}
	redact_url(&shown, text);
	text_copy(out, size, buf_error(&shown) ? REDACTED : buf_str(&shown));
}

/* One of "addr=10.0.0.1,username=x,password=y", as mount(8) takes them.
 * mount.cifs takes "user=name%password" too. */
static void
put_option_part(struct buf *out, const char *part, size_t len)
{
	const char *equals = memchr(part, '=', len), *secret = NULL;
	char name[64], text[OPTION_MAX];

	if (equals) {
		size_t n = (size_t)(equals - part);

		n = n < sizeof(name) ? n : sizeof(name) - 1;
		memcpy(name, part, n);
		name[n] = '\0';
		if (redact_is_telling(name) || !strncasecmp(name, "pass", 4))
			secret = equals + 1;
		else if (!strncasecmp(name, "user", 4))
			secret = memchr(part, '%', len);
	}
	if (secret) {
		buf_add(out, part, (size_t)(secret - part));
		buf_adds(out, REDACTED);
		return;
	}
	memcpy(text, part, len);
	text[len] = '\0';
	redact_url(out, text);
}

static void
put_name(struct json_out *o, const char *s)
{
	_cleanup_buf_ struct buf out = BUF_INIT(4 * OPTION_MAX);

	if (redact_is_plain(s)) {
		put_string(o, s, strlen(s));
		return;
	}
	redact_url(&out, s);
	if (buf_error(&out))
		json_out_string(o, REDACTED);
	else
		put_string(o, buf_str(&out), out.len);
}

static void
put_option(struct json_out *o, const char *s, size_t len)
{
	_cleanup_buf_ struct buf out = BUF_INIT(4 * OPTION_MAX);

	/* Most options are a word or a number. */
	if (!memchr(s, '=', len) && !memchr(s, '@', len) &&
	    !memchr(s, '?', len)) {
		put_string(o, s, len);
		return;
	}
	if (len >= OPTION_MAX) {
		json_out_string(o, REDACTED);
		return;
	}
	for (const char *end = s + len; s < end;) {
		const char *comma = memchr(s, ',', (size_t)(end - s));
		const char *stop = comma ? comma : end;

		put_option_part(&out, s, (size_t)(stop - s));
		if (comma)
			buf_addc(&out, ',');
		s = comma ? comma + 1 : end;
	}
	if (buf_error(&out))
		json_out_string(o, REDACTED);
	else
		put_string(o, buf_str(&out), out.len);
}

/* --- values ------------------------------------------------------------------- */

static enum redact
kind_in_struct(const struct json_node *parent, const struct json_node *n)
{
	if ((parent->key_flags & JSON_KEYS_ODD) && is_odd(n))
		return REDACT_SECRET;
	return kind_of_key(n);
}

static enum redact
kind_of_child(const struct json_node *parent, const struct json_node *n,
	      enum redact kind)
{
	switch (kind) {
	case REDACT_STRUCT:
	case REDACT_NAME:
		return kind_in_struct(parent, n);
	case REDACT_MAP:
		return REDACT_STRUCT;
	case REDACT_OPTIONS:
		return redact_is_telling(n->key) ? REDACT_SECRET
						 : REDACT_OPTIONS;
	case REDACT_ARGS:
		return json_key_is(n, "Value") ? REDACT_SECRET
					       : kind_in_struct(parent, n);
	case REDACT_AUTH:
		return json_key_is(n, "username") ||
				       json_key_is(n, "serveraddress")
			       ? REDACT_STRUCT
			       : REDACT_SECRET;
	case REDACT_ENV:
	case REDACT_SECRET:
		break;
	}
	return REDACT_SECRET;
}

/* An empty list here unmasks /proc and /sys; an absent one masks them. */
static bool
speaks_when_empty(const struct json_node *n)
{
	return n->type == JSON_ARRAY && n->key &&
	       n->key_len >= sizeof("MaskedPaths") - 1 &&
	       (json_key_is(n, "MaskedPaths") || json_key_is(n, "ReadonlyPaths"));
}

static bool
is_left_out(const struct json_node *n, enum redact parent_kind)
{
	return parent_kind != REDACT_MAP && parent_kind != REDACT_OPTIONS &&
	       fields_is_zero(n) && !speaks_when_empty(n);
}

/* A key of the client's own can be what it should be the key of: a device with its
 * password, the name of an image in a filter. */
static void
put_key(struct json_out *o, const struct json_node *n, enum redact kind)
{
	char shown[REDACT_STRING_MAX];

	if (kind != REDACT_OPTIONS || !memchr(n->key, '@', n->key_len)) {
		json_out_key_bytes(o, n->key, n->key_len);
		return;
	}
	redact_shown(n->key, shown, sizeof(shown));
	json_out_key_bytes(o, shown, strlen(shown));
}

static void
put_object(struct json_out *o, const struct json_node *object, enum redact kind)
{
	json_out_object(o);
	json_foreach(n, object) {
		if (is_left_out(n, kind))
			continue;
		put_key(o, n, kind);
		redact_value(o, n, kind_of_child(object, n, kind));
	}
	json_out_object_end(o);
}

static void
put_array(struct json_out *o, const struct json_node *array, enum redact kind)
{
	json_out_array(o);
	json_foreach(n, array)
		redact_value(o, n, kind);
	json_out_array_end(o);
}

static void
put_text(struct json_out *o, const struct json_node *n, enum redact kind)
{
	if (kind == REDACT_ENV)
		put_env(o, n->str, n->str_len);
	else if (kind == REDACT_OPTIONS)
		put_option(o, n->str, n->str_len);
	else if (kind == REDACT_NAME && !n->has_nul)
		put_name(o, n->str);
	else
		put_string(o, n->str, n->str_len);
}

void
redact_value(struct json_out *o, const struct json_node *n, enum redact kind)
{
	/* A document inside another may go deeper than the writer can. */
	if (kind == REDACT_SECRET || o->depth >= JSON_OUT_DEPTH_MAX) {
		json_out_string(o, REDACTED);
		return;
	}
	switch (n->type) {
	case JSON_OBJECT:
		put_object(o, n, kind);
		break;
	case JSON_ARRAY:
		put_array(o, n, kind);
		break;
	case JSON_STRING:
		put_text(o, n, kind);
		break;
	case JSON_NUMBER:
		json_out_raw(o, n->str, n->str_len);
		break;
	case JSON_BOOL:
		json_out_bool(o, n->boolean);
		break;
	case JSON_NULL:
	case JSON_INVALID:
		json_out_null(o);
		break;
	}
}

static bool
is_picked(const struct json_node *n, const char *const *keys)
{
	for (; *keys; keys++)
		if (!strcmp(n->key, *keys))
			return true;
	return false;
}

void
redact_picked(struct json_out *o, const struct json_node *object,
	      const char *const *keys)
{
	json_out_object(o);
	json_foreach(n, object) {
		if (!is_picked(n, keys) || is_left_out(n, REDACT_STRUCT))
			continue;
		json_out_key_bytes(o, n->key, n->key_len);
		redact_value(o, n, kind_in_struct(object, n));
	}
	json_out_object_end(o);
}
