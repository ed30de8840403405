#include "ctl/dockerd.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "ctl/ctl.h"
#include "ctl/daemon_json.h"

static int
read_proc(pid_t pid, const char *name, struct buf *ret)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return file_read(path, ret, NULL);
}

void
process_name(pid_t pid, char *ret, size_t size)
{
	_cleanup_buf_ struct buf comm = BUF_INIT(4096);

	*ret = '\0';
	if (read_proc(pid, "comm", &comm))
		return;
	snprintf(ret, size, "%.*s", (int)strcspn(buf_str(&comm), "\n"),
		 buf_str(&comm));
}

/* Returns 0 and leaves ret empty where pid is no dockerd. */
static int
from_pid(struct dockerd *ret, pid_t pid)
{
	char comm[32];
	int r;

	process_name(pid, comm, sizeof(comm));
	if (strcmp(comm, "dockerd"))
		return 0;
	r = read_proc(pid, "cmdline", &ret->cmdline);
	if (!r)
		ret->pid = pid;
	return r;
}

int
dockerd_from_pidfile(struct dockerd *ret, const char *pidfile,
		     struct aegis_error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT(4096);
	unsigned long pid;
	int r = file_read(pidfile, &text, err);

	if (r)
		return r == -ENOENT ? 0 : r;
	if (text.data)
		text.data[strcspn(text.data, " \r\n")] = '\0';
	if (number_parse(buf_str(&text), INT_MAX, &pid) || pid < 2)
		return aegis_error_setx(err, -EBADMSG, "%s: holds no pid",
					pidfile);
	r = from_pid(ret, (pid_t)pid);
	return r ? aegis_error_setx(err, r, "/proc/%lu/cmdline: %s", pid,
				    strerror(-r))
		 : 0;
}

pid_t
socket_owner(const char *socket_path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = -1;
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);

	if (strlen(socket_path) >= sizeof(address.sun_path))
		return 0;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return 0;
	return peer.pid;
}

void
dockerd_from_socket(struct dockerd *ret, const char *socket_path)
{
	pid_t owner = socket_owner(socket_path);

	if (owner > 1)
		from_pid(ret, owner);
	if (owner <= 1)
		dockerd_from_pidfile(ret, DOCKERD_PIDFILE_DEFAULT, NULL);
}

void
dockerd_release(struct dockerd *d)
{
	buf_release(&d->cmdline);
}

const char *
dockerd_flag(const struct dockerd *d, const char *name)
{
	const char *at = buf_str(&d->cmdline), *end = at + d->cmdline.len;
	size_t len = strlen(name);

	for (; at < end; at += strlen(at) + 1) {
		if (strncmp(at, name, len))
			continue;
		if (at[len] == '=')
			return at + len + 1;
		if (!at[len])
			return at + len + 1 < end ? at + len + 1 : "";
	}
	return NULL;
}

const char *
dockerd_config(const struct dockerd *d)
{
	const char *flag = d->pid ? dockerd_flag(d, "--config-file") : NULL;

	return flag ? flag : DAEMON_JSON_DEFAULT;
}

enum dockerd_wiring
dockerd_wiring(const struct dockerd *d, const char *plugin)
{
	const char *flag = d->pid ? dockerd_flag(d, "--authorization-plugin")
				  : NULL;
	_cleanup_buf_ struct buf text = BUF_INIT(DAEMON_JSON_MAX);
	size_t len = strlen(plugin);
	bool listed = false;
	int r;

	if (flag && !strncmp(flag, plugin, len) &&
	    (!flag[len] || flag[len] == ':'))
		return WIRED_FLAG;
	r = file_read(dockerd_config(d), &text, NULL);
	if (r == -ENOENT)
		return WIRED_NOT;
	if (r || daemon_json_lists(buf_str(&text), text.len, plugin, &listed))
		return WIRED_UNKNOWN;
	return listed ? WIRED_FILE : WIRED_NOT;
}
