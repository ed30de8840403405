/*
 * From text to tree, by recursive descent: one function for each line of the
 * grammar in condition.h.
 */
#include <stdio.h>
#include <string.h>

#include "lib/rules/parser.h"

/* --- failing ------------------------------------------------------------ */

void *
parser_fail(struct parser *p, int code, const char *what)
{
	struct lexer *l = &p->lexer;

	if (!l->error)
		l->error = code == -ENOMEM
				   ? aegis_error_set(l->err, code,
						     "read a condition")
				   : aegis_error_setx(l->err, code, "%s", what);
	return NULL;
}

void *
parser_expected(struct parser *p, const char *what)
{
	char text[128];

	snprintf(text, sizeof(text), "expected %s", what);
	return parser_fail(p, -EBADMSG, text);
}

bool
parser_enter(struct parser *p)
{
	if (++p->depth < CONDITION_DEPTH_MAX)
		return true;
	parser_fail(p, -E2BIG, "nested too deeply");
	return false;
}

/* --- growing lists of children ------------------------------------------ */

void
pointers_release(struct pointers *s)
{
	free(s->v);
}

bool
pointers_add(struct parser *p, struct pointers *s, const void *item)
{
	if (!item)
		return false;
	if (s->count == s->cap) {
		const uint32_t cap = s->cap ? 2 * s->cap : 8;
		const void **v = reallocarray(s->v, cap, sizeof(*v));

		if (!v)
			return parser_fail(p, -ENOMEM, NULL);
		s->v = v;
		s->cap = cap;
	}
	s->v[s->count++] = item;
	return true;
}

/* --- checks ------------------------------------------------------------- */

static enum rules_op
parse_op(struct parser *p)
{
	struct lexer *l = &p->lexer;

	for (int op = 1; op < RULES_OP_MAX; op++) {
		const char *text = rules_op_text((enum rules_op)op);
		const size_t start = l->at;
		const bool word = *text >= 'a';

		if (word ? !lexer_keyword(l, text) : !lexer_skip(l, text))
			continue;
		if (!word ||
		    rules_op_operand((enum rules_op)op) != RULES_OPERAND_TEXT ||
		    lexer_blank(l))
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
		return parser_fail(p, -ENOMEM, NULL);
	c->kind = kind;
	c->offset = (uint32_t)offset;
	c->size = c->depth = 1;
	return c;
}

static const struct condition *
parse_check(struct parser *p, const struct operand *left, size_t offset)
{
	struct condition *c =
		left ? new_condition(p, CONDITION_CHECK, offset) : NULL;

	if (!c)
		return NULL;
	lexer_blank(&p->lexer);
	c->left = left;
	c->op = parse_op(p);
	if (!c->op)
		return parser_expected(p,
				       "an operator such as =, in or contains");
	if (rules_op_operand(c->op) == RULES_OPERAND_NOTHING)
		return c;
	c->right = parse_right(p, c->op, *rules_op_text(c->op) >= 'a',
			       &c->modifier);
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
			return parser_expected(p, "')', 'and' or 'or'");
		return inner;
	}
	if (lexer_field_name(l))
		return parse_check(p, parse_field(p), start);
	name = parse_transformer_name(p);
	if (name)
		return parse_check(p, parse_transformer(p, name), start);
	if (lexer_keyword(l, "and") || lexer_keyword(l, "or") ||
	    lexer_keyword(l, "not") || !lexer_identifier(l)) {
		l->at = start;
		return parser_expected(p,
				       "'(', a field or the name of a macro");
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
	p->lexer.error = condition_join(p->lexer.arena, kind, (uint32_t)offset,
					(const struct condition *const *)v,
					s->count, &c, p->lexer.err);
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
		return parser_expected(p, "a blank or '(' after 'and' or 'or'");
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
	if (!parser_enter(p))
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
		c = parser_expected(&p, "'and' or 'or'");
	if (ret_offset)
		*ret_offset = (uint32_t)p.lexer.at;
	if (!c)
		return p.lexer.error ? p.lexer.error : -EBADMSG;
	*ret = c;
	return 0;
}
