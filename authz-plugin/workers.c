#include "authz-plugin/workers.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "lib/clock.h"

#define THREADS_MAX (WORKERS_THREADS + WORKERS_EXTRA_MAX)

enum worker_state {
	WORKER_NONE = 0,
	WORKER_RUNS,
	WORKER_ENDED, /* to be joined */
};

struct worker {
	struct workers *workers;
	pthread_t thread;
	enum worker_state state;
	uint64_t begun_ms, deadline_ms; /* of its task; 0: idle */
	bool slow, stuck;
};

struct workers {
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t work, ended;
	struct worker_task *first, **tail;
	bool stopping;
	unsigned running, slow, stuck; /* threads; each is of those before it */
	struct worker threads[THREADS_MAX];
};

/* --- the queue ------------------------------------------------------------- */

static void
push(struct workers *w, struct worker_task *t)
{
	t->next = NULL;
	t->link = w->tail;
	*w->tail = t;
	w->tail = &t->next;
}

static void
take_out(struct workers *w, struct worker_task *t)
{
	*t->link = t->next;
	if (t->next)
		t->next->link = t->link;
	else
		w->tail = t->link;
	t->link = NULL;
}

/* --- a thread --------------------------------------------------------------- */

/* One too many, since a slow one came back. */
static bool
is_surplus(const struct workers *w)
{
	return w->running - w->slow > WORKERS_THREADS;
}

/* The next task, or NULL when the thread is to end.  Locked. */
static struct worker_task *
next_task(struct workers *w)
{
	struct worker_task *t;

	while (!w->first && !w->stopping && !is_surplus(w))
		pthread_cond_wait(&w->work, &w->lock);
	t = w->first;
	if (!t || w->stopping || is_surplus(w))
		return NULL;
	take_out(w, t);
	return t;
}

/* Locked, and unlocked while the task runs; the task is gone afterwards. */
static void
run_task(struct workers *w, struct worker *self, struct worker_task *t)
{
	void (*const fn)(void *arg) = t->fn;
	void *const arg = t->arg;

	self->begun_ms = clock_monotonic_ms();
	self->deadline_ms = t->deadline_ms;
	pthread_mutex_unlock(&w->lock);
	fn(arg);
	pthread_mutex_lock(&w->lock);
	self->begun_ms = 0;
	w->slow -= self->slow;
	w->stuck -= self->stuck;
	self->slow = self->stuck = false;
}

static void *
work(void *arg)
{
	struct worker *self = arg;
	struct workers *w = self->workers;
	struct worker_task *t;

	pthread_mutex_lock(&w->lock);
	while ((t = next_task(w)))
		run_task(w, self, t);
	self->state = WORKER_ENDED;
	w->running--;
	/* Whoever else is asleep and had been woken in our stead. */
	pthread_cond_signal(&w->work);
	pthread_cond_signal(&w->ended);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* --- the threads ------------------------------------------------------------- */

static void
join_ended(struct workers *w)
{
	for (unsigned i = 0; i < THREADS_MAX; i++) {
		struct worker *t = &w->threads[i];

		if (t->state != WORKER_ENDED)
			continue;
		/* It has but to let go of the lock, which is ours. */
		pthread_mutex_unlock(&w->lock);
		pthread_join(t->thread, NULL);
		pthread_mutex_lock(&w->lock);
		t->state = WORKER_NONE;
	}
}

/* As many that are not slow as there should be, if there is room for them. */
static int
fill_up(struct workers *w)
{
	for (unsigned i = 0; i < THREADS_MAX; i++) {
		struct worker *t = &w->threads[i];
		int r;

		if (w->running - w->slow >= WORKERS_THREADS)
			break;
		if (t->state != WORKER_NONE)
			continue;
		*t = (struct worker){.workers = w};
		r = -pthread_create(&t->thread, NULL, work, t);
		if (r < 0)
			return r;
		t->state = WORKER_RUNS;
		w->running++;
	}
	return 0;
}

int
workers_new(struct workers **ret, struct aegis_error *err)
{
	struct workers *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;
	int r;

	if (!w)
		return aegis_error_set(err, -ENOMEM, "workers");
	w->tail = &w->first;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->work, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->ended, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_lock(&w->lock);
	r = fill_up(w);
	pthread_mutex_unlock(&w->lock);
	if (r < 0) {
		workers_stop(w, clock_monotonic_ms() + WORKERS_STUCK_MS);
		return aegis_error_set(err, r, "start a worker thread");
	}
	*ret = w;
	return 0;
}

int
workers_run(struct workers *w, struct worker_task *t)
{
	int r = 0;

	pthread_mutex_lock(&w->lock);
	if (w->stopping || w->stuck == w->running) {
		r = -EBUSY;
	} else {
		push(w, t);
		pthread_cond_signal(&w->work);
	}
	pthread_mutex_unlock(&w->lock);
	return r;
}

bool
workers_cancel(struct workers *w, struct worker_task *t)
{
	bool queued;

	pthread_mutex_lock(&w->lock);
	queued = t->link;
	if (queued)
		take_out(w, t);
	pthread_mutex_unlock(&w->lock);
	return queued;
}

static void
look_at(struct workers *w, struct worker *t, uint64_t now_ms)
{
	const bool busy = t->state == WORKER_RUNS && t->begun_ms;
	const bool slow = busy && now_ms >= t->begun_ms + WORKERS_SLOW_MS;
	const bool stuck =
		slow && now_ms >= t->deadline_ms + WORKERS_STUCK_MS;

	w->slow += slow && !t->slow;
	w->stuck += stuck && !t->stuck;
	t->slow |= slow;
	t->stuck |= stuck;
}

struct workers_count
workers_check(struct workers *w, uint64_t now_ms)
{
	struct workers_count count;

	pthread_mutex_lock(&w->lock);
	join_ended(w);
	for (unsigned i = 0; i < THREADS_MAX; i++)
		look_at(w, &w->threads[i], now_ms);
	/* Without a thread more, those that there are go on. */
	fill_up(w);
	count = (struct workers_count){w->slow, w->stuck};
	pthread_mutex_unlock(&w->lock);
	return count;
}

static void
wait_for_end(struct workers *w, uint64_t deadline_ms)
{
	const struct timespec until = {
		.tv_sec = (time_t)(deadline_ms / 1000),
		.tv_nsec = (long)(deadline_ms % 1000) * 1000000,
	};

	while (w->running &&
	       pthread_cond_timedwait(&w->ended, &w->lock, &until) == 0)
		;
}

bool
workers_stop(struct workers *w, uint64_t deadline_ms)
{
	bool all;

	if (!w)
		return true;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->work);
	wait_for_end(w, deadline_ms);
	all = !w->running;
	join_ended(w);
	pthread_mutex_unlock(&w->lock);
	if (!all)
		return false;
	pthread_cond_destroy(&w->work);
	pthread_cond_destroy(&w->ended);
	pthread_mutex_destroy(&w->lock);
	free(w);
	return true;
}
