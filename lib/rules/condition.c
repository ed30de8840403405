#include "lib/rules/condition.h"

#include <string.h>

/* --- making ------------------------------------------------------------- */

int
condition_join(struct arena *a, enum condition_kind kind, uint32_t offset,
	       const struct condition *const *children, uint32_t count,
	       const struct condition **ret, struct aegis_error *err)
{
	const struct condition **copy;
	struct condition *c = arena_alloc(a, sizeof(*c));
	uint64_t size = 1;

	copy = arena_array(a, count, sizeof(struct condition *));
	if (!c || !copy)
		return aegis_error_set(err, -ENOMEM, "make a condition");
	for (uint32_t i = 0; i < count; i++) {
		copy[i] = children[i];
		size += children[i]->size;
		if (children[i]->depth > c->depth)
			c->depth = children[i]->depth;
	}
	c->depth++;
	if (c->depth > CONDITION_DEPTH_MAX)
		return aegis_error_setx(err, -E2BIG,
					"nested too deeply, macros included");
	if (size > CONDITION_SIZE_MAX)
		return aegis_error_setx(err, -E2BIG,
					"more than %d checks and values, "
					"macros and lists filled in",
					CONDITION_SIZE_MAX);
	c->kind = kind;
	c->offset = offset;
	c->size = (uint32_t)size;
	c->children = copy;
	c->child_count = count;
	*ret = c;
	return 0;
}

/* --- printing ----------------------------------------------------------- */

/* What Falco puts in quotes, and what it would have to. */
#define FALCO_QUOTES "\b\f\n\r\t =\\\"'"
#define ALL_QUOTES FALCO_QUOTES "(),\v"
#define ARGUMENT_QUOTES FALCO_QUOTES "][\v"

static void
print_escaped(const char *s, enum condition_style style, struct buf *out)
{
	static const char from[] = "\b\f\n\r\t", to[] = "bfnrt";

	buf_addc(out, '"');
	for (; *s; s++) {
		const char *at = strchr(from, *s);

		if (at)
			buf_addf(out, "\\%c", to[at - from]);
		else if (*s == '\\' && style == CONDITION_TO_PARSE)
			/* "\\" before the closing quote would not end it. */
			buf_adds(out, "\\x5c");
		else if (*s == '\\' || *s == '"')
			buf_addf(out, "\\%c", *s);
		else
			buf_addc(out, *s);
	}
	buf_addc(out, '"');
}

/* Words that mean something else where a value is expected. */
static bool
is_special_word(const char *s)
{
	for (int m = 1; m < RULES_MODIFIER_MAX; m++)
		if (!strcmp(s, rules_modifier_text((enum rules_modifier)m)))
			return true;
	return !*s;
}

static void
print_value(const char *s, const char *quoted, enum condition_style style,
	    struct buf *out)
{
	if (style == CONDITION_AS_FALCO)
		quoted = FALCO_QUOTES;
	if (s[strcspn(s, quoted)] ||
	    (style == CONDITION_TO_PARSE && is_special_word(s)))
		print_escaped(s, style, out);
	else
		buf_adds(out, s);
}

static void
print_argument(const struct operand *o, enum condition_style style,
	       struct buf *out)
{
	if (!o->argument)
		return;
	buf_addc(out, '[');
	if (*o->argument)
		print_value(o->argument, ARGUMENT_QUOTES, style, out);
	else
		buf_adds(out, "\"\"");
	buf_addc(out, ']');
}

/* Inside a transformer only numbers may go without quotes. */
static void
print_inner_value(const char *s, enum condition_style style, struct buf *out)
{
	if (style == CONDITION_TO_PARSE)
		print_escaped(s, style, out);
	else
		print_value(s, FALCO_QUOTES, style, out);
}

static void
print_items(const struct operand *o, const char *comma,
	    enum condition_style style, struct buf *out)
{
	buf_addc(out, '(');
	for (uint32_t i = 0; i < o->item_count; i++) {
		const struct operand *item = o->items[i];

		buf_adds(out, i ? comma : "");
		if (item->kind == OPERAND_VALUE && o->kind != OPERAND_LIST)
			print_inner_value(item->text, style, out);
		else
			condition_print_operand(item, style, out);
	}
	buf_addc(out, ')');
}

void
condition_print_operand(const struct operand *o, enum condition_style style,
			struct buf *out)
{
	switch (o->kind) {
	case OPERAND_FIELD:
		buf_adds(out, o->text);
		print_argument(o, style, out);
		break;
	case OPERAND_TRANSFORM:
		buf_adds(out, o->text);
		print_items(o, ",", style, out);
		print_argument(o, style, out);
		break;
	case OPERAND_VALUE:
		print_value(o->text, ALL_QUOTES, style, out);
		break;
	case OPERAND_LIST:
		print_items(o, ", ", style, out);
		break;
	case OPERAND_GROUP:
		print_items(o, ",", style, out);
		break;
	}
}

static void
print_check(const struct condition *c, enum condition_style style,
	    struct buf *out)
{
	condition_print_operand(c->left, style, out);
	buf_addf(out, " %s", rules_op_text(c->op));
	if (c->modifier)
		buf_addf(out, " %s", rules_modifier_text(c->modifier));
	if (!c->right)
		return;
	buf_addc(out, ' ');
	/* Where a list is expected, a word alone has to go without quotes. */
	if (c->right->kind == OPERAND_VALUE &&
	    rules_op_takes_list(c->op, c->modifier))
		buf_adds(out, c->right->text);
	else
		condition_print_operand(c->right, style, out);
}

/* "not not x" would be read as x. */
static void
print_not(const struct condition *c, enum condition_style style,
	  struct buf *out)
{
	const bool apart =
		style == CONDITION_TO_PARSE && c->kind == CONDITION_NOT;

	buf_adds(out, apart ? "not (" : "not ");
	condition_print(c, style, out);
	buf_adds(out, apart ? ")" : "");
}

void
condition_print(const struct condition *c, enum condition_style style,
		struct buf *out)
{
	if (buf_error(out))
		return;
	switch (c->kind) {
	case CONDITION_CHECK:
		print_check(c, style, out);
		break;
	case CONDITION_MACRO:
		buf_adds(out, c->macro);
		break;
	case CONDITION_NOT:
		print_not(c->children[0], style, out);
		break;
	case CONDITION_AND:
	case CONDITION_OR:
		buf_addc(out, '(');
		for (uint32_t i = 0; i < c->child_count; i++) {
			if (i)
				buf_adds(out, c->kind == CONDITION_AND
						      ? " and "
						      : " or ");
			condition_print(c->children[i], style, out);
		}
		buf_addc(out, ')');
		break;
	}
}

/* --- which events ------------------------------------------------------- */

/* What is known of a check whatever the event holds. */
enum certainty { UNKNOWN, NEVER, ALWAYS };

static bool
small_number(const char *s, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(s, &end, 0);
	return !errno && *s >= '0' && *s <= '9' && !*end;
}

static enum certainty
number_certainty(enum rules_op op, uint64_t n)
{
	switch (op) {
	case RULES_OP_EQ:
	case RULES_OP_EQ2:
	case RULES_OP_LE:
		return n == 0 ? NEVER : UNKNOWN;
	case RULES_OP_LT:
		return n <= 1 ? NEVER : UNKNOWN;
	case RULES_OP_NE:
	case RULES_OP_GT:
		return n == 0 ? ALWAYS : UNKNOWN;
	case RULES_OP_GE:
		return n <= 1 ? ALWAYS : UNKNOWN;
	default:
		return UNKNOWN;
	}
}

/* Of evt.num, which counts from 1. */
static enum certainty
check_certainty(const struct condition *c)
{
	uint64_t n;

	if (c->left->kind != OPERAND_FIELD || c->left->argument ||
	    strcmp(c->left->text, "evt.num") != 0 || !c->right || c->modifier)
		return UNKNOWN;
	if (c->right->kind == OPERAND_LIST && c->op == RULES_OP_IN) {
		for (uint32_t i = 0; i < c->right->item_count; i++)
			if (!small_number(c->right->items[i]->text, &n) || n)
				return UNKNOWN;
		return NEVER;
	}
	if (c->right->kind != OPERAND_VALUE ||
	    !small_number(c->right->text, &n))
		return UNKNOWN;
	return number_certainty(c->op, n);
}

static bool
is_event_field(const struct operand *o)
{
	return o->kind == OPERAND_FIELD && !o->argument &&
	       (!strcmp(o->text, "evt.type") ||
		!strcmp(o->text, "syscall.type"));
}

static void
add_named(struct rules_event_set *s, const struct operand *o)
{
	if (o->kind == OPERAND_VALUE) {
		const enum rules_event e = rules_event_find(o->text);

		if (e)
			rules_event_set_add(s, e);
		return;
	}
	for (uint32_t i = 0; i < o->item_count; i++)
		add_named(s, o->items[i]);
}

static void
check_events(const struct condition *c, bool negated,
	     struct rules_event_set *ret)
{
	const enum certainty certainty = check_certainty(c);
	bool invert = negated;

	rules_event_set_fill(ret);
	if (certainty != UNKNOWN) {
		if ((certainty == NEVER) != negated)
			memset(ret, 0, sizeof(*ret));
		return;
	}
	if (!is_event_field(c->left) || c->modifier)
		return;
	switch (c->op) {
	case RULES_OP_EXISTS:
		break;
	case RULES_OP_NE:
		invert = !invert;
		/* fallthrough */
	case RULES_OP_EQ:
	case RULES_OP_EQ2:
	case RULES_OP_IN:
		memset(ret, 0, sizeof(*ret));
		add_named(ret, c->right);
		break;
	default:
		return;
	}
	if (invert)
		rules_event_set_invert(ret);
}

/* By De Morgan's laws, negations go down to the checks: the set of what may be
 * true is no complement of the set of what may be false. */
static void
events_of(const struct condition *c, bool negated, struct rules_event_set *ret)
{
	struct rules_event_set child;
	bool all;

	switch (c->kind) {
	case CONDITION_CHECK:
		check_events(c, negated, ret);
		return;
	case CONDITION_MACRO:
		rules_event_set_fill(ret);
		return;
	case CONDITION_NOT:
		events_of(c->children[0], !negated, ret);
		return;
	case CONDITION_AND:
	case CONDITION_OR:
		break;
	}
	all = (c->kind == CONDITION_AND) != negated;
	if (all)
		rules_event_set_fill(ret);
	else
		memset(ret, 0, sizeof(*ret));
	for (uint32_t i = 0; i < c->child_count; i++) {
		events_of(c->children[i], negated, &child);
		if (all)
			rules_event_set_and(ret, &child);
		else
			rules_event_set_or(ret, &child);
	}
}

void
condition_events(const struct condition *c, struct rules_event_set *ret)
{
	events_of(c, false, ret);
}

void
condition_each_check(const struct condition *c,
		     void (*visit)(void *ctx, const struct condition *check),
		     void *ctx)
{
	if (c->kind == CONDITION_CHECK)
		visit(ctx, c);
	for (uint32_t i = 0; i < c->child_count; i++)
		condition_each_check(c->children[i], visit, ctx);
}
