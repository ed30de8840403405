/*
 * map - from texts to numbers, for names and for sets of values.
 *
 * Keys are borrowed and have to live as long as the map.  Grows in an arena;
 * what it grew out of stays there.  Any number of threads may look up once
 * nobody adds any more.
 */
#ifndef AEGIS_LIB_RULES_MAP_H
#define AEGIS_LIB_RULES_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/rules/match.h"

#define MAP_NONE UINT32_MAX

struct map_entry {
	struct span key; /* text NULL: free */
	uint64_t hash;
	uint32_t value;
};

struct map {
	struct map_entry *entries;
	uint32_t count, cap; /* cap: a power of two, or 0 */
	/* Which lengths there are, modulo 64: most texts that are not in a set
	 * are told by their length, without a look at them. */
	uint64_t lengths;
};

uint64_t map_hash(struct span key);
/* MAP_NONE if it is not there. */
uint32_t map_find(const struct map *m, struct span key);
uint32_t map_find_hashed(const struct map *m, struct span key, uint64_t hash);
/* Sets or replaces; -ENOMEM. */
int map_put(struct map *m, struct arena *a, struct span key, uint32_t value);

static inline bool
map_may_have(const struct map *m, size_t len)
{
	return m->lengths >> (len % 64) & 1;
}

static inline struct span
span_of(const char *s)
{
	return (struct span){s, __builtin_strlen(s)};
}

#endif
