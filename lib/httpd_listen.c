/*
 * Where an httpd listens: sockets only, nothing of h2o.
 */
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/httpd.h"

#define BACKLOG 512
/* sd_listen_fds(3): the first descriptor handed over. */
#define SYSTEMD_FIRST_FD 3
/* Whoever holds the lock makes a handful of system calls. */
#define LOCK_WAIT_MS 2000

/* Is somebody listening there?  A refused connection means a dead owner. */
static bool
is_alive(const struct sockaddr_un *address)
{
	_cleanup_close_ int fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd >= 0 && (connect(fd, (const struct sockaddr *)address,
				   sizeof(*address)) == 0 ||
			   errno == EAGAIN);
}

static int
make_folder(const char *path, struct aegis_error *err)
{
	char copy[PATH_MAX];
	const char *folder;

	snprintf(copy, sizeof(copy), "%s", path);
	folder = dirname(copy);
	for (char *slash = strchr(folder + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = '\0';
		if (mkdir(folder, 0755) < 0 && errno != EEXIST)
			return aegis_error_set(err, -errno,
					       "make the folder %s", folder);
		if (!slash)
			return 0;
		*slash = '/';
	}
}

static int
remove_stale(const struct sockaddr_un *address, struct aegis_error *err)
{
	struct stat st;

	if (lstat(address->sun_path, &st) < 0)
		return errno == ENOENT ? 0
				       : aegis_error_set(err, -errno, "look at %s",
							 address->sun_path);
	if (!S_ISSOCK(st.st_mode))
		return aegis_error_set(err, -EEXIST, "%s is no socket; listen",
				       address->sun_path);
	if (is_alive(address))
		return aegis_error_set(err, -EADDRINUSE,
				       "%s: another process serves it",
				       address->sun_path);
	if (unlink(address->sun_path) < 0 && errno != ENOENT)
		return aegis_error_set(err, -errno, "remove %s",
				       address->sun_path);
	return 0;
}

/* The file is made closed to all and opened up to mode only then. */
static int
bind_closed(int fd, const struct sockaddr_un *address, mode_t mode,
	    struct aegis_error *err)
{
	mode_t mask = umask(0177);
	int r = bind(fd, (const struct sockaddr *)address, sizeof(*address));

	umask(mask);
	if (r < 0 || chmod(address->sun_path, mode) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return aegis_error_set(err, -errno, "listen on %s",
				       address->sun_path);
	return 0;
}

/* --- the lock: of several that start at once, one listens ----------------------- */

/* The file that we locked may be one that its last holder removed. */
static bool
is_still_there(int fd, const char *path)
{
	struct stat mine, now;

	return fstat(fd, &mine) == 0 && lstat(path, &now) == 0 &&
	       mine.st_dev == now.st_dev && mine.st_ino == now.st_ino;
}

/* Returns the lock, -EAGAIN if another has it, or another negative errno. */
static int
try_lock(const char *path)
{
	/* Closed to others, who could hold it for good. */
	_cleanup_close_ int fd = open(
		path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	return is_still_there(fd, path) ? take_fd(&fd) : -EAGAIN;
}

static int
take_lock(const char *path, int *ret_fd, struct aegis_error *err)
{
	const uint64_t deadline_ms = clock_monotonic_ms() + LOCK_WAIT_MS;
	int r;

	while ((r = try_lock(path)) == -EAGAIN &&
	       clock_monotonic_ms() < deadline_ms)
		poll(NULL, 0, 1);
	if (r == -EAGAIN)
		return aegis_error_setx(err, -EADDRINUSE,
					"%s: another process has it locked",
					path);
	if (r < 0)
		return aegis_error_set(err, r, "lock %s", path);
	*ret_fd = r;
	return 0;
}

/* --- listening --------------------------------------------------------------------- */

static int
listen_locked(const struct sockaddr_un *address, mode_t mode, int *ret_fd,
	      struct aegis_error *err)
{
	_cleanup_close_ int fd = -1;
	int r = remove_stale(address, err);

	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return aegis_error_set(err, -errno, "make a socket");
	r = bind_closed(fd, address, mode, err);
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

int
httpd_listen_unix(const char *path, mode_t mode, int *ret_fd,
		  struct aegis_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char lock_path[sizeof(address.sun_path) + sizeof(".lock")];
	_cleanup_close_ int lock = -1;
	int r;

	if (strlen(path) >= sizeof(address.sun_path))
		return aegis_error_set(err, -ENAMETOOLONG, "listen on %s", path);
	memcpy(address.sun_path, path, strlen(path));
	snprintf(lock_path, sizeof(lock_path), "%s.lock", path);
	r = make_folder(path, err);
	if (r == 0)
		r = take_lock(lock_path, &lock, err);
	if (r < 0)
		return r;
	r = listen_locked(&address, mode, ret_fd, err);
	unlink(lock_path); /* while it is ours */
	return r;
}

static bool
option_is(int option, int want)
{
	socklen_t len = sizeof(int);
	int value;

	return getsockopt(SYSTEMD_FIRST_FD, SOL_SOCKET, option, &value,
			  &len) == 0 &&
	       value == want;
}

int
httpd_listen_systemd(int *ret_fd, struct aegis_error *err)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");

	if (!pid || !fds || strtol(pid, NULL, 10) != getpid())
		return -ENOENT;
	if (strtol(fds, NULL, 10) != 1)
		return aegis_error_setx(err, -EINVAL,
					"systemd handed over %s sockets; one is "
					"wanted",
					fds);
	if (!option_is(SO_DOMAIN, AF_UNIX) || !option_is(SO_TYPE, SOCK_STREAM) ||
	    !option_is(SO_ACCEPTCONN, 1))
		return aegis_error_setx(err, -EINVAL,
					"what systemd handed over is not a "
					"listening Unix stream socket "
					"(ListenStream=/PATH)");
	if (fcntl(SYSTEMD_FIRST_FD, F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(SYSTEMD_FIRST_FD, F_SETFL, O_NONBLOCK) < 0)
		return aegis_error_set(err, -errno,
				       "take the socket from systemd");
	*ret_fd = SYSTEMD_FIRST_FD;
	return 0;
}
