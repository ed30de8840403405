#include "ctl/ctl.h"

#include <langinfo.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <wchar.h>

#include "lib/escape.h"
#include "lib/json.h"

/* A table of 100,000 decisions with long messages. */
#define OUTPUT_MAX (256UL * 1024 * 1024)
#define MESSAGE_MAX 4096

/* Of the first write that failed: stdio remembers only that one did. */
static int output_error;

static void
note_write(bool failed)
{
	if (failed && !output_error)
		output_error = errno ? -errno : -EIO;
}

int
ctl_flush(void)
{
	errno = 0;
	note_write(fflush(stdout));
	return output_error || !ferror(stdout) ? output_error : -EIO;
}

static void
say(const char *label, const char *text)
{
	char line[4 * MESSAGE_MAX];

	escape_line(text, line, sizeof(line));
	fprintf(stderr, "%s: %s\n", label, line);
}

int
ctl_error(int code, const char *format, ...)
{
	char text[MESSAGE_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	ctl_flush();
	say("aegis-ctl", text);
	return code;
}

void
ctl_note(const char *format, ...)
{
	char text[MESSAGE_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	ctl_flush();
	say("note", text);
}

int
ctl_failed(const struct aegis_error *err)
{
	int code = CTL_FAILED;

	switch (err->code) {
	case -ENOENT:
		code = CTL_NOT_FOUND;
		break;
	case -EBADMSG:
	case -EUCLEAN:
	case -EFBIG:
		code = CTL_DATA;
		break;
	case -ECONNREFUSED:
	case -ENOTCONN:
		code = CTL_UNREACHABLE;
		break;
	case -ETIMEDOUT:
		code = CTL_TIMEOUT;
		break;
	default:
		break;
	}
	return ctl_error(code, "%s", err->text);
}

void
ctl_text(FILE *f, const char *format, ...)
{
	char text[MESSAGE_MAX], line[4 * MESSAGE_MAX];
	char *at = text, *end;
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	for (; (end = strchr(at, '\n')); at = end + 1) {
		*end = '\0';
		escape_line(at, line, sizeof(line));
		note_write(fprintf(f, "%s\n", line) < 0 && f == stdout);
	}
	escape_line(at, line, sizeof(line));
	note_write(fputs(line, f) < 0 && f == stdout);
}

int
ctl_settings(const struct ctl *ctl, struct settings *ret)
{
	struct aegis_error err = {0};

	if (settings_load(ret, ctl->opt[OPT_CONFIG], &err))
		return ctl_failed(&err);
	return CTL_OK;
}

static unsigned
terminal_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) ||
	    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col;
}

struct table_style
ctl_table_style(const struct ctl *ctl)
{
	const char *term_charset = nl_langinfo(CODESET);

	return (struct table_style){
		.color = ctl->color,
		.headers = !ctl->opt[OPT_NO_HEADERS],
		.width = ctl->opt[OPT_NO_TRUNC] ? 0 : terminal_width(),
		.ellipsis = strcmp(term_charset, "UTF-8") ? "..." : "\u2026",
	};
}

int
ctl_table(const struct ctl *ctl, struct table *t)
{
	struct table_style style = ctl_table_style(ctl);
	_cleanup_buf_ struct buf out = BUF_INIT(OUTPUT_MAX);
	int r = table_print(t, &style, &out);

	if (r)
		return ctl_error(CTL_FAILED, "print the table: %s",
				 strerror(-r));
	note_write(fputs(buf_str(&out), stdout) < 0);
	return CTL_OK;
}

/* What a terminal would obey, as an escape of JSON: the same document. */
static size_t
print_json_char(const char *s, size_t len)
{
	char shown[32];
	mbstate_t state = {0};
	wchar_t wc = 0;
	size_t n = mbrtowc(&wc, s, len, &state);
	uint32_t c = (uint32_t)wc;

	if (*s == '\t' || *s == '\n' || *s == '\r') { /* between values */
		putchar(' ');
		return 1;
	}
	if (n == 0 || n > len) /* json_out writes UTF-8 only */
		return fputs("\\ufffd", stdout) < 0 ? len : 1;
	escape_bytes(s, n, shown, sizeof(shown));
	if (shown[0] != '\\')
		fwrite(s, 1, n, stdout);
	else if (c < 0x10000)
		printf("\\u%04x", c);
	else
		printf("\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
		       0xdc00 + ((c - 0x10000) & 0x3ff));
	return n;
}

static void
print_json(const char *s, size_t len)
{
	while (len) {
		size_t n = 0;

		while (n < len && s[n] >= ' ' && s[n] <= '~')
			n++;
		note_write(fwrite(s, 1, n, stdout) < n);
		if (n < len)
			n += print_json_char(s + n, len - n);
		s += n;
		len -= n;
	}
	putchar('\n');
}

int
ctl_json(struct json_out *o)
{
	int r = json_out_end(o);

	if (r)
		return ctl_error(CTL_FAILED, "print JSON: %s", strerror(-r));
	print_json(buf_str(o->buf), o->buf->len);
	return CTL_OK;
}

void
ctl_json_value(struct json_out *o, const char *key, const char *json)
{
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;

	json_out_key(o, key);
	if (json && !json_parse(&doc, json, strlen(json), NULL))
		json_out_raw(o, json, strlen(json));
	else
		json_out_string(o, json);
}

/* --- what a table leaves out ----------------------------------------------------- */

#define ID_SHOWN 12

/* The hex digits that text begins with, behind "sha256:". */
static size_t
id_digits(const char *text, size_t *ret_prefix)
{
	static const char prefix[] = "sha256:";

	*ret_prefix = strncmp(text, prefix, strlen(prefix)) ? 0
							    : strlen(prefix);
	return strspn(text + *ret_prefix, "0123456789abcdef");
}

void
ctl_add_name(const struct ctl *ctl, struct table *t, const char *text)
{
	size_t prefix, digits = text ? id_digits(text, &prefix) : 0;

	if (digits == 64 && !text[prefix + digits] && !ctl->opt[OPT_NO_TRUNC])
		table_addf(t, TABLE_PLAIN, "%.*s", ID_SHOWN, text + prefix);
	else
		table_add(t, text, TABLE_PLAIN);
}

void
ctl_add_message(const struct ctl *ctl, struct table *t, const char *text,
		const char *rule)
{
	size_t len = rule ? strlen(rule) : 0;

	if (text && len && !ctl->opt[OPT_NO_TRUNC] && text[0] == '[' &&
	    !strncmp(text + 1, rule, len) && !strncmp(text + 1 + len, "] ", 2))
		text += len + 3;
	table_add(t, text, TABLE_PLAIN);
}

enum table_color
ctl_verdict_color(const char *verdict)
{
	if (!strcmp(verdict, "deny"))
		return TABLE_RED;
	return strcmp(verdict, "audit") ? TABLE_GREEN : TABLE_YELLOW;
}
