/*
 * ask SOCKET COUNT FILE: what dockerd would do COUNT times at once.  Sends FILE as
 * an AuthZReq on as many connections, and prints a line for each answer: how many
 * ms it took, and "allow" or the rule that denies.  "-" stands for an end without
 * an answer, "none" for no end within the deadline.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/clock.h"

#define COUNT_MAX 1024
#define DEADLINE_MS 60000

static char *request;
static size_t request_len;
static char answers[COUNT_MAX][4096];
static size_t got[COUNT_MAX], sent[COUNT_MAX];
static struct pollfd fds[COUNT_MAX];
static uint64_t begun_ms;

static int
read_request(const char *path)
{
	FILE *f = fopen(path, "r");
	char *body;
	long len;

	if (!f || fseek(f, 0, SEEK_END) < 0 || (len = ftell(f)) < 0)
		return -1;
	rewind(f);
	body = malloc((size_t)len + 1);
	request = malloc((size_t)len + 256);
	if (!body || !request || fread(body, 1, (size_t)len, f) != (size_t)len)
		return -1;
	fclose(f);
	request_len = (size_t)snprintf(request, 256,
				       "POST /AuthZPlugin.AuthZReq HTTP/1.1\r\n"
				       "Host: \r\nContent-Length: %ld\r\n\r\n",
				       len);
	memcpy(request + request_len, body, (size_t)len);
	request_len += (size_t)len;
	free(body);
	return 0;
}

/* Waits while the queue of the listener is full. */
static int
connect_to(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	return fd >= 0 && connect(fd, (struct sockaddr *)&addr,
				  sizeof(addr)) == 0
		       ? fd
		       : -1;
}

static void
report(unsigned i, const char *word)
{
	printf("%llu %s\n",
	       (unsigned long long)(clock_monotonic_ms() - begun_ms), word);
	fflush(stdout);
	close(fds[i].fd);
	fds[i].fd = -1;
}

static void
report_answer(unsigned i)
{
	char rule[64] = "?";

	const char *at = strchr(answers[i], '[');

	if (at)
		sscanf(at, "[%63[^]]", rule);
	report(i, strstr(answers[i], "\"Allow\":true") ? "allow" : rule);
}

static void
step(unsigned i)
{
	ssize_t n;

	if (fds[i].revents & POLLOUT) {
		n = send(fds[i].fd, request + sent[i], request_len - sent[i],
			 MSG_NOSIGNAL | MSG_DONTWAIT);
		sent[i] += n > 0 ? (size_t)n : 0;
		if (sent[i] == request_len)
			fds[i].events = POLLIN;
	}
	if (!(fds[i].revents & (POLLIN | POLLHUP | POLLERR)))
		return;
	n = recv(fds[i].fd, answers[i] + got[i],
		 sizeof(answers[i]) - 1 - got[i], MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return;
	got[i] += n > 0 ? (size_t)n : 0;
	if (strstr(answers[i], "\"}") || strstr(answers[i], "true}"))
		report_answer(i);
	else if (n <= 0)
		report(i, "-");
}

static unsigned
left(unsigned count)
{
	unsigned n = 0;

	for (unsigned i = 0; i < count; i++)
		n += fds[i].fd >= 0;
	return n;
}

int
main(int argc, char **argv)
{
	const unsigned count = argc == 4 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;

	if (!count || count > COUNT_MAX || read_request(argv[3]) < 0) {
		fputs("usage: ask SOCKET COUNT FILE\n", stderr);
		return 64;
	}
	begun_ms = clock_monotonic_ms();
	for (unsigned i = 0; i < count; i++)
		fds[i] = (struct pollfd){.fd = connect_to(argv[1]),
					 .events = POLLIN | POLLOUT};
	while (left(count) && clock_monotonic_ms() < begun_ms + DEADLINE_MS) {
		poll(fds, count, 100);
		for (unsigned i = 0; i < count; i++)
			if (fds[i].fd >= 0)
				step(i);
	}
	for (unsigned i = 0; i < count; i++)
		if (fds[i].fd >= 0)
			report(i, "none");
	return 0;
}
