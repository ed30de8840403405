/*
 * From text to tree, by recursive descent: one function for each line of the
 * grammar in condition.h.
 */
#include <string.h>

#include "lib/rules/lexer.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

struct parser {
	struct lexer lexer;
	unsigned depth;
};

static const struct {
	const char *text;
	enum { NOTHING, NUMBER, TEXT, SET } operand;
} ops[RULES_OP_MAX] = {
#define OP(id, text, operand) [RULES_OP_##id] = {text, operand},
#include "lib/rules/op.def"
#undef OP
};

static const char *const modifiers[RULES_MODIFIER_MAX] = {
	NULL, "oneof", "anyof", "allof"};

/* With the parenthesis, so that a word alone is none. */
static const char *const transformers[] = {
	"tolower(", "toupper(", "b64(",    "basename(",
	"len(",     "join(",    "concat(", "getopt("};

const char *
rules_op_text(enum rules_op op)
{
	return ops[op].text;
}

const char *
rules_modifier_text(enum rules_modifier m)
{
	return modifiers[m];
}

bool
rules_op_takes_list(enum rules_op op, enum rules_modifier modifier)
{
	return ops[op].operand == SET || modifier != RULES_MODIFIER_NONE;
}

bool
rules_op_find(const char *text, enum rules_op *ret_op,
	      enum rules_modifier *ret_modifier)
{
	const size_t len = strcspn(text, " ");
	const char *rest = text + len + strspn(text + len, " ");
	enum rules_modifier m = RULES_MODIFIER_NONE;

	for (int i = 1; *rest && i < RULES_MODIFIER_MAX; i++)
		if (!strcmp(rest, modifiers[i]))
			m = (enum rules_modifier)i;
	if (*rest && !m)
		return false;
	for (int i = 1; i < RULES_OP_MAX; i++) {
		if (strlen(ops[i].text) != len ||
		    strncmp(ops[i].text, text, len) != 0)
			continue;
		*ret_op = (enum rules_op)i;
		*ret_modifier = m;
		return !m || ops[i].operand == TEXT;
	}
	return false;
}

/* --- failing ------------------------------------------------------------------------ */

static void *
fail(struct parser *p, int code, const char *what)
{
	struct lexer *l = &p->lexer;

	if (!l->error)
		l->error = code == -ENOMEM
				   ? aegis_error_set(l->err, code,
						     "read a condition")
				   : aegis_error_setx(l->err, code, "%s", what);
	return NULL;
}

static void *
expected(struct parser *p, const char *what)
{
	char text[128];

	snprintf(text, sizeof(text), "expected %s", what);
	return fail(p, -EBADMSG, text);
}

static bool
enter(struct parser *p)
{
	if (++p->depth < CONDITION_DEPTH_MAX)
		return true;
	fail(p, -E2BIG, "nested too deeply");
	return false;
}

/* --- growing lists of children -------------------------------------------------------- */

struct pointers {
	const void **v;
	uint32_t count, cap;
};

static void
pointers_release(struct pointers *s)
{
	free(s->v);
}

#define _cleanup_pointers_ _cleanup_(pointers_release)

static bool
pointers_add(struct parser *p, struct pointers *s, const void *item)
{
	if (!item)
		return false;
	if (s->count == s->cap) {
		const uint32_t cap = s->cap ? 2 * s->cap : 8;
		const void **v = reallocarray(s->v, cap, sizeof(*v));

		if (!v)
			return fail(p, -ENOMEM, NULL);
		s->v = v;
		s->cap = cap;
	}
	s->v[s->count++] = item;
	return true;
}

static void *
pointers_copy(struct parser *p, const struct pointers *s)
{
	void *copy = arena_array(p->lexer.arena, s->count, sizeof(*s->v));

	if (!copy)
		return fail(p, -ENOMEM, NULL);
	if (s->count)
		memcpy(copy, s->v, s->count * sizeof(*s->v));
	return copy;
}

/* --- operands --------------------------------------------------------------------------- */

static struct operand *
new_operand(struct parser *p, enum operand_kind kind, const char *text)
{
	struct operand *o;

	if (p->lexer.error)
		return NULL;
	o = arena_alloc(p->lexer.arena, sizeof(*o));
	if (!o)
		return fail(p, -ENOMEM, NULL);
	o->kind = kind;
	o->text = text;
	return o;
}

static const struct operand *
with_items(struct parser *p, struct operand *o, const struct pointers *items)
{
	if (!o)
		return NULL;
	o->items = pointers_copy(p, items);
	o->item_count = items->count;
	return o->items ? o : NULL;
}

/* What may stand in brackets behind a field or transformer. */
static const struct operand *
with_argument(struct parser *p, struct operand *o)
{
	if (!o || !lexer_skip(&p->lexer, "["))
		return o;
	if (!lexer_quoted(&p->lexer) && !lexer_bare_argument(&p->lexer))
		return expected(p, "an argument: a text, quoted or not");
	o->argument = p->lexer.token;
	return lexer_skip(&p->lexer, "]") ? o : expected(p, "']'");
}

static const struct operand *
parse_field(struct parser *p)
{
	return with_argument(p, new_operand(p, OPERAND_FIELD, p->lexer.token));
}

static const struct operand *parse_group(struct parser *p);
static const struct operand *parse_transformer(struct parser *p,
					       const char *name);

static const char *
transformer(struct parser *p)
{
	for (size_t i = 0; i < ARRAY_LEN(transformers); i++)
		if (lexer_skip(&p->lexer, transformers[i]))
			return arena_copy(p->lexer.arena, transformers[i],
					  strlen(transformers[i]) - 1);
	return NULL;
}

static const struct operand *
parse_transformer_argument(struct parser *p)
{
	struct lexer *l = &p->lexer;
	const struct operand *o;
	const char *name;

	if (!enter(p))
		return NULL;
	lexer_blank(l);
	if (lexer_number(l) || lexer_quoted(l))
		o = new_operand(p, OPERAND_VALUE, l->token);
	else if (lexer_skip(l, "("))
		o = parse_group(p);
	else if ((name = transformer(p)))
		o = parse_transformer(p, name);
	else if (lexer_field_name(l))
		o = parse_field(p);
	else
		o = expected(p, "a field, a number or a quoted text");
	p->depth--;
	return o;
}

static const struct operand *
parse_items(struct parser *p, enum operand_kind kind, const char *name)
{
	_cleanup_pointers_ struct pointers items = {0};

	do {
		if (!pointers_add(p, &items, parse_transformer_argument(p)))
			return NULL;
		lexer_blank(&p->lexer);
	} while (lexer_skip(&p->lexer, ","));
	if (!lexer_skip(&p->lexer, ")"))
		return expected(p, "')'");
	return with_items(p, new_operand(p, kind, name), &items);
}

/* After its "(". */
static const struct operand *
parse_group(struct parser *p)
{
	lexer_blank(&p->lexer);
	if (lexer_skip(&p->lexer, ")"))
		return new_operand(p, OPERAND_GROUP, "");
	return parse_items(p, OPERAND_GROUP, "");
}

/* After its "(".  The operand is ours alone until it is returned. */
static const struct operand *
parse_transformer(struct parser *p, const char *name)
{
	return with_argument(
		p, (struct operand *)parse_items(p, OPERAND_TRANSFORM, name));
}

/* val(field), tolower(field) and the like on the right of an operator.
 * *ret_is tells whether there was one. */
static const struct operand *
parse_right_transformer(struct parser *p, bool *ret_is)
{
	const char *name;

	*ret_is = true;
	if (lexer_skip(&p->lexer, "val(")) {
		const struct operand *o = parse_items(p, OPERAND_TRANSFORM,
						      "val");

		if (o && (o->item_count != 1 ||
			  o->items[0]->kind != OPERAND_FIELD))
			return expected(p, "one field in val()");
		return o;
	}
	name = transformer(p);
	*ret_is = name != NULL;
	return name ? parse_transformer(p, name) : NULL;
}

static const struct operand *
parse_text(struct parser *p)
{
	lexer_blank(&p->lexer);
	if (!lexer_quoted(&p->lexer) && !lexer_bare_text(&p->lexer))
		return NULL;
	return new_operand(p, OPERAND_VALUE, p->lexer.token);
}

/* "(a, b)"; "()" is a set of nothing. */
static const struct operand *
parse_set(struct parser *p)
{
	_cleanup_pointers_ struct pointers items = {0};
	const struct operand *o = parse_text(p);

	while (o) {
		if (!pointers_add(p, &items, o))
			return NULL;
		lexer_blank(&p->lexer);
		if (!lexer_skip(&p->lexer, ","))
			break;
		o = parse_text(p);
		if (!o)
			return expected(p, "a value after ','");
	}
	if (p->lexer.error)
		return NULL;
	if (!lexer_skip(&p->lexer, ")"))
		return expected(p, items.count ? "',' or ')' in a list"
					       : "a value or ')' in a list");
	return with_items(p, new_operand(p, OPERAND_LIST, ""), &items);
}

static const struct operand *
parse_right_set(struct parser *p, bool or_transformer)
{
	const struct operand *o;
	bool is = false;

	lexer_blank(&p->lexer);
	if (lexer_skip(&p->lexer, "("))
		return parse_set(p);
	o = or_transformer ? parse_right_transformer(p, &is) : NULL;
	if (is)
		return o;
	if (!lexer_identifier(&p->lexer))
		return expected(p, "a list in parentheses");
	return new_operand(p, OPERAND_VALUE, p->lexer.token);
}

static const struct operand *
parse_right_number(struct parser *p)
{
	const struct operand *o;
	bool is;

	lexer_blank(&p->lexer);
	o = parse_right_transformer(p, &is);
	if (is)
		return o;
	if (!lexer_number(&p->lexer))
		return expected(p, "a number");
	return new_operand(p, OPERAND_VALUE, p->lexer.token);
}

/* "oneof" and so on, if a list follows; else nothing is taken, and the word is
 * an ordinary text. */
static enum rules_modifier
parse_modifier(struct parser *p)
{
	struct lexer *l = &p->lexer;
	const size_t start = l->at;

	for (int m = 1; m < RULES_MODIFIER_MAX; m++) {
		size_t list;

		if (!lexer_skip(l, modifiers[m]) || !lexer_blank(l)) {
			l->at = start;
			continue;
		}
		list = l->at;
		if (lexer_is(l, '('))
			return (enum rules_modifier)m;
		if (!lexer_keyword(l, "and") && !lexer_keyword(l, "or") &&
		    !lexer_keyword(l, "not") && lexer_identifier(l)) {
			l->at = list;
			return (enum rules_modifier)m;
		}
		l->at = start;
	}
	return RULES_MODIFIER_NONE;
}

static const struct operand *
parse_right_text(struct parser *p, bool had_blank,
		 enum rules_modifier *ret_modifier)
{
	const struct operand *o;
	bool is;

	had_blank |= lexer_blank(&p->lexer);
	*ret_modifier = had_blank ? parse_modifier(p) : RULES_MODIFIER_NONE;
	if (*ret_modifier)
		return parse_right_set(p, false);
	o = parse_right_transformer(p, &is);
	if (is)
		return o;
	o = parse_text(p);
	return o ? o : expected(p, "a value");
}

/* --- checks --------------------------------------------------------------------------------- */

static enum rules_op
parse_op(struct parser *p)
{
	struct lexer *l = &p->lexer;

	for (int op = 1; op < RULES_OP_MAX; op++) {
		const char *text = ops[op].text;
		const size_t start = l->at;
		const bool word = *text >= 'a';

		if (word ? !lexer_keyword(l, text) : !lexer_skip(l, text))
			continue;
		if (!word || ops[op].operand != TEXT || lexer_blank(l))
			return (enum rules_op)op;
		l->at = start;
	}
	return RULES_OP_INVALID;
}

static struct condition *
new_condition(struct parser *p, enum condition_kind kind, size_t offset)
{
	struct condition *c;

	if (p->lexer.error)
		return NULL;
	c = arena_alloc(p->lexer.arena, sizeof(*c));
	if (!c)
		return fail(p, -ENOMEM, NULL);
	c->kind = kind;
	c->offset = (uint32_t)offset;
	c->size = c->depth = 1;
	return c;
}

static const struct condition *
parse_check(struct parser *p, const struct operand *left, size_t offset)
{
	struct condition *c = left ? new_condition(p, CONDITION_CHECK, offset)
				   : NULL;

	if (!c)
		return NULL;
	lexer_blank(&p->lexer);
	c->left = left;
	c->op = parse_op(p);
	if (!c->op)
		return expected(p, "an operator such as =, in or contains");
	switch (ops[c->op].operand) {
	case NOTHING:
		return c;
	case NUMBER:
		c->right = parse_right_number(p);
		break;
	case TEXT:
		c->right = parse_right_text(p, *ops[c->op].text >= 'a',
					    &c->modifier);
		break;
	case SET:
		c->right = parse_right_set(p, true);
		break;
	}
	if (!c->right)
		return NULL;
	c->size += c->right->item_count;
	return c;
}

static const struct condition *parse_or(struct parser *p);

static const struct condition *
parse_primary(struct parser *p)
{
	struct lexer *l = &p->lexer;
	const struct condition *inner;
	struct condition *c;
	const size_t start = l->at;
	const char *name;

	if (lexer_skip(l, "(")) {
		inner = parse_or(p);
		if (inner && !lexer_skip(l, ")"))
			return expected(p, "')', 'and' or 'or'");
		return inner;
	}
	if (lexer_field_name(l))
		return parse_check(p, parse_field(p), start);
	name = transformer(p);
	if (name)
		return parse_check(p, parse_transformer(p, name), start);
	if (lexer_keyword(l, "and") || lexer_keyword(l, "or") ||
	    lexer_keyword(l, "not") || !lexer_identifier(l)) {
		l->at = start;
		return expected(p, "'(', a field or the name of a macro");
	}
	c = new_condition(p, CONDITION_MACRO, start);
	if (c)
		c->macro = l->token;
	return c;
}

static const struct condition *
join(struct parser *p, enum condition_kind kind, size_t offset,
     const struct pointers *s)
{
	const struct condition *c = NULL;
	const void *const *v = s->v;

	if (p->lexer.error)
		return NULL;
	if (s->count == 1)
		return v[0];
	p->lexer.error = condition_join(
		p->lexer.arena, kind, (uint32_t)offset,
		(const struct condition *const *)v, s->count, &c, p->lexer.err);
	return c;
}

/* Any number of "not"; two of them are none. */
static const struct condition *
parse_not(struct parser *p)
{
	struct lexer *l = &p->lexer;
	const size_t start = l->at;
	const struct condition *inner, *c = NULL;
	bool negated = false;

	for (;;) {
		const size_t before = l->at;

		if (!lexer_keyword(l, "not"))
			break;
		if (!lexer_blank(l) && !lexer_is(l, '(')) {
			l->at = before;
			break;
		}
		negated = !negated;
	}
	inner = parse_primary(p);
	if (!inner || !negated)
		return inner;
	l->error = condition_join(l->arena, CONDITION_NOT, (uint32_t)start,
				  &inner, 1, &c, l->err);
	return c;
}

/* word must be followed by a blank or a parenthesis. */
static bool
parse_word(struct parser *p, const char *word)
{
	lexer_blank(&p->lexer);
	if (p->lexer.error || !lexer_keyword(&p->lexer, word))
		return false;
	if (!lexer_blank(&p->lexer) && !lexer_is(&p->lexer, '('))
		return expected(p, "a blank or '(' after 'and' or 'or'");
	return true;
}

static const struct condition *
parse_and(struct parser *p)
{
	_cleanup_pointers_ struct pointers children = {0};
	const size_t start = p->lexer.at;

	do {
		if (!pointers_add(p, &children, parse_not(p)))
			return NULL;
	} while (parse_word(p, "and"));
	return join(p, CONDITION_AND, start, &children);
}

static const struct condition *
parse_or(struct parser *p)
{
	_cleanup_pointers_ struct pointers children = {0};
	size_t start;

	/* Falco steps into or, and, not, check and the parenthesis. */
	p->depth += 4;
	if (!enter(p))
		return NULL;
	lexer_blank(&p->lexer);
	start = p->lexer.at;
	do {
		if (!pointers_add(p, &children, parse_and(p)))
			return NULL;
	} while (parse_word(p, "or"));
	lexer_blank(&p->lexer);
	p->depth -= 5;
	return join(p, CONDITION_OR, start, &children);
}

int
condition_parse(struct arena *a, const char *text, const struct condition **ret,
		uint32_t *ret_offset, struct aegis_error *err)
{
	struct parser p = {.lexer = {.arena = a, .text = text, .err = err}};
	const struct condition *c;

	if (ret_offset)
		*ret_offset = 0;
	if (strnlen(text, CONDITION_TEXT_MAX + 1) > CONDITION_TEXT_MAX)
		return aegis_error_setx(err, -E2BIG,
					"a condition of more than %d bytes",
					CONDITION_TEXT_MAX);
	if (!text[strspn(text, " \t\b\r\n")])
		return aegis_error_setx(err, -EBADMSG, "an empty condition");
	c = parse_or(&p);
	if (c && text[p.lexer.at])
		c = expected(&p, "'and' or 'or'");
	if (ret_offset)
		*ret_offset = (uint32_t)p.lexer.at;
	if (!c)
		return p.lexer.error ? p.lexer.error : -EBADMSG;
	*ret = c;
	return 0;
}
