/*
 * workers - threads that may wait, so that the loop never does.
 *
 * WORKERS_THREADS of them take tasks in order.  Look-ups of one call run in one
 * worker; the GETs they send come back to the gate and are answered in the loop
 * without a worker, so that however many calls wait, none waits for another
 * (research/h2o-and-dockerd.md section 4).
 *
 * A thread that is WORKERS_SLOW_MS at one task gets another beside it, up to
 * WORKERS_EXTRA_MAX, so that one slow thing does not hold the others.  Nothing ends
 * a system call on a file system that is dead: a thread that is not back
 * WORKERS_STUCK_MS after its task's deadline is stuck, and nobody waits for it at
 * the end.
 *
 * For one owner, the loop; tasks run in the threads.
 */
#ifndef AEGIS_AUTHZ_PLUGIN_WORKERS_H
#define AEGIS_AUTHZ_PLUGIN_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/error.h"

#define WORKERS_THREADS 8
#define WORKERS_EXTRA_MAX 56
#define WORKERS_SLOW_MS 1000
#define WORKERS_STUCK_MS 1000

/* The caller's, until fn has run or workers_cancel() said true. */
struct worker_task {
	void (*fn)(void *arg);
	void *arg;
	uint64_t deadline_ms; /* CLOCK_MONOTONIC: fn is to be back by then */
	/* private */
	struct worker_task *next, **link;
};

struct workers;

struct workers_count {
	unsigned slow, stuck; /* the stuck are slow too */
};

int workers_new(struct workers **ret, struct aegis_error *err);

/* Run t->fn in a worker.  -EBUSY if every thread there may be is stuck, or after
 * workers_stop(). */
int workers_run(struct workers *w, struct worker_task *t);
/* True: t had not begun, and will not. */
bool workers_cancel(struct workers *w, struct worker_task *t);

/* Put threads beside slow ones; to be called every WORKERS_SLOW_MS while tasks are
 * under way. */
struct workers_count workers_check(struct workers *w, uint64_t now_ms);

/*
 * Begin no more tasks, and wait until deadline_ms for those that have begun.
 * Returns true with w freed; false if threads are still busy: w, and all that
 * their tasks use, has to stay.  Accepts NULL.
 */
bool workers_stop(struct workers *w, uint64_t deadline_ms);

#endif
