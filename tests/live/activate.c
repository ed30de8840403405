/*
 * activate SOCKET COMMAND...: what systemd does for a socket unit.  Listens,
 * hands the listener over by sd_listen_fds(3)'s protocol, and starts the command
 * again whenever it dies, until a SIGTERM, which it passes on.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_FD 3

static volatile sig_atomic_t child, stopping;

static void
pass_on(int sig)
{
	stopping = 1;
	if (child > 0)
		kill(child, sig);
}

static int
listen_on(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0 || strlen(path) >= sizeof(addr.sun_path))
		return -1;
	memcpy(addr.sun_path, path, strlen(path));
	unlink(path);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    listen(fd, SOMAXCONN) < 0 || dup2(fd, FIRST_FD) < 0)
		return -1;
	return fd == FIRST_FD ? 0 : close(fd);
}

static void
run(char **command)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	execvp(command[0], command);
	perror(command[0]);
	_exit(127);
}

int
main(int argc, char **argv)
{
	const struct sigaction on_term = {.sa_handler = pass_on};

	if (argc < 3 || listen_on(argv[1]) < 0 ||
	    sigaction(SIGTERM, &on_term, NULL) < 0) {
		perror("activate SOCKET COMMAND...");
		return 1;
	}
	while (!stopping) {
		pid_t pid = fork();

		if (pid == 0)
			run(argv + 2);
		child = pid;
		while (waitpid(pid, NULL, 0) < 0 && !stopping)
			;
	}
	waitpid(child, NULL, 0);
	unlink(argv[1]);
	return 0;
}
