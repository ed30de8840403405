/*
 * load SOCKET BODY CONNECTIONS REQUESTS PID - keep-alive AuthZReqs, one in flight
 * on each connection, and what they cost the server PID.  Prints one line:
 *   requests/s  p50_us  p99_us  server_cpu_us  server_rss_kib  refused
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/clock.h"

#define CONNECTIONS_MAX 256
#define BODY_MAX (8 * 1024 * 1024)
#define ANSWER_MAX 8192
#define WARM_UP 2000

struct connection {
	int fd;
	uint64_t sent_us;
	size_t got;
	char answer[ANSWER_MAX];
};

struct load {
	struct connection connections[CONNECTIONS_MAX];
	struct buf request;
	uint32_t *latency_us;
	unsigned long wanted, sent, done, refused;
};

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static void
read_request(struct load *l, const char *path)
{
	_cleanup_buf_ struct buf body = BUF_INIT(BODY_MAX);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char part[65536];
	ssize_t n;

	if (fd < 0)
		die(path);
	while ((n = read(fd, part, sizeof(part))) > 0)
		buf_add(&body, part, (size_t)n);
	l->request = BUF_INIT(BODY_MAX + 1024);
	buf_addf(&l->request,
		 "POST /AuthZPlugin.AuthZReq HTTP/1.1\r\nHost: plugin\r\n"
		 "User-Agent: Go-http-client/1.1\r\n"
		 "Accept: application/vnd.docker.plugins.v1.2+json\r\n"
		 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
		 body.len);
	buf_add(&l->request, buf_str(&body), body.len);
	if (buf_error(&l->request))
		die("request");
}

static int
dial(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		die(path);
	return fd;
}

static void
ask(struct load *l, struct connection *c)
{
	const char *at = l->request.data;
	size_t left = l->request.len;

	if (l->sent == l->wanted)
		return;
	l->sent++;
	c->got = 0;
	c->sent_us = clock_monotonic_us();
	while (left) {
		ssize_t n = send(c->fd, at, left, MSG_NOSIGNAL);

		if (n < 0)
			die("send");
		at += n;
		left -= (size_t)n;
	}
}

/* Is the answer whole?  It always has a Content-Length. */
static bool
is_whole(struct connection *c)
{
	const char *end = strstr(c->answer, "\r\n\r\n");
	const char *length = strcasestr(c->answer, "content-length:");

	return end && length &&
	       c->got >= (size_t)(end + 4 - c->answer) +
				 strtoul(length + 15, NULL, 10);
}

static void
receive(struct load *l, struct connection *c)
{
	ssize_t n = recv(c->fd, c->answer + c->got, ANSWER_MAX - 1 - c->got, 0);

	if (n <= 0)
		die("recv");
	c->got += (size_t)n;
	c->answer[c->got] = '\0';
	if (!is_whole(c))
		return;
	l->latency_us[l->done++] = (uint32_t)(clock_monotonic_us() - c->sent_us);
	l->refused += !strstr(c->answer, "\"Allow\":true");
	ask(l, c);
}

static void
run(struct load *l, unsigned connections, unsigned long requests)
{
	_cleanup_close_ int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event events[CONNECTIONS_MAX];

	l->wanted = requests;
	l->sent = l->done = l->refused = 0;
	for (unsigned i = 0; i < connections; i++) {
		struct epoll_event e = {.events = EPOLLIN,
					.data.ptr = &l->connections[i]};

		if (epoll_ctl(epoll, EPOLL_CTL_ADD, l->connections[i].fd, &e) < 0)
			die("epoll_ctl");
		ask(l, &l->connections[i]);
	}
	while (l->done < l->wanted) {
		int n = epoll_wait(epoll, events, CONNECTIONS_MAX, 10000);

		if (n <= 0)
			die("no answer within 10 s");
		for (int i = 0; i < n; i++)
			receive(l, events[i].data.ptr);
	}
}

/* --- the server ------------------------------------------------------------------- */

static double
server_cpu_us(const char *pid)
{
	char path[64], line[1024];
	unsigned long user = 0, system_time = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	f = fopen(path, "r");
	if (!f || !fgets(line, sizeof(line), f) ||
	    sscanf(strrchr(line, ')') + 2,
		   "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
		   &system_time) != 2)
		die(path);
	fclose(f);
	return (double)(user + system_time) * 1e6 /
	       (double)sysconf(_SC_CLK_TCK);
}

static unsigned long
server_rss_kib(const char *pid)
{
	char path[64], line[256];
	unsigned long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	f = fopen(path, "r");
	if (!f)
		die(path);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "VmRSS: %lu", &kib) == 1)
			break;
	fclose(f);
	return kib;
}

static int
by_value(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	static struct load l;
	unsigned long requests;
	unsigned connections;
	uint64_t begin_us;
	double cpu, seconds;

	if (argc != 6) {
		fprintf(stderr,
			"usage: load SOCKET BODY CONNECTIONS REQUESTS PID\n");
		return 64;
	}
	connections = (unsigned)strtoul(argv[3], NULL, 10);
	requests = strtoul(argv[4], NULL, 10);
	if (connections == 0 || connections > CONNECTIONS_MAX ||
	    requests < connections)
		return 64;
	read_request(&l, argv[2]);
	l.latency_us = calloc(requests > WARM_UP ? requests : WARM_UP,
			      sizeof(*l.latency_us));
	if (!l.latency_us)
		die("memory");
	for (unsigned i = 0; i < connections; i++)
		l.connections[i].fd = dial(argv[1]);
	run(&l, connections, WARM_UP);
	cpu = server_cpu_us(argv[5]);
	begin_us = clock_monotonic_us();
	run(&l, connections, requests);
	seconds = (double)(clock_monotonic_us() - begin_us) / 1e6;
	cpu = server_cpu_us(argv[5]) - cpu;
	qsort(l.latency_us, l.done, sizeof(*l.latency_us), by_value);
	printf("%.0f %u %u %.1f %lu %lu\n", (double)l.done / seconds,
	       l.latency_us[l.done / 2], l.latency_us[l.done * 99 / 100],
	       cpu / (double)l.done, server_rss_kib(argv[5]), l.refused);
	free(l.latency_us);
	buf_release(&l.request);
	return 0;
}
