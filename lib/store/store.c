#include "lib/store/internal.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Migrations in order; PRAGMA user_version is how many have run. */
static const char schema_1[] = {
#include <schema.inc>
	0,
};
static const char *const migrations[] = {schema_1};
#define STORE_VERSION ((int)(sizeof(migrations) / sizeof(migrations[0])))

/* For a new file.  A commit writes whole pages to the log: of a create's row, some
 * 2 KiB, and of what leads to it (docs/benchmarks.md). */
#define PAGE_SIZE 2048
/* A row is written once and not looked at again: what little is kept stays in the
 * processor's own cache, too.  A longer batch goes to the log while it is made. */
#define CACHE_KIB 512
/* The keeper copies the log back from outside; if it does not come, the writer
 * does it itself at 16 MiB. */
#define WAL_BACKSTOP_PAGES (16 * 1024 * 1024 / PAGE_SIZE)
#define WAL_SIZE_LIMIT (32 * 1024 * 1024)
/* A reader meets a lock only while the log is being recovered or reset. */
#define READ_TIMEOUT_MS 1000

static const char *const stmt_sql[STMT_MAX] = {
#define STMT(name, sql) [STMT_##name] = (sql),
#include "lib/store/stmt.def"
#undef STMT
};

/* --- errors --------------------------------------------------------------------- */

static const char way_out[] = "; move it and its -wal and -shm to another place, "
			      "and aegis-authz makes a new one";

static int
errno_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EUCLEAN;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_NOMEM:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

int
store_error(const struct store *s, int rc, const char *what,
	    struct aegis_error *err)
{
	const int r = errno_of(rc);

	return aegis_error_setx(err, r, "store %s: %s: %s%s", s->path, what,
				s->db ? sqlite3_errmsg(s->db)
				      : sqlite3_errstr(rc),
				r == -EUCLEAN ? way_out : "");
}

/* --- statements ------------------------------------------------------------------- */

sqlite3_stmt *
store_stmt(struct store *s, enum stmt which, struct aegis_error *err)
{
	int rc;

	if (s->stmts[which])
		return s->stmts[which];
	rc = sqlite3_prepare_v3(s->db, stmt_sql[which], -1,
				SQLITE_PREPARE_PERSISTENT, &s->stmts[which],
				NULL);
	if (rc != SQLITE_OK) {
		store_error(s, rc, "prepare", err);
		return NULL;
	}
	return s->stmts[which];
}

int
store_run(struct store *s, sqlite3_stmt *stmt, const char *what,
	  struct aegis_error *err)
{
	int rc = sqlite3_step(stmt), r = 0;

	if (rc != SQLITE_DONE)
		r = store_error(s, rc, what, err);
	/* Its result is the step's again, and is in r. */
	(void)sqlite3_reset(stmt);
	return r;
}

void
store_bind_text(sqlite3_stmt *stmt, int *at, const char *text)
{
	int rc = sqlite3_bind_text(stmt, ++*at, text, -1, SQLITE_STATIC);

	assert(rc == SQLITE_OK || rc == SQLITE_TOOBIG);
	(void)rc;
}

void
store_bind_int(sqlite3_stmt *stmt, int *at, int64_t v)
{
	int rc = sqlite3_bind_int64(stmt, ++*at, v);

	assert(rc == SQLITE_OK);
	(void)rc;
}

const char *
store_text(sqlite3_stmt *stmt, int column)
{
	return (const char *)sqlite3_column_text(stmt, column);
}

/* SQL of ours that is run once. */
static int
execute(struct store *s, const char *sql, struct aegis_error *err)
{
	int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : store_error(s, rc, "set up", err);
}

static int
read_pragma(struct store *s, const char *sql, int64_t *ret,
	    struct aegis_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*ret = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return rc == SQLITE_ROW ? 0 : store_error(s, rc, "read", err);
}

/* --- batches ------------------------------------------------------------------------ */

static int
run_named(struct store *s, enum stmt which, const char *what,
	  struct aegis_error *err)
{
	sqlite3_stmt *stmt = store_stmt(s, which, err);

	return stmt ? store_run(s, stmt, what, err)
		    : errno_of(sqlite3_errcode(s->db));
}

int
store_begin(struct store *s, struct aegis_error *err)
{
	return run_named(s, STMT_BEGIN, "begin", err);
}

int
store_commit(struct store *s, struct aegis_error *err)
{
	int r;

	store_wal_committing(s->db, true);
	r = run_named(s, STMT_COMMIT, "commit", err);
	store_wal_committing(s->db, false);
	return r;
}

void
store_rollback(struct store *s)
{
	/* SQLite may have rolled back by itself; then there is nothing to do. */
	if (!sqlite3_get_autocommit(s->db))
		(void)run_named(s, STMT_ROLLBACK, "rollback", NULL);
}

/* --- opening -------------------------------------------------------------------------- */

static int
make_folder(const char *path, struct aegis_error *err)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return 0;
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	if (mkdir(folder, 0750) < 0 && errno != EEXIST)
		return aegis_error_set(err, -errno, "make the folder %s",
				       folder);
	return 0;
}

/* SQLite makes files 0644 less the umask; the store is nobody else's to read
 * but the group's.  One that is there is not opened here: closing it would take
 * this process' other connections their locks (fcntl(2), sqlite.org/howtocorrupt
 * section 2.2). */
static int
make_file(const char *path, struct aegis_error *err)
{
	struct stat st;
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (errno == EACCES)
		return aegis_error_setx(err, -EACCES,
					"make %s: %s; restart aegis-authz, "
					"which makes it as root",
					path, strerror(EACCES));
	if (errno != EEXIST)
		return aegis_error_set(err, -errno, "make %s", path);
	if (lstat(path, &st) < 0)
		return aegis_error_set(err, -errno, "store %s", path);
	return S_ISREG(st.st_mode)
		       ? 0
		       : aegis_error_setx(err, -ELOOP,
					  "store %s: not a regular file; name "
					  "the file itself",
					  path);
}

static int
refuse_version(const struct store *s, int64_t version, struct aegis_error *err)
{
	return aegis_error_setx(err, -ENOTSUP,
				"store %s: written by a newer AEGIS (version "
				"%lld, this one knows %d); upgrade, or name "
				"another file under `store:`",
				s->path, (long long)version, STORE_VERSION);
}

/* Under the write lock, so that two programs starting at once run each
 * migration once. */
static int
migrate_locked(struct store *s, struct aegis_error *err)
{
	char pragma[64];
	int64_t version;
	int r = read_pragma(s, "PRAGMA user_version", &version, err);

	for (; r == 0 && version < STORE_VERSION; version++)
		r = execute(s, migrations[version], err);
	if (r == 0 && version > STORE_VERSION)
		r = refuse_version(s, version, err);
	if (r < 0)
		return r;
	snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d",
		 STORE_VERSION);
	return execute(s, pragma, err);
}

static int
migrate(struct store *s, struct aegis_error *err)
{
	int r = store_begin(s, err);

	if (r < 0)
		return r;
	r = migrate_locked(s, err);
	if (r == 0)
		r = store_commit(s, err);
	if (r < 0)
		store_rollback(s);
	return r;
}

static int
check_version(struct store *s, enum store_mode mode, struct aegis_error *err)
{
	int64_t version;
	int r = read_pragma(s, "PRAGMA user_version", &version, err);

	if (r < 0)
		return r;
	if (version > STORE_VERSION)
		return refuse_version(s, version, err);
	if (version == STORE_VERSION)
		return 0;
	if (mode != STORE_READ)
		return migrate(s, err);
	return aegis_error_setx(err, -EUCLEAN,
				"store %s: not a store of this version; start "
				"aegis-authz once",
				s->path);
}

/* Read both ends of the record: what overwrote the file shows there most likely,
 * and who only writes would not notice. */
static int
probe(struct store *s, struct aegis_error *err)
{
	int64_t ignored;

	return read_pragma(s,
			   "SELECT (SELECT min(id) FROM decisions) + "
			   "(SELECT max(id) FROM decisions)",
			   &ignored, err);
}

static int
busy_timeout_ms(enum store_mode mode)
{
	return mode == STORE_READ    ? READ_TIMEOUT_MS
	       : mode == STORE_WRITE ? STORE_OPEN_TIMEOUT_MS
				     : 0;
}

static int
set_up(struct store *s, enum store_mode mode, struct aegis_error *err)
{
	char sql[256];
	int r;

	sqlite3_busy_timeout(s->db, busy_timeout_ms(mode));
	if (mode == STORE_READ)
		return check_version(s, mode, err);
	snprintf(sql, sizeof(sql),
		 "PRAGMA page_size = %d; PRAGMA journal_mode = WAL; "
		 "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = %d; "
		 "PRAGMA secure_delete = OFF; PRAGMA cache_size = -%d; "
		 "PRAGMA journal_size_limit = %d;",
		 PAGE_SIZE, WAL_BACKSTOP_PAGES, CACHE_KIB, WAL_SIZE_LIMIT);
	r = execute(s, sql, err);
	if (r == 0)
		r = check_version(s, mode, err);
	if (r == 0)
		r = probe(s, err);
	/* From here on nothing waits: the caller decides when to try again. */
	sqlite3_busy_timeout(s->db, 0);
	return r < 0 ? r : store_files_remember(s, err);
}

/* file: what has to be there, or NULL. */
static int
open_database(struct store *s, enum store_mode mode,
	      const struct store_file *file, struct aegis_error *err)
{
	const int flags = SQLITE_OPEN_NOMUTEX |
			  (mode == STORE_READ ? SQLITE_OPEN_READONLY
					      : SQLITE_OPEN_READWRITE);
	int rc = sqlite3_open_v2(s->path, &s->db, flags,
				 mode == STORE_READ ? NULL : store_wal_vfs());
	int keep_wal = 1, r;

	if (rc != SQLITE_OK)
		return store_error(s, rc, "open", err);
	r = file ? store_file_is(s, file, err) : 0;
	if (r < 0)
		return r;
	sqlite3_extended_result_codes(s->db, 1);
	/* With the log left behind, who may read but not write the folder can
	 * still open the store when nobody has it open. */
	if (mode != STORE_READ)
		sqlite3_file_control(s->db, "main", SQLITE_FCNTL_PERSIST_WAL,
				     &keep_wal);
	return set_up(s, mode, err);
}

static int
new_store(struct store **ret, const char *path, struct aegis_error *err)
{
	_cleanup_store_ struct store *s = calloc(1, sizeof(*s));

	if (!s || !(s->path = strdup(path)))
		return aegis_error_set(err, -ENOMEM, "open %s", path);
	*ret = take_ptr(s);
	return 0;
}

int
store_open(struct store **ret, const char *path, enum store_mode mode,
	   struct aegis_error *err)
{
	_cleanup_store_ struct store *s = NULL;
	int r = new_store(&s, path, err);

	if (r < 0)
		return r;
	if (mode != STORE_READ)
		r = make_folder(path, err);
	else if (access(path, F_OK) < 0)
		r = aegis_error_set(err, -errno, "store %s", path);
	if (r == 0 && mode != STORE_READ)
		r = make_file(path, err);
	if (r == 0)
		r = open_database(s, mode, NULL, err);
	if (r == 0)
		*ret = take_ptr(s);
	return r;
}

int
store_join(struct store **ret, const char *path, const struct store_file *file,
	   struct aegis_error *err)
{
	_cleanup_store_ struct store *s = NULL;
	struct stat st;
	int r = new_store(&s, path, err);

	/* Not access(2), which knows no capabilities. */
	if (r == 0 && stat(path, &st) < 0)
		r = aegis_error_set(err, -ESTALE, "store %s", path);
	if (r == 0)
		r = open_database(s, STORE_WRITE_NOW, file, err);
	if (r == 0)
		*ret = take_ptr(s);
	return r;
}

void
store_finalize(struct store *s)
{
	for (int i = 0; i < STMT_MAX; i++) {
		sqlite3_finalize(s->stmts[i]);
		s->stmts[i] = NULL;
	}
}

void
store_close(struct store *s)
{
	if (!s)
		return;
	store_finalize(s);
	sqlite3_close(s->db);
	free(s->path);
	free(s);
}

/* --- upkeep --------------------------------------------------------------------------- */

int
store_checkpoint(struct store *s, unsigned *ret_left, struct aegis_error *err)
{
	int log = 0, done = 0;
	int rc = sqlite3_wal_checkpoint_v2(
		s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &log, &done);

	if (rc != SQLITE_OK)
		return store_error(s, rc, "copy the log back", err);
	*ret_left = log > done ? (unsigned)(log - done) : 0;
	return 0;
}

int64_t
store_size(const char *path)
{
	char wal[PATH_MAX + 8];
	struct stat st;
	int64_t size = 0;

	if (stat(path, &st) == 0)
		size += st.st_size;
	snprintf(wal, sizeof(wal), "%s-wal", path);
	if (stat(wal, &st) == 0)
		size += st.st_size;
	return size;
}

int64_t
store_used_bytes(struct store *s)
{
	int64_t pages, unused, size;

	if (read_pragma(s, "PRAGMA page_count", &pages, NULL) < 0 ||
	    read_pragma(s, "PRAGMA freelist_count", &unused, NULL) < 0 ||
	    read_pragma(s, "PRAGMA page_size", &size, NULL) < 0)
		return -1;
	return (pages - unused) * size;
}

int
store_check(struct store *s, struct aegis_error *err)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &stmt,
				    NULL);
	int r = 0;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc != SQLITE_ROW)
		r = store_error(s, rc, "check", err);
	else if (strcmp(store_text(stmt, 0), "ok") != 0)
		r = aegis_error_setx(err, -EUCLEAN, "store %s: %s%s", s->path,
				     store_text(stmt, 0), way_out);
	sqlite3_finalize(stmt);
	return r;
}

int
store_meta_get(struct store *s, const char *key, char *ret, size_t size,
	       struct aegis_error *err)
{
	sqlite3_stmt *stmt = store_stmt(s, STMT_META_GET, err);
	int at = 0, rc, r = 0;

	if (!stmt)
		return errno_of(sqlite3_errcode(s->db));
	store_bind_text(stmt, &at, key);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		snprintf(ret, size, "%s", store_text(stmt, 0));
	else
		r = rc == SQLITE_DONE ? aegis_error_set(err, -ENOENT, "meta %s",
							key)
				      : store_error(s, rc, "read meta", err);
	(void)sqlite3_reset(stmt);
	return r;
}

int
store_meta_set(struct store *s, const char *key, const char *value,
	       struct aegis_error *err)
{
	sqlite3_stmt *stmt = store_stmt(s, STMT_META_SET, err);
	int at = 0;

	if (!stmt)
		return errno_of(sqlite3_errcode(s->db));
	store_bind_text(stmt, &at, key);
	store_bind_text(stmt, &at, value);
	return store_run(s, stmt, "write meta", err);
}
