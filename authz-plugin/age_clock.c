#include "authz-plugin/age_clock.h"

static void
believe(struct age_clock *c, int64_t wall_ms, int64_t uptime_ms)
{
	*c = (struct age_clock){wall_ms, uptime_ms, -1};
}

void
age_clock_init(struct age_clock *c, int64_t wall_ms, int64_t uptime_ms)
{
	believe(c, wall_ms, uptime_ms);
}

/* A clock that is behind deletes less, never more. */
int64_t
age_clock_doubt(struct age_clock *c, int64_t wall_ms, int64_t uptime_ms)
{
	const int64_t ahead = wall_ms - c->wall_ms - (uptime_ms - c->uptime_ms);

	if (ahead > AGE_CLOCK_AHEAD_MS && c->doubted_at_ms < 0)
		c->doubted_at_ms = uptime_ms;
	if (ahead > AGE_CLOCK_AHEAD_MS &&
	    uptime_ms - c->doubted_at_ms < AGE_CLOCK_DOUBT_MS)
		return ahead;
	believe(c, wall_ms, uptime_ms);
	return 0;
}
