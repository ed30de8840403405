/*
 * internal - what the files of lib/store share; the only header with sqlite3.
 */
#ifndef AEGIS_LIB_STORE_INTERNAL_H
#define AEGIS_LIB_STORE_INTERNAL_H

#include <sqlite3.h>

#include "lib/store/store.h"

enum stmt {
#define STMT(name, sql) STMT_##name,
#include "lib/store/stmt.def"
#undef STMT
	STMT_MAX,
};

enum { STORE_FILE_DB, STORE_FILE_WAL, STORE_FILE_SHM, STORE_FILES };

/* What store_look() found. */
enum store_fate {
	STORE_FATE_IN_PLACE,
	STORE_FATE_FILE_GONE, /* another file or none has its name */
	STORE_FATE_LOG_GONE,
	STORE_FATE_CUT,
	STORE_FATE_LOG_CUT,
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *stmts[STMT_MAX]; /* prepared when first used */
	char *path;
	struct store_file files[STORE_FILES]; /* as opened, if for writing */
	enum store_fate fate;
};

/* Note which files were opened: -ESTALE if they are not there any more. */
int store_files_remember(struct store *s, struct aegis_error *err);
/* -ESTALE unless what was opened is this file.  Before anything is read: two
 * databases must not meet at one log. */
int store_file_is(const struct store *s, const struct store_file *file,
		  struct aegis_error *err);
/* Without statements, other work on the connection is done. */
void store_finalize(struct store *s);

/* The statement, reset and without bindings.  NULL with err set: it could not
 * be prepared. */
sqlite3_stmt *store_stmt(struct store *s, enum stmt which,
			 struct aegis_error *err);

/* Run a statement that gives no rows, and reset it.  0 or a negative errno. */
int store_run(struct store *s, sqlite3_stmt *stmt, const char *what,
	      struct aegis_error *err);

/* The errno of an SQLite result, with its text: "WHAT: reason". */
int store_error(const struct store *s, int rc, const char *what,
		struct aegis_error *err);

/* Binds by position, counting from *at; NULL is NULL.  Text is not copied: it
 * has to live until the statement has run. */
void store_bind_text(sqlite3_stmt *stmt, int *at, const char *text);
void store_bind_int(sqlite3_stmt *stmt, int *at, int64_t v);

/* The VFS for writers: one write a commit (wal.c).  NULL: the default one. */
const char *store_wal_vfs(void);
/* Around a COMMIT: its frames may be gathered.  What it leaves is dropped. */
void store_wal_committing(sqlite3 *db, bool on);
/* Somebody cut the log short: a write found it so, or its beginning is zeros. */
bool store_wal_is_cut(sqlite3 *db);

/* A column's text, NULL if it is NULL; lives until the next step. */
const char *store_text(sqlite3_stmt *stmt, int column);

#endif
