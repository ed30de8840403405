#include "lib/json_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"

/* Up to this many keys every pair is looked at. */
#define PAIRWISE_KEYS 8
/* Up to this many go through a hash table; HostConfig has some 60. */
#define TABLE_KEYS 127
#define TABLE_SLOTS 256
/* Keys made to collide would have every pair looked at: after this many looks,
 * and where there are more keys, they are sorted. */
#define TABLE_LOOKS_MAX 512

static bool
same_folded(const struct json_node *a, const struct json_node *b)
{
	if (a->key_len != b->key_len)
		return false;
	for (uint32_t i = 0; i < a->key_len; i++)
		if (json_fold(a->key[i]) != json_fold(b->key[i]))
			return false;
	return true;
}

static uint32_t
compare_pair(const struct json_node *a, const struct json_node *b)
{
	if (!same_folded(a, b))
		return 0;
	return memcmp(a->key, b->key, a->key_len) == 0
		       ? JSON_KEYS_DUP_EXACT | JSON_KEYS_DUP_FOLDED
		       : JSON_KEYS_DUP_FOLDED;
}

static uint32_t
check_pairwise(const struct json_node *object)
{
	uint32_t flags = 0;

	json_foreach(a, object)
		for (const struct json_node *b = a->next; b; b = b->next)
			flags |= compare_pair(a, b);
	return flags;
}

/* The length and four letters tell the API's keys apart.  0x20 folds case, and
 * some other characters with it, which costs a comparison.  The factor is 2^32
 * by the golden ratio, which spreads what differs in few bits. */
static uint8_t
key_slot(const struct json_node *n)
{
	const unsigned char *k = (const unsigned char *)n->key;
	const uint32_t len = n->key_len;
	uint32_t letters = 0;

	if (len)
		letters = k[0] | (uint32_t)k[len / 3] << 8 |
			  (uint32_t)k[len / 2] << 16 |
			  (uint32_t)k[len - 1] << 24;
	return (uint8_t)(((letters | 0x20202020) + len) * 0x9e3779b1 >> 24);
}

/* False if the keys collide too often to go on. */
static bool
check_table(const struct json_node *object, uint32_t *ret_flags)
{
	const struct json_node *keys[TABLE_KEYS + 1];
	uint8_t table[TABLE_SLOTS] = {0}; /* index into keys; 0 is free */
	uint32_t flags = 0, looks = 0;
	uint8_t count = 0;

	json_foreach(n, object) {
		uint8_t slot = key_slot(n);

		for (; table[slot]; slot++) { /* wraps at TABLE_SLOTS */
			flags |= compare_pair(keys[table[slot]], n);
			if (++looks > TABLE_LOOKS_MAX)
				return false;
		}
		keys[++count] = n;
		table[slot] = count;
	}
	*ret_flags = flags;
	return true;
}

/* By folded key, and alike ones by the key itself, so that both kinds of
 * duplicates become neighbours. */
static int
compare_keys(const void *pa, const void *pb)
{
	const struct json_node *a = *(const struct json_node *const *)pa;
	const struct json_node *b = *(const struct json_node *const *)pb;

	if (a->key_len != b->key_len)
		return a->key_len < b->key_len ? -1 : 1;
	for (uint32_t i = 0; i < a->key_len; i++) {
		int d = json_fold(a->key[i]) - json_fold(b->key[i]);

		if (d)
			return d;
	}
	return memcmp(a->key, b->key, a->key_len);
}

static int
check_sorted(const struct json_node *object, uint32_t *ret_flags)
{
	_cleanup_free_ const struct json_node **keys = NULL;
	uint32_t count = 0, flags = 0;

	keys = malloc(object->count * sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	json_foreach(n, object)
		keys[count++] = n;
	qsort(keys, count, sizeof(*keys), compare_keys);
	for (uint32_t i = 1; i < count; i++)
		flags |= compare_pair(keys[i - 1], keys[i]);
	*ret_flags = flags;
	return 0;
}

int
json_keys_duplicate(const struct json_node *object, uint32_t *ret_flags)
{
	if (object->count <= PAIRWISE_KEYS) {
		*ret_flags = check_pairwise(object);
		return 0;
	}
	if (object->count <= TABLE_KEYS && check_table(object, ret_flags))
		return 0;
	return check_sorted(object, ret_flags);
}
