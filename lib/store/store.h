/*
 * store - AEGIS' one SQLite file.
 *
 * lib/store is the only owner of sqlite3.  One file per table; schema.sql is
 * embedded; PRAGMA user_version counts the migrations.  WAL: readers never
 * block the writer.  Times are integer milliseconds since the epoch, UTC.
 *
 * A struct store is one connection and belongs to one thread.  A writer never
 * waits: a locked file is -EBUSY at once, and the caller decides when to try
 * again.  -EIO, -ENOSPC, -EUCLEAN (corrupt), -EROFS tell the other faults.
 */
#ifndef AEGIS_LIB_STORE_STORE_H
#define AEGIS_LIB_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/cleanup.h"
#include "lib/error.h"

struct store;

enum store_mode {
	STORE_READ,      /* an existing file; nothing can be changed */
	STORE_WRITE,     /* created if missing, migrated to this version */
	STORE_WRITE_NOW, /* the same, and -EBUSY where that would wait */
};

/* A file, whatever it is called. */
struct store_file {
	dev_t dev;
	ino_t ino;
	int64_t size; /* as last seen */
};

/*
 * Open.  STORE_WRITE: makes the folder (0750) and the file (0640) if missing,
 * runs the migrations under a lock with a deadline of STORE_OPEN_TIMEOUT_MS.
 * Returns 0; -ENOENT (read, no file); -EUCLEAN if the file is no AEGIS store or
 * is damaged; -ENOTSUP if it was written by a newer AEGIS; or another errno.
 */
#define STORE_OPEN_TIMEOUT_MS 5000
int store_open(struct store **ret, const char *path, enum store_mode mode,
	       struct aegis_error *err);
/* A further connection to a file that this process has open, which never waits
 * and makes nothing.  -ESTALE if path is not that file, or it was cut short. */
int store_join(struct store **ret, const char *path,
	       const struct store_file *file, struct aegis_error *err);
void store_close(struct store *s);
DEFINE_CLEANUP(struct store *, store_close);
#define _cleanup_store_ _cleanup_(cleanup_store_close)

/* What a connection for writing has open. */
struct store_file store_file(const struct store *s);

/* Are the files still where they were opened, and as long?  -ESTALE with what
 * happened to them; nothing may then be written any more but store_abandon(). */
int store_look(struct store *s, struct aegis_error *err);
/* Close a store by what store_look() found.  The log goes to the file it belongs
 * to, wherever that was moved; what cannot be copied is left as PATH-wal.old, so
 * that no other database gets it.  No other connection of this process may be
 * open.  Accepts NULL. */
void store_abandon(struct store *s);

/* One batch: begin takes the write lock or is -EBUSY.  commit makes all of it
 * readable and safe from kill -9 of this process (synchronous=NORMAL: a power
 * cut can lose the last commits, never the file).  After any error of a
 * statement or of commit: rollback, and the whole batch can be run again. */
int store_begin(struct store *s, struct aegis_error *err)
	__attribute__((warn_unused_result));
int store_commit(struct store *s, struct aegis_error *err)
	__attribute__((warn_unused_result));
void store_rollback(struct store *s);

/* Copy the write-ahead log back into the file as far as readers let it: for a
 * background thread.  *ret_left is the number of frames not yet copied. */
int store_checkpoint(struct store *s, unsigned *ret_left,
		     struct aegis_error *err);

/* Bytes of the file and its WAL. */
int64_t store_size(const char *path);

/* Bytes of the pages in use, free ones not counted: what retention can win
 * back without the file shrinking.  -1 if it cannot be told. */
int64_t store_used_bytes(struct store *s);

/* PRAGMA quick_check; 0, or -EUCLEAN with the first finding. */
int store_check(struct store *s, struct aegis_error *err);

/* meta(key, value) */
int store_meta_get(struct store *s, const char *key, char *ret, size_t size,
		   struct aegis_error *err);
int store_meta_set(struct store *s, const char *key, const char *value,
		   struct aegis_error *err);

/* --- decisions ---------------------------------------------------------- */

/* The words of column verdict. */
enum decision_verdict {
	DECISION_INVALID,
	DECISION_ALLOW, /* "allow" */
	DECISION_DENY,  /* "deny" */
	DECISION_AUDIT, /* "audit": allowed, and would have been denied */
	DECISION_MAX,
};
const char *decision_verdict_name(enum decision_verdict v);

/* A row.  Strings are borrowed; NULL is stored as NULL. */
struct decision {
	int64_t id;
	int64_t timestamp; /* ms, UTC */
	const char *user;  /* TLS CN */
	const char *method;
	const char *uri;      /* redacted */
	const char *endpoint; /* "container.create" */
	const char *class;
	const char *subject;  /* container, image, volume, ... the call names */
	const char *container; /* full id it turned out to be */
	const char *image;     /* as normalised */
	const char *image_id;  /* "sha256:..." */
	enum decision_verdict verdict;
	const char *rule;  /* NULL if allowed without remark */
	const char *field;
	const char *message;
	const char *exception; /* the one that waived a rule */
	int64_t latency_us;
	const char *revision; /* of the policy */
	int64_t status;       /* HTTP status dockerd answered; 0 not yet known */
	const char *request;  /* what was judged, redacted, JSON; NULL: no body */
	const char *facts;    /* what look-ups gave, JSON */
};

int store_decision_insert(struct store *s, const struct decision *d,
			  int64_t *ret_id, struct aegis_error *err)
	__attribute__((warn_unused_result));
/* From AuthZRes.  container, image_id NULL: leave as they are. */
int store_decision_outcome(struct store *s, int64_t id, int64_t status,
			   const char *container, const char *image_id,
			   struct aegis_error *err)
	__attribute__((warn_unused_result));

struct decision_filter {
	int64_t since_ms, until_ms; /* 0: open */
	int64_t before_id;          /* 0: newest first from the end */
	int64_t after_id;           /* 0: down to the oldest */
	enum decision_verdict verdict; /* INVALID: any */
	const char *user, *rule, *endpoint, *subject; /* NULL: any; subject is a
						       * prefix of subject,
						       * container or image */
	bool changes_only; /* leave class "read" out */
	unsigned limit;    /* 0: no limit */
};

/* Newest first.  The row and its strings live during the call; a callback
 * that returns non-zero stops, and that is returned. */
int store_decision_each(struct store *s, const struct decision_filter *f,
			int (*row)(const struct decision *d, void *ctx),
			void *ctx, struct aegis_error *err);
/* One row by id: calls row once, or -ENOENT. */
int store_decision_get(struct store *s, int64_t id,
		       int (*row)(const struct decision *d, void *ctx),
		       void *ctx, struct aegis_error *err);

struct decision_counts {
	int64_t allow, deny, audit;
	int64_t latency_p50_us, latency_p99_us; /* over the newest 10,000 */
	int64_t newest_ms;
};
int store_decision_counts(struct store *s, int64_t since_ms,
			  struct decision_counts *ret, struct aegis_error *err);

/* The newest row; -ENOENT if there is none. */
int store_decision_newest(struct store *s, int64_t *ret_id, int64_t *ret_ms,
			  struct aegis_error *err);

/* Delete the oldest decisions, at most limit and up to the first one that is not
 * older than before_ms (INT64_MAX: whatever their age), with the alerts they led
 * to; *ret_deleted tells.  The newest row stays, so that no id comes twice.  The
 * write lock is held for the deletion alone, not for the search. */
int store_decision_expire(struct store *s, int64_t before_ms, unsigned limit,
			  unsigned *ret_deleted, struct aegis_error *err);

/* --- security_alerts ---------------------------------------------------- */
struct alert {
	int64_t id;
	int64_t timestamp;
	const char *service;    /* container or image concerned */
	const char *alert_type; /* the rule: "containers.privileged" */
	const char *message;
	int64_t decision_id;
};
int store_alert_insert(struct store *s, const struct alert *a,
		       struct aegis_error *err)
	__attribute__((warn_unused_result));
int store_alert_each(struct store *s, int64_t since_ms, unsigned limit,
		     int (*row)(const struct alert *a, void *ctx), void *ctx,
		     struct aegis_error *err);

/* --- policies: the text behind each revision ------------------------------ */
int store_policy_put(struct store *s, const char *revision, const char *text,
		     int64_t timestamp, struct aegis_error *err)
	__attribute__((warn_unused_result));
/* *ret_text is the caller's; -ENOENT. */
int store_policy_get(struct store *s, const char *revision, char **ret_text,
		     struct aegis_error *err);

#endif
