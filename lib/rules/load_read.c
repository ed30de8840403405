/*
 * Items of a rule file, from YAML.  Falco's rule_loader_reader.cpp is the
 * source of what is required, optional and refused.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/rules/internal.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* --- keys and scalars --------------------------------------------------- */

const struct conf_node *
load_find(const struct conf_node *map, const char *key)
{
	for (const struct conf_node *c = map->first; c; c = c->next)
		if (!strcmp(c->key, key))
			return c;
	return NULL;
}

void
load_warn(struct reading *r, const struct conf_node *n, const char *format, ...)
{
	struct aegis_error err;
	char text[AEGIS_ERROR_TEXT_LEN];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	conf_key_error(r->conf, n, &err, "%s", text);
	problem_add(r->rs, false, r->kind, r->name, err.text);
}

int
load_text(struct reading *r, const char *key, const char **ret)
{
	const struct conf_node *n = load_find(r->node, key);

	if (!n)
		return conf_error(r->conf, r->node, r->err,
				  "the key '%s' is missing", key);
	if (n->type == CONF_NULL || (n->type == CONF_SCALAR && !*n->value))
		return conf_error(r->conf, n, r->err, "'%s' is empty", key);
	return conf_string(r->conf, n, ret, r->err);
}

/* As YAML 1.1 has them, and yaml-cpp: y, yes, on and true, in lower case, upper
 * case or with a capital; quotes do not matter. */
int
load_bool(struct reading *r, const char *key, bool *ret)
{
	static const char *const words[] = {"n", "no",  "false", "off",
					    "y", "yes", "true",  "on"};
	const char *text, *rest;
	int code = load_text(r, key, &text);

	if (code < 0)
		return code;
	rest = text + 1;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		bool lower = true, upper = isupper((unsigned char)*text);

		if (strcasecmp(text, words[i]) != 0)
			continue;
		for (const char *c = rest; *c; c++) {
			lower &= islower((unsigned char)*c) != 0;
			upper &= isupper((unsigned char)*c) != 0;
		}
		if (!lower && !upper)
			continue;
		*ret = i >= ARRAY_LEN(words) / 2;
		return 0;
	}
	return conf_error(r->conf, load_find(r->node, key), r->err,
			  "expected true or false, found '%.40s'", text);
}

int
load_texts(struct reading *r, const char *key, uint32_t max, struct texts *ret)
{
	const struct conf_node *n = load_find(r->node, key);

	if (!n)
		return conf_error(r->conf, r->node, r->err,
				  "the key '%s' is missing", key);
	if (n->type != CONF_LIST)
		return conf_error(r->conf, n, r->err,
				  "'%s' has to be a list, for example [a, b]",
				  key);
	if (n->count > max)
		return conf_error(r->conf, n, r->err, "more than %u %s", max,
				  key);
	for (const struct conf_node *c = n->first; c; c = c->next) {
		const char *text = NULL;
		int code = conf_string(r->conf, c, &text, r->err);

		if (code < 0)
			return code;
		if (texts_add(&r->rs->arena, ret, text) < 0)
			return aegis_error_set(r->err, -ENOMEM, "load rules");
	}
	return 0;
}

/* Falco warns of what it does not know, and so does this: a rule file for a
 * newer Falco still loads. */
void
load_warn_unknown_keys(struct reading *r, const char *const *known,
		       size_t count)
{
	for (const struct conf_node *c = r->node->first; c; c = c->next) {
		const char *near;
		size_t i = 0;

		while (i < count && strcmp(c->key, known[i]) != 0)
			i++;
		if (i < count) {
			if (load_find(r->node, c->key) != c)
				load_warn(r, c,
					  "the key '%.40s' comes twice; "
					  "only the first counts",
					  c->key);
			continue;
		}
		near = conf_nearest(c->key, known, count);
		load_warn(r, c, "unknown key '%.40s' is ignored%s%s%s", c->key,
			  near ? "; did you mean '" : "", near ? near : "",
			  near ? "'?" : "");
	}
}

/* --- override and append ------------------------------------------------ */

static int
override_entry(struct reading *r, const struct conf_node *n,
	       const char *const *names, size_t count, unsigned appendable,
	       unsigned replaceable, struct override *ret)
{
	const char *how = NULL;
	unsigned bit = 0;
	int code = conf_string(r->conf, n, &how, r->err);

	if (code < 0)
		return code;
	for (size_t i = 0; i < count; i++)
		if (!strcmp(n->key, names[i]))
			bit = 1u << i;
	if (!strcmp(how, "append")) {
		if (!(bit & appendable))
			return conf_key_error(r->conf, n, r->err,
					      "'%.40s' cannot be appended to; "
					      "use replace",
					      n->key);
		ret->append |= bit;
		return 0;
	}
	if (strcmp(how, "replace") != 0)
		return conf_error(r->conf, n, r->err,
				  "expected append or replace, found '%.40s'",
				  how);
	if (!(bit & replaceable))
		return conf_key_error(r->conf, n, r->err,
				      "'%.40s' cannot be replaced", n->key);
	ret->replace |= bit;
	return 0;
}

int
load_override(struct reading *r, const char *const *names, size_t count,
	      unsigned appendable, unsigned replaceable, struct override *ret)
{
	const struct conf_node *n = load_find(r->node, "override");
	int code = 0;

	*ret = (struct override){0};
	if (load_find(r->node, "append"))
		code = load_bool(r, "append", &ret->deprecated_append);
	if (code < 0 || !n)
		return code;
	if (n->type != CONF_MAP)
		return conf_error(r->conf, n, r->err,
				  "a map of KEY: append or KEY: replace is "
				  "wanted here");
	for (const struct conf_node *c = n->first; c && code == 0; c = c->next)
		code = override_entry(r, c, names, count, appendable,
				      replaceable, ret);
	if (code == 0 && ret->deprecated_append &&
	    (ret->append || ret->replace))
		return conf_key_error(r->conf, n, r->err,
				      "append and override exclude each other");
	return code;
}

/* --- lists and macros --------------------------------------------------- */

static bool
is_list_name(const char *s)
{
	return *s && !s[strcspn(s, "()\"' \t\n\v\f\r=,")];
}

static bool
is_macro_name(const char *s)
{
	if (!isalpha((unsigned char)*s))
		return false;
	while (isalnum((unsigned char)*s) || *s == '_')
		s++;
	return !*s;
}

static int
load_list(struct reading *r)
{
	static const char *const keys[] = {"items", "list", "append",
					   "override"};
	struct override override;
	struct list l = {
		.info = {.name = r->name,
			 .file = r->conf->file,
			 .line = r->node->line},
		.place = place_of(r->conf, r->node),
	};
	int code;

	if (!is_list_name(r->name))
		load_warn(r, load_find(r->node, "list"),
			  "the name of a list should have no blank, quote, "
			  "parenthesis, '=' or ','");
	code = load_texts(r, "items", RULES_ITEMS_MAX, &l.items);
	if (code == 0)
		code = load_override(r, keys, 1, 1, 1, &override);
	if (code < 0)
		return code;
	load_warn_unknown_keys(r, keys, ARRAY_LEN(keys));
	return apply_list(r, &l, override.deprecated_append || override.append);
}

static int
load_macro(struct reading *r)
{
	static const char *const keys[] = {"condition", "macro", "append",
					   "override"};
	struct override override;
	struct macro m = {
		.info = {.name = r->name,
			 .file = r->conf->file,
			 .line = r->node->line},
		.place = place_of(r->conf, r->node),
	};
	int code;

	if (!is_macro_name(r->name))
		load_warn(r, load_find(r->node, "macro"),
			  "the name of a macro has letters, digits and '_' "
			  "only, and begins with a letter; no condition can "
			  "use this one");
	code = load_text(r, "condition", &m.text);
	if (code == 0)
		code = load_override(r, keys, 1, 1, 1, &override);
	if (code < 0)
		return code;
	m.condition_place = place_of(r->conf, load_find(r->node, "condition"));
	load_warn_unknown_keys(r, keys, ARRAY_LEN(keys));
	return apply_macro(r, &m,
			   override.deprecated_append || override.append);
}

/* --- versions ----------------------------------------------------------- */

/* "57" (0.57.0, as old files have it) or "0.57.0". */
static bool
read_version(const char *text, int64_t ret[3])
{
	char *end;

	ret[0] = 0;
	ret[2] = 0;
	ret[1] = strtol(text, &end, 10);
	if (isdigit((unsigned char)*text) && !*end)
		return true;
	for (int i = 0; i < 3; i++) {
		if (!isdigit((unsigned char)*text))
			return false;
		ret[i] = strtol(text, &end, 10);
		text = end + 1;
		if (i < 2 && *end != '.')
			return false;
	}
	return !*end || *end == '-' || *end == '+';
}

bool
load_version_fits(struct ruleset *rs, const struct conf *conf,
		  const struct conf_node *document)
{
	struct aegis_error err;
	int64_t v[3];

	for (const struct conf_node *c = document->first; c; c = c->next) {
		const struct conf_node *n =
			c->type == CONF_MAP
				? load_find(c, "required_engine_version")
				: NULL;

		if (!n)
			continue;
		if (n->type != CONF_SCALAR || !read_version(n->value, v)) {
			conf_error(conf, n, &err,
				   "expected a version such as 0.57.0");
		} else if (v[0] != RULES_ENGINE_MAJOR ||
			   v[1] > RULES_ENGINE_MINOR) {
			conf_error(conf, n, &err,
				   "the file is for rule engine %.20s, this is "
				   "%d.%d.0; nothing of it was loaded",
				   n->value, RULES_ENGINE_MAJOR,
				   RULES_ENGINE_MINOR);
		} else {
			continue;
		}
		problem_add(rs, true, "file", conf->file, err.text);
		return false;
	}
	return true;
}

/* Falco's container plugin is part of AEGIS; rules of other plugins are for
 * other sources, and are skipped one by one. */
static int
load_plugin_versions(struct reading *r)
{
	const struct conf_node *list =
		load_find(r->node, "required_plugin_versions");

	if (list->type != CONF_LIST)
		return conf_error(r->conf, list, r->err,
				  "a list of {name, version} is wanted here");
	for (const struct conf_node *c = list->first; c; c = c->next) {
		const struct conf_node *name = conf_get(c, "name");

		if (!name || name->type != CONF_SCALAR ||
		    !conf_get(c, "version"))
			return conf_error(r->conf, c, r->err,
					  "{name: .., version: ..} is wanted "
					  "here");
		if (strcmp(name->value, "container") != 0)
			load_warn(r, name,
				  "AEGIS has no plugin '%.40s'; rules of its "
				  "source are skipped",
				  name->value);
	}
	return 0;
}

/* --- items -------------------------------------------------------------- */

static int
load_engine_version(struct reading *r)
{
	(void)r; /* load_version_fits() has looked */
	return 0;
}

static const struct {
	const char *key, *kind;
	int (*load)(struct reading *r);
} kinds[] = {
	{"required_engine_version", "file", load_engine_version},
	{"required_plugin_versions", "file", load_plugin_versions},
	{"list", "list", load_list},
	{"macro", "macro", load_macro},
	{"rule", "rule", load_rule},
};

static void
load_kind(struct reading *r, size_t kind)
{
	int code;

	r->kind = kinds[kind].kind;
	r->name = r->conf->file;
	code = strcmp(r->kind, "file") ? load_text(r, kinds[kind].key, &r->name)
				       : 0;
	if (code == 0)
		code = kinds[kind].load(r);
	if (code == 0)
		return;
	if (code == -ENOMEM)
		r->rs->out_of_memory = true;
	problem_add(r->rs, true, r->kind, r->name, r->err->text);
	if (!strcmp(r->kind, "rule"))
		apply_refused(r, r->err->text);
}

void
load_item(struct ruleset *rs, const struct conf *conf,
	  const struct conf_node *item)
{
	struct aegis_error err = {0};
	struct reading r = {.rs = rs,
			    .conf = conf,
			    .node = item,
			    .kind = "file",
			    .name = conf->file,
			    .err = &err};

	if (item->type == CONF_NULL)
		return;
	if (item->type != CONF_MAP) {
		conf_error(conf, item, &err,
			   "a rule, a macro or a list is wanted here");
		problem_add(rs, true, "file", conf->file, err.text);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (load_find(item, kinds[i].key)) {
			load_kind(&r, i);
			return;
		}
	load_warn(&r, item, "neither a rule nor a macro nor a list; ignored");
}
