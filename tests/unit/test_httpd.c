/*
 * The server's edge, by raw bytes: what dockerd sends is taken, what could be
 * read two ways is not, and nobody can hold it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/httpd.h"

#define BODY_MAX 1000
#define CONNECTIONS_MAX 4
#define REQUEST_TIMEOUT_MS 2000
#define READ_TIMEOUT_MS 200
#define WAIT_MS 10000

static char path[64];
static struct httpd *server;
static pthread_t loop;
static sem_t started, kept;
static struct httpd_request *kept_request;
static atomic_uint turns;

static void
echo(struct httpd_request *req, void *ctx)
{
	const struct httpd_bytes body = httpd_body(req);
	const struct httpd_bytes agent = httpd_header(req, "user-agent");
	char text[BODY_MAX + 128];

	(void)ctx;
	snprintf(text, sizeof(text), "%.*s|%.*s", (int)agent.len,
		 agent.len ? agent.data : "", (int)body.len,
		 body.len ? body.data : "");
	httpd_reply(req, 200, "text/plain", text, strlen(text));
}

static void
keep(struct httpd_request *req, void *ctx)
{
	(void)ctx;
	kept_request = req;
	sem_post(&kept);
}

static void
answer_kept(void *arg)
{
	httpd_reply(kept_request, 200, "text/plain", arg, strlen(arg));
}

static void
count_turn(void *ctx)
{
	(void)ctx;
	turns++;
}

static void
ring(void *ctx)
{
	(void)ctx;
	answer_kept((char[]){"ring"});
}

static void
keep_until_alarm(struct httpd_request *req, void *ctx)
{
	(void)ctx;
	kept_request = req;
	httpd_alarm(server, httpd_now_ms(server) + 10, ring, NULL);
}

static const struct httpd_route routes[] = {
	{"POST", "/echo", echo},
	{"GET", "/keep", keep},
	{"GET", "/alarm", keep_until_alarm},
};

static void *
run(void *arg)
{
	static const struct httpd_options options = {
		.body_max = BODY_MAX,
		.connections_max = CONNECTIONS_MAX,
		.request_timeout_ms = REQUEST_TIMEOUT_MS,
		.read_timeout_ms = READ_TIMEOUT_MS,
	};
	int fd = -1, r;

	(void)arg;
	r = httpd_listen_unix(path, 0600, &fd, NULL);
	if (r == 0)
		r = httpd_new(&server, &options, routes, 3, NULL, NULL);
	if (r == 0) {
		httpd_on_turn(server, count_turn, NULL);
		httpd_on_wind_down(server, ring, NULL);
		r = httpd_add_listener(server, fd, NULL);
	}
	sem_post(&started);
	if (r == 0)
		r = httpd_run(server, 1000, NULL);
	httpd_close(server);
	return (void *)(intptr_t)r;
}

static int
set_up(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/test_httpd.%d/s", (int)getpid());
	sem_init(&started, 0, 0);
	sem_init(&kept, 0, 0);
	if (pthread_create(&loop, NULL, run, NULL))
		return -1;
	return sem_wait(&started);
}

static int
tear_down(void **state)
{
	(void)state;
	httpd_free(server);
	unlink(path);
	*strrchr(path, '/') = '\0';
	return rmdir(path);
}

static int
connect_to(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(addr.sun_path, path, strlen(path));
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)),
			 0);
	return fd;
}

/* All the server says until it closes; fails if it does not. */
static void
read_all(int fd, char *ret, size_t size)
{
	size_t used = 0;
	ssize_t n = 1;

	while (n > 0 && used + 1 < size) {
		struct pollfd p = {.fd = fd, .events = POLLIN};

		if (poll(&p, 1, WAIT_MS) != 1)
			fail_msg("the server keeps the connection");
		n = recv(fd, ret + used, size - 1 - used, 0);
		used += n > 0 ? (size_t)n : 0;
	}
	ret[used] = '\0';
}

static void
exchange(const char *request, size_t len, char *ret, size_t size)
{
	int fd = connect_to();

	assert_int_equal(send(fd, request, len, MSG_NOSIGNAL), (ssize_t)len);
	read_all(fd, ret, size);
	close(fd);
}

#define CLOSE "Connection: close\r\n"

static const struct {
	const char *why, *request;
	const char *first; /* the answer begins so */
	const char *last;  /* and ends so */
} cases[] = {
	{"as dockerd sends it: an empty Host",
	 "POST /echo HTTP/1.1\r\nHost: \r\nUser-Agent: Go\r\n"
	 "Content-Length: 2\r\n" CLOSE "\r\nhi",
	 "HTTP/1.1 200 ", "\r\n\r\nGo|hi"},
	{"no Host", "POST /echo HTTP/1.1\r\nContent-Length: 2\r\n" CLOSE
		    "\r\nhi",
	 "HTTP/1.1 200 ", "|hi"},
	{"chunks",
	 "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" CLOSE
	 "\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n",
	 "HTTP/1.1 200 ", "|hi"},
	{"no body", "POST /echo HTTP/1.1\r\n" CLOSE "\r\n", "HTTP/1.1 200 ",
	 "\r\n\r\n|"},
	{"two on one connection",
	 "POST /echo HTTP/1.1\r\nContent-Length: 1\r\n\r\na"
	 "POST /echo HTTP/1.1\r\nContent-Length: 1\r\n" CLOSE "\r\nb",
	 "HTTP/1.1 200 ", "\r\n\r\n|b"},
	{"another path", "POST /echo/ HTTP/1.1\r\n" CLOSE "\r\n",
	 "HTTP/1.1 404 ", ""},
	{"another method", "GET /echo HTTP/1.1\r\n" CLOSE "\r\n",
	 "HTTP/1.1 405 ", ""},
	{"a HEAD has no body to be taken for the next answer",
	 "HEAD /echo HTTP/1.1\r\n" CLOSE "\r\n", "HTTP/1.1 405 ", "\r\n\r\n"},
	{"of two lengths the first",
	 "POST /echo HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 1\r\n" CLOSE
	 "\r\nhi",
	 "HTTP/1.1 200 ", "|hi"},
	{"chunks before a length",
	 "POST /echo HTTP/1.1\r\nContent-Length: 1\r\n"
	 "Transfer-Encoding: chunked\r\n" CLOSE
	 "\r\n2\r\nhi\r\n0\r\n\r\n",
	 "HTTP/1.1 200 ", "|hi"},
	{"a length that is no number",
	 "POST /echo HTTP/1.1\r\nContent-Length: 2x\r\n" CLOSE "\r\nhi",
	 "HTTP/1.1 400 ", ""},
	{"more than fits", "POST /echo HTTP/1.1\r\nContent-Length: 1001\r\n" CLOSE
			   "\r\n",
	 "HTTP/1.1 413 ", ""},
};

static void
requests_are_answered_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const size_t first = strlen(cases[i].first);
		const size_t last = strlen(cases[i].last);
		char got[4096];
		size_t len;

		exchange(cases[i].request, strlen(cases[i].request), got,
			 sizeof(got));
		len = strlen(got);
		if (strncmp(got, cases[i].first, first) != 0 || len < last ||
		    strcmp(got + len - last, cases[i].last) != 0)
			fail_msg("%s: %s", cases[i].why, got);
	}
	assert_true(turns > 0);
}

static bool
is_open(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 0;
}

/* Whoever is slow is not waited for; whoever only keeps a connection is. */
static void
half_a_request_ends_at_the_deadline(void **state)
{
	static const char *const halves[] = {
		"POST /ec", "POST /echo HTTP/1.1\r\n",
		"POST /echo HTTP/1.1\r\nContent-Length: 10\r\n\r\nhi"};

	(void)state;
	for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++) {
		char got[4096];
		int idle = connect_to();

		exchange(halves[i], strlen(halves[i]), got, sizeof(got));
		assert_null(strstr(got, " 200 "));
		assert_true(is_open(idle));
		close(idle);
	}
}

static void
an_idle_connection_ends_at_its_own_deadline(void **state)
{
	char got[4096];

	(void)state;
	exchange("", 0, got, sizeof(got));
	assert_string_equal(got, "");
}

/* However long its answer takes. */
static void
a_request_that_is_there_is_not_half(void **state)
{
	static const char request[] = "GET /keep HTTP/1.1\r\n" CLOSE "\r\n";
	static const char half[] = "POST /ec";
	static char later[] = "later";
	int fd = connect_to();
	char got[4096];

	(void)state;
	assert_true(send(fd, request, strlen(request), MSG_NOSIGNAL) > 0);
	sem_wait(&kept);
	/* A half one that began later has gone when this ends. */
	exchange(half, strlen(half), got, sizeof(got));
	assert_true(is_open(fd));
	assert_int_equal(httpd_post(server, answer_kept, later), 0);
	read_all(fd, got, sizeof(got));
	close(fd);
	assert_non_null(strstr(got, "\r\n\r\nlater"));
}

static void
an_alarm_rings_once(void **state)
{
	static const char request[] = "GET /alarm HTTP/1.1\r\n" CLOSE "\r\n";
	char got[4096];

	(void)state;
	exchange(request, strlen(request), got, sizeof(got));
	assert_non_null(strstr(got, "\r\n\r\nring"));
}

static void
a_kept_request_is_answered_from_elsewhere(void **state)
{
	static const char request[] = "GET /keep HTTP/1.1\r\n" CLOSE "\r\n";
	static char later[] = "later";
	char got[4096];
	int fd = connect_to();

	(void)state;
	assert_true(send(fd, request, strlen(request), MSG_NOSIGNAL) > 0);
	sem_wait(&kept);
	assert_int_equal(httpd_post(server, answer_kept, later), 0);
	read_all(fd, got, sizeof(got));
	close(fd);
	assert_non_null(strstr(got, "\r\n\r\nlater"));
}

/* At the cap others wait, and are served as soon as one leaves. */
static void
beyond_the_cap_others_wait(void **state)
{
	static const char request[] = "POST /echo HTTP/1.1\r\n"
				      "Content-Length: 1\r\n" CLOSE "\r\nx";
	int held[CONNECTIONS_MAX], fd;
	char got[4096];

	(void)state;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		held[i] = connect_to();
	fd = connect_to();
	assert_true(send(fd, request, strlen(request), MSG_NOSIGNAL) > 0);
	close(held[0]);
	read_all(fd, got, sizeof(got));
	assert_non_null(strstr(got, "|x"));
	close(fd);
	for (size_t i = 1; i < CONNECTIONS_MAX; i++)
		close(held[i]);
}

static void
a_live_socket_is_not_taken_over(void **state)
{
	struct aegis_error err = {0};
	struct stat st;
	int fd = -1;

	(void)state;
	assert_int_equal(httpd_listen_unix(path, 0600, &fd, &err), -EADDRINUSE);
	assert_non_null(strstr(err.text, path));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
a_dead_socket_is_replaced_and_a_file_is_not(void **state)
{
	char dead[80], file[80];
	int fd = -1, again = -1;

	(void)state;
	snprintf(dead, sizeof(dead), "%s.dead", path);
	snprintf(file, sizeof(file), "%s.file", path);
	assert_int_equal(httpd_listen_unix(dead, 0660, &fd, NULL), 0);
	close(fd);
	assert_int_equal(httpd_listen_unix(dead, 0660, &again, NULL), 0);
	close(again);
	assert_int_equal(unlink(dead), 0);
	fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	assert_true(httpd_listen_unix(file, 0600, &fd, NULL) < 0);
	assert_int_equal(unlink(file), 0);
}

static void *
start_one(void *arg)
{
	const char *stale = arg;
	int fd = -1;

	return (void *)(intptr_t)(
		httpd_listen_unix(stale, 0600, &fd, NULL) == 0 ? fd : -1);
}

/* Two that find the same dead socket: one listens, and keeps it. */
static void
of_two_that_start_at_once_one_listens(void **state)
{
	char stale[80];

	(void)state;
	snprintf(stale, sizeof(stale), "%s.stale", path);
	for (int i = 0; i < 200; i++) {
		pthread_t other;
		void *theirs;
		int mine = -1;

		assert_int_equal(httpd_listen_unix(stale, 0600, &mine, NULL),
				 0);
		close(mine);
		assert_int_equal(pthread_create(&other, NULL, start_one, stale),
				 0);
		mine = (int)(intptr_t)start_one(stale);
		pthread_join(other, &theirs);
		assert_true((mine < 0) != ((int)(intptr_t)theirs < 0));
		close(mine < 0 ? (int)(intptr_t)theirs : mine);
	}
	assert_int_equal(unlink(stale), 0);
}

/* In a process of its own, as it is about one number of a descriptor. */
static int
take_from_systemd(int fd)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct aegis_error err = {0};
		char pid[16];
		int got = -1, r;

		snprintf(pid, sizeof(pid), "%d", (int)getpid());
		setenv("LISTEN_PID", pid, 1);
		setenv("LISTEN_FDS", "1", 1);
		dup2(fd, 3);
		r = httpd_listen_systemd(&got, &err);
		_exit(r == 0 ? 0 : strstr(err.text, "listening") ? -r : 99);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
what_systemd_hands_over_must_listen(void **state)
{
	char there[80];
	int file = open("/dev/null", O_RDWR | O_CLOEXEC), pair[2], fd = -1;

	(void)state;
	snprintf(there, sizeof(there), "%s.systemd", path);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(httpd_listen_unix(there, 0600, &fd, NULL), 0);
	assert_int_equal(take_from_systemd(file), EINVAL);
	assert_int_equal(take_from_systemd(pair[0]), EINVAL);
	assert_int_equal(take_from_systemd(fd), 0);
	close(file);
	close(pair[0]);
	close(pair[1]);
	close(fd);
	assert_int_equal(unlink(there), 0);
}

static void
systemd_hands_over_one_socket_or_none(void **state)
{
	char pid[16];
	int fd = -1;

	(void)state;
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	assert_int_equal(httpd_listen_systemd(&fd, NULL), -ENOENT);
	setenv("LISTEN_PID", "1", 1);
	setenv("LISTEN_FDS", "1", 1);
	assert_int_equal(httpd_listen_systemd(&fd, NULL), -ENOENT);
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "2", 1);
	assert_int_equal(httpd_listen_systemd(&fd, NULL), -EINVAL);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
}

/* Last: the server ends. */
static void
what_is_kept_at_the_end_is_answered(void **state)
{
	static const char request[] = "GET /keep HTTP/1.1\r\n" CLOSE "\r\n";
	char got[4096];
	void *result;
	int fd = connect_to();

	(void)state;
	assert_true(send(fd, request, strlen(request), MSG_NOSIGNAL) > 0);
	sem_wait(&kept);
	httpd_stop(server);
	read_all(fd, got, sizeof(got));
	close(fd);
	assert_non_null(strstr(got, "\r\n\r\nring"));
	pthread_join(loop, &result);
	assert_null(result);
	assert_int_equal(httpd_post(server, answer_kept, NULL), -ESHUTDOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_answered_or_refused),
		cmocka_unit_test(half_a_request_ends_at_the_deadline),
		cmocka_unit_test(an_idle_connection_ends_at_its_own_deadline),
		cmocka_unit_test(a_request_that_is_there_is_not_half),
		cmocka_unit_test(an_alarm_rings_once),
		cmocka_unit_test(a_kept_request_is_answered_from_elsewhere),
		cmocka_unit_test(beyond_the_cap_others_wait),
		cmocka_unit_test(a_live_socket_is_not_taken_over),
		cmocka_unit_test(a_dead_socket_is_replaced_and_a_file_is_not),
		cmocka_unit_test(of_two_that_start_at_once_one_listens),
		cmocka_unit_test(what_systemd_hands_over_must_listen),
		cmocka_unit_test(systemd_hands_over_one_socket_or_none),
		cmocka_unit_test(what_is_kept_at_the_end_is_answered),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
