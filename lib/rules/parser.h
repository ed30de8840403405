/*
 * parser - what the parts of the parser of conditions share; private to it.
 */
#ifndef AEGIS_LIB_RULES_PARSER_H
#define AEGIS_LIB_RULES_PARSER_H

#include "lib/rules/lexer.h"

struct parser {
	struct lexer lexer;
	unsigned depth;
};

/* What an operator wants on its right; op.def. */
enum rules_operand {
	RULES_OPERAND_NOTHING,
	RULES_OPERAND_NUMBER,
	RULES_OPERAND_TEXT,
	RULES_OPERAND_SET,
};
enum rules_operand rules_op_operand(enum rules_op op);

/* Children while they are found. */
struct pointers {
	const void **v;
	uint32_t count, cap;
};
void pointers_release(struct pointers *s);
/* False: item is NULL, or there is no memory. */
bool pointers_add(struct parser *p, struct pointers *s, const void *item);
#define _cleanup_pointers_ _cleanup_(pointers_release)

/* The first failure counts.  Both return NULL. */
void *parser_fail(struct parser *p, int code, const char *what);
void *parser_expected(struct parser *p, const char *what);
/* A step into the grammar; who enters takes one off p->depth at the end. */
bool parser_enter(struct parser *p);

/* A field; its name is the lexer's token. */
const struct operand *parse_field(struct parser *p);
/* "tolower(" and the like are skipped; the name, or NULL. */
const char *parse_transformer_name(struct parser *p);
const struct operand *parse_transformer(struct parser *p, const char *name);
/* The right side of an operator; had_blank: one was skipped behind it. */
const struct operand *parse_right(struct parser *p, enum rules_op op,
				  bool had_blank,
				  enum rules_modifier *ret_modifier);

#endif
