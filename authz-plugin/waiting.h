/*
 * waiting - calls whose look-ups only a worker may do, since they block.
 *
 * The loop owns the deadline: PLUGIN_LOOKUP_TIMEOUT_MS after its arrival a call is
 * answered with a deny (gate.lookup), whatever became of its look-ups.  One that
 * no worker has begun is over then.  One that a worker is at is abandoned: its
 * job, but for the request and the envelope, which nobody changes, belongs to the
 * worker until that is done, and is freed then, its result unread.
 *
 * Paths can hang for good, dockerd cannot: once WAITING_SLOW_MAX workers are slow,
 * paths are looked up in the kernel's caches only, so that a dead file system never
 * takes all workers.
 *
 * Every look-up makes dockerd ask the gate back, over a connection that must be
 * there: at most half of the connections may wait, more is gate.overload.
 *
 * Loop thread only.
 */
#ifndef AEGIS_AUTHZ_PLUGIN_WAITING_H
#define AEGIS_AUTHZ_PLUGIN_WAITING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "authz-plugin/workers.h"

#define WAITING_MAX 512
/* Those that began before take as many again at most. */
#define WAITING_SLOW_MAX 32
/* At the end, for look-ups under way. */
#define WAITING_END_MS 500

struct job;
struct plugin;

struct waiting {
	struct job *first, **tail; /* in the order of their deadlines */
	unsigned count, max;
	unsigned abandoned; /* jobs that workers have yet to give back */
	unsigned stuck;     /* workers; as last noted */
	bool has_alarm;
	atomic_bool hurry; /* workers read it: paths from the caches only */
	uint64_t end_at_ms; /* of all, once the loop winds down; 0: not yet */
};

/* Once p has its httpd. */
void waiting_init(struct plugin *p);
/* Look up, judge and finish later.  -EBUSY: too many wait. */
int waiting_add(struct job *job);

#endif
