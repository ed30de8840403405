/*
 * lexer - the words of a condition, one try at a time.
 *
 * The grammar has no tokens that can be told without knowing what is expected
 * ("in" is an operator here and a word there), so that the parser asks for what
 * it can use.  A try that fails moves nothing.
 */
#ifndef AEGIS_LIB_RULES_LEXER_H
#define AEGIS_LIB_RULES_LEXER_H

#include "lib/rules/condition.h"

struct lexer {
	struct arena *arena;
	const char *text; /* NUL-terminated */
	size_t at;
	const char *token; /* the last word; in the arena */
	int error;         /* -ENOMEM or -EBADMSG, sticky; reason in err */
	struct aegis_error *err;
};

bool lexer_blank(struct lexer *l);
bool lexer_is(const struct lexer *l, char c);
/* These skip s; the token is not set. */
bool lexer_skip(struct lexer *l, const char *s);
/* A word after which no letter, digit or '_' stands. */
bool lexer_keyword(struct lexer *l, const char *word);
/* These set the token. */
bool lexer_identifier(struct lexer *l);
bool lexer_field_name(struct lexer *l);
bool lexer_bare_argument(struct lexer *l);
bool lexer_number(struct lexer *l);
bool lexer_bare_text(struct lexer *l);
bool lexer_quoted(struct lexer *l);

#endif
