#include "ctl/path_stat.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "lib/buf.h"
#include "lib/cleanup.h"

#define HEAD_MAX (64 * 1024)

static int
connect_to(const char *path, unsigned timeout_ms)
{
	struct timeval limit = {.tv_sec = timeout_ms / 1000,
				.tv_usec = timeout_ms % 1000 * 1000};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = -1;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return take_fd(&fd);
}

/* An answer to HEAD is a head, and the connection ends with it. */
static int
exchange(int fd, const char *uri, struct buf *head)
{
	_cleanup_buf_ struct buf request = BUF_INIT(HEAD_MAX);
	char chunk[4096];
	ssize_t n;

	buf_addf(&request,
		 "HEAD %s HTTP/1.1\r\nHost: docker\r\nUser-Agent: aegis-ctl\r\n"
		 "Connection: close\r\n\r\n",
		 uri);
	if (buf_error(&request))
		return buf_error(&request);
	if (send(fd, buf_str(&request), request.len, MSG_NOSIGNAL) !=
	    (ssize_t)request.len)
		return -EIO;
	while ((n = recv(fd, chunk, sizeof(chunk), 0)) > 0)
		buf_add(head, chunk, (size_t)n);
	return n < 0 ? -errno : buf_error(head);
}

int
path_stat_parse(const char *head, unsigned *ret_status,
		char ret[static PATH_STAT_MAX])
{
	const char *end = strstr(head, "\r\n\r\n");
	size_t name_len = strlen(PATH_STAT_HEADER);

	*ret = '\0';
	if (!end || sscanf(head, "HTTP/1.%*1u %3u", ret_status) != 1)
		return -EPROTO;
	for (const char *at = strstr(head, "\r\n"); at < end;
	     at = strstr(at + 2, "\r\n")) {
		const char *value = at + 2 + name_len + 1;

		if (strncasecmp(at + 2, PATH_STAT_HEADER ":", name_len + 1))
			continue;
		value += strspn(value, " \t");
		if (strcspn(value, "\r\n") >= PATH_STAT_MAX)
			return -EPROTO;
		snprintf(ret, PATH_STAT_MAX, "%.*s",
			 (int)strcspn(value, "\r\n"), value);
	}
	return 0;
}

int
path_stat(const char *socket_path, const char *uri, unsigned timeout_ms,
	  unsigned *ret_status, char ret[static PATH_STAT_MAX])
{
	_cleanup_buf_ struct buf head = BUF_INIT(HEAD_MAX);
	_cleanup_close_ int fd = connect_to(socket_path, timeout_ms);
	int r = fd < 0 ? fd : exchange(fd, uri, &head);

	return r ? r : path_stat_parse(buf_str(&head), ret_status, ret);
}
