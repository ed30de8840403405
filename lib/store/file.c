/*
 * Which files a connection has open, and whether they still are what their names
 * say.  SQLite keeps writing to a file that was removed, moved or replaced under
 * it (sqlite.org/howtocorrupt.html, section 4), and pairs a log left behind with
 * whatever database stands beside it next.
 */
#include "lib/store/internal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Of the database's header (sqlite.org/fileformat2.html section 1.3). */
#define HEADER_PAGE_SIZE_AT 16
#define HEADER_PAGE_COUNT_AT 28
#define HEADER_LEN 32

/* What a log whose database is gone or damaged is renamed to. */
#define SET_ASIDE "-wal.old"

static const char *const suffixes[STORE_FILES] = {
	[STORE_FILE_DB] = "",
	[STORE_FILE_WAL] = "-wal",
	[STORE_FILE_SHM] = "-shm",
};

struct name {
	char text[PATH_MAX + 16];
};

static struct name
name_of(const struct store *s, const char *suffix)
{
	struct name name;

	snprintf(name.text, sizeof(name.text), "%s%s", s->path, suffix);
	return name;
}

static bool
stat_file(const struct store *s, int which, struct store_file *ret)
{
	const struct name name = name_of(s, suffixes[which]);
	struct stat st;

	if (stat(name.text, &st) < 0)
		return false;
	*ret = (struct store_file){st.st_dev, st.st_ino, st.st_size};
	return true;
}

static bool
is_same(const struct store_file *a, const struct store_file *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

static bool
is_ours(const struct store *s, int which)
{
	struct store_file now;

	return stat_file(s, which, &now) && is_same(&now, &s->files[which]);
}

/* The length that the file itself claims, as long as it can be read. */
static int64_t
claimed_size(const struct store *s)
{
	unsigned char h[HEADER_LEN];
	const unsigned char *n = h + HEADER_PAGE_COUNT_AT;
	sqlite3_file *file = NULL;
	int64_t page;

	/* Not by a descriptor of our own: its close would cost the locks. */
	if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER,
				 &file) != SQLITE_OK ||
	    file->pMethods->xRead(file, h, sizeof(h), 0) != SQLITE_OK)
		return INT64_MAX;
	page = h[HEADER_PAGE_SIZE_AT] << 8 | h[HEADER_PAGE_SIZE_AT + 1];
	if (page == 1)
		page = 65536;
	return page * ((int64_t)n[0] << 24 | n[1] << 16 | n[2] << 8 | n[3]);
}

/* A VACUUM makes the file shorter too, and its header says so. */
static bool
is_cut(const struct store *s, const struct store_file *now, int64_t before)
{
	return now->size < before && now->size < claimed_size(s);
}

static int
stale(struct store *s, enum store_fate fate, const char *what,
      struct aegis_error *err)
{
	s->fate = fate;
	return aegis_error_setx(err, -ESTALE, "store %s: %s", s->path, what);
}

int
store_files_remember(struct store *s, struct aegis_error *err)
{
	for (int i = 0; i < STORE_FILES; i++)
		if (!stat_file(s, i, &s->files[i]))
			return stale(s, STORE_FATE_FILE_GONE,
				     "its files are removed while it is opened",
				     err);
	return 0;
}

int
store_file_is(const struct store *s, const struct store_file *file,
	      struct aegis_error *err)
{
	struct store_file now;
	int moved = 0;

	if (!stat_file(s, STORE_FILE_DB, &now) || !is_same(&now, file) ||
	    sqlite3_file_control(s->db, "main", SQLITE_FCNTL_HAS_MOVED,
				 &moved) != SQLITE_OK ||
	    moved || is_cut(s, &now, file->size))
		return aegis_error_setx(err, -ESTALE,
					"store %s: not the file that is in use",
					s->path);
	return 0;
}

int
store_look(struct store *s, struct aegis_error *err)
{
	struct store_file now;

	if (!stat_file(s, STORE_FILE_DB, &now))
		return stale(s, STORE_FATE_FILE_GONE,
			     "removed or moved while in use", err);
	if (!is_same(&now, &s->files[STORE_FILE_DB]))
		return stale(s, STORE_FATE_FILE_GONE,
			     "replaced by another file while in use", err);
	if (is_cut(s, &now, s->files[STORE_FILE_DB].size))
		return stale(s, STORE_FATE_CUT, "cut short while in use", err);
	s->files[STORE_FILE_DB].size = now.size;
	if (store_wal_is_cut(s->db))
		return stale(s, STORE_FATE_LOG_CUT,
			     "its -wal was cut short while in use; decisions "
			     "of the moments before are lost",
			     err);
	if (!is_ours(s, STORE_FILE_WAL) || !is_ours(s, STORE_FILE_SHM))
		return stale(s, STORE_FATE_LOG_GONE,
			     "its -wal or -shm was removed or replaced while in "
			     "use",
			     err);
	return 0;
}

struct store_file
store_file(const struct store *s)
{
	return s->files[STORE_FILE_DB];
}

/* Into the file that the connection has open, wherever that is now. */
static void
save_log(struct store *s)
{
	sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
				  NULL);
}

static void
close_without_copying(struct store *s)
{
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

/* A log without its database, so that the next one beside it does not get it.
 * What could not be copied is kept under another name. */
static void
set_log_aside(const struct store *s)
{
	const struct name wal = name_of(s, suffixes[STORE_FILE_WAL]);
	const struct name shm = name_of(s, suffixes[STORE_FILE_SHM]);
	const struct name aside = name_of(s, SET_ASIDE);
	struct store_file now;

	if (stat_file(s, STORE_FILE_WAL, &now) &&
	    is_same(&now, &s->files[STORE_FILE_WAL])) {
		/* Opening it again says what is still in the way. */
		if (now.size == 0)
			(void)unlink(wal.text);
		else
			(void)rename(wal.text, aside.text);
	}
	if (is_ours(s, STORE_FILE_SHM))
		(void)unlink(shm.text);
}

void
store_abandon(struct store *s)
{
	const enum store_fate fate = s ? s->fate : STORE_FATE_IN_PLACE;

	if (fate == STORE_FATE_IN_PLACE) {
		store_close(s);
		return;
	}
	store_finalize(s);
	if (fate == STORE_FATE_FILE_GONE || fate == STORE_FATE_LOG_GONE)
		save_log(s);
	if (fate != STORE_FATE_LOG_GONE)
		set_log_aside(s);
	close_without_copying(s);
	store_close(s);
}
