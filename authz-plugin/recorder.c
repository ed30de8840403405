#include "authz-plugin/recorder.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/log.h"

/* Calls between AuthZReq and AuthZRes.  Attach and wait stay for hours; the
 * oldest is forgotten, and its row keeps status 0. */
#define INFLIGHT_MAX 4096

/* Notes for the next batch: the keys of meta that the gate keeps. */
#define NOTES_MAX 16
#define NOTE_VALUE_LEN 512

struct inflight {
	uint64_t correlation; /* 0: free */
	int64_t id;
	bool makes_container;
};

struct note {
	char key[64];
	char value[NOTE_VALUE_LEN];
};

struct recorder {
	struct httpd *httpd;
	const char *path;
	struct store *store; /* NULL while it cannot be opened */
	struct record *head, **tail;
	unsigned queued;
	unsigned waiting; /* of the queued, those with an unanswered request */
	uint64_t reopen_at_ms;
	bool ticking;
	bool down; /* said so in the log */
	struct inflight inflight[INFLIGHT_MAX];
	unsigned inflight_next;
	struct note notes[NOTES_MAX];
	unsigned note_count;
	char *policy_text;
	char policy_revision[POLICY_REVISION_LEN + 1];
	atomic_uint_least64_t written, refused, dropped;
	atomic_bool store_down;
};

static void turn(void *ctx);

static void
answer(struct recorder *rec, struct record *r)
{
	if (!r->request)
		return;
	httpd_reply(r->request, 200, "application/json", buf_str(&r->reply),
		    r->reply.len);
	r->request = NULL;
	rec->waiting--;
}

int
recorder_new(struct recorder **ret, struct httpd *httpd, const char *path,
	     struct aegis_error *err)
{
	struct recorder *rec = calloc(1, sizeof(*rec));
	int r;

	if (!rec)
		return aegis_error_set(err, -ENOMEM, "recorder");
	rec->httpd = httpd;
	rec->path = path;
	rec->tail = &rec->head;
	r = store_open(&rec->store, path, STORE_WRITE, err);
	if (r < 0) {
		free(rec);
		return r;
	}
	httpd_on_turn(httpd, turn, rec);
	*ret = rec;
	return 0;
}

void
recorder_free(struct recorder *rec)
{
	if (!rec)
		return;
	while (rec->head) {
		struct record *r = rec->head;

		rec->head = r->next;
		record_free(r);
	}
	store_close(rec->store);
	free(rec->policy_text);
	free(rec);
}

/* --- the queue ------------------------------------------------------------- */

static void
push(struct recorder *rec, struct record *r)
{
	r->next = NULL;
	r->queued_ms = httpd_now_ms(rec->httpd);
	*rec->tail = r;
	rec->tail = &r->next;
	rec->queued++;
}

static struct record *
pop(struct recorder *rec)
{
	struct record *r = rec->head;

	rec->head = r->next;
	if (!rec->head)
		rec->tail = &rec->head;
	rec->queued--;
	return r;
}

/* The queue is full: the oldest row is lost, and counted.  Its answer was given
 * long ago, since answers wait no longer than RECORDER_WAIT_MS, or is given
 * now. */
static void
drop_oldest(struct recorder *rec)
{
	struct record *r = pop(rec);

	if (r->request && r->changes_state)
		record_refuse(r, RULE_GATE_OVERLOAD,
			      "too many decisions wait for the store");
	answer(rec, r);
	record_free(r);
	atomic_fetch_add(&rec->dropped, 1);
}

void
recorder_add(struct recorder *rec, struct record *r)
{
	if (rec->queued >= RECORDER_QUEUE_MAX)
		drop_oldest(rec);
	if (r->request)
		rec->waiting++;
	push(rec, r);
}

/* --- in flight ---------------------------------------------------------------- */

static void
remember(struct recorder *rec, const struct record *r)
{
	if (!r->changes_state || r->decision.verdict == DECISION_DENY)
		return;
	rec->inflight[rec->inflight_next++ % INFLIGHT_MAX] =
		(struct inflight){r->correlation, r->decision.id,
				  r->makes_container};
}

/* The oldest of the calls that look the same: dockerd answers them in any
 * order, and they are the same to the record. */
static struct inflight
recall(struct recorder *rec, uint64_t correlation)
{
	struct inflight found = {0};

	for (unsigned i = 0; i < INFLIGHT_MAX; i++) {
		struct inflight *f =
			&rec->inflight[(rec->inflight_next + i) % INFLIGHT_MAX];

		if (f->correlation == correlation) {
			found = *f;
			f->correlation = 0;
			return found;
		}
	}
	return found;
}

void
recorder_outcome(struct recorder *rec, uint64_t correlation, int status,
		 const char *container, const char *image_id)
{
	const struct inflight call = recall(rec, correlation);
	struct record *r = call.id ? record_new() : NULL;

	if (!r)
		return;
	r->kind = RECORD_OUTCOME;
	r->request = NULL;
	r->decision = (struct decision){.id = call.id, .status = status};
	snprintf(r->container, sizeof(r->container), "%s",
		 container && call.makes_container ? container : "");
	snprintf(r->image_id, sizeof(r->image_id), "%s",
		 image_id ? image_id : "");
	recorder_add(rec, r);
}

void
recorder_meta(struct recorder *rec, const char *key, const char *value)
{
	unsigned i = 0;

	while (i < rec->note_count && strcmp(rec->notes[i].key, key) != 0)
		i++;
	if (i == NOTES_MAX)
		return;
	if (i == rec->note_count)
		rec->note_count++;
	snprintf(rec->notes[i].key, sizeof(rec->notes[i].key), "%s", key);
	snprintf(rec->notes[i].value, sizeof(rec->notes[i].value), "%s", value);
}

void
recorder_policy(struct recorder *rec, const char *revision, const char *text)
{
	free(rec->policy_text);
	rec->policy_text = strdup(text);
	snprintf(rec->policy_revision, sizeof(rec->policy_revision), "%s",
		 revision);
}

/* --- writing ---------------------------------------------------------------------- */

static int
write_alert(struct recorder *rec, const struct decision *d,
	    struct aegis_error *err)
{
	const struct alert a = {
		.timestamp = d->timestamp,
		.service = d->subject ? d->subject : d->endpoint,
		.alert_type = d->rule,
		.message = d->message,
		.decision_id = d->id,
	};

	return store_alert_insert(rec->store, &a, err);
}

static int
write_record(struct recorder *rec, struct record *r, struct aegis_error *err)
{
	struct decision *d = &r->decision;
	int e;

	if (r->kind == RECORD_OUTCOME)
		return store_decision_outcome(
			rec->store, d->id, d->status,
			r->container[0] ? r->container : NULL,
			r->image_id[0] ? r->image_id : NULL, err);
	e = store_decision_insert(rec->store, d, &d->id, err);
	return e == 0 && r->alert ? write_alert(rec, d, err) : e;
}

static int
write_notes(struct recorder *rec, struct aegis_error *err)
{
	int r = 0;

	for (unsigned i = 0; i < rec->note_count && r == 0; i++)
		r = store_meta_set(rec->store, rec->notes[i].key,
				   rec->notes[i].value, err);
	if (r == 0 && rec->policy_text)
		r = store_policy_put(rec->store, rec->policy_revision,
				     rec->policy_text, clock_wall_ms(), err);
	return r;
}

static void
notes_are_written(struct recorder *rec)
{
	rec->note_count = 0;
	free(rec->policy_text);
	rec->policy_text = NULL;
}

/* The first RECORDER_BATCH_MAX of the queue in one transaction. */
static int
write_batch(struct recorder *rec, unsigned *ret_count, struct aegis_error *err)
{
	unsigned count = 0;
	int r = store_begin(rec->store, err);

	if (r < 0)
		return r;
	r = write_notes(rec, err);
	for (struct record *p = rec->head;
	     p && r == 0 && count < RECORDER_BATCH_MAX; p = p->next, count++)
		r = write_record(rec, p, err);
	if (r == 0)
		r = store_commit(rec->store, err);
	if (r < 0)
		store_rollback(rec->store);
	*ret_count = count;
	return r;
}

static void
batch_is_written(struct recorder *rec, unsigned count)
{
	notes_are_written(rec);
	while (count-- > 0) {
		struct record *r = pop(rec);

		if (r->kind == RECORD_DECISION)
			remember(rec, r);
		answer(rec, r);
		record_free(r);
		atomic_fetch_add_explicit(&rec->written, 1,
					  memory_order_relaxed);
	}
}

/* --- when the store does not take it ------------------------------------------------ */

static void
say_down(struct recorder *rec, const struct aegis_error *err)
{
	if (rec->down)
		return;
	rec->down = true;
	atomic_store(&rec->store_down, true);
	log_error("%s; what changes state is denied until the store is back",
		  err->text);
}

static void
say_up(struct recorder *rec)
{
	if (!rec->down)
		return;
	rec->down = false;
	atomic_store(&rec->store_down, false);
	log_info("the store takes decisions again (%llu dropped meanwhile)",
		 (unsigned long long)atomic_load(&rec->dropped));
}

/* A broken connection does not mend; a locked file does. */
static void
close_if_broken(struct recorder *rec, int error)
{
	if (error == -EBUSY || error == -ENOSPC)
		return;
	store_close(rec->store);
	rec->store = NULL;
	rec->reopen_at_ms = httpd_now_ms(rec->httpd) + RECORDER_REOPEN_MS;
}

static void
reopen(struct recorder *rec)
{
	struct aegis_error err = {0};

	if (rec->store || httpd_now_ms(rec->httpd) < rec->reopen_at_ms)
		return;
	rec->reopen_at_ms = httpd_now_ms(rec->httpd) + RECORDER_REOPEN_MS;
	if (store_open(&rec->store, rec->path, STORE_WRITE, &err) < 0)
		say_down(rec, &err);
}

/* Answers that waited long enough are given without their row. */
static void
give_up_waiting(struct recorder *rec, const struct aegis_error *err)
{
	const uint64_t now = httpd_now_ms(rec->httpd);

	for (struct record *r = rec->head; r && rec->waiting; r = r->next) {
		if (!r->request ||
		    (rec->store && now - r->queued_ms < RECORDER_WAIT_MS))
			continue;
		say_down(rec, err);
		if (r->changes_state) {
			record_refuse(r, RULE_GATE_STORE,
				      "the decision cannot be recorded");
			atomic_fetch_add(&rec->refused, 1);
		}
		answer(rec, r);
	}
}

static void
tick(struct recorder *rec, bool on)
{
	if (rec->ticking == on)
		return;
	rec->ticking = on;
	httpd_on_tick(rec->httpd, on ? RECORDER_RETRY_MS : 0, turn, rec);
}

static bool
has_work(const struct recorder *rec)
{
	return rec->head || rec->note_count || rec->policy_text;
}

static void
turn(void *ctx)
{
	struct recorder *rec = ctx;
	struct aegis_error err = {.text = "the store is not open"};
	unsigned count;
	int r = 0;

	reopen(rec);
	while (has_work(rec) && r == 0) {
		r = rec->store ? write_batch(rec, &count, &err) : -EIO;
		if (r == 0) {
			say_up(rec);
			batch_is_written(rec, count);
		}
	}
	if (r < 0) {
		if (rec->store)
			close_if_broken(rec, r);
		give_up_waiting(rec, &err);
	}
	tick(rec, r < 0);
}

void
recorder_drain(struct recorder *rec)
{
	const uint64_t deadline = clock_monotonic_ms() + RECORDER_WAIT_MS;
	const struct timespec pause = {.tv_nsec = RECORDER_RETRY_MS * 1000000L};

	turn(rec);
	while (has_work(rec) && clock_monotonic_ms() < deadline) {
		nanosleep(&pause, NULL);
		turn(rec);
	}
	if (rec->queued)
		log_error("%u decisions could not be written at the end",
			  rec->queued);
}

struct recorder_stats
recorder_stats(const struct recorder *rec)
{
	return (struct recorder_stats){
		.written = atomic_load(&rec->written),
		.refused = atomic_load(&rec->refused),
		.dropped = atomic_load(&rec->dropped),
		.store_down = atomic_load(&rec->store_down),
	};
}
