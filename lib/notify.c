#include "lib/notify.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/cleanup.h"

static const char *
address(void)
{
	const char *name = getenv("NOTIFY_SOCKET");

	return name && (name[0] == '/' || name[0] == '@') ? name : NULL;
}

bool
notify_is_wanted(void)
{
	return address() != NULL;
}

int
notify_send(const char *state)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const char *name = address();
	_cleanup_close_ int fd = -1;
	size_t len;

	if (!name)
		return 0;
	len = strlen(name);
	if (len >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	memcpy(to.sun_path, name, len);
	if (name[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    sendto(fd, state, strlen(state), MSG_DONTWAIT | MSG_NOSIGNAL,
		   (struct sockaddr *)&to,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		return -errno;
	return 0;
}
