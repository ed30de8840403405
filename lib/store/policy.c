#include "lib/store/internal.h"

#include <stdlib.h>
#include <string.h>

int
store_policy_put(struct store *s, const char *revision, const char *text,
		 int64_t timestamp, struct aegis_error *err)
{
	sqlite3_stmt *stmt = store_stmt(s, STMT_POLICY_PUT, err);
	int at = 0;

	if (!stmt)
		return err ? err->code : -EIO;
	store_bind_text(stmt, &at, revision);
	store_bind_text(stmt, &at, text);
	store_bind_int(stmt, &at, timestamp);
	return store_run(s, stmt, "keep a policy", err);
}

int
store_policy_get(struct store *s, const char *revision, char **ret_text,
		 struct aegis_error *err)
{
	sqlite3_stmt *stmt = store_stmt(s, STMT_POLICY_GET, err);
	int at = 0, rc, r = 0;

	if (!stmt)
		return err ? err->code : -EIO;
	store_bind_text(stmt, &at, revision);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		*ret_text = strdup(store_text(stmt, 0));
		if (!*ret_text)
			r = aegis_error_set(err, -ENOMEM, "read a policy");
	} else {
		r = rc == SQLITE_DONE
			    ? aegis_error_set(err, -ENOENT, "policy revision %s",
					      revision)
			    : store_error(s, rc, "read a policy", err);
	}
	(void)sqlite3_reset(stmt);
	return r;
}
