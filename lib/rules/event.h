/*
 * event - the types of events, and sets of them.
 *
 * A rule is only looked at for events of the types that its condition can be
 * true for; condition_events() works these out.  What types there are, and
 * which of them AEGIS' sensors send, is in event.def.
 *
 * Pure, no allocation; any thread.
 */
#ifndef AEGIS_LIB_RULES_EVENT_H
#define AEGIS_LIB_RULES_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rules_event {
	RULES_EVENT_INVALID,
#define YIELDED(name) RULES_EVENT_##name,
#define KNOWN(name) RULES_EVENT_##name,
#include "lib/rules/event.def"
#undef YIELDED
#undef KNOWN
	RULES_EVENT_MAX,
};

/* NULL for what is none. */
const char *rules_event_name(enum rules_event e);
enum rules_event rules_event_find(const char *name);
/* Do AEGIS' sensors send it? */
bool rules_event_is_yielded(enum rules_event e);
/* "did you mean", or NULL. */
const char *rules_event_nearest(const char *name);

#define RULES_EVENT_WORDS ((RULES_EVENT_MAX + 63) / 64)

struct rules_event_set {
	uint64_t bits[RULES_EVENT_WORDS];
};

void rules_event_set_fill(struct rules_event_set *s); /* every event */
void rules_event_set_invert(struct rules_event_set *s);
void rules_event_set_and(struct rules_event_set *s,
			 const struct rules_event_set *other);
void rules_event_set_or(struct rules_event_set *s,
			const struct rules_event_set *other);
unsigned rules_event_set_count(const struct rules_event_set *s);
bool rules_event_set_is_full(const struct rules_event_set *s);

static inline void
rules_event_set_add(struct rules_event_set *s, enum rules_event e)
{
	s->bits[e / 64] |= UINT64_C(1) << (e % 64);
}

static inline bool
rules_event_set_has(const struct rules_event_set *s, enum rules_event e)
{
	return s->bits[e / 64] >> (e % 64) & 1;
}

#endif
