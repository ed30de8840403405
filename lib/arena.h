/*
 * arena - many small things that are freed at once, up to a limit.
 *
 * For what is read once and then only looked at: trees of a file, compiled
 * rules.  Who makes an arena names the most it may take, so that no input can
 * take all memory.  Not thread-safe; one owner.
 */
#ifndef AEGIS_LIB_ARENA_H
#define AEGIS_LIB_ARENA_H

#include <stddef.h>

#include "lib/cleanup.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks;
	size_t used; /* bytes handed out */
	size_t max;
};

#define ARENA_INIT(max_bytes) ((struct arena){.max = (max_bytes)})

/* size zero bytes, aligned for any type.  NULL: no memory, or over the limit.
 */
void *arena_alloc(struct arena *a, size_t size);
/* The same for count elements; NULL too where the product overflows. */
void *arena_array(struct arena *a, size_t count, size_t size);
/* len bytes and a NUL behind them. */
char *arena_copy(struct arena *a, const void *bytes, size_t len);
/* Everything at once; the arena is then empty and may be used again. */
void arena_release(struct arena *a);

#define _cleanup_arena_ _cleanup_(arena_release)

#endif
