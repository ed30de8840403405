/*
 * fields - a JSON object read as Go's encoding/json reads it into a struct.
 *
 * A table names the fields and their Go types; reading puts each value into its
 * slot.  Keys match without regard to case, as in Go.  What could come out
 * differently in Go is refused: duplicate or odd keys, a value of a type Go
 * would not take, null inside a list, U+0000 in a string.  null for a field
 * leaves its slot empty.
 */
#ifndef AEGIS_LIB_GATE_FIELDS_H
#define AEGIS_LIB_GATE_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/json.h"

enum field_type {
	FIELD_ANY,     /* not judged */
	FIELD_BOOL,
	FIELD_INT,     /* int64 */
	FIELD_STRING,
	FIELD_STRINGS, /* []string; strslice too: a bare string is a list of one */
	FIELD_MAP,     /* map[string]string or other maps: keys are exact */
	FIELD_STRUCT,  /* object */
	FIELD_STRUCTS, /* []struct */
};

struct field {
	const char *name;
	size_t len; /* of name */
	enum field_type type;
};

#define FIELD_ROW(name, type) {(name), sizeof(name) - 1, (type)}

/* Best in the order in which clients write the fields, which is Go's. */
struct field_table {
	const char *what; /* "HostConfig": begins the names in messages */
	const struct field *fields;
	size_t count;
};

/*
 * Read object into slots (count of them, all overwritten).  object NULL: all
 * slots empty.  *ret_unknown (may be NULL): the first key the table does not
 * have whose value is not a zero value of Go.
 * Returns 0, or -EBADMSG with "HostConfig.Binds: what".
 */
int fields_read(const struct field_table *table, const struct json_node *object,
		const struct json_node **slots,
		const struct json_node **ret_unknown, struct aegis_error *err);

/* The index of the field a key means, table->count if none. */
size_t fields_find(const struct field_table *table,
		   const struct json_node *key);

/* Is this what Go leaves out or zeroes: null, false, 0, "", [] or {}? */
bool fields_is_zero(const struct json_node *n);

/* Slot values; an empty slot reads as zero. */
bool field_bool(const struct json_node *n);
int64_t field_int(const struct json_node *n);
const char *field_string(const struct json_node *n); /* "" if empty */

/* Iterate a FIELD_STRINGS slot, which may be NULL, a string or an array. */
#define field_strings(s, slot)                                                 \
	for (const struct json_node *s = !(slot) ? NULL                        \
		     : (slot)->type == JSON_ARRAY ? (slot)->first : (slot);    \
	     s; s = s == (slot) ? NULL : s->next)

#endif
