/*
 * field - the names by which conditions and outputs ask for facts of an event.
 *
 * field.def lists them.  A name with an argument is resolved once, when a rule
 * is loaded; what is left for each event is an enum and the argument.
 *
 * Pure; any thread.
 */
#ifndef AEGIS_LIB_RULES_FIELD_H
#define AEGIS_LIB_RULES_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

enum rules_field {
	RULES_FIELD_INVALID,
#define FIELD(id, name, type, argument, values, help) RULES_FIELD_##id,
#include "lib/rules/field.def"
#undef FIELD
	RULES_FIELD_MAX,
};

enum rules_type {
	RULES_TYPE_STRING,
	RULES_TYPE_NUMBER, /* 64 bits, signed */
	RULES_TYPE_BOOL,
	RULES_TYPE_IP,
	RULES_TYPE_NET, /* its value is an address; it is held against networks
			 */
	RULES_TYPE_PORT,
	RULES_TYPE_DOMAIN, /* see rules_get in eval.h */
	RULES_TYPE_BYTES,
	RULES_TYPE_EVENT,
};

enum rules_argument {
	RULES_ARGUMENT_NONE,
	RULES_ARGUMENT_INDEX,
	RULES_ARGUMENT_ITEM,
	RULES_ARGUMENT_KEY,
	RULES_ARGUMENT_NAME,
};

enum rules_values {
	RULES_VALUES_ONE,
	RULES_VALUES_ANY,
	RULES_VALUES_ENDS,
	RULES_VALUES_LIST,
};

struct rules_field_info {
	const char *name;
	enum rules_type type;
	enum rules_argument argument;
	enum rules_values values;
	const char *help;
};

/* A field with its argument.  Texts are borrowed from what it was made of. */
struct rules_ref {
	enum rules_field field;
	const char *key; /* of KEY and NAME; NULL: none */
	int64_t index;   /* of INDEX and ITEM; -1: none */
};

/* The most that an index may be: no process has more ancestors, no program
 * more arguments worth naming. */
#define RULES_INDEX_MAX 1023

/* NULL for RULES_FIELD_INVALID. */
const struct rules_field_info *rules_field_info(enum rules_field f);

/*
 * name as in a condition ("proc.aname", "evt.arg.flags"), argument what stood
 * in brackets or NULL.  Returns 0 and *ret, or -ENOENT (no such field, with the
 * nearest), -EINVAL (the argument is missing, not wanted or no number).
 */
int rules_field_resolve(const char *name, const char *argument,
			struct rules_ref *ret, struct aegis_error *err);

/* Has it more than one value, so that rules_get counts? */
bool rules_ref_is_several(const struct rules_ref *ref);

#endif
