/*
 * condition - the text of a condition as a tree, and back.
 *
 * The grammar is Falco's (libs, userspace/libsinsp/filter/parser.h):
 *
 *   or      = and { "or" and }            and = not { "and" not }
 *   not     = { "not" } check             "and(" "or(" "not(" are fine
 *   check   = "(" or ")" | MACRO | left OPERATOR right
 *   left    = field | TRANSFORMER "(" ... ")"
 *   field   = IDENTIFIER { "." IDENTIFIER } [ "[" argument "]" ]
 *   right   = number | text | "(" text { "," text } ")" | val(field) | ...
 *
 * A tree is never changed once made, so that macros are shared, not copied;
 * size and depth count them in full at each use, and both are bounded.
 * Whether fields and events exist is not asked here; compile.h does.
 *
 * Pure; trees live in the caller's arena.  Any thread.
 */
#ifndef AEGIS_LIB_RULES_CONDITION_H
#define AEGIS_LIB_RULES_CONDITION_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/error.h"
#include "lib/rules/event.h"

/* A condition as written, with its lists filled in. */
#define CONDITION_TEXT_MAX (1024 * 1024)
/* Steps of the parser into itself, counted as Falco counts them; some 200
 * nested parentheses.  Also the depth of a tree. */
#define CONDITION_DEPTH_MAX 1000
/* Checks and values, macros counted at each use: what one rule may become. */
#define CONDITION_SIZE_MAX 100000

enum rules_op {
	RULES_OP_INVALID,
#define OP(id, text, operand) RULES_OP_##id,
#include "lib/rules/op.def"
#undef OP
	RULES_OP_MAX,
};

/* What an operator of texts may be followed by, before a list. */
enum rules_modifier {
	RULES_MODIFIER_NONE,
	RULES_MODIFIER_ONEOF, /* exactly one */
	RULES_MODIFIER_ANYOF,
	RULES_MODIFIER_ALLOF,
	RULES_MODIFIER_MAX,
};

enum operand_kind {
	OPERAND_FIELD,     /* text = name, argument */
	OPERAND_TRANSFORM, /* text = transformer, items, argument */
	OPERAND_VALUE,     /* text */
	OPERAND_LIST,      /* items: values */
	OPERAND_GROUP,     /* items: a list inside a transformer */
};

struct operand {
	enum operand_kind kind;
	const char *text;
	const char *argument; /* NULL: none */
	const struct operand *const *items;
	uint32_t item_count;
};

enum condition_kind {
	CONDITION_AND,
	CONDITION_OR,
	CONDITION_NOT,
	CONDITION_CHECK,
	CONDITION_MACRO, /* a name that is not resolved yet */
};

struct condition {
	enum condition_kind kind;
	enum rules_op op;
	enum rules_modifier modifier;
	uint32_t offset; /* of its first character in the text */
	uint32_t size, depth;
	const struct condition *const *children; /* AND, OR, NOT */
	uint32_t child_count;
	const struct operand *left, *right; /* CHECK; right NULL: exists */
	const char *macro;
};

/*
 * Returns 0 and a tree in a, or -EBADMSG, -E2BIG (a bound above), -ENOMEM with
 * the reason; *ret_offset (may be NULL) is then where in text.
 */
int condition_parse(struct arena *a, const char *text,
		    const struct condition **ret, uint32_t *ret_offset,
		    struct aegis_error *err);

/* An AND, OR or NOT of children, with size and depth.  -E2BIG, -ENOMEM. */
int condition_join(struct arena *a, enum condition_kind kind, uint32_t offset,
		   const struct condition *const *children, uint32_t count,
		   const struct condition **ret, struct aegis_error *err);

enum condition_style {
	/* Letter for letter what `falco -L` shows.  It quotes too little to be
	 * read again: a value "(a)" is shown as (a). */
	CONDITION_AS_FALCO,
	/* Quoted wherever needed: parses to the same tree. */
	CONDITION_TO_PARSE,
};
void condition_print(const struct condition *c, enum condition_style style,
		     struct buf *out);
void condition_print_operand(const struct operand *o,
			     enum condition_style style, struct buf *out);

/*
 * The types of events that c can be true for, as Falco works them out: checks
 * of evt.type count, all others may be true for any event, and evt.num, which
 * starts at 1, decides where it can (evt.num=0 is never true).
 */
void condition_events(const struct condition *c, struct rules_event_set *ret);

/* Calls visit for each check in c, once for each place. */
void condition_each_check(const struct condition *c,
			  void (*visit)(void *ctx,
					const struct condition *check),
			  void *ctx);

const char *rules_op_text(enum rules_op op);
/* "=", "startswith", "glob oneof": as in `comps:` of exceptions. */
bool rules_op_find(const char *text, enum rules_op *ret_op,
		   enum rules_modifier *ret_modifier);
const char *rules_modifier_text(enum rules_modifier m);
/* Does the operator take a list on its right? */
bool rules_op_takes_list(enum rules_op op, enum rules_modifier modifier);

#endif
