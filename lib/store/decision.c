#include "lib/store/internal.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static const char *const verdict_names[DECISION_MAX] = {
	[DECISION_INVALID] = "invalid",
	[DECISION_ALLOW] = "allow",
	[DECISION_DENY] = "deny",
	[DECISION_AUDIT] = "audit",
};

const char *
decision_verdict_name(enum decision_verdict v)
{
	return v > DECISION_INVALID && v < DECISION_MAX ? verdict_names[v]
							: verdict_names[0];
}

static enum decision_verdict
verdict_from_name(const char *name)
{
	for (int v = DECISION_INVALID + 1; v < DECISION_MAX; v++)
		if (name && !strcmp(name, verdict_names[v]))
			return (enum decision_verdict)v;
	return DECISION_INVALID;
}

int
store_decision_insert(struct store *s, const struct decision *d, int64_t *ret_id,
		      struct aegis_error *err)
{
	sqlite3_stmt *stmt = store_stmt(s, STMT_DECISION_INSERT, err);
	int at = 0, r;

	if (!stmt)
		return err ? err->code : -EIO;
	store_bind_int(stmt, &at, d->timestamp);
	store_bind_text(stmt, &at, d->user);
	store_bind_text(stmt, &at, d->method);
	store_bind_text(stmt, &at, d->uri);
	store_bind_text(stmt, &at, d->endpoint);
	store_bind_text(stmt, &at, d->class);
	store_bind_text(stmt, &at, d->subject);
	store_bind_text(stmt, &at, d->container);
	store_bind_text(stmt, &at, d->image);
	store_bind_text(stmt, &at, d->image_id);
	store_bind_text(stmt, &at, decision_verdict_name(d->verdict));
	store_bind_text(stmt, &at, d->rule);
	store_bind_text(stmt, &at, d->field);
	store_bind_text(stmt, &at, d->message);
	store_bind_text(stmt, &at, d->exception);
	store_bind_int(stmt, &at, d->latency_us);
	store_bind_text(stmt, &at, d->revision);
	store_bind_int(stmt, &at, d->status);
	store_bind_text(stmt, &at, d->request);
	store_bind_text(stmt, &at, d->facts);
	r = store_run(s, stmt, "record a decision", err);
	if (r == 0)
		*ret_id = sqlite3_last_insert_rowid(s->db);
	return r;
}

int
store_decision_outcome(struct store *s, int64_t id, int64_t status,
		       const char *container, const char *image_id,
		       struct aegis_error *err)
{
	sqlite3_stmt *stmt = store_stmt(s, STMT_DECISION_OUTCOME, err);
	int at = 0;

	if (!stmt)
		return err ? err->code : -EIO;
	store_bind_int(stmt, &at, status);
	store_bind_text(stmt, &at, container);
	store_bind_text(stmt, &at, image_id);
	store_bind_int(stmt, &at, id);
	return store_run(s, stmt, "record an outcome", err);
}

/* --- reading ---------------------------------------------------------------------- */

#define COLUMNS                                                                \
	"id, timestamp, user, method, uri, endpoint, class, subject, "         \
	"container, image, image_id, verdict, rule, field, message, "          \
	"exception, latency_us, revision, status, request, facts"

static void
read_row(sqlite3_stmt *stmt, struct decision *d)
{
	int at = 0;

	d->id = sqlite3_column_int64(stmt, at++);
	d->timestamp = sqlite3_column_int64(stmt, at++);
	d->user = store_text(stmt, at++);
	d->method = store_text(stmt, at++);
	d->uri = store_text(stmt, at++);
	d->endpoint = store_text(stmt, at++);
	d->class = store_text(stmt, at++);
	d->subject = store_text(stmt, at++);
	d->container = store_text(stmt, at++);
	d->image = store_text(stmt, at++);
	d->image_id = store_text(stmt, at++);
	d->verdict = verdict_from_name(store_text(stmt, at++));
	d->rule = store_text(stmt, at++);
	d->field = store_text(stmt, at++);
	d->message = store_text(stmt, at++);
	d->exception = store_text(stmt, at++);
	d->latency_us = sqlite3_column_int64(stmt, at++);
	d->revision = store_text(stmt, at++);
	d->status = sqlite3_column_int64(stmt, at++);
	d->request = store_text(stmt, at++);
	d->facts = store_text(stmt, at++);
}

/* A query put together from the fixed pieces of the filter that are set; all
 * values are bound. */
struct query {
	char sql[1536];
	size_t used;
	const char *texts[16];
	int64_t ints[16];
	int count;
};

static void
add_piece(struct query *q, const char *piece)
{
	int n = snprintf(q->sql + q->used, sizeof(q->sql) - q->used, "%s",
			 piece);

	q->used += (size_t)n;
}

static void
add_int(struct query *q, const char *piece, int64_t v)
{
	add_piece(q, piece);
	q->texts[q->count] = NULL;
	q->ints[q->count++] = v;
}

static void
add_text(struct query *q, const char *piece, const char *text)
{
	add_piece(q, piece);
	q->texts[q->count++] = text;
}

static void
build_query(struct query *q, const struct decision_filter *f, int64_t first_id)
{
	add_piece(q, "SELECT " COLUMNS " FROM decisions WHERE 1");
	add_int(q, " AND id >= ?", first_id);
	if (f->since_ms)
		add_int(q, " AND timestamp >= ?", f->since_ms);
	if (f->until_ms)
		add_int(q, " AND timestamp < ?", f->until_ms);
	if (f->before_id)
		add_int(q, " AND id < ?", f->before_id);
	if (f->verdict)
		add_text(q, " AND verdict = ?",
			 decision_verdict_name(f->verdict));
	if (f->user)
		add_text(q, " AND user = ?", f->user);
	if (f->rule)
		add_text(q, " AND rule = ?", f->rule);
	if (f->endpoint)
		add_text(q, " AND endpoint = ?", f->endpoint);
	if (f->subject) {
		/* A prefix, compared byte by byte: no pattern to escape. */
		add_text(q, " AND (substr(subject, 1, length(?)) = ",
			 f->subject);
		add_text(q, "?", f->subject);
		add_text(q, " OR substr(container, 1, length(?)) = ",
			 f->subject);
		add_text(q, "?", f->subject);
		add_text(q, " OR substr(image, 1, length(?)) = ", f->subject);
		add_text(q, "?)", f->subject);
	}
	if (f->changes_only)
		add_piece(q, " AND (class <> 'read' OR verdict <> 'allow')");
	add_int(q, " ORDER BY id DESC LIMIT ?",
		f->limit ? (int64_t)f->limit : INT64_MAX);
}

static int
each_row(struct store *s, sqlite3_stmt *stmt,
	 int (*row)(const struct decision *d, void *ctx), void *ctx,
	 struct aegis_error *err)
{
	int rc, r = 0;

	while (r == 0 && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct decision d;

		read_row(stmt, &d);
		r = row(&d, ctx);
	}
	if (r == 0 && rc != SQLITE_DONE)
		r = store_error(s, rc, "read decisions", err);
	return r;
}

/* The id where the rows at or after since_ms begin, without reading what is
 * before.  Rows come in the order of their times unless the clock was set back:
 * that many older ones in a row are the end. */
#define OLDER_MAX 256

static int
find_since(struct store *s, int64_t since_ms, int64_t *ret_id,
	   struct aegis_error *err)
{
	sqlite3_stmt *stmt = store_stmt(s, STMT_DECISION_TIMES, err);
	int older = 0, rc = SQLITE_DONE;

	*ret_id = INT64_MAX;
	if (!stmt)
		return err ? err->code : -EIO;
	while (older < OLDER_MAX && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (sqlite3_column_int64(stmt, 1) < since_ms) {
			older++;
			continue;
		}
		older = 0;
		*ret_id = sqlite3_column_int64(stmt, 0);
	}
	(void)sqlite3_reset(stmt);
	return older < OLDER_MAX && rc != SQLITE_DONE
		       ? store_error(s, rc, "read decisions", err)
		       : 0;
}

int
store_decision_each(struct store *s, const struct decision_filter *f,
		    int (*row)(const struct decision *d, void *ctx), void *ctx,
		    struct aegis_error *err)
{
	struct query q = {.used = 0};
	sqlite3_stmt *stmt = NULL;
	int64_t first_id = f->after_id + 1;
	int rc, r = 0, at = 0;

	if (f->since_ms && !f->after_id)
		r = find_since(s, f->since_ms, &first_id, err);
	if (r < 0)
		return r;
	build_query(&q, f, first_id);
	rc = sqlite3_prepare_v2(s->db, q.sql, -1, &stmt, NULL);
	if (rc != SQLITE_OK)
		return store_error(s, rc, "read decisions", err);
	for (int i = 0; i < q.count; i++) {
		if (q.texts[i])
			store_bind_text(stmt, &at, q.texts[i]);
		else
			store_bind_int(stmt, &at, q.ints[i]);
	}
	r = each_row(s, stmt, row, ctx, err);
	sqlite3_finalize(stmt);
	return r;
}

struct one {
	int (*row)(const struct decision *d, void *ctx);
	void *ctx;
	int64_t id;
	bool found;
};

static int
take_one(const struct decision *d, void *ctx)
{
	struct one *one = ctx;

	if (d->id != one->id)
		return 0;
	one->found = true;
	return one->row(d, one->ctx);
}

int
store_decision_get(struct store *s, int64_t id,
		   int (*row)(const struct decision *d, void *ctx), void *ctx,
		   struct aegis_error *err)
{
	const struct decision_filter f = {
		.before_id = id < INT64_MAX ? id + 1 : id, .limit = 1};
	struct one one = {.row = row, .ctx = ctx, .id = id};
	int r = store_decision_each(s, &f, take_one, &one, err);

	if (r == 0 && !one.found)
		return aegis_error_set(err, -ENOENT, "decision %lld",
				       (long long)id);
	return r;
}

/* As many as STMT_DECISION_LATENCIES reads. */
#define LATENCIES_MAX 10000

/* The rows come ordered by latency; which of them are the percentiles is known
 * when they have been counted. */
static int
read_latencies(struct store *s, struct decision_counts *ret,
	       struct aegis_error *err)
{
	sqlite3_stmt *stmt = store_stmt(s, STMT_DECISION_LATENCIES, err);
	int64_t values[LATENCIES_MAX];
	int count = 0, rc = SQLITE_ERROR;

	if (!stmt)
		return err ? err->code : -EIO;
	while (count < LATENCIES_MAX && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		values[count++] = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	if (count < LATENCIES_MAX && rc != SQLITE_DONE)
		return store_error(s, rc, "read latencies", err);
	if (count) {
		ret->latency_p50_us = values[(count - 1) / 2];
		ret->latency_p99_us = values[(count - 1) * 99 / 100];
	}
	return 0;
}

int
store_decision_newest(struct store *s, int64_t *ret_id, int64_t *ret_ms,
		      struct aegis_error *err)
{
	sqlite3_stmt *stmt = store_stmt(s, STMT_DECISION_NEWEST, err);
	int rc, r = 0;

	if (!stmt)
		return err ? err->code : -EIO;
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		*ret_id = sqlite3_column_int64(stmt, 0);
		*ret_ms = sqlite3_column_int64(stmt, 1);
	} else {
		r = rc == SQLITE_DONE
			    ? aegis_error_set(err, -ENOENT, "decisions")
			    : store_error(s, rc, "read decisions", err);
	}
	(void)sqlite3_reset(stmt);
	return r;
}

int
store_decision_counts(struct store *s, int64_t since_ms,
		      struct decision_counts *ret, struct aegis_error *err)
{
	sqlite3_stmt *stmt = store_stmt(s, STMT_DECISION_COUNTS, err);
	int64_t first;
	int at = 0, rc, r;

	*ret = (struct decision_counts){0};
	if (!stmt)
		return err ? err->code : -EIO;
	r = find_since(s, since_ms, &first, err);
	if (r < 0)
		return r;
	store_bind_int(stmt, &at, first);
	store_bind_int(stmt, &at, since_ms);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		ret->allow = sqlite3_column_int64(stmt, 0);
		ret->deny = sqlite3_column_int64(stmt, 1);
		ret->audit = sqlite3_column_int64(stmt, 2);
		ret->newest_ms = sqlite3_column_int64(stmt, 3);
	} else {
		r = store_error(s, rc, "count decisions", err);
	}
	(void)sqlite3_reset(stmt);
	return r < 0 ? r : read_latencies(s, ret, err);
}
