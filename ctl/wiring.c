/*
 * wiring - does dockerd really ask the gate?
 */
#include "ctl/ctl.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "lib/docker.h"
#include "lib/store/store.h"

#define NONCE_BYTES 8
#define NONCE_LEN (2 * NONCE_BYTES)
/* Our call is among the newest; the clocks are the same host's. */
#define RECENT_MS 60000
#define RECENT_ROWS 5000

static int
nonce_make(char *ret)
{
	unsigned char bytes[NONCE_BYTES];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static int
nonce_row(const struct decision *d, void *ctx)
{
	return d->uri && strstr(d->uri, ctx) != NULL;
}

/* 1: recorded, 0: not, or an errno if the record cannot be read. */
static int
nonce_recorded(const struct settings *s, char *nonce)
{
	struct decision_filter filter = {
		.since_ms = ctl_now_ms() - RECENT_MS,
		.limit = RECENT_ROWS,
	};
	_cleanup_store_ struct store *store = NULL;
	int r = store_open(&store, s->store, STORE_READ, NULL);

	return r ? r : store_decision_each(store, &filter, nonce_row, nonce,
					   NULL);
}

/* With a gate that is down, dockerd says so in words: "plugin aegis failed with
 * error", "authorization denied by plugin aegis". */
static bool
names_plugin(const char *body, const char *plugin)
{
	char text[160];

	snprintf(text, sizeof(text), "plugin %s", plugin);
	return strstr(body, text) != NULL;
}

int
docker_probe(const struct settings *s, const char *plugin, unsigned timeout_ms,
	     struct docker_probe *ret, struct aegis_error *err)
{
	char nonce[NONCE_LEN + 1], path[64];
	_cleanup_buf_ struct buf body = BUF_INIT(65536);
	struct docker_call call = {
		.socket = s->docker,
		.method = "GET",
		.path = path,
		.user_agent = "aegis-ctl",
		.timeout_ms = timeout_ms,
	};
	unsigned status = 0;
	int r = nonce_make(nonce);

	*ret = (struct docker_probe){0};
	snprintf(path, sizeof(path), "/_ping?aegis-probe=%s", nonce);
	if (!r)
		r = docker_call(&call, &status, &body, err);
	if (r)
		return r;
	ret->blames = status != 200 && names_plugin(buf_str(&body), plugin);
	ret->recorded = status == 200 ? nonce_recorded(s, nonce) : 0;
	return 0;
}

int
docker_gated(const struct settings *s, const char *plugin, unsigned timeout_ms,
	     bool *ret, struct aegis_error *err)
{
	struct docker_probe probe;
	struct docker_info info;
	int r = docker_probe(s, plugin, timeout_ms, &probe, err);

	if (r)
		return r;
	*ret = probe.blames || probe.recorded == 1;
	if (probe.recorded >= 0)
		return 0;
	r = docker_info(s->docker, plugin, timeout_ms, &info, err);
	if (!r)
		*ret = info.listed;
	return r;
}

/* --- the store's lock ------------------------------------------------------------ */

/* Byte of FILE-shm that a writer locks (sqlite.org/walformat.html 2.3.1), and
 * the bytes of the file that one without WAL or in exclusive mode does
 * (fileformat2.html 1.1.1). */
#define WAL_WRITE_LOCK 120
#define LOCK_PAGE 0x40000000
#define LOCK_PAGE_BYTES 512
/* A commit takes well under a millisecond; what holds on so long is no commit. */
#define LOCK_LOOKS 6
#define LOCK_PAUSE_MS 50

static pid_t
range_holder(const char *file, short type, off_t start, off_t len)
{
	_cleanup_close_ int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct flock lock = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = start,
		.l_len = len,
	};

	if (fd < 0 || fcntl(fd, F_GETLK, &lock) || lock.l_type == F_UNLCK)
		return 0;
	return lock.l_pid;
}

pid_t
store_lock_holder(const char *store)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000L};
	char shm[PATH_MAX + 8];
	pid_t first = 0;

	snprintf(shm, sizeof(shm), "%s-shm", store);
	for (int i = 0; i < LOCK_LOOKS; i++) {
		pid_t pid = range_holder(shm, F_WRLCK, WAL_WRITE_LOCK, 1);

		if (!pid) /* everybody reads there: only writers are asked for */
			pid = range_holder(store, F_RDLCK, LOCK_PAGE,
					   LOCK_PAGE_BYTES);
		if (!pid || (i && pid != first))
			return 0;
		first = pid;
		nanosleep(&pause, NULL);
	}
	return first;
}
