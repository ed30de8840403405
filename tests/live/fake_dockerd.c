/*
 * fake_dockerd SOCKET [GATE]: a dockerd with faults.
 *
 * Names of things say what it does when asked for them: "hang..." is never
 * answered, "held..." when the file SOCKET.go is there and not before, "heavy" is a
 * container with 32 volumes of large labels; anything else it does not know.  With
 * GATE it asks the gate about each question first, on a connection of its own, as
 * the real one does.  Prints a line for each question.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/buf.h"

#define VOLUMES 32
#define LABELS 60000
#define TEXT_MAX (4 * 1024 * 1024)

static const char *gate;
static char go[128];

static struct sockaddr_un
address(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	return a;
}

static void
send_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		bytes += n;
		len -= (size_t)n;
	}
}

/* Returns when the gate has answered. */
static void
ask_gate(const char *path)
{
	struct sockaddr_un a = address(gate);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char body[1024], text[2048];

	snprintf(body, sizeof(body),
		 "{\"RequestMethod\":\"GET\",\"RequestUri\":\"%s\"}", path);
	snprintf(text, sizeof(text),
		 "POST /AuthZPlugin.AuthZReq HTTP/1.1\r\nHost: \r\n"
		 "Content-Length: %zu\r\n\r\n%s",
		 strlen(body), body);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0) {
		send_all(fd, text, strlen(text));
		while (recv(fd, text, sizeof(text), 0) < 0)
			;
	}
	close(fd);
}

static void
add_heavy(struct buf *out)
{
	buf_adds(out, "{\"Id\":\"c\",\"Name\":\"/heavy\",\"Image\":\"sha256:a\","
		      "\"Config\":{\"Image\":\"nginx:1.25\"},\"HostConfig\":{"
		      "\"Binds\":[");
	for (int i = 0; i < VOLUMES; i++)
		buf_addf(out, "%s\"v%d:/m%d\"", i ? "," : "", i, i);
	buf_adds(out, "]},\"Mounts\":[");
	for (int i = 0; i < VOLUMES; i++)
		buf_addf(out,
			 "%s{\"Type\":\"volume\",\"Name\":\"v%d\","
			 "\"Source\":\"/x\",\"Destination\":\"/m%d\","
			 "\"Driver\":\"local\",\"RW\":true}",
			 i ? "," : "", i, i);
	buf_adds(out, "]}");
}

static void
add_volume(struct buf *out, const char *name)
{
	buf_addf(out, "{\"Name\":\"%s\",\"Driver\":\"local\",\"Labels\":{\"a\":\"\"",
		 name);
	for (int i = 0; i < LABELS; i++)
		buf_addf(out, ",\"k%06d\":\"\"", i);
	buf_adds(out, "}}");
}

static void
answer(int fd, const char *path)
{
	_cleanup_buf_ struct buf body = BUF_INIT(TEXT_MAX);
	const char *status = "200 OK";
	char head[128];
	int len;

	if (!strcmp(path, "/containers/heavy/json")) {
		add_heavy(&body);
	} else if (!strncmp(path, "/volumes/", 9)) {
		add_volume(&body, path + 9);
	} else {
		status = "404 Not Found";
		buf_adds(&body, "{\"message\":\"no such thing\"}");
	}
	len = snprintf(head, sizeof(head),
		       "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", status,
		       body.len);
	send_all(fd, head, (size_t)len);
	send_all(fd, body.data, body.len);
}

static void *
serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char request[8192], path[512] = "";
	ssize_t n = recv(fd, request, sizeof(request) - 1, 0);

	request[n > 0 ? n : 0] = '\0';
	sscanf(request, "GET %511s", path);
	printf("%s\n", path);
	fflush(stdout);
	if (strstr(path, "/hang"))
		return NULL; /* open, and silent */
	while (strstr(path, "/held") && access(go, F_OK) < 0)
		usleep(1000);
	if (gate)
		ask_gate(path);
	answer(fd, path);
	close(fd);
	return NULL;
}

int
main(int argc, char **argv)
{
	struct sockaddr_un a;
	int fd, client;

	if (argc < 2)
		return 64;
	a = address(argv[1]);
	gate = argv[2];
	snprintf(go, sizeof(go), "%s.go", argv[1]);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unlink(argv[1]);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    chmod(argv[1], 0666) < 0 || listen(fd, SOMAXCONN) < 0) {
		perror(argv[1]);
		return 1;
	}
	while ((client = accept(fd, NULL, NULL)) >= 0) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, serve,
				   (void *)(intptr_t)client) == 0)
			pthread_detach(thread);
	}
	return 0;
}
