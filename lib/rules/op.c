/*
 * Operators by their names.
 */
#include <string.h>

#include "lib/rules/parser.h"

static const struct {
	const char *text;
	enum rules_operand operand;
} ops[RULES_OP_MAX] = {
#define OP(id, text, operand) [RULES_OP_##id] = {text, RULES_OPERAND_##operand},
#include "lib/rules/op.def"
#undef OP
};

static const char *const modifiers[RULES_MODIFIER_MAX] = {NULL, "oneof",
							  "anyof", "allof"};

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
	return ops[op].operand == RULES_OPERAND_SET ||
	       modifier != RULES_MODIFIER_NONE;
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
		return !m || ops[i].operand == RULES_OPERAND_TEXT;
	}
	return false;
}

enum rules_operand
rules_op_operand(enum rules_op op)
{
	return ops[op].operand;
}
