/*
 * What systemd would hear, also from inside the sandbox.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/notify.h"
#include "lib/sandbox.h"

#define DEADLINE_MS 20000

static int
listen_at(const char *name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(at.sun_path, name, strlen(name));
	if (name[0] == '@')
		at.sun_path[0] = '\0';
	assert_int_equal(
		bind(fd, (struct sockaddr *)&at,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				 strlen(name))),
		0);
	return fd;
}

static void
assert_heard(int fd, const char *text)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char heard[64] = "";

	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
	assert_true(recv(fd, heard, sizeof(heard) - 1, 0) > 0);
	assert_string_equal(heard, text);
}

static void
nobody_wants_to_know(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_false(notify_is_wanted());
	assert_int_equal(notify_send("READY=1"), 0);
}

static void
it_is_heard_at_either_kind_of_address(void **state)
{
	char folder[] = "/tmp/test_notify.XXXXXX", names[2][64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(names[0], sizeof(names[0]), "%s/socket", folder);
	snprintf(names[1], sizeof(names[1]), "@%s", folder + 1);
	for (int i = 0; i < 2; i++) {
		int fd = listen_at(names[i]);

		setenv("NOTIFY_SOCKET", names[i], 1);
		assert_true(notify_is_wanted());
		assert_int_equal(notify_send("READY=1"), 0);
		assert_heard(fd, "READY=1");
		close(fd);
	}
	assert_true(notify_send("READY=1") < 0);
	unlink(names[0]);
	rmdir(folder);
}

static void
the_sandbox_lets_it_through(void **state)
{
	char name[64];
	int fd, status;
	pid_t pid;

	(void)state;
	snprintf(name, sizeof(name), "@test_notify.%d", (int)getpid());
	fd = listen_at(name);
	setenv("NOTIFY_SOCKET", name, 1);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		_exit(sandbox_enter(SANDBOX_STDIO | SANDBOX_UNIX, NULL) < 0 ||
		      notify_send("WATCHDOG=1") < 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_heard(fd, "WATCHDOG=1");
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_wants_to_know),
		cmocka_unit_test(it_is_heard_at_either_kind_of_address),
		cmocka_unit_test(the_sandbox_lets_it_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
