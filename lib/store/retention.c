/*
 * What is deleted: always from the oldest id on, as ids rise with time.
 */
#include "lib/store/internal.h"

/* The end of what goes; ids of 0 are nobody's. */
struct cut {
	int64_t decision, alert;
	int64_t timestamp; /* of the decision */
	unsigned count;    /* of decisions */
};

/* One row more than may go: the newest has to stay, and where the rows end here
 * the last one is it. */
static int
find_decisions(struct store *s, int64_t before_ms, unsigned limit,
	       struct cut *cut, struct aegis_error *err)
{
	sqlite3_stmt *stmt = store_stmt(s, STMT_DECISION_OLDEST, err);
	int64_t id = 0, timestamp = 0;
	int at = 0, rc;

	if (!stmt)
		return err ? err->code : -EIO;
	store_bind_int(stmt, &at, (int64_t)limit + 1);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		if (id) {
			cut->decision = id;
			cut->timestamp = timestamp;
			cut->count++;
		}
		id = sqlite3_column_int64(stmt, 0);
		timestamp = sqlite3_column_int64(stmt, 1);
		if (timestamp >= before_ms)
			break;
	}
	(void)sqlite3_reset(stmt);
	return rc == SQLITE_ROW || rc == SQLITE_DONE
		       ? 0
		       : store_error(s, rc, "find what is old", err);
}

static int
find_alerts(struct store *s, unsigned limit, struct cut *cut,
	    struct aegis_error *err)
{
	sqlite3_stmt *stmt = store_stmt(s, STMT_ALERT_OLDEST, err);
	int at = 0, rc;

	if (!stmt)
		return err ? err->code : -EIO;
	store_bind_int(stmt, &at, limit);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW &&
	       sqlite3_column_int64(stmt, 1) <= cut->timestamp &&
	       sqlite3_column_int64(stmt, 2) <= cut->decision)
		cut->alert = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	return rc == SQLITE_ROW || rc == SQLITE_DONE
		       ? 0
		       : store_error(s, rc, "find what is old", err);
}

static int
delete_up_to(struct store *s, enum stmt which, int64_t id,
	     struct aegis_error *err)
{
	sqlite3_stmt *stmt = store_stmt(s, which, err);
	int at = 0;

	if (!stmt)
		return err ? err->code : -EIO;
	store_bind_int(stmt, &at, id);
	return store_run(s, stmt, "delete what is old", err);
}

static int
delete(struct store *s, const struct cut *cut, struct aegis_error *err)
{
	int r = store_begin(s, err);

	if (r < 0)
		return r;
	r = delete_up_to(s, STMT_DECISION_EXPIRE, cut->decision, err);
	if (r == 0 && cut->alert)
		r = delete_up_to(s, STMT_ALERT_EXPIRE, cut->alert, err);
	if (r == 0)
		r = store_commit(s, err);
	if (r < 0)
		store_rollback(s);
	return r;
}

int
store_decision_expire(struct store *s, int64_t before_ms, unsigned limit,
		      unsigned *ret_deleted, struct aegis_error *err)
{
	struct cut cut = {0};
	int r = find_decisions(s, before_ms, limit, &cut, err);

	*ret_deleted = 0;
	if (r == 0 && cut.decision)
		r = find_alerts(s, limit, &cut, err);
	if (r == 0 && cut.decision)
		r = delete(s, &cut, err);
	if (r == 0)
		*ret_deleted = cut.count;
	return r;
}
