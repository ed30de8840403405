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

/* Decisions written before the store's files are looked at again; a look costs
 * three stat(2). */
#define UNSEEN_MAX 16

struct inflight {
	uint64_t correlation; /* 0: free */
	int64_t id;
	bool makes_container;
};

/* What the store is told about the gate; told again to another store. */
struct note {
	char key[64];
	char value[NOTE_VALUE_LEN];
	bool pending;
};

struct recorder {
	struct httpd *httpd;
	const char *path;
	pthread_mutex_t holding; /* who has a connection to store beside ours */
	struct store *store;     /* NULL while it cannot be opened */
	struct store_file file;  /* of the last store that was open */
	bool open;               /* file is that of store; under holding */
	bool suspect;            /* store is to be closed */
	int open_error;          /* why there is none */
	int64_t last_id;         /* of the last decision that is committed */
	struct record *head, **tail;
	unsigned queued;
	unsigned waiting; /* of the queued, those with an unanswered request */
	struct record *written_head, **written_tail; /* since the last look */
	unsigned written_count;
	uint64_t reopen_at_ms, look_at_ms;
	bool ticking;
	bool down; /* said so in the log */
	char down_because[AEGIS_ERROR_TEXT_LEN];
	struct inflight inflight[INFLIGHT_MAX];
	unsigned inflight_next;
	struct note notes[NOTES_MAX];
	unsigned note_count;
	bool notes_pending;
	char *policy_text; /* in force */
	bool policy_pending;
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
	rec->written_tail = &rec->written_head;
	r = store_open(&rec->store, path, STORE_WRITE, err);
	if (r < 0) {
		free(rec);
		return r;
	}
	rec->file = store_file(rec->store);
	rec->open = true;
	pthread_mutex_init(&rec->holding, NULL);
	recorder_meta(rec, "gate.store_lost", "");
	httpd_on_turn(httpd, turn, rec);
	*ret = rec;
	return 0;
}

static void
free_list(struct record *list)
{
	while (list) {
		struct record *r = list;

		list = r->next;
		record_free(r);
	}
}

void
recorder_free(struct recorder *rec)
{
	if (!rec)
		return;
	free_list(rec->head);
	free_list(rec->written_head);
	if (rec->store)
		(void)store_look(rec->store, NULL);
	store_abandon(rec->store);
	pthread_mutex_destroy(&rec->holding);
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
	rec->notes[i].pending = rec->notes_pending = true;
}

void
recorder_policy(struct recorder *rec, const char *revision, const char *text)
{
	free(rec->policy_text);
	rec->policy_text = strdup(text);
	rec->policy_pending = rec->policy_text;
	snprintf(rec->policy_revision, sizeof(rec->policy_revision), "%s",
		 revision);
}

/* Rows of another store have other ids: what became of calls that were recorded
 * in the old one cannot be noted any more. */
static void
forget_calls(struct recorder *rec)
{
	struct record **at = &rec->head;

	memset(rec->inflight, 0, sizeof(rec->inflight));
	rec->tail = &rec->head;
	while (*at) {
		struct record *r = *at;

		if (r->kind == RECORD_OUTCOME) {
			*at = r->next;
			rec->queued--;
			record_free(r);
		} else {
			at = &r->next;
			rec->tail = at;
		}
	}
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

	for (unsigned i = 0;
	     rec->notes_pending && i < rec->note_count && r == 0; i++)
		if (rec->notes[i].pending)
			r = store_meta_set(rec->store, rec->notes[i].key,
					   rec->notes[i].value, err);
	if (r == 0 && rec->policy_pending)
		r = store_policy_put(rec->store, rec->policy_revision,
				     rec->policy_text, clock_wall_ms(), err);
	return r;
}

static void
set_notes_pending(struct recorder *rec, bool pending)
{
	for (unsigned i = 0; i < rec->note_count; i++)
		rec->notes[i].pending = pending;
	rec->notes_pending = pending && rec->note_count;
	rec->policy_pending = pending && rec->policy_text;
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

/* A file that was just removed took them too: until it is seen in its place they
 * can be written again. */
static void
keep_until_look(struct recorder *rec, struct record *r)
{
	r->next = NULL;
	*rec->written_tail = r;
	rec->written_tail = &r->next;
	rec->written_count++;
}

static void
written_are_seen(struct recorder *rec)
{
	free_list(rec->written_head);
	rec->written_head = NULL;
	rec->written_tail = &rec->written_head;
	rec->written_count = 0;
}

static void
batch_is_written(struct recorder *rec, unsigned count)
{
	if (rec->notes_pending || rec->policy_pending)
		set_notes_pending(rec, false);
	while (count-- > 0) {
		struct record *r = pop(rec);

		answer(rec, r);
		if (r->kind == RECORD_DECISION) {
			rec->last_id = r->decision.id;
			remember(rec, r);
			keep_until_look(rec, r);
		} else {
			record_free(r);
		}
		atomic_fetch_add_explicit(&rec->written, 1,
					  memory_order_relaxed);
	}
}

/* --- when the store does not take it ------------------------------------------------ */

/* Again if it is for another reason, e.g. why it cannot be opened anew. */
static void
say_down(struct recorder *rec, const struct aegis_error *err)
{
	if (rec->down && !strcmp(rec->down_because, err->text))
		return;
	rec->down = true;
	atomic_store(&rec->store_down, true);
	snprintf(rec->down_because, sizeof(rec->down_because), "%s", err->text);
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

/* --- when it is not the store any more ------------------------------------------------ */

/* For the log, and for who asks `aegis-ctl status` later. */
static void
say_lost(struct recorder *rec, const struct aegis_error *err)
{
	char when[sizeof("2026-11-25 08:52:02")];
	char text[NOTE_VALUE_LEN];
	time_t now = time(NULL);
	struct tm tm;

	log_error("%s", err->text);
	strftime(when, sizeof(when), "%F %T", gmtime_r(&now, &tm));
	snprintf(text, sizeof(text), "%s UTC: %.480s", when, err->text);
	recorder_meta(rec, "gate.store_lost", text);
}

static void
look(struct recorder *rec)
{
	struct aegis_error err = {0};

	if (!rec->store || rec->suspect)
		return;
	rec->look_at_ms = httpd_now_ms(rec->httpd) + RECORDER_LOOK_MS;
	if (store_look(rec->store, &err) < 0) {
		say_lost(rec, &err);
		rec->suspect = true;
		return;
	}
	written_are_seen(rec);
	if (pthread_mutex_trylock(&rec->holding) == 0) {
		rec->file = store_file(rec->store);
		pthread_mutex_unlock(&rec->holding);
	}
}

void
recorder_look(struct recorder *rec)
{
	look(rec);
}

void
recorder_distrust(struct recorder *rec)
{
	look(rec);
	rec->suspect |= rec->store != NULL;
}

bool
recorder_store_hold(struct recorder *rec, struct store_file *ret)
{
	pthread_mutex_lock(&rec->holding);
	if (rec->open) {
		*ret = rec->file;
		return true;
	}
	pthread_mutex_unlock(&rec->holding);
	return false;
}

void
recorder_store_release(struct recorder *rec)
{
	pthread_mutex_unlock(&rec->holding);
}

/* A broken connection does not mend; a locked file does. */
static void
distrust_if_broken(struct recorder *rec, int error)
{
	if (error == -EBUSY || error == -ENOSPC)
		return;
	recorder_distrust(rec);
}

/* Those that the store does not have: ids above newest. */
static void
write_again(struct recorder *rec, int64_t newest)
{
	struct record *r = rec->written_head, *next;
	struct record *queue = rec->head, **end = &rec->head;

	for (; r; r = next) {
		next = r->next;
		if (r->decision.id <= newest) {
			record_free(r);
			continue;
		}
		*end = r;
		end = &r->next;
		rec->queued++;
	}
	*end = queue;
	if (!queue)
		rec->tail = end;
	rec->written_head = NULL;
	written_are_seen(rec);
}

/* The newest id of what was written that the store has, -1 if it is another. */
static int64_t
newest_kept(struct recorder *rec)
{
	const struct store_file now = store_file(rec->store);
	int64_t id = 0, ms;

	if (now.dev != rec->file.dev || now.ino != rec->file.ino)
		return -1;
	store_decision_newest(rec->store, &id, &ms, NULL);
	return id;
}

static int
open_anew(struct recorder *rec, struct aegis_error *err)
{
	const uint64_t now = httpd_now_ms(rec->httpd);
	int64_t newest;
	int r = store_open(&rec->store, rec->path, STORE_WRITE_NOW, err);

	/* Busy is somebody who opens or mends it; what is broken stays so. */
	rec->reopen_at_ms =
		now + (r == -EBUSY ? RECORDER_RETRY_MS : RECORDER_REOPEN_MS);
	if (r < 0)
		return r;
	newest = newest_kept(rec);
	if (newest < rec->last_id) {
		log_warn("the store %s is another one now", rec->path);
		forget_calls(rec);
		write_again(rec, newest);
		rec->last_id = 0;
	}
	/* Also where they may be there already: a batch tells that it is back. */
	set_notes_pending(rec, true);
	rec->file = store_file(rec->store);
	rec->open = true;
	rec->look_at_ms = now + RECORDER_LOOK_MS;
	return 0;
}

/* Close what is to be closed and open what has to be open, unless somebody holds
 * the file: then in the next turn.  0, or why there is no store now. */
static int
have_store(struct recorder *rec, struct aegis_error *err)
{
	if (rec->store && !rec->suspect)
		return 0;
	if (pthread_mutex_trylock(&rec->holding) != 0)
		return aegis_error_setx(err, -EBUSY,
					"store %s: the keeper is still at work "
					"on it",
					rec->path);
	if (rec->suspect) {
		store_abandon(rec->store);
		rec->store = NULL;
		rec->suspect = rec->open = false;
		rec->open_error = -EIO;
	}
	if (httpd_now_ms(rec->httpd) >= rec->reopen_at_ms) {
		rec->open_error = open_anew(rec, err);
		if (rec->open_error < 0 && rec->open_error != -EBUSY)
			say_down(rec, err);
	} else {
		aegis_error_setx(err, rec->open_error,
				 "store %s: not open, and tried once a second",
				 rec->path);
	}
	pthread_mutex_unlock(&rec->holding);
	return rec->open_error;
}

/* Answers that waited long enough are given without their row; once it is known
 * that the store is down, none waits. */
static void
give_up_waiting(struct recorder *rec, int error, const struct aegis_error *err)
{
	const uint64_t now = httpd_now_ms(rec->httpd);
	const bool may_wait = !rec->down && (rec->store || error == -EBUSY);

	for (struct record *r = rec->head; r && rec->waiting; r = r->next) {
		if (!r->request ||
		    (may_wait && now - r->queued_ms < RECORDER_WAIT_MS))
			continue;
		if (!rec->down)
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
	return rec->head || rec->notes_pending || rec->policy_pending;
}

static int
write_all(struct recorder *rec, struct aegis_error *err)
{
	unsigned count = 0;
	int r = 0;

	while (has_work(rec) && r == 0) {
		r = write_batch(rec, &count, err);
		if (r == 0) {
			say_up(rec);
			batch_is_written(rec, count);
		}
	}
	return r;
}

static int
try_to_write(struct recorder *rec, struct aegis_error *err)
{
	int r;

	if (has_work(rec) && (httpd_now_ms(rec->httpd) >= rec->look_at_ms ||
			      rec->written_count >= UNSEEN_MAX))
		look(rec);
	r = have_store(rec, err);
	if (r == 0)
		r = write_all(rec, err);
	if (r < 0 && rec->store)
		distrust_if_broken(rec, r);
	return r;
}

static void
turn(void *ctx)
{
	struct recorder *rec = ctx;
	struct aegis_error err = {.text = "the store is not open"};
	int r = try_to_write(rec, &err);

	/* A connection that broke just now gets one more try. */
	if (r < 0 && rec->suspect)
		r = try_to_write(rec, &err);
	if (r < 0)
		give_up_waiting(rec, r, &err);
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
