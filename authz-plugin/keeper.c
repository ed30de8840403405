#include "authz-plugin/keeper.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "authz-plugin/age_clock.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/store/store.h"

#define KEEPER_PERIOD_MS 500
#define KEEPER_MINUTE_MS (60 * 1000)
/* Rows in one step: a millisecond of write lock. */
#define KEEPER_EXPIRE_ROWS 100
/* Of one period: the log wants to be copied back between the steps. */
#define KEEPER_EXPIRE_MS 300

struct keeper {
	const struct settings *settings;
	struct recorder *recorder;
	struct httpd *httpd;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping;
	uint64_t dropped_noted;
	bool failing; /* said so */
	struct age_clock clock;
	bool clock_known, clock_doubted;
	uint64_t minute_at_ms, age_at_ms;
	unsigned deleted; /* since it was logged */
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

/* --- what the loop has to do or to write ---------------------------------------- */

struct errand {
	struct recorder *recorder;
	bool distrust;
	const char *key; /* of a note; NULL: none */
	char text[AEGIS_ERROR_TEXT_LEN];
};

static void
run_errand(void *arg)
{
	struct errand *e = arg;

	if (e->distrust)
		recorder_distrust(e->recorder);
	else
		recorder_look(e->recorder);
	if (e->key)
		recorder_meta(e->recorder, e->key, e->text);
	free(e);
}

__attribute__((format(printf, 4, 5))) static void
send(struct keeper *k, bool distrust, const char *key, const char *format, ...)
{
	struct errand *e = calloc(1, sizeof(*e));
	va_list ap;

	if (!e)
		return;
	e->recorder = k->recorder;
	e->distrust = distrust;
	e->key = key;
	va_start(ap, format);
	vsnprintf(e->text, sizeof(e->text), format, ap);
	va_end(ap);
	if (httpd_post(k->httpd, run_errand, e) < 0)
		free(e);
}

/* --- retention ---------------------------------------------------------------------- */

/* Delete from the oldest on what is older than before_ms, as long as more than
 * limit bytes are in use; gives way to the gate between steps.  *ret_done: there
 * is no more to do. */
static int
expire(struct keeper *k, struct store *s, int64_t before_ms, int64_t limit,
       bool *ret_done, struct aegis_error *err)
{
	const uint64_t deadline = clock_monotonic_ms() + KEEPER_EXPIRE_MS;
	const struct timespec pause = {.tv_nsec = 1000000};

	*ret_done = false;
	while (!is_stopping(k) && clock_monotonic_ms() < deadline) {
		unsigned deleted = 0;
		int r;

		*ret_done = store_used_bytes(s) <= limit;
		if (*ret_done)
			return 0;
		/* Not into a file that was cut short meanwhile. */
		r = store_look(s, err);
		if (r < 0)
			return r;
		r = store_decision_expire(s, before_ms, KEEPER_EXPIRE_ROWS,
					  &deleted, err);
		if (r < 0 && r != -EBUSY)
			return r;
		k->deleted += deleted;
		*ret_done = r == 0 && deleted < KEEPER_EXPIRE_ROWS;
		if (*ret_done)
			return 0;
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int64_t
uptime_ms(void)
{
	return clock_read_us(CLOCK_BOOTTIME) / 1000;
}

/* From before the start, or else the newest row's: this clock may be wrong. */
static void
find_clock(struct keeper *k, struct store *s)
{
	char text[32] = "";
	int64_t id, wall_ms = clock_wall_ms();

	if (store_meta_get(s, "gate.clock_ms", text, sizeof(text), NULL) == 0)
		wall_ms = strtoll(text, NULL, 10);
	else
		store_decision_newest(s, &id, &wall_ms, NULL);
	age_clock_init(&k->clock, wall_ms, uptime_ms());
	k->clock_known = true;
}

static bool
clock_is_believed(struct keeper *k, struct store *s, int64_t now_ms)
{
	int64_t ahead;

	if (!k->clock_known)
		find_clock(k, s);
	ahead = age_clock_doubt(&k->clock, now_ms, uptime_ms());
	if (ahead && !k->clock_doubted)
		log_warn("the clock is %lld days ahead of the record; nothing "
			 "is deleted for its age until it is set, or for a day",
			 (long long)(ahead / AGE_CLOCK_AHEAD_MS));
	k->clock_doubted = ahead != 0;
	if (!ahead)
		send(k, false, "gate.clock_ms", "%lld", (long long)now_ms);
	return !ahead;
}

static void
log_deleted(struct keeper *k)
{
	if (k->deleted)
		log_info("retention: %u decisions deleted", k->deleted);
	k->deleted = 0;
}

/* Freed pages are used again, so that the file stops growing at the limit; it
 * does not shrink below what it once needed. */
static int
retain(struct keeper *k, struct store *s, struct aegis_error *err)
{
	const int64_t limit =
		(int64_t)k->settings->gate.retention_mb * 1024 * 1024;
	const int64_t age_ms =
		(int64_t)k->settings->gate.retention_days * 24 * 3600 * 1000;
	const uint64_t now = clock_monotonic_ms();
	const int64_t now_ms = clock_wall_ms();
	bool believed = false, done;
	int r = expire(k, s, INT64_MAX, limit, &done, err);

	if (r < 0 || now < k->minute_at_ms)
		return r;
	believed = clock_is_believed(k, s, now_ms);
	if (believed && now >= k->age_at_ms) {
		r = expire(k, s, now_ms - age_ms, -1, &done, err);
		if (!done)
			return r; /* goes on in the next period */
	}
	log_deleted(k);
	k->minute_at_ms = now + KEEPER_MINUTE_MS;
	return r;
}

/* --- the period --------------------------------------------------------------------- */

static int
look_after(struct keeper *k, const struct store_file *file,
	   struct aegis_error *err)
{
	_cleanup_store_ struct store *s = NULL;
	unsigned left;
	int r = store_join(&s, k->settings->store, file, err);

	/* Zeros of a log that was cut short are not to be copied. */
	if (r == 0)
		r = store_look(s, err);
	if (r == 0)
		r = store_checkpoint(s, &left, err);
	return r < 0 ? r : retain(k, s, err);
}

/* What is busy now is done next time, and of a file that is another one the
 * recorder says so. */
static void
report(struct keeper *k, int result, const struct aegis_error *err)
{
	if (result == -EBUSY || result == -ESTALE)
		return;
	if (result < 0 && !k->failing) {
		log_error("%s", err->text);
		send(k, result == -EUCLEAN, "gate.store_error", "%s", err->text);
	} else if (result == 0 && k->failing) {
		log_info("the store can be looked after again");
		send(k, false, "gate.store_error", "%s", "");
	}
	k->failing = result < 0;
}

static void
look_after_store(struct keeper *k)
{
	struct aegis_error err = {0};
	struct store_file file;
	int r;

	send(k, false, NULL, "%s", "");
	if (!recorder_store_hold(k->recorder, &file))
		return;
	r = look_after(k, &file, &err);
	recorder_store_release(k->recorder);
	report(k, r, &err);
}

static void
watch_losses(struct keeper *k)
{
	const uint64_t dropped = recorder_stats(k->recorder).dropped;

	if (dropped == k->dropped_noted)
		return;
	k->dropped_noted = dropped;
	log_warn("%llu decisions were dropped since the start",
		 (unsigned long long)dropped);
	send(k, false, "gate.dropped", "%llu", (unsigned long long)dropped);
}

static void *
keep(void *arg)
{
	struct keeper *k = arg;

	k->age_at_ms = clock_monotonic_ms() + KEEPER_AGE_AFTER_MS;
	while (rest(k)) {
		look_after_store(k);
		watch_losses(k);
	}
	log_deleted(k);
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
	send(k, false, "gate.store_error", "%s", "");
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
