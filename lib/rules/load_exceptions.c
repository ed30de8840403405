/*
 * Exceptions of rules: from YAML, and into the text of the condition.
 *
 *   fields a list:   not ((f1 op1 v1 and f2 op2 v2) or (...))
 *   fields one name: not f op (v, v, ...)
 */
#include <ctype.h>
#include <string.h>

#include "lib/rules/internal.h"

/* Values of values of a tuple: a list in a list. */
#define ENTRY_DEPTH_MAX 3

static int
no_memory(struct aegis_error *err)
{
	return aegis_error_set(err, -ENOMEM, "load rules");
}

/* --- reading ------------------------------------------------------------ */

static int
load_entry(struct reading *r, const struct conf_node *n, unsigned depth,
	   struct entry *ret)
{
	int code;

	ret->is_set = true;
	if (n->type != CONF_LIST) {
		code = conf_string(r->conf, n, &ret->text, r->err);
		if (code == 0 && !*ret->text)
			code = conf_error(r->conf, n, r->err, "an empty value");
		return code;
	}
	if (depth == ENTRY_DEPTH_MAX)
		return conf_error(r->conf, n, r->err, "a list too many");
	ret->is_list = true;
	ret->items = arena_array(&r->rs->arena, n->count, sizeof(*ret->items));
	if (!ret->items)
		return no_memory(r->err);
	for (const struct conf_node *c = n->first; c; c = c->next) {
		code = load_entry(r, c, depth + 1, &ret->items[ret->count++]);
		if (code < 0)
			return code;
	}
	return 0;
}

static int
load_optional_entry(struct reading *r, const struct conf_node *map,
		    const char *key, struct entry *ret)
{
	const struct conf_node *n = load_find(map, key);

	return n ? load_entry(r, n, 1, ret) : 0;
}

static int
load_values(struct reading *r, const struct conf_node *map, struct exception *e)
{
	const struct conf_node *n = load_find(map, "values");

	if (!n)
		return 0;
	if (n->type != CONF_LIST)
		return conf_error(r->conf, n, r->err,
				  "'values' has to be a list");
	e->values = arena_array(&r->rs->arena, n->count, sizeof(*e->values));
	if (!e->values)
		return no_memory(r->err);
	for (const struct conf_node *c = n->first; c; c = c->next) {
		int code = load_entry(r, c, 1, &e->values[e->value_count++]);

		if (code < 0)
			return code;
	}
	return 0;
}

static const char *const exception_keys[] = {"name", "fields", "comps",
					     "values"};

static int
load_exception(struct reading *r, const struct conf_node *n, bool append,
	       struct exception *e)
{
	struct reading inner = *r;
	int code;

	if (n->type != CONF_MAP)
		return conf_error(r->conf, n, r->err,
				  "an exception is a map with a name");
	inner.node = n;
	code = load_text(&inner, "name", &e->name);
	if (code == 0)
		code = load_optional_entry(r, n, "fields", &e->fields);
	if (code == 0)
		code = load_optional_entry(r, n, "comps", &e->comps);
	if (code == 0)
		code = load_values(r, n, e);
	if (code < 0)
		return code;
	load_warn_unknown_keys(&inner, exception_keys, 4);
	e->place = place_of(r->conf, n);
	if (!append && !e->fields.is_set)
		return conf_error(r->conf, n, r->err,
				  "the exception '%.40s' has no fields",
				  e->name);
	return append && !e->fields.is_set ? 0 : exception_check(e, r->err);
}

int
load_exceptions(struct reading *r, bool append, struct exception **ret)
{
	const struct conf_node *list = load_find(r->node, "exceptions");
	struct exception **end = ret;

	if (list->type == CONF_NULL)
		return 0;
	if (list->type != CONF_LIST)
		return conf_error(r->conf, list, r->err,
				  "'exceptions' has to be a list");
	for (const struct conf_node *c = list->first; c; c = c->next) {
		struct exception *e = arena_alloc(&r->rs->arena, sizeof(*e));
		int code;

		if (!e)
			return no_memory(r->err);
		code = load_exception(r, c, append, e);
		if (code < 0)
			return code;
		for (const struct exception *k = *ret; k; k = k->next)
			if (!strcmp(k->name, e->name))
				load_warn(r, c,
					  "two exceptions '%.40s' in one rule",
					  e->name);
		*end = e;
		end = &e->next;
	}
	return 0;
}

/* --- checking ----------------------------------------------------------- */

/* What is around an operator counts for nothing, as with Falco. */
static const char *
trimmed(const char *s, char *copy, size_t size)
{
	size_t len;

	while (isspace((unsigned char)*s))
		s++;
	len = strlen(s);
	while (len && isspace((unsigned char)s[len - 1]))
		len--;
	snprintf(copy, size, "%.*s", (int)len, s);
	return copy;
}

#define COMP_MAX 64

static bool
comp_find(const char *text, enum rules_op *ret_op,
	  enum rules_modifier *ret_modifier)
{
	char copy[COMP_MAX];

	return rules_op_find(trimmed(text, copy, sizeof(copy)), ret_op,
			     ret_modifier);
}

static int
check_field(const struct exception *e, const struct entry *field,
	    struct aegis_error *err)
{
	struct rules_ref ref;
	struct aegis_error why = {0};
	char name[256], *bracket, *end;

	if (field->is_list)
		return place_error(&e->place, err, "a list among the fields");
	snprintf(name, sizeof(name), "%s", field->text);
	bracket = strchr(name, '[');
	end = bracket ? strrchr(name, ']') : NULL;
	if (end) {
		*bracket++ = '\0';
		*end = '\0';
	}
	/* Transformers and quotes are for the parser of the condition. */
	if (strpbrk(name, "(\"'"))
		return 0;
	if (rules_field_resolve(name, end ? bracket : NULL, &ref, &why) < 0)
		return place_error(&e->place, err, "exception '%.40s': %s",
				   e->name, why.text);
	return 0;
}

static int
bad_comp(const struct exception *e, const struct entry *comp,
	 struct aegis_error *err)
{
	return place_error(&e->place, err,
			   "exception '%.40s': '%.40s' is no operator for it",
			   e->name, comp->is_list ? "[..]" : comp->text);
}

/* Each tuple has as many values as there are fields, and operators, if any. */
static int
check_tuples(const struct exception *e, struct aegis_error *err)
{
	enum rules_modifier m;
	enum rules_op op;

	if (e->comps.is_set &&
	    (!e->comps.is_list || e->comps.count != e->fields.count))
		return place_error(&e->place, err,
				   "exception '%.40s': as many comps as fields "
				   "are wanted",
				   e->name);
	for (uint32_t i = 0; i < e->comps.count; i++)
		if (e->comps.items[i].is_list ||
		    !comp_find(e->comps.items[i].text, &op, &m))
			return bad_comp(e, &e->comps.items[i], err);
	for (uint32_t i = 0; i < e->fields.count; i++)
		if (check_field(e, &e->fields.items[i], err) < 0)
			return -EBADMSG;
	return e->fields.count ? 0
			       : place_error(&e->place, err,
					     "exception '%.40s' has no fields",
					     e->name);
}

static int
check_values(const struct exception *e, struct aegis_error *err)
{
	for (uint32_t i = 0; i < e->value_count; i++) {
		const struct entry *v = &e->values[i];

		if (!e->fields.is_list && v->is_list)
			return place_error(
				&e->place, err,
				"exception '%.40s': a list among the "
				"values of a single field",
				e->name);
		if (e->fields.is_list &&
		    (!v->is_list || v->count != e->fields.count))
			return place_error(&e->place, err,
					   "exception '%.40s': each of its "
					   "values is a list of %u",
					   e->name, e->fields.count);
		for (uint32_t k = 0; k < v->count; k++)
			for (uint32_t j = 0; j < v->items[k].count; j++)
				if (v->items[k].items[j].is_list)
					return place_error(&e->place, err,
							   "a list too many");
	}
	return 0;
}

int
exception_check(const struct exception *e, struct aegis_error *err)
{
	enum rules_modifier m;
	enum rules_op op;
	int r;

	if (e->fields.is_list) {
		r = check_tuples(e, err);
	} else {
		r = check_field(e, &e->fields, err);
		if (r == 0 && e->comps.is_set &&
		    (e->comps.is_list || !comp_find(e->comps.text, &op, &m) ||
		     !rules_op_takes_list(op, m)))
			r = bad_comp(e, &e->comps, err);
	}
	return r < 0 ? r : check_values(e, err);
}

/* --- printing ----------------------------------------------------------- */

/* As Falco: what has a blank and no quote gets quotes, and nothing is escaped.
 */
static void
print_item(const char *s, struct buf *out)
{
	const bool quote = strchr(s, ' ') && *s != '"' && *s != '\'';

	buf_addf(out, quote ? "\"%s\"" : "%s", s);
}

static void
print_values(const struct entry *values, uint32_t count, struct buf *out)
{
	for (uint32_t i = 0; i < count; i++) {
		buf_adds(out, i ? ", " : "");
		print_item(values[i].text, out);
	}
}

static void
print_value(const struct entry *v, bool takes_list, struct buf *out)
{
	if (v->is_list) {
		buf_addc(out, '(');
		print_values(v->items, v->count, out);
		buf_addc(out, ')');
	} else if (takes_list && *v->text != '(') {
		buf_addf(out, "(%s)", v->text);
	} else if (takes_list) {
		buf_adds(out, v->text);
	} else {
		print_item(v->text, out);
	}
}

static void
print_tuple(const struct exception *e, const struct entry *v, struct buf *out)
{
	buf_addc(out, '(');
	for (uint32_t i = 0; i < e->fields.count; i++) {
		const char *comp =
			e->comps.is_set ? e->comps.items[i].text : "=";
		enum rules_modifier m = RULES_MODIFIER_NONE;
		enum rules_op op = RULES_OP_EQ;
		char copy[COMP_MAX];

		comp_find(comp, &op, &m);
		buf_addf(out, "%s %s %s ", i ? " and" : "",
			 e->fields.items[i].text,
			 trimmed(comp, copy, sizeof(copy)));
		print_value(&v->items[i], rules_op_takes_list(op, m), out);
	}
	buf_addc(out, ')');
}

static void
print_exception(const struct exception *e, struct buf *out)
{
	char copy[COMP_MAX];

	if (!e->value_count)
		return;
	buf_adds(out, " and not (");
	if (!e->fields.is_list) {
		buf_addf(out, "%s %s (", e->fields.text,
			 e->comps.is_set
				 ? trimmed(e->comps.text, copy, sizeof(copy))
				 : "in");
		print_values(e->values, e->value_count, out);
		buf_addc(out, ')');
	}
	for (uint32_t i = 0; e->fields.is_list && i < e->value_count; i++) {
		buf_adds(out, i ? " or " : "");
		print_tuple(e, &e->values[i], out);
	}
	buf_addc(out, ')');
}

int
exceptions_print(const char *text, const struct exception *e, struct buf *out,
		 struct aegis_error *err)
{
	if (!e) {
		buf_adds(out, text);
	} else {
		buf_addf(out, "(%s)", text);
		for (; e; e = e->next) {
			int r = exception_check(e, err);

			if (r < 0)
				return r;
			print_exception(e, out);
		}
	}
	return 0;
}
