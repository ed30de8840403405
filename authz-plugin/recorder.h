/*
 * recorder - every decision is in the store before dockerd hears of it.
 *
 * Decisions of one turn of the loop become one transaction; their answers go
 * out after its commit.  If the store cannot take them, nothing blocks: the
 * batch is tried again every RECORDER_RETRY_MS; after RECORDER_WAIT_MS the
 * waiting answers are given all the same, a deny (rule gate.store) for what
 * changes state, the verdict itself for reads.  From then on, until the store
 * takes rows again, answers are given so at once.  The rows stay queued, up to
 * RECORDER_QUEUE_MAX, and are written when the store is back; what has to be
 * dropped is counted, logged and shown by `aegis-ctl status`.
 *
 * A store that is removed, moved, replaced or cut short under us is noticed
 * before the next batch, RECORDER_LOOK_MS later at most, and by recorder_look();
 * it is said, and the path is opened anew.  Only the recorder makes a store.
 *
 * Loop thread only, except recorder_stats() and recorder_store_hold().
 */
#ifndef AEGIS_AUTHZ_PLUGIN_RECORDER_H
#define AEGIS_AUTHZ_PLUGIN_RECORDER_H

#include <stdint.h>

#include "authz-plugin/record.h"
#include "lib/httpd.h"

#define RECORDER_RETRY_MS 5
#define RECORDER_WAIT_MS 1000
#define RECORDER_REOPEN_MS 1000
#define RECORDER_LOOK_MS 10
#define RECORDER_BATCH_MAX 256
#define RECORDER_QUEUE_MAX 4096

struct recorder;

struct recorder_stats {
	uint64_t written, refused, dropped;
	bool store_down;
};

/* httpd and path are borrowed.  The store is opened here; that it cannot be is
 * an error at the start, and only then. */
int recorder_new(struct recorder **ret, struct httpd *httpd, const char *path,
		 struct aegis_error *err);
void recorder_free(struct recorder *rec);

/* Take over r; its answer is sent once its row is committed. */
void recorder_add(struct recorder *rec, struct record *r);

/* The AuthZRes of a call: note what became of the decision with this
 * correlation.  Texts are copied; NULL is unknown. */
void recorder_outcome(struct recorder *rec, uint64_t correlation, int status,
		      const char *container, const char *image_id);

/* Write a key of meta with the next batch, e.g. the policy in force. */
void recorder_meta(struct recorder *rec, const char *key, const char *value);
/* Write the text of a policy with the next batch. */
void recorder_policy(struct recorder *rec, const char *revision,
		     const char *text);

/* Compare the store's files with what is open: for a time without batches. */
void recorder_look(struct recorder *rec);
/* The store was found damaged by another connection: open it anew. */
void recorder_distrust(struct recorder *rec);

/* Keep the store's file as it is, to work on it with a connection of your own;
 * *ret is that file.  False, with nothing held: there is none now.  The recorder
 * does not open another one meanwhile, so do not stay long. */
bool recorder_store_hold(struct recorder *rec, struct store_file *ret);
void recorder_store_release(struct recorder *rec);

/* Write what is queued, for at most RECORDER_WAIT_MS: at the end. */
void recorder_drain(struct recorder *rec);

struct recorder_stats recorder_stats(const struct recorder *rec);

#endif
