#include "lib/store/internal.h"

#include <limits.h>

int
store_alert_insert(struct store *s, const struct alert *a,
		   struct aegis_error *err)
{
	sqlite3_stmt *stmt = store_stmt(s, STMT_ALERT_INSERT, err);
	int at = 0;

	if (!stmt)
		return err ? err->code : -EIO;
	store_bind_text(stmt, &at, a->service);
	store_bind_text(stmt, &at, a->alert_type);
	store_bind_text(stmt, &at, a->message);
	store_bind_int(stmt, &at, a->timestamp);
	store_bind_int(stmt, &at, a->decision_id);
	return store_run(s, stmt, "record an alert", err);
}

int
store_alert_each(struct store *s, int64_t since_ms, unsigned limit,
		 int (*row)(const struct alert *a, void *ctx), void *ctx,
		 struct aegis_error *err)
{
	sqlite3_stmt *stmt = store_stmt(s, STMT_ALERT_EACH, err);
	int at = 0, rc = SQLITE_DONE, r = 0;

	if (!stmt)
		return err ? err->code : -EIO;
	store_bind_int(stmt, &at, since_ms);
	store_bind_int(stmt, &at, limit ? (int64_t)limit : INT64_MAX);
	while (r == 0 && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		const struct alert a = {
			.id = sqlite3_column_int64(stmt, 0),
			.timestamp = sqlite3_column_int64(stmt, 1),
			.service = store_text(stmt, 2),
			.alert_type = store_text(stmt, 3),
			.message = store_text(stmt, 4),
			.decision_id = sqlite3_column_int64(stmt, 5),
		};

		r = row(&a, ctx);
	}
	if (r == 0 && rc != SQLITE_DONE)
		r = store_error(s, rc, "read alerts", err);
	(void)sqlite3_reset(stmt);
	return r;
}
