/*
 * canned - a dockerd that says what a test wants: for the faults that the real
 * one cannot be made to have.  What it answers rightly is tested live.
 */
#ifndef AEGIS_TESTS_UNIT_CANNED_H
#define AEGIS_TESTS_UNIT_CANNED_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CANNED_REQUEST_MAX 65536

struct canned {
	char path[64];
	int listener;
	pthread_t thread;
	/* Called per connection with the request; the answer is sent as it is.
	 * NULL: the connection stays open and silent. */
	const char *(*answer)(const char *request, size_t *ret_len);
	int held[16];
	unsigned held_count, served;
};

/* Head and body, which the client may send in two. */
static bool
canned_is_whole(const char *request, size_t len)
{
	const char *end = strstr(request, "\r\n\r\n");
	const char *body = strstr(request, "Content-Length: ");

	return end && len >= (size_t)(end + 4 - request) +
				     (body ? strtoul(body + 16, NULL, 10) : 0);
}

static void
canned_read(int fd, char request[CANNED_REQUEST_MAX])
{
	size_t len = 0;
	ssize_t n;

	request[0] = '\0';
	while (!canned_is_whole(request, len) &&
	       (n = recv(fd, request + len, CANNED_REQUEST_MAX - 1 - len, 0)) >
		       0) {
		len += (size_t)n;
		request[len] = '\0';
	}
}

static void *
canned_serve(void *arg)
{
	struct canned *c = arg;
	int fd;

	while ((fd = accept(c->listener, NULL, NULL)) >= 0) {
		static char request[CANNED_REQUEST_MAX];
		const char *answer;
		size_t len;
		ssize_t n;

		canned_read(fd, request);
		c->served++;
		answer = c->answer(request, &len);
		if (!answer) {
			c->held[c->held_count++] = fd;
			continue;
		}
		while (len) {
			n = send(fd, answer, len, MSG_NOSIGNAL);
			if (n <= 0)
				break;
			answer += n;
			len -= (size_t)n;
		}
		shutdown(fd, SHUT_WR);
		/* Until the client has closed: nothing of the answer is lost. */
		while (recv(fd, request, sizeof(request), 0) > 0)
			;
		close(fd);
	}
	return NULL;
}

static int
canned_start(struct canned *c,
	     const char *(*answer)(const char *request, size_t *ret_len))
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	static unsigned number;

	memset(c, 0, sizeof(*c));
	c->answer = answer;
	snprintf(c->path, sizeof(c->path), "/tmp/canned.%d.%u", (int)getpid(),
		 number++);
	memcpy(addr.sun_path, c->path, strlen(c->path));
	unlink(c->path);
	c->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->listener < 0 ||
	    bind(c->listener, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    listen(c->listener, 16) < 0)
		return -1;
	return pthread_create(&c->thread, NULL, canned_serve, c) ? -1 : 0;
}

static void
canned_stop(struct canned *c)
{
	shutdown(c->listener, SHUT_RDWR);
	pthread_join(c->thread, NULL);
	close(c->listener);
	while (c->held_count)
		close(c->held[--c->held_count]);
	unlink(c->path);
}

#endif
