/*
 * What stands on either side of an operator.
 */
#include <string.h>

#include "lib/rules/parser.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* With the parenthesis, so that a word alone is none. */
static const char *const transformers[] = {"tolower(",  "toupper(", "b64(",
					   "basename(", "len(",     "join(",
					   "concat(",   "getopt("};

static void *
pointers_copy(struct parser *p, const struct pointers *s)
{
	void *copy = arena_array(p->lexer.arena, s->count, sizeof(*s->v));

	if (!copy)
		return parser_fail(p, -ENOMEM, NULL);
	if (s->count)
		memcpy(copy, s->v, s->count * sizeof(*s->v));
	return copy;
}

/* --- operands ----------------------------------------------------------- */

static struct operand *
new_operand(struct parser *p, enum operand_kind kind, const char *text)
{
	struct operand *o;

	if (p->lexer.error)
		return NULL;
	o = arena_alloc(p->lexer.arena, sizeof(*o));
	if (!o)
		return parser_fail(p, -ENOMEM, NULL);
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
		return parser_expected(p, "an argument: a text, quoted or not");
	o->argument = p->lexer.token;
	return lexer_skip(&p->lexer, "]") ? o : parser_expected(p, "']'");
}

const struct operand *
parse_field(struct parser *p)
{
	return with_argument(p, new_operand(p, OPERAND_FIELD, p->lexer.token));
}

static const struct operand *parse_group(struct parser *p);

const char *
parse_transformer_name(struct parser *p)
{
	for (size_t i = 0; i < ARRAY_LEN(transformers); i++)
		if (lexer_skip(&p->lexer, transformers[i]))
			return arena_copy(p->lexer.arena, transformers[i],
					  strlen(transformers[i]) - 1);
	return NULL;
}

static const struct operand *
parse_transformer_argument(struct parser *p, bool in_group)
{
	struct lexer *l = &p->lexer;
	const struct operand *o;
	const char *name;

	if (!parser_enter(p))
		return NULL;
	lexer_blank(l);
	if (lexer_number(l) || lexer_quoted(l))
		o = new_operand(p, OPERAND_VALUE, l->token);
	else if (!in_group && lexer_skip(l, "("))
		o = parse_group(p);
	else if ((name = parse_transformer_name(p)))
		o = parse_transformer(p, name);
	else if (lexer_field_name(l))
		o = parse_field(p);
	else
		o = parser_expected(p, "a field, a number or a quoted text");
	p->depth--;
	return o;
}

static const struct operand *
parse_items(struct parser *p, enum operand_kind kind, const char *name)
{
	_cleanup_pointers_ struct pointers items = {0};

	do {
		if (!pointers_add(p, &items,
				  parse_transformer_argument(
					  p, kind == OPERAND_GROUP)))
			return NULL;
		lexer_blank(&p->lexer);
	} while (lexer_skip(&p->lexer, ","));
	if (!lexer_skip(&p->lexer, ")"))
		return parser_expected(p, "')'");
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
const struct operand *
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
		const struct operand *o =
			parse_items(p, OPERAND_TRANSFORM, "val");

		if (o &&
		    (o->item_count != 1 || o->items[0]->kind != OPERAND_FIELD))
			return parser_expected(p, "one field in val()");
		return o;
	}
	name = parse_transformer_name(p);
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
			return parser_expected(p, "a value after ','");
	}
	if (p->lexer.error)
		return NULL;
	if (!lexer_skip(&p->lexer, ")"))
		return parser_expected(p, items.count
						  ? "',' or ')' in a list"
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
		return parser_expected(p, "a list in parentheses");
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
		return parser_expected(p, "a number");
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

		if (!lexer_skip(l,
				rules_modifier_text((enum rules_modifier)m)) ||
		    !lexer_blank(l)) {
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
	return o ? o : parser_expected(p, "a value");
}

const struct operand *
parse_right(struct parser *p, enum rules_op op, bool had_blank,
	    enum rules_modifier *ret_modifier)
{
	*ret_modifier = RULES_MODIFIER_NONE;
	switch (rules_op_operand(op)) {
	case RULES_OPERAND_NOTHING:
		break;
	case RULES_OPERAND_NUMBER:
		return parse_right_number(p);
	case RULES_OPERAND_TEXT:
		return parse_right_text(p, had_blank, ret_modifier);
	case RULES_OPERAND_SET:
		return parse_right_set(p, true);
	}
	return NULL;
}
