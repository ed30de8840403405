/*
 * notified PATH - what is told to the datagram socket PATH, a line each, until it is
 * killed: systemd's end of NOTIFY_SOCKET.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char told[256];
	ssize_t n;

	if (argc != 2 || strlen(argv[1]) >= sizeof(at.sun_path)) {
		fprintf(stderr, "usage: notified PATH\n");
		return 64;
	}
	memcpy(at.sun_path, argv[1], strlen(argv[1]));
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    chmod(argv[1], 0777) < 0) {
		perror(argv[1]);
		return 1;
	}
	while ((n = recv(fd, told, sizeof(told), 0)) >= 0) {
		printf("%.*s\n", (int)n, told);
		fflush(stdout);
	}
	return 1;
}
