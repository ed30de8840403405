#include "authz-plugin/keeper.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/store/store.h"

#define KEEPER_PERIOD_MS 500
#define KEEPER_EXPIRE_PERIOD_MS (60 * 1000)
/* Rows in one step: some hundred microseconds of write lock. */
#define KEEPER_EXPIRE_ROWS 100
/* The share of the newest that stays when the file is too large. */
#define KEEPER_SIZE_STEP_MS (60LL * 60 * 1000)

struct keeper {
	const struct settings *settings;
	struct recorder *recorder;
	struct httpd *httpd;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping;
	uint64_t dropped_noted;
};

/* Sleeps for a period; false when it is time to stop. */
static bool
rest(struct keeper *k)
{
	struct timespec until;
	bool go_on;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += KEEPER_PERIOD_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&k->lock);
	while (!k->stopping &&
	       pthread_cond_timedwait(&k->wake, &k->lock, &until) == 0)
		;
	go_on = !k->stopping;
	pthread_mutex_unlock(&k->lock);
	return go_on;
}

static bool
is_stopping(struct keeper *k)
{
	bool stopping;

	pthread_mutex_lock(&k->lock);
	stopping = k->stopping;
	pthread_mutex_unlock(&k->lock);
	return stopping;
}

static void
checkpoint(const struct keeper *k)
{
	struct aegis_error err = {0};
	unsigned left;

	/* Not done now is done next time; the recorder says what is broken. */
	if (store_checkpoint(k->settings->store, &left, &err) < 0)
		log_debug("%s", err.text);
}

/* Delete what is older than before_ms; gives way to the gate between steps. */
static unsigned
expire(struct keeper *k, struct store *s, int64_t before_ms)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	struct aegis_error err = {0};
	unsigned deleted = 0, all = 0;

	do {
		int r = store_decision_expire(s, before_ms, KEEPER_EXPIRE_ROWS,
					      &deleted, &err);

		if (r < 0 && r != -EBUSY) {
			log_warn("retention: %s", err.text);
			return all;
		}
		deleted = r < 0 ? KEEPER_EXPIRE_ROWS : deleted;
		all += r < 0 ? 0 : deleted;
		nanosleep(&pause, NULL);
	} while (deleted == KEEPER_EXPIRE_ROWS && !is_stopping(k));
	return all;
}

static void
retain(struct keeper *k)
{
	const struct settings *s = k->settings;
	const int64_t now = clock_wall_ms();
	const int64_t limit = (int64_t)s->gate.retention_mb * 1024 * 1024;
	int64_t age_ms = (int64_t)s->gate.retention_days * 24 * 3600 * 1000;
	_cleanup_store_ struct store *store = NULL;
	struct aegis_error err = {0};
	unsigned deleted;

	if (store_open(&store, s->store, STORE_WRITE, &err) < 0) {
		log_debug("retention: %s", err.text);
		return;
	}
	deleted = expire(k, store, now - age_ms);
	/* Freed pages are used again, so that the file stops growing at the
	 * limit; it does not shrink below what it once needed. */
	while (store_used_bytes(store) > limit &&
	       age_ms > KEEPER_SIZE_STEP_MS && !is_stopping(k)) {
		age_ms = age_ms / 2;
		deleted += expire(k, store, now - age_ms);
	}
	if (deleted)
		log_info("retention: %u decisions deleted", deleted);
}

struct loss {
	struct recorder *recorder;
	uint64_t dropped;
};

static void
note_loss(void *arg)
{
	struct loss *loss = arg;
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)loss->dropped);
	recorder_meta(loss->recorder, "gate.dropped", text);
	free(loss);
}

static void
watch_losses(struct keeper *k)
{
	const struct recorder_stats stats = recorder_stats(k->recorder);
	struct loss *loss;

	if (stats.dropped == k->dropped_noted)
		return;
	loss = malloc(sizeof(*loss));
	if (!loss)
		return;
	*loss = (struct loss){k->recorder, stats.dropped};
	k->dropped_noted = stats.dropped;
	log_warn("%llu decisions were dropped since the start",
		 (unsigned long long)stats.dropped);
	if (httpd_post(k->httpd, note_loss, loss) < 0)
		free(loss);
}

static void *
keep(void *arg)
{
	struct keeper *k = arg;
	uint64_t expire_at_ms = 0;

	while (rest(k)) {
		checkpoint(k);
		watch_losses(k);
		if (clock_monotonic_ms() < expire_at_ms)
			continue;
		retain(k);
		expire_at_ms = clock_monotonic_ms() + KEEPER_EXPIRE_PERIOD_MS;
	}
	return NULL;
}

int
keeper_start(struct keeper **ret, const struct settings *settings,
	     struct recorder *recorder, struct httpd *httpd,
	     struct aegis_error *err)
{
	struct keeper *k = calloc(1, sizeof(*k));
	pthread_condattr_t attr;
	int r;

	if (!k)
		return aegis_error_set(err, -ENOMEM, "keeper");
	k->settings = settings;
	k->recorder = recorder;
	k->httpd = httpd;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&k->wake, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&k->lock, NULL);
	r = -pthread_create(&k->thread, NULL, keep, k);
	if (r < 0) {
		free(k);
		return aegis_error_set(err, r, "start the keeper thread");
	}
	*ret = k;
	return 0;
}

void
keeper_stop(struct keeper *k)
{
	if (!k)
		return;
	pthread_mutex_lock(&k->lock);
	k->stopping = true;
	pthread_cond_signal(&k->wake);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
	pthread_cond_destroy(&k->wake);
	pthread_mutex_destroy(&k->lock);
	free(k);
}
