#include "authz-plugin/docker_socket.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define REFUSALS 2

void
docker_socket_init(struct docker_socket *d, const char *path, bool was_root)
{
	*d = (struct docker_socket){.path = path, .was_root = was_root};
	d->group_count = getgroups(DOCKER_SOCKET_GROUPS_MAX, d->groups);
}

static bool
has_group(const struct docker_socket *d, gid_t group)
{
	for (int i = 0; i < d->group_count; i++)
		if (d->groups[i] == group)
			return true;
	return group == getegid();
}

/* connect(2) asks for the right to write. */
static bool
is_refused(const struct docker_socket *d)
{
	return faccessat(AT_FDCWD, d->path, W_OK, AT_EACCESS) < 0 &&
	       errno == EACCES;
}

int
docker_socket_check(struct docker_socket *d, struct aegis_error *err)
{
	struct stat st;

	if (!is_refused(d) || stat(d->path, &st) < 0) {
		d->refusals = 0;
		return 0;
	}
	if (++d->refusals < REFUSALS)
		return 0;
	d->restart_helps = d->was_root && !has_group(d, st.st_gid) &&
			   (st.st_mode & S_IWGRP);
	if (d->restart_helps)
		return aegis_error_setx(err, -EACCES,
					"%s has group %u now, which it had not "
					"when the gate started; restart "
					"aegis-authz to ask dockerd again",
					d->path, (unsigned)st.st_gid);
	return aegis_error_setx(err, -EACCES,
				"%s may not be used by the gate's user; give "
				"its group the right to write (mode 0660)",
				d->path);
}
