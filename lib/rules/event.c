#include "lib/rules/event.h"

#include <string.h>

#include "lib/conf.h"

static const struct {
	const char *name;
	bool yielded;
} events[RULES_EVENT_MAX] = {
#define YIELDED(event) [RULES_EVENT_##event] = {#event, true},
#define KNOWN(event) [RULES_EVENT_##event] = {#event, false},
#include "lib/rules/event.def"
#undef YIELDED
#undef KNOWN
};

const char *
rules_event_name(enum rules_event e)
{
	return e > RULES_EVENT_INVALID && e < RULES_EVENT_MAX ? events[e].name
							      : NULL;
}

enum rules_event
rules_event_find(const char *name)
{
	for (int e = RULES_EVENT_INVALID + 1; e < RULES_EVENT_MAX; e++)
		if (!strcmp(events[e].name, name))
			return (enum rules_event)e;
	return RULES_EVENT_INVALID;
}

bool
rules_event_is_yielded(enum rules_event e)
{
	return rules_event_name(e) && events[e].yielded;
}

const char *
rules_event_nearest(const char *name)
{
	const char *names[RULES_EVENT_MAX - 1];

	for (int e = 1; e < RULES_EVENT_MAX; e++)
		names[e - 1] = events[e].name;
	return conf_nearest(name, names, RULES_EVENT_MAX - 1);
}

/* --- sets --------------------------------------------------------------- */

/* Of the bits, those that stand for an event. */
static void
clear_spare(struct rules_event_set *s)
{
	s->bits[0] &= ~UINT64_C(1);
	if (RULES_EVENT_MAX % 64)
		s->bits[RULES_EVENT_WORDS - 1] &=
			(UINT64_C(1) << (RULES_EVENT_MAX % 64)) - 1;
}

void
rules_event_set_fill(struct rules_event_set *s)
{
	memset(s, 0xff, sizeof(*s));
	clear_spare(s);
}

void
rules_event_set_invert(struct rules_event_set *s)
{
	for (size_t i = 0; i < RULES_EVENT_WORDS; i++)
		s->bits[i] = ~s->bits[i];
	clear_spare(s);
}

void
rules_event_set_and(struct rules_event_set *s,
		    const struct rules_event_set *other)
{
	for (size_t i = 0; i < RULES_EVENT_WORDS; i++)
		s->bits[i] &= other->bits[i];
}

void
rules_event_set_or(struct rules_event_set *s,
		   const struct rules_event_set *other)
{
	for (size_t i = 0; i < RULES_EVENT_WORDS; i++)
		s->bits[i] |= other->bits[i];
}

unsigned
rules_event_set_count(const struct rules_event_set *s)
{
	unsigned n = 0;

	for (size_t i = 0; i < RULES_EVENT_WORDS; i++)
		n += (unsigned)__builtin_popcountll(s->bits[i]);
	return n;
}

bool
rules_event_set_is_full(const struct rules_event_set *s)
{
	return rules_event_set_count(s) == RULES_EVENT_MAX - 1;
}
