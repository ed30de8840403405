#include "lib/rules/lexer.h"

#include <ctype.h>
#include <string.h>

#include "lib/hex.h"

/* What ends a word outside of quotes.  \v and \f do, but separate nothing. */
#define NOT_BARE "()\"' \t\n\v\f\r=,"
#define NOT_BARE_ARGUMENT "][\"' \t\n\v\f\r"
#define BLANK " \t\b\r\n"

static const char *
cursor(const struct lexer *l)
{
	return l->text + l->at;
}

static bool
take(struct lexer *l, size_t len)
{
	if (!len || l->error)
		return false;
	l->token = arena_copy(l->arena, cursor(l), len);
	if (!l->token) {
		l->error = aegis_error_set(l->err, -ENOMEM, "read a condition");
		return false;
	}
	l->at += len;
	return true;
}

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

bool
lexer_blank(struct lexer *l)
{
	const size_t len = strspn(cursor(l), BLANK);

	l->at += len;
	return len > 0;
}

bool
lexer_is(const struct lexer *l, char c)
{
	return *cursor(l) == c;
}

bool
lexer_skip(struct lexer *l, const char *s)
{
	const size_t len = strlen(s);

	if (strncmp(cursor(l), s, len) != 0)
		return false;
	l->at += len;
	return true;
}

bool
lexer_keyword(struct lexer *l, const char *word)
{
	const size_t len = strlen(word);

	return !is_word(l->text[l->at + strnlen(cursor(l), len)]) &&
	       lexer_skip(l, word);
}

/* Length of [a-zA-Z][a-zA-Z0-9_]* */
static size_t
identifier_length(const char *s)
{
	size_t n = 0;

	if (!isalpha((unsigned char)*s))
		return 0;
	while (is_word(s[n]))
		n++;
	return n;
}

bool
lexer_identifier(struct lexer *l)
{
	return take(l, identifier_length(cursor(l)));
}

/* At least two identifiers with a dot between. */
bool
lexer_field_name(struct lexer *l)
{
	const char *s = cursor(l);
	size_t len = identifier_length(s), more, parts = len ? 1 : 0;

	while (len && s[len] == '.' &&
	       (more = identifier_length(s + len + 1))) {
		len += 1 + more;
		parts++;
	}
	return parts > 1 && take(l, len);
}

bool
lexer_bare_argument(struct lexer *l)
{
	return take(l, strcspn(cursor(l), NOT_BARE_ARGUMENT));
}

bool
lexer_bare_text(struct lexer *l)
{
	return take(l, strcspn(cursor(l), NOT_BARE));
}

static size_t
digits(const char *s)
{
	return strspn(s, "0123456789");
}

/* 0x1f, or [+-]digits[.digits][e+digits]; what is no whole number is refused
 * when its field is known. */
bool
lexer_number(struct lexer *l)
{
	const char *s = cursor(l);
	size_t n = 0;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
		n = strspn(s + 2, "0123456789abcdefABCDEF");
		if (n)
			return take(l, n + 2);
	}
	n = *s == '+' || *s == '-';
	if (!digits(s + n))
		return false;
	n += digits(s + n);
	if (s[n] == '.') {
		n++;
		n += digits(s + n);
	}
	if ((s[n] == 'e' || s[n] == 'E') &&
	    (s[n + 1] == '+' || s[n + 1] == '-') && digits(s + n + 2))
		n += 2 + digits(s + n + 2);
	return take(l, n);
}

/* --- quoted texts ------------------------------------------------------- */

/* What "\c" stands for, -1 if for nothing.  "\ " is a backslash: an error of
 * old rules that Falco lives with. */
static int
unescape_char(char c, char quote)
{
	static const char from[] = "bfnrt \\/", to[] = "\b\f\n\r\t\\\\/";
	const char *at = c ? strchr(from, c) : NULL;

	if (at)
		return (unsigned char)to[at - from];
	return c == quote ? quote : -1;
}

static bool
bad_escape(struct lexer *l, const char *what, const char *at)
{
	l->error = aegis_error_setx(l->err, -EBADMSG, "%s '\\%.3s' in a text",
				    what, at);
	return false;
}

/* In place; end is the closing quote. */
static bool
unescape(struct lexer *l, char *text, const char *end)
{
	const char quote = *end;
	char *to = text;

	for (const char *c = text + 1; c < end; c++) {
		int v = (unsigned char)*c;

		if (*c == '\\') {
			c++;
			if (*c == 'x') {
				v = hex_byte(c + 1);
				if (v == 0)
					return bad_escape(l, "a NUL byte", c);
			} else {
				v = unescape_char(*c, quote);
			}
			if (v < 0)
				return bad_escape(l, "unknown escape", c);
			c += *c == 'x' ? 2 : 0;
		}
		*to++ = (char)v;
	}
	*to = '\0';
	return true;
}

/* A quote ends the text unless the character before it is a backslash; so does
 * Falco, and "\\" is therefore no text of one backslash. */
bool
lexer_quoted(struct lexer *l)
{
	const char *s = cursor(l), *end = s;
	char *text;

	if (l->error || (*s != '"' && *s != '\''))
		return false;
	do
		end = strchr(end + 1, *s);
	while (end && end[-1] == '\\');
	if (!end)
		return false;
	text = arena_copy(l->arena, s, (size_t)(end - s) + 1);
	if (!text) {
		l->error = aegis_error_set(l->err, -ENOMEM, "read a condition");
		return false;
	}
	if (!unescape(l, text, text + (end - s)))
		return false;
	l->token = text;
	l->at += (size_t)(end - s) + 1;
	return true;
}
