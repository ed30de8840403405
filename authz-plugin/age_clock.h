/*
 * age_clock - may what the clock says make rows old?
 *
 * A wall clock that is ahead once, at a boot without a battery or for one wrong
 * setting, would delete the record.  Time that passed is measured by the monotonic
 * clock; a wall clock that is further ahead than AGE_CLOCK_AHEAD_MS of that is
 * doubted, and believed after AGE_CLOCK_DOUBT_MS, when it was no short error.
 *
 * No I/O, no clock of its own.
 */
#ifndef AEGIS_AUTHZ_PLUGIN_AGE_CLOCK_H
#define AEGIS_AUTHZ_PLUGIN_AGE_CLOCK_H

#include <stdint.h>

#define AGE_CLOCK_AHEAD_MS (24LL * 3600 * 1000)
#define AGE_CLOCK_DOUBT_MS (24LL * 3600 * 1000)

struct age_clock {
	int64_t wall_ms, uptime_ms; /* believed to be the same moment */
	int64_t doubted_at_ms;      /* of the uptime; -1: it is believed */
};

/* wall_ms: the newest time that is known for sure, e.g. of the newest row. */
void age_clock_init(struct age_clock *c, int64_t wall_ms, int64_t uptime_ms);

/* 0: believe it; otherwise by how many ms it is ahead. */
int64_t age_clock_doubt(struct age_clock *c, int64_t wall_ms, int64_t uptime_ms);

#endif
