/*
 * json_keys - does an object hold a key twice?
 *
 * Internal to the scanner, json.c.  The time is O(n log n) in the size of the
 * object's keys whatever they are: they are the attacker's.
 */
#ifndef AEGIS_LIB_JSON_KEYS_H
#define AEGIS_LIB_JSON_KEYS_H

#include "lib/json.h"

/* Folds ASCII letters alone, whatever the locale. */
static inline unsigned char
json_fold(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/* Returns 0 and JSON_KEYS_DUP_EXACT, _FOLDED, both (whatever is exact is folded
 * too) or none in *ret_flags, or -ENOMEM. */
int json_keys_duplicate(const struct json_node *object, uint32_t *ret_flags);

#endif
