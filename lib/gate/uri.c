#include "lib/gate/uri.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/hex.h"

/* --- bytes --------------------------------------------------------------- */

/*
 * A URI is printable ASCII; clients escape the rest.  Bytes over 0x7f are
 * refused too: dockerd's JSON replaces those that are not UTF-8, so that what
 * arrives here need not be what it will execute.
 */
static int
check_bytes(const char *text, size_t len, struct aegis_error *err)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c <= ' ' || c >= 0x7f)
			return aegis_error_setx(
				err, -EINVAL,
				"the URI holds the byte 0x%02x unescaped", c);
		if (c == '#')
			return aegis_error_setx(err, -EINVAL,
						"the URI holds a '#'");
	}
	return 0;
}

/* Undo percent-encoding in place, once.  A '+' is a space in queries only. */
static int
decode(char *s, bool plus_is_space, struct aegis_error *err)
{
	char *out = s;
	int byte;

	for (; *s; s++) {
		if (*s == '+' && plus_is_space) {
			*out++ = ' ';
			continue;
		}
		if (*s != '%') {
			*out++ = *s;
			continue;
		}
		byte = hex_byte(s + 1);
		if (byte < 0)
			return aegis_error_setx(
				err, -EINVAL,
				"the URI has a '%%' without two hex digits");
		if (!byte)
			return aegis_error_setx(err, -EINVAL,
						"the URI holds a NUL");
		*out++ = (char)byte;
		s += 2;
	}
	*out = '\0';
	return 0;
}

/* --- path ---------------------------------------------------------------- */

/*
 * The path of "/path" or of "scheme://authority/path", as Go's url.parse()
 * splits them; NULL for the forms it reads in other ways ("*", "a:b", "a:/b").
 * Whom the authority names does not matter: dockerd does not look at it.
 */
static char *
skip_authority(char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char rest[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.";

	if (*s == '/')
		return s;
	if (!strspn(s, letters))
		return NULL;
	s += strspn(s, rest);
	return strncmp(s, "://", 3) ? NULL : strchr(s + 3, '/');
}

/* dockerd answers a path with such components by a redirect, and no handler's
 * name holds a control byte (gorilla's ".*" stops at a newline). */
static int
check_path(const char *path, struct aegis_error *err)
{
	for (const char *s = path; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return aegis_error_setx(
				err, -EINVAL,
				"the path holds the control byte 0x%02x",
				(unsigned char)*s);

	for (const char *s = path; *s == '/';) {
		size_t n = strcspn(++s, "/");

		if (!n && *s)
			return aegis_error_setx(err, -EINVAL,
						"the path holds \"//\"");
		if ((n == 1 && s[0] == '.') ||
		    (n == 2 && s[0] == '.' && s[1] == '.'))
			return aegis_error_setx(
				err, -EINVAL,
				"the path has the component \"%.*s\"", (int)n,
				s);
		s += n;
	}
	return 0;
}

/* Digits as Go's Atoi reads them, with leading zeros; at most three others. */
static bool
read_number(const char **s, unsigned *ret)
{
	size_t all = strspn(*s, "0123456789"), zeros = strspn(*s, "0");
	const char *end = *s + all;

	if (!all || all - zeros > 3)
		return false;
	*ret = 0;
	for (const char *p = *s + zeros; p < end; p++)
		*ret = *ret * 10 + (unsigned)(*p - '0');
	*s = end;
	return true;
}

/*
 * Take "/v1.41" off the path.  moby's router lets any "[0-9.]+" through and
 * compares component by component (versions.compare), "1.041" as 1.41; what
 * is not two numbers no client sends.
 */
static int
read_version(struct uri *uri, const char *path, struct aegis_error *err)
{
	const char *s = path + 2;
	unsigned major = 0, minor = 0;
	size_t len;

	uri->path = path;
	if (strncmp(path, "/v", 2))
		return 0;
	len = strspn(s, "0123456789.");
	if (!len || s[len] != '/')
		return 0;

	uri->path = s + len;
	if (!read_number(&s, &major) || *s++ != '.' ||
	    !read_number(&s, &minor) || s != uri->path)
		return aegis_error_setx(
			err, -EPROTONOSUPPORT,
			"the API version is not of the form 1.41");
	uri->api_version = API_VERSION(major, minor);
	if (uri->api_version < API_VERSION_MIN)
		return aegis_error_setx(err, -EPROTONOSUPPORT,
					"API version %u.%u is below %d.%d",
					major, minor, API_VERSION_MIN / 1000,
					API_VERSION_MIN % 1000);
	return 0;
}

static int
read_path(struct uri *uri, char *text, struct aegis_error *err)
{
	char *path = skip_authority(text);
	int r;

	if (!path)
		return aegis_error_setx(err, -EINVAL,
					"the URI has no path that begins "
					"with '/'");
	r = decode(path, false, err);
	if (r == 0)
		r = check_path(path, err);
	if (r == 0)
		r = read_version(uri, path, err);
	return r;
}

/* --- query --------------------------------------------------------------- */

/* Go's url.ParseQuery(), but for what that skips with an error: refused. */
static int
read_query(struct uri *uri, char *query, struct aegis_error *err)
{
	static char no_value[1];
	int r = 0;

	if (strchr(query, ';'))
		return aegis_error_setx(err, -EINVAL,
					"the query holds a ';' unescaped");

	for (char *key = query, *next; key && r == 0; key = next) {
		char *value;

		next = strchr(key, '&');
		if (next)
			*next++ = '\0';
		if (!*key)
			continue;
		if (uri->query_count == URI_QUERY_MAX)
			return aegis_error_setx(
				err, -E2BIG,
				"the query has over %d parameters",
				URI_QUERY_MAX);
		value = strchr(key, '=');
		if (value)
			*value++ = '\0';
		else
			value = no_value;
		r = decode(key, true, err);
		if (r == 0)
			r = decode(value, true, err);
		uri->query[uri->query_count++] = (struct uri_param){key, value};
	}
	return r;
}

/* --- the whole ----------------------------------------------------------- */

static int
reserve(struct uri *uri, size_t size, struct aegis_error *err)
{
	char *storage;

	if (size <= uri->storage_cap)
		return 0;
	storage = realloc(uri->storage, size);
	if (!storage)
		return aegis_error_set(err, -ENOMEM, "read the URI");
	uri->storage = storage;
	uri->storage_cap = size;
	return 0;
}

static void
clear(struct uri *uri)
{
	uri->path = "";
	uri->api_version = API_VERSION_NONE;
	uri->query_count = 0;
}

int
uri_parse(struct uri *uri, const char *text, size_t len,
	  struct aegis_error *err)
{
	char *query;
	int r;

	clear(uri);
	if (len > URI_MAX)
		return aegis_error_setx(err, -E2BIG,
					"the URI is over %d bytes long",
					URI_MAX);
	r = check_bytes(text, len, err);
	if (r == 0)
		r = reserve(uri, len + 1, err);
	if (r < 0)
		return r;

	memcpy(uri->storage, text, len);
	uri->storage[len] = '\0';
	query = strchr(uri->storage, '?');
	if (query)
		*query++ = '\0';

	r = read_path(uri, uri->storage, err);
	if (r == 0 && query)
		r = read_query(uri, query, err);
	if (r < 0)
		clear(uri);
	return r;
}

void
uri_release(struct uri *uri)
{
	free(uri->storage);
	uri->storage = NULL;
	uri->storage_cap = 0;
	clear(uri);
}

const char *
uri_query(const struct uri *uri, const char *key)
{
	for (unsigned i = 0; i < uri->query_count; i++)
		if (!strcmp(uri->query[i].key, key))
			return uri->query[i].value;
	return NULL;
}

/* --- booleans ------------------------------------------------------------ */

/* The length of the white space (unicode.IsSpace) that s begins or, with
 * from_end, ends with; 0 if none. */
static size_t
space_len(const char *s, size_t len, bool from_end)
{
	static const char *const spaces[] = {
		" ",      "\t",       "\n",     "\v",     "\f",
		"\r",     "\xc2\x85", "\u00a0", "\u1680", "\u2000",
		"\u2001", "\u2002",   "\u2003", "\u2004", "\u2005",
		"\u2006", "\u2007",   "\u2008", "\u2009", "\u200a",
		"\u2028", "\u2029",   "\u202f", "\u205f", "\u3000",
	};

	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		size_t n = strlen(spaces[i]);

		if (n <= len &&
		    !memcmp(from_end ? s + len - n : s, spaces[i], n))
			return n;
	}
	return 0;
}

bool
uri_query_bool(const struct uri *uri, const char *key)
{
	static const char *const no[] = {"", "0", "no", "false", "none"};
	const char *s = uri_query(uri, key);
	size_t len = s ? strlen(s) : 0, n;

	if (!s)
		return false;
	while ((n = space_len(s, len, false))) {
		s += n;
		len -= n;
	}
	while ((n = space_len(s, len, true)))
		len -= n;

	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (strlen(no[i]) == len && !strncasecmp(no[i], s, len))
			return false;
	return true;
}
