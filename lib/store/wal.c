/*
 * SQLite writes a commit to its log frame by frame, and each frame in two
 * writes: 24 bytes that describe a page, then the page.  This VFS stands on the
 * default one and gathers the frames of a commit into one write.
 *
 * Frames are written in their order and before anybody can know of them: other
 * connections learn of a commit from the index in shared memory, which SQLite
 * changes after the last frame's write has returned.  The last frame says that
 * it is the last (bytes 4 to 7, the size of the database after the commit, are
 * not 0; sqlite.org/fileformat2.html section 4.1), so that its write does it all
 * and its result is the truth.  Whatever else is asked of the file comes after
 * what is gathered.
 *
 * Frames are gathered only while store_commit() runs, and so under the write lock
 * of their transaction: what a long transaction writes before, and would leave
 * behind when it is rolled back, goes straight to the file.
 *
 * A log that somebody cut short is not written on behind its end: the hole would
 * read as zeros, and a checkpoint would copy them into the database.  Its length is
 * asked for before the first write of each tick of the kernel's clock, as one more
 * system call a commit can be felt; store_wal_is_cut() sees what came between.
 */
#include "lib/store/internal.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#define VFS_NAME "aegis-wal"
#define FRAME_HEADER_LEN 24
/* A batch of the gate comes to some 40 KiB; what is longer is written in parts. */
#define GATHER_MAX (64 * 1024)

struct wal_file {
	sqlite3_file base;
	sqlite3_file *real; /* right behind this struct */
	char *gathered;     /* GATHER_MAX bytes */
	int len;
	sqlite3_int64 end; /* where the last write ended, done or gathered */
	bool committing;   /* store_commit() runs */
	bool in_frame;     /* a header was gathered; its page comes next */
	bool last;         /* of the commit, says that header */
	bool cut;          /* found shorter than what was written */
	long asked_at;     /* how long it is: the tick's nanoseconds */
};

static struct wal_file *
self(sqlite3_file *file)
{
	return (struct wal_file *)file;
}

static int
ask_length(struct wal_file *f, sqlite3_int64 at)
{
	struct timespec now;
	sqlite3_int64 size;
	int rc;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	if (now.tv_nsec == f->asked_at)
		return SQLITE_OK;
	f->asked_at = now.tv_nsec;
	rc = f->real->pMethods->xFileSize(f->real, &size);
	f->cut |= rc == SQLITE_OK && at > size;
	return rc;
}

static int
put(struct wal_file *f, const void *bytes, int len, sqlite3_int64 at)
{
	int rc = ask_length(f, at);

	if (rc == SQLITE_OK && f->cut)
		rc = SQLITE_IOERR_WRITE;
	return rc == SQLITE_OK
		       ? f->real->pMethods->xWrite(f->real, bytes, len, at)
		       : rc;
}

/* After an error the bytes are gone: SQLite rolls back and writes them anew. */
static int
flush(struct wal_file *f)
{
	const int len = f->len;

	f->len = 0;
	f->in_frame = false;
	return len ? put(f, f->gathered, len, f->end - len) : SQLITE_OK;
}

static bool
is_last_of_commit(const char *header)
{
	static const char none[4];

	return memcmp(header + 4, none, sizeof(none)) != 0;
}

static int
gather(struct wal_file *f, const void *bytes, int len)
{
	const bool is_page = f->in_frame;

	memcpy(f->gathered + f->len, bytes, (size_t)len);
	f->len += len;
	f->end += len;
	f->in_frame = !is_page;
	if (!is_page)
		f->last = is_last_of_commit(bytes);
	return is_page && f->last ? flush(f) : SQLITE_OK;
}

/* A header behind everything is a new frame's; one further up is an old one's,
 * corrected, and no page follows it. */
static int
wal_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
	struct wal_file *f = self(file);
	int rc;

	if (f->committing && at == f->end && len <= GATHER_MAX - f->len &&
	    (f->in_frame || len == FRAME_HEADER_LEN))
		return gather(f, bytes, len);
	rc = flush(f);
	if (rc != SQLITE_OK)
		return rc;
	f->end = at + len;
	return put(f, bytes, len, at);
}

/* --- the rest of the file: first what is gathered, then what was asked ------- */

static int
wal_close(sqlite3_file *file)
{
	struct wal_file *f = self(file);
	int rc = f->real->pMethods->xClose(f->real);

	sqlite3_free(f->gathered);
	return rc;
}

static int
wal_read(sqlite3_file *file, void *bytes, int len, sqlite3_int64 at)
{
	struct wal_file *f = self(file);
	int rc = flush(f);

	return rc == SQLITE_OK
		       ? f->real->pMethods->xRead(f->real, bytes, len, at)
		       : rc;
}

static int
wal_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct wal_file *f = self(file);
	int rc = flush(f);

	return rc == SQLITE_OK ? f->real->pMethods->xTruncate(f->real, size)
			       : rc;
}

static int
wal_sync(sqlite3_file *file, int flags)
{
	struct wal_file *f = self(file);
	int rc = flush(f);

	return rc == SQLITE_OK ? f->real->pMethods->xSync(f->real, flags) : rc;
}

static int
wal_file_size(sqlite3_file *file, sqlite3_int64 *ret)
{
	struct wal_file *f = self(file);
	int rc = flush(f);

	return rc == SQLITE_OK ? f->real->pMethods->xFileSize(f->real, ret)
			       : rc;
}

static int
wal_lock(sqlite3_file *file, int level)
{
	struct wal_file *f = self(file);

	return f->real->pMethods->xLock(f->real, level);
}

static int
wal_unlock(sqlite3_file *file, int level)
{
	struct wal_file *f = self(file);

	return f->real->pMethods->xUnlock(f->real, level);
}

static int
wal_check_reserved_lock(sqlite3_file *file, int *ret)
{
	struct wal_file *f = self(file);

	return f->real->pMethods->xCheckReservedLock(f->real, ret);
}

static int
wal_file_control(sqlite3_file *file, int op, void *arg)
{
	struct wal_file *f = self(file);

	return f->real->pMethods->xFileControl(f->real, op, arg);
}

static int
wal_sector_size(sqlite3_file *file)
{
	struct wal_file *f = self(file);

	return f->real->pMethods->xSectorSize(f->real);
}

static int
wal_device_characteristics(sqlite3_file *file)
{
	struct wal_file *f = self(file);

	return f->real->pMethods->xDeviceCharacteristics(f->real);
}

/* Version 1: locks in shared memory and mapped reads are the database file's. */
static const sqlite3_io_methods wal_methods = {
	.iVersion = 1,
	.xClose = wal_close,
	.xRead = wal_read,
	.xWrite = wal_write,
	.xTruncate = wal_truncate,
	.xSync = wal_sync,
	.xFileSize = wal_file_size,
	.xLock = wal_lock,
	.xUnlock = wal_unlock,
	.xCheckReservedLock = wal_check_reserved_lock,
	.xFileControl = wal_file_control,
	.xSectorSize = wal_sector_size,
	.xDeviceCharacteristics = wal_device_characteristics,
};

static sqlite3_vfs *
real_vfs(const sqlite3_vfs *vfs)
{
	return vfs->pAppData;
}

/* Only the log is ours; of every other file SQLite sees the real one. */
static int
vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
	 int *ret_flags)
{
	sqlite3_vfs *real = real_vfs(vfs);
	struct wal_file *f = self(file);
	int rc;

	if (!(flags & SQLITE_OPEN_WAL))
		return real->xOpen(real, name, file, flags, ret_flags);
	*f = (struct wal_file){.real = (sqlite3_file *)(f + 1),
			       .gathered = sqlite3_malloc(GATHER_MAX)};
	if (!f->gathered)
		return SQLITE_NOMEM;
	rc = real->xOpen(real, name, f->real, flags, ret_flags);
	if (rc == SQLITE_OK)
		f->base.pMethods = &wal_methods;
	else
		sqlite3_free(f->gathered);
	return rc;
}

static sqlite3_vfs wal_vfs;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
set_up(void)
{
	sqlite3_vfs *real = sqlite3_vfs_find(NULL);

	if (!real)
		return;
	/* All of the default VFS but how a file is opened: the other functions of
	 * SQLite's os_unix.c make no use of the VFS they are called by. */
	wal_vfs = *real;
	wal_vfs.pNext = NULL;
	wal_vfs.zName = VFS_NAME;
	wal_vfs.pAppData = real;
	wal_vfs.szOsFile = (int)sizeof(struct wal_file) + real->szOsFile;
	wal_vfs.xOpen = vfs_open;
	if (sqlite3_vfs_register(&wal_vfs, 0) != SQLITE_OK)
		wal_vfs.zName = NULL;
}

const char *
store_wal_vfs(void)
{
	pthread_once(&once, set_up);
	return wal_vfs.zName;
}

/* NULL: the log is not open, or is not opened by this VFS. */
static struct wal_file *
wal_of(sqlite3 *db)
{
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER,
				 &file) != SQLITE_OK ||
	    !file || file->pMethods != &wal_methods)
		return NULL;
	return self(file);
}

void
store_wal_committing(sqlite3 *db, bool on)
{
	struct wal_file *f = wal_of(db);

	if (!f)
		return;
	f->committing = on;
	/* Something is left only if the commit failed. */
	f->len = 0;
	f->in_frame = false;
}

/* A log in use begins with a number that is not 0; an empty one has none yet. */
bool
store_wal_is_cut(sqlite3 *db)
{
	static const char none[4];
	const struct wal_file *f = wal_of(db);
	char magic[sizeof(none)];

	if (!f || f->cut)
		return f;
	return f->real->pMethods->xRead(f->real, magic, sizeof(magic), 0) ==
		       SQLITE_OK &&
	       !memcmp(magic, none, sizeof(none));
}
