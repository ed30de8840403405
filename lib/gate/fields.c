#include "lib/gate/fields.h"

#include <string.h>
#include <strings.h>

#include "lib/escape.h"

/* What of a key is shown in a message. */
#define SHOWN_KEY_LEN 64

bool
fields_is_zero(const struct json_node *n)
{
	switch (n->type) {
	case JSON_NULL:
		return true;
	case JSON_BOOL:
		return !n->boolean;
	case JSON_NUMBER:
		return !strcmp(n->str, "0");
	case JSON_STRING:
		return n->str_len == 0;
	case JSON_ARRAY:
	case JSON_OBJECT:
		return n->count == 0;
	case JSON_INVALID:
		break;
	}
	return false;
}

bool
field_bool(const struct json_node *n)
{
	return n && n->boolean;
}

int64_t
field_int(const struct json_node *n)
{
	int64_t v = 0;

	/* fields_read() took only what fits. */
	return n && json_int64(n, &v) == 0 ? v : 0;
}

const char *
field_string(const struct json_node *n)
{
	return n ? n->str : "";
}

static bool
is_text(const struct json_node *n)
{
	return n->type == JSON_STRING && !n->has_nul;
}

/* dockerd would merge, overwrite or fold such keys in its own way. */
static const char *
struct_mismatch(const struct json_node *n)
{
	if (n->type != JSON_OBJECT)
		return "not an object";
	if (n->key_flags & (JSON_KEYS_DUP_EXACT | JSON_KEYS_DUP_FOLDED))
		return "the same key twice (case does not count)";
	if (n->key_flags & JSON_KEYS_ODD)
		return "a key with an escape or a character outside ASCII";
	return NULL;
}

/* Keys of a map are data: any text will do, but once, and none that a C string
 * would show shorter than it is. */
static const char *
map_mismatch(const struct json_node *n)
{
	if (n->type != JSON_OBJECT)
		return "not an object";
	if (n->key_flags & JSON_KEYS_DUP_EXACT)
		return "the same key twice";
	json_foreach(c, n)
		if (c->has_nul || strlen(c->key) != c->key_len)
			return "a key or value with NUL";
	return NULL;
}

/* NULL if Go takes the value for the type and reads it as we do, else why not. */
static const char *
type_mismatch(enum field_type type, const struct json_node *n)
{
	int64_t v;

	switch (type) {
	case FIELD_ANY:
		return NULL;
	case FIELD_BOOL:
		return n->type == JSON_BOOL ? NULL : "not true or false";
	case FIELD_INT:
		return n->type == JSON_NUMBER && json_int64(n, &v) == 0
			       ? NULL
			       : "not a whole number";
	case FIELD_STRING:
		return is_text(n) ? NULL : "not a string";
	case FIELD_MAP:
		return map_mismatch(n);
	case FIELD_STRUCT:
		return struct_mismatch(n);
	case FIELD_STRINGS:
		if (n->type == JSON_STRING)
			return is_text(n) ? NULL : "a string with NUL";
		if (n->type != JSON_ARRAY)
			return "not a list of strings";
		json_foreach(c, n)
			if (!is_text(c))
				return "a list with something else than strings";
		return NULL;
	case FIELD_STRUCTS:
		if (n->type != JSON_ARRAY)
			return "not a list of objects";
		json_foreach(c, n)
			if (struct_mismatch(c))
				return struct_mismatch(c);
		return NULL;
	}
	return "of an unknown type";
}

static bool
is_field(const struct field *f, const struct json_node *n)
{
	/* Nearly all names are told apart before the comparison. */
	return f->len == n->key_len &&
	       ((f->name[0] ^ n->key[0]) & 0xdf) == 0 &&
	       (!memcmp(f->name, n->key, f->len) ||
		!strncasecmp(f->name, n->key, f->len));
}

/* From the field behind the last one found: keys that come in the table's order
 * are found at once. */
static size_t
find_from(const struct field_table *table, const struct json_node *n,
	  size_t begin)
{
	for (size_t i = begin; i < table->count; i++)
		if (is_field(&table->fields[i], n))
			return i;
	for (size_t i = 0; i < begin; i++)
		if (is_field(&table->fields[i], n))
			return i;
	return table->count;
}

size_t
fields_find(const struct field_table *table, const struct json_node *key)
{
	return find_from(table, key, 0);
}

static int
refuse(const struct field_table *table, const char *key, const char *why,
       struct aegis_error *err)
{
	char shown[SHOWN_KEY_LEN];

	escape_line(key, shown, sizeof(shown));
	return aegis_error_setx(err, -EBADMSG, "%s.%s: %s", table->what, shown,
				why);
}

int
fields_read(const struct field_table *table, const struct json_node *object,
	    const struct json_node **slots, const struct json_node **ret_unknown,
	    struct aegis_error *err)
{
	size_t behind = 0;
	const char *why;

	memset(slots, 0, table->count * sizeof(*slots));
	if (ret_unknown)
		*ret_unknown = NULL;
	if (!object || object->type == JSON_NULL)
		return 0;
	why = struct_mismatch(object);
	if (why)
		return aegis_error_setx(err, -EBADMSG, "%s: %s", table->what,
					why);
	json_foreach(n, object) {
		const size_t i = find_from(table, n, behind);

		behind = i == table->count ? behind : i + 1;
		if (i == table->count) {
			if (ret_unknown && !*ret_unknown && !fields_is_zero(n))
				*ret_unknown = n;
			continue;
		}
		if (n->type == JSON_NULL)
			continue;
		why = type_mismatch(table->fields[i].type, n);
		if (why)
			return refuse(table, table->fields[i].name, why, err);
		slots[i] = n;
	}
	return 0;
}
