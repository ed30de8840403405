#include "lib/rules/map.h"

#include <errno.h>
#include <string.h>

#define FIRST_CAP 8

/* Eight bytes at a time, each spread by a multiplication (as FxHash does), with
 * the high half folded in at the end. */
uint64_t
map_hash(struct span key)
{
	static const uint64_t k = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t h = key.len * k, word;
	size_t i = 0;

	for (; i + 8 <= key.len; i += 8) {
		memcpy(&word, key.text + i, 8);
		h = ((h << 5 | h >> 59) ^ word) * k;
	}
	if (i < key.len) {
		word = 0;
		memcpy(&word, key.text + i, key.len - i);
		h = ((h << 5 | h >> 59) ^ word) * k;
	}
	return h ^ h >> 32;
}

static struct map_entry *
slot_for(const struct map *m, struct span key, uint64_t hash)
{
	for (uint32_t i = (uint32_t)hash;; i++) {
		struct map_entry *e = &m->entries[i & (m->cap - 1)];

		if (!e->key.text ||
		    (e->hash == hash && match_equal(e->key, key)))
			return e;
	}
}

uint32_t
map_find_hashed(const struct map *m, struct span key, uint64_t hash)
{
	const struct map_entry *e;

	if (!m->count || !map_may_have(m, key.len))
		return MAP_NONE;
	e = slot_for(m, key, hash);
	return e->key.text ? e->value : MAP_NONE;
}

uint32_t
map_find(const struct map *m, struct span key)
{
	if (!m->count || !map_may_have(m, key.len))
		return MAP_NONE;
	return map_find_hashed(m, key, map_hash(key));
}

static int
grow(struct map *m, struct arena *a)
{
	struct map bigger = *m;

	if (m->cap > UINT32_MAX / 4)
		return -ENOMEM;
	bigger.cap = m->cap ? 2 * m->cap : FIRST_CAP;
	bigger.entries = arena_array(a, bigger.cap, sizeof(*bigger.entries));
	if (!bigger.entries)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->cap; i++)
		if (m->entries[i].key.text)
			*slot_for(&bigger, m->entries[i].key,
				  m->entries[i].hash) = m->entries[i];
	*m = bigger;
	return 0;
}

int
map_put(struct map *m, struct arena *a, struct span key, uint32_t value)
{
	const uint64_t hash = map_hash(key);
	struct map_entry *e;

	if (4 * (uint64_t)(m->count + 1) > 3 * (uint64_t)m->cap) {
		int r = grow(m, a);

		if (r < 0)
			return r;
	}
	e = slot_for(m, key, hash);
	m->count += !e->key.text;
	*e = (struct map_entry){key, hash, value};
	m->lengths |= UINT64_C(1) << (key.len % 64);
	return 0;
}
