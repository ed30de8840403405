/*
 * workers - threads that may wait, so that the loop never does.
 *
 * A bounded queue and a fixed number of threads.  Look-ups of one call run in
 * one worker under one deadline; the GETs they send come back to the gate and
 * are answered in the loop without a worker, so that however many calls wait,
 * none waits for another (research/h2o-and-dockerd.md section 4).
 */
#ifndef AEGIS_AUTHZ_PLUGIN_WORKERS_H
#define AEGIS_AUTHZ_PLUGIN_WORKERS_H

#include "lib/error.h"

#define WORKERS_THREADS 8
#define WORKERS_QUEUE_MAX 512

struct workers;

int workers_new(struct workers **ret, struct aegis_error *err);
/* Waits for what is queued to be run. */
void workers_free(struct workers *w);

/* Run fn(arg) in a worker.  -EBUSY if the queue is full. */
int workers_run(struct workers *w, void (*fn)(void *arg), void *arg);

#endif
