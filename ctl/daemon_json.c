#include "ctl/daemon_json.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/json.h"

#define KEY "authorization-plugins"
#define JSON_SPACE " \t\r\n"

/* --- places in valid JSON ------------------------------------------------------- */

static size_t
string_end(const char *text, size_t at)
{
	for (at++; text[at] != '"'; at++)
		if (text[at] == '\\')
			at++;
	return at + 1;
}

size_t
json_text_end(const char *text, size_t at)
{
	unsigned depth = 0;

	do {
		switch (text[at]) {
		case '"':
			at = string_end(text, at);
			continue;
		case '{':
		case '[':
			depth++;
			at++;
			continue;
		case '}':
		case ']':
			depth--;
			at++;
			continue;
		default:
			/* literals and numbers end where anything else begins */
			at += depth ? 1 : strcspn(text + at, JSON_SPACE ",]}");
			continue;
		}
	} while (depth);
	return at;
}

static size_t
skip_space(const char *text, size_t at)
{
	return at + strspn(text + at, JSON_SPACE);
}

static size_t
skip_space_back(const char *text, size_t at)
{
	while (at && strchr(JSON_SPACE, text[at - 1]))
		at--;
	return at;
}

/* Where the key of the member whose value begins at `at` begins. */
static size_t
key_start(const char *text, size_t at)
{
	at = skip_space_back(text, at);
	at = skip_space_back(text, at - 1); /* the colon */
	return at - strlen("\"" KEY "\"");
}

/* --- reading ---------------------------------------------------------------------- */

static int
error_at(struct aegis_error *err, const char *text, size_t at,
	 const char *what)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < at && text[i]; i++) {
		column = text[i] == '\n' ? 1 : column + 1;
		line += text[i] == '\n';
	}
	return aegis_error_setx(err, -EBADMSG, "%zu:%zu: %s", line, column,
				what);
}

/* lib/json names the byte; people count lines. */
static int
syntax_error(struct aegis_error *err, const char *text)
{
	char what[AEGIS_ERROR_TEXT_LEN];
	const char *digits = strpbrk(err->text, "0123456789");
	unsigned long at = digits ? strtoul(digits, NULL, 10) : 0;
	const char *reason = strstr(err->text, ": ");

	snprintf(what, sizeof(what), "not valid JSON: %.400s",
		 reason ? reason + 2 : err->text);
	return error_at(err, text, at, what);
}

static int
check_list(const char *text, const struct json_node *list,
	   struct aegis_error *err)
{
	if (list->type != JSON_ARRAY)
		return error_at(err, text, list->offset,
				KEY " is not a list of names");
	json_foreach(item, list)
		if (item->type != JSON_STRING)
			return error_at(err, text, item->offset,
					KEY " holds something that is no name");
	return 0;
}

static int
parse(struct json_doc *doc, const char *text, size_t len,
      struct aegis_error *err)
{
	struct aegis_error reason = {0};
	const struct json_node *list;

	if (json_parse(doc, text, len, &reason)) {
		if (err)
			*err = reason;
		return err ? syntax_error(err, text) : -EBADMSG;
	}
	if (doc->root->type != JSON_OBJECT)
		return error_at(err, text, doc->root->offset,
				"not a JSON object");
	if (doc->root->key_flags)
		return error_at(err, text, doc->root->offset,
				"a key twice, or spelled with escapes");
	list = json_get(doc->root, KEY);
	return list ? check_list(text, list, err) : 0;
}

/* --- editing ------------------------------------------------------------------------ */

/* text with [from, to) replaced. */
static int
splice(struct buf *out, const char *text, size_t len, size_t from, size_t to,
       const char *by)
{
	buf_add(out, text, from);
	buf_adds(out, by);
	buf_add(out, text + to, len - to);
	return buf_error(out);
}

/* The white space between '{' and the first key is the house style. */
static int
add_key(const char *text, size_t len, const struct json_node *root,
	const char *plugin, struct buf *out)
{
	size_t open = root->offset + 1, first = skip_space(text, open);
	char by[512];

	if (root->count)
		snprintf(by, sizeof(by), "%.*s\"" KEY "\": [\"%s\"],",
			 (int)(first - open < 64 ? first - open : 64),
			 text + open, plugin);
	else
		snprintf(by, sizeof(by), "\n  \"" KEY "\": [\"%s\"]\n",
			 plugin);
	return splice(out, text, len, open, root->count ? open : first, by);
}

static int
add_item(const char *text, size_t len, const struct json_node *list,
	 const char *plugin, struct buf *out)
{
	size_t close = json_text_end(text, list->offset) - 1;
	size_t at = skip_space_back(text, close);
	char by[512];

	snprintf(by, sizeof(by), "%s\"%s\"", list->count ? ", " : "", plugin);
	return splice(out, text, len, list->count ? at : list->offset + 1,
		      list->count ? at : close, by);
}

/* A value with the comma that it no longer needs, and the space before it. */
static int
remove_span(const char *text, size_t len, size_t from, size_t to,
	    struct buf *out)
{
	size_t before = skip_space_back(text, from);
	size_t after = skip_space(text, to);

	if (text[after] == ',')
		return splice(out, text, len, before, after + 1, "");
	if (before && text[before - 1] == ',')
		return splice(out, text, len, before - 1, to, "");
	return splice(out, text, len, before, after, "");
}

static bool
is_plugin(const struct json_node *item, const char *plugin, bool tagged)
{
	size_t len = strlen(plugin);

	return !strncmp(item->str, plugin, len) &&
	       (!item->str[len] || (tagged && item->str[len] == ':'));
}

/* The first element that is the plugin. */
static const struct json_node *
find_item(const struct json_node *list, const char *plugin, bool tagged)
{
	if (list)
		json_foreach(item, list)
			if (is_plugin(item, plugin, tagged))
				return item;
	return NULL;
}

static int
remove_item(const char *text, size_t len, const struct json_node *list,
	    const struct json_node *item, struct buf *out)
{
	if (list->count == 1)
		return remove_span(text, len, key_start(text, list->offset),
				   json_text_end(text, list->offset), out);
	return remove_span(text, len, item->offset,
			   json_text_end(text, item->offset), out);
}

int
daemon_json_edit(const char *text, size_t len, enum daemon_json_edit edit,
		 const char *plugin, struct buf *out, bool *ret_changed,
		 struct aegis_error *err)
{
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
	const struct json_node *list, *item;
	int r;

	*ret_changed = false;
	if (skip_space(text, 0) == len) {
		text = "{}\n";
		len = 3;
	}
	r = parse(&doc, text, len, err);
	if (r)
		return r;
	list = json_get(doc.root, KEY);
	item = find_item(list, plugin, edit == DAEMON_JSON_REMOVE);
	if ((edit == DAEMON_JSON_ADD) == (item != NULL)) {
		buf_add(out, text, len);
		return buf_error(out);
	}
	*ret_changed = true;
	if (edit == DAEMON_JSON_REMOVE)
		return remove_item(text, len, list, item, out);
	return list ? add_item(text, len, list, plugin, out)
		    : add_key(text, len, doc.root, plugin, out);
}

int
daemon_json_each(const char *text, size_t len, bool *ret_key,
		 int (*name)(const char *name, void *ctx), void *ctx,
		 struct aegis_error *err)
{
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
	const struct json_node *list;
	int r;

	*ret_key = false;
	if (skip_space(text, 0) == len)
		return 0;
	r = parse(&doc, text, len, err);
	list = r ? NULL : json_get(doc.root, KEY);
	if (!list)
		return r;
	*ret_key = true;
	json_foreach(item, list)
		if ((r = name(item->str, ctx)))
			return r;
	return 0;
}

static int
same_plugin(const char *name, void *ctx)
{
	const char *plugin = ctx;
	size_t len = strlen(plugin);

	return !strncmp(name, plugin, len) && (!name[len] || name[len] == ':');
}

int
daemon_json_lists(const char *text, size_t len, const char *plugin, bool *ret)
{
	bool key;
	int r = daemon_json_each(text, len, &key, same_plugin, (void *)plugin,
				 NULL);

	*ret = r > 0;
	return r < 0 ? r : 0;
}

bool
daemon_json_is_empty(const char *text, size_t len)
{
	size_t at = skip_space(text, 0);

	if (at < len && text[at] == '{')
		at = skip_space(text, at + 1);
	else
		return at == len;
	return text[at] == '}' && skip_space(text, at + 1) == len;
}

int
daemon_json_string(const char *text, size_t len, const char *key, char *ret,
		   size_t size, struct aegis_error *err)
{
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
	const char *value;
	int r;

	*ret = '\0';
	if (skip_space(text, 0) == len)
		return 0;
	r = parse(&doc, text, len, err);
	if (r)
		return r;
	value = json_get_string(doc.root, key);
	snprintf(ret, size, "%s", value ? value : "");
	return 0;
}
