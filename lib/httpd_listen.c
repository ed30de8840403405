/*
 * Where an httpd listens: sockets only, nothing of h2o.
 */
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/httpd.h"

#define BACKLOG 512
/* sd_listen_fds(3): the first descriptor handed over. */
#define SYSTEMD_FIRST_FD 3

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

int
httpd_listen_unix(const char *path, mode_t mode, int *ret_fd,
		  struct aegis_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = -1;
	int r;

	if (strlen(path) >= sizeof(address.sun_path))
		return aegis_error_set(err, -ENAMETOOLONG, "listen on %s", path);
	memcpy(address.sun_path, path, strlen(path));
	r = make_folder(path, err);
	if (r == 0)
		r = remove_stale(&address, err);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return aegis_error_set(err, -errno, "make a socket");
	r = bind_closed(fd, &address, mode, err);
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
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
	if (fcntl(SYSTEMD_FIRST_FD, F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(SYSTEMD_FIRST_FD, F_SETFL, O_NONBLOCK) < 0)
		return aegis_error_set(err, -errno,
				       "take the socket from systemd");
	*ret_fd = SYSTEMD_FIRST_FD;
	return 0;
}
