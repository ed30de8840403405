/*
 * The sandbox, each case in a child of its own: what was promised works, what
 * was not fails, what nobody here needs kills.  In a build with sanitizers the
 * filter only logs, and says so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/sandbox.h"

/* What a child says by its exit status. */
enum { WORKED, REFUSED, OTHERWISE, NOT_ENTERED };

static int
outcome(long r)
{
	if (r >= 0)
		return WORKED;
	return errno == EPERM ? REFUSED : OTHERWISE;
}

static int
make_unix(void)
{
	return outcome(socket(AF_UNIX, SOCK_STREAM, 0));
}

static int
make_inet(void)
{
	return outcome(socket(AF_INET, SOCK_STREAM, 0));
}

static int
make_packet(void)
{
	return outcome(socket(AF_PACKET, SOCK_RAW, 0));
}

static int
open_file(void)
{
	return outcome(open("/dev/null", O_RDONLY));
}

static void *
do_nothing(void *arg)
{
	return arg;
}

static int
make_thread(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, do_nothing, NULL) ||
			       pthread_join(thread, NULL)
		       ? OTHERWISE
		       : WORKED;
}

static int
make_process(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return outcome(pid);
}

static int
run_program(void)
{
	char *argv[] = {(char *)"/bin/true", NULL};

	return outcome(execv("/bin/true", argv));
}

static int
trace(void)
{
	return outcome(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int
mount_something(void)
{
	return outcome(syscall(SYS_mount, "none", "/nonexistent", "tmpfs", 0UL,
			       NULL));
}

static int
load_bpf(void)
{
	return outcome(syscall(SYS_bpf, 0, NULL, 0));
}

static int
enter_namespace(void)
{
	return outcome(syscall(SYS_setns, 0, 0));
}

static int
signal_another(void)
{
	return outcome(kill(getppid(), 0));
}

/* Status of a child that entered with these promises and then did this; -1 if
 * it was killed by SIGSYS. */
static int
status_of(unsigned promises, int (*act)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		const int null = open("/dev/null", O_WRONLY);

		dup2(null, STDERR_FILENO);
		prctl(PR_SET_DUMPABLE, 0);
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		_exit(sandbox_enter(promises, NULL) < 0 ? NOT_ENTERED : act());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status)) {
		assert_int_equal(WTERMSIG(status), SIGSYS);
		return -1;
	}
	return WEXITSTATUS(status);
}

#define KILLED (-1)

static const struct {
	const char *why;
	unsigned promises;
	int (*act)(void);
	int wanted;
} cases[] = {
	{"a thread", SANDBOX_STDIO, make_thread, WORKED},
	{"a process", SANDBOX_STDIO, make_process, REFUSED},
	{"a file that was promised", SANDBOX_STDIO | SANDBOX_FILES, open_file,
	 WORKED},
	{"a file that was not", SANDBOX_STDIO, open_file, REFUSED},
	{"a Unix socket", SANDBOX_STDIO | SANDBOX_UNIX, make_unix, WORKED},
	{"none promised", SANDBOX_STDIO, make_unix, REFUSED},
	{"the network by a Unix promise", SANDBOX_STDIO | SANDBOX_UNIX,
	 make_inet, REFUSED},
	{"the network", SANDBOX_STDIO | SANDBOX_INET, make_inet, WORKED},
	{"raw packets", SANDBOX_STDIO | SANDBOX_INET, make_packet, REFUSED},
	{"another program", SANDBOX_STDIO | SANDBOX_FILES, run_program, KILLED},
	{"a debugger", SANDBOX_STDIO, trace, KILLED},
	{"a mount", SANDBOX_STDIO | SANDBOX_FILES, mount_something, KILLED},
	{"a program for the kernel", SANDBOX_STDIO, load_bpf, KILLED},
	{"another namespace", SANDBOX_STDIO, enter_namespace, KILLED},
	{"a signal to another", SANDBOX_STDIO, signal_another, REFUSED},
};

static void
only_what_was_promised_works(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const int got = status_of(cases[i].promises, cases[i].act);

		if (sandbox_only_logs())
			assert_int_not_equal(got, KILLED);
		else if (got != cases[i].wanted)
			fail_msg("%s: wanted %d, got %d", cases[i].why,
				 cases[i].wanted, got);
	}
}

static void
users_are_found_or_said_to_be_missing(void **state)
{
	struct aegis_error err = {0};
	struct sandbox_user user;

	(void)state;
	assert_int_equal(sandbox_user_find("root", false, &user, &err), 0);
	assert_int_equal(user.uid, 0);
	assert_int_equal(sandbox_user_find("no-such-user", false, &user, &err),
			 -ENOENT);
	assert_non_null(strstr(err.text, "no-such-user"));
	assert_int_equal(sandbox_user_find("no-such-user", true, &user, &err),
			 0);
	assert_string_equal(user.name, "nobody");
}

static bool
has_group(const gid_t *groups, int count, gid_t wanted)
{
	for (int i = 0; i < count; i++)
		if (groups[i] == wanted)
			return true;
	return false;
}

/* All of it gone for good, but for what was kept. */
static void
a_dropped_process_stays_dropped(void **state)
{
	static const int keep[] = {CAP_DAC_READ_SEARCH};
	static const gid_t groups[] = {12345};
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		struct sandbox_user nobody;
		gid_t got[8];

		if (sandbox_user_find("nobody", false, &nobody, NULL) < 0 ||
		    sandbox_drop(&nobody, groups, 1, keep, 1, NULL) < 0)
			_exit(1);
		if (getuid() != nobody.uid || geteuid() != nobody.uid ||
		    getgid() != nobody.gid)
			_exit(2);
		if (!has_group(got, getgroups(8, got), 12345) ||
		    has_group(got, getgroups(8, got), 0))
			_exit(3);
		if (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0)
			_exit(4);
		if (open("/etc/shadow", O_RDONLY) < 0) /* what was kept */
			_exit(5);
		if (open("/etc/shadow", O_WRONLY) >= 0)
			_exit(6);
		_exit(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
				      prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0
			      ? 0
			      : 7);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_was_promised_works),
		cmocka_unit_test(users_are_found_or_said_to_be_missing),
		cmocka_unit_test(a_dropped_process_stays_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
