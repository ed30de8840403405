/*
 * The log: one line each, and nobody waits for who reads it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/log.h"

#define LINES 4000
#define DEADLINE_S 20

static char got[4 * 1024 * 1024];

/* Whatever there is to read, without waiting for more. */
static void
drain(int fd)
{
	size_t used = 0;
	ssize_t n;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while ((n = read(fd, got + used, sizeof(got) - 1 - used)) > 0)
		used += (size_t)n;
	got[used] = '\0';
}

static unsigned
count(const char *what)
{
	unsigned found = 0;

	for (const char *p = got; (p = strstr(p, what)); p++)
		found++;
	return found;
}

/* LINES into fds[1] as stderr while nobody reads fds[0]. */
static void
flood(const int *fds)
{
	const int before = dup(STDERR_FILENO);
	unsigned written, lost = 0;
	const char *said;

	dup2(fds[1], STDERR_FILENO);
	aegis_log_init("test", LOG_LEVEL_INFO);
	alarm(DEADLINE_S); /* who waits is killed */
	for (int i = 0; i < LINES; i++)
		log_info("line with something to fill the room there is");
	alarm(0);
	drain(fds[0]);
	written = count("test: info: line");
	log_info("flows");
	drain(fds[0]);
	dup2(before, STDERR_FILENO);
	close(before);
	said = strstr(got, "test: warning: ");
	assert_non_null(said);
	sscanf(said, "test: warning: %u lines", &lost);
	assert_true(lost > 0);
	assert_int_equal(written + lost, LINES);
	assert_non_null(strstr(said, "\ntest: info: flows\n"));
	log_info("again");
	close(fds[0]);
	close(fds[1]);
}

static void
a_pipe_nobody_reads_does_not_hold_us(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	flood(fds);
}

/* As journald gives it. */
static void
a_socket_nobody_reads_does_not_hold_us(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	flood(fds);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pipe_nobody_reads_does_not_hold_us),
		cmocka_unit_test(a_socket_nobody_reads_does_not_hold_us),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
