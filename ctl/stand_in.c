#include "ctl/stand_in.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "ctl/http_request.h"
#include "ctl/path_stat.h"
#include "lib/docker.h"

#define CONNECTIONS_MAX 32
#define REQUEST_MAX (HTTP_HEAD_MAX + ENVELOPE_MAX)
#define OUTPUT_MAX (64 * 1024)
#define FORWARD_TIMEOUT_MS 10000
/* Without a request or a line of output for so long, the command hangs. */
#define IDLE_TIMEOUT_MS 30000
/* After its call was refused, the command has so long to say so and go. */
#define GO_TIMEOUT_MS 3000
#define COMMAND_NOT_FOUND 127 /* as a shell says it */
#define API_VERSION_DEFAULT "1.41"

struct connection {
	int fd; /* -1: free */
	struct buf in;
};

struct stand_in {
	struct trial *trial;
	const struct policy *policy;
	struct stand_in_result *ret;
	char folder[PATH_MAX];
	char socket[PATH_MAX];
	int listener, signals, output;
	struct connection connections[CONNECTIONS_MAX];
	char api_version[32];
	pid_t pid;
	bool done;        /* the command is gone, or has its verdict */
	bool interrupted;
	unsigned requests, reads; /* reads: passed on */
	int exit_status;
	struct http_request request;
	struct buf body, answer, reply;
	char path_stat[PATH_STAT_MAX]; /* for the next reply; "": without */
};

/* --- answering -------------------------------------------------------------------- */

static const char *
status_text(unsigned status)
{
	switch (status) {
	case 200:
		return "OK";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	default:
		return "Error";
	}
}

static void
send_reply(struct stand_in *s, struct connection *c, unsigned status,
	   const char *type, const struct buf *body)
{
	bool head_only = !strcmp(s->request.method, "HEAD");
	const char *at;
	size_t left;

	buf_clear(&s->reply);
	buf_addf(&s->reply,
		 "HTTP/1.1 %u %s\r\nApi-Version: %s\r\nOstype: linux\r\n"
		 "Docker-Experimental: false\r\nServer: aegis-ctl\r\n"
		 "Content-Type: %s\r\nContent-Length: %zu\r\n",
		 status, status_text(status), s->api_version, type, body->len);
	if (s->path_stat[0])
		buf_addf(&s->reply, PATH_STAT_HEADER ": %s\r\n", s->path_stat);
	buf_adds(&s->reply, "\r\n");
	s->path_stat[0] = '\0';
	if (!head_only)
		buf_add(&s->reply, buf_str(body), body->len);
	at = buf_str(&s->reply);
	left = s->reply.len;
	while (left) {
		ssize_t n = send(c->fd, at, left, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* the client went away: its business */
		at += n;
		left -= (size_t)n;
	}
}

static void
send_message(struct stand_in *s, struct connection *c, unsigned status,
	     const char *message)
{
	struct json_out o;

	buf_clear(&s->answer);
	json_out_init(&o, &s->answer);
	json_out_object(&o);
	json_out_kv_string(&o, "message", message);
	json_out_object_end(&o);
	send_reply(s, c, status, "application/json", &s->answer);
}

static bool
is_ping(const char *uri)
{
	const char *last = strrchr(uri, '/');

	return last && !strcmp(last, "/_ping");
}

static void
answer_ping(struct stand_in *s, struct connection *c)
{
	buf_clear(&s->answer);
	buf_adds(&s->answer, "OK");
	send_reply(s, c, 200, "text/plain; charset=utf-8", &s->answer);
}

static void
answer_version(struct stand_in *s, struct connection *c)
{
	struct json_out o;

	buf_clear(&s->answer);
	json_out_init(&o, &s->answer);
	json_out_object(&o);
	json_out_kv_string(&o, "Version", "0.0.0");
	json_out_kv_string(&o, "ApiVersion", s->api_version);
	json_out_kv_string(&o, "MinAPIVersion", "1.24");
	json_out_kv_string(&o, "Os", "linux");
	json_out_kv_string(&o, "Arch", "amd64");
	json_out_object_end(&o);
	send_reply(s, c, 200, "application/json", &s->answer);
}

static void
forward(struct stand_in *s, struct connection *c)
{
	struct docker_call call = {
		.socket = s->trial->settings.docker,
		.method = "GET",
		.path = s->request.uri,
		.user_agent = "aegis-ctl",
		.timeout_ms = FORWARD_TIMEOUT_MS,
	};
	const char *last = strrchr(s->request.uri, '/');
	unsigned status = 0;

	s->reads++;
	buf_clear(&s->answer);
	if (s->trial->dockerd_answers &&
	    !docker_call(&call, &status, &s->answer, NULL))
		send_reply(s, c, status, "application/json", &s->answer);
	else if (!s->trial->dockerd_answers && last &&
		 !strcmp(last, "/version"))
		answer_version(s, c);
	else
		send_message(s, c, 404,
			     "not known: dockerd does not answer aegis-ctl");
}

/* docker cp asks first what is at the path. */
static void
forward_head(struct stand_in *s, struct connection *c)
{
	unsigned status = 0;

	s->reads++;
	buf_clear(&s->answer);
	if (s->trial->dockerd_answers &&
	    !path_stat(s->trial->settings.docker, s->request.uri,
		       FORWARD_TIMEOUT_MS, &status, s->path_stat))
		send_reply(s, c, status, "application/json", &s->answer);
	else
		send_message(s, c, 404, "not known");
}

/* --- judging ---------------------------------------------------------------------- */

/* What dockerd would put into RequestHeaders: flat, without what it removes. */
static int
headers_json(const struct http_request *r, struct json_doc *doc)
{
	static const char *const removed[] = {"Authorization", "Host",
					      "X-Registry-Auth",
					      "X-Registry-Config"};
	_cleanup_buf_ struct buf text = BUF_INIT(8 * HTTP_HEAD_MAX);
	struct json_out o;

	json_out_init(&o, &text);
	json_out_object(&o);
	for (unsigned i = 0; i < r->header_count; i++) {
		const char *name = r->headers[i].name;
		bool skip = http_request_header(r, name) !=
			    r->headers[i].value;

		for (size_t k = 0; k < sizeof(removed) / sizeof(*removed); k++)
			skip |= !strcasecmp(name, removed[k]);
		if (!skip)
			json_out_kv_string(&o, name, r->headers[i].value);
	}
	json_out_object_end(&o);
	if (json_out_end(&o))
		return -E2BIG;
	return json_parse(doc, buf_str(&text), text.len, NULL);
}

static bool
has_json_body(const struct http_request *r)
{
	const char *type = http_request_header(r, "Content-Type");

	return type && !strncasecmp(type, "application/json", 16);
}

static int
judge(struct stand_in *s)
{
	_cleanup_json_ struct json_doc headers = JSON_DOC_INIT;
	struct envelope e = {
		.user = "",
		.user_method = "",
		.method = s->request.method,
		.uri = s->request.uri,
		.uri_len = strlen(s->request.uri),
		.body = s->body.len ? s->body.data : NULL,
		.body_len = s->body.len,
	};
	int r = headers_json(&s->request, &headers);

	if (r)
		return r;
	e.headers = headers.root;
	trial_judge(s->trial, s->policy, &e, TRIAL_LIVE, NULL, ctl_now_ms(),
		    &s->ret->result);
	return 0;
}

static void
verdict_reply(struct stand_in *s, struct connection *c)
{
	const struct gate_verdict *v = &s->ret->result.verdict;

	send_message(s, c, 403,
		     v->allow ? "the gate would allow this; nothing was done"
			      : v->message);
	s->ret->judged = true;
	s->done = true;
}

/* A read whose answer has no end, or is a tar: to allow it is all there is. */
static bool
is_stream(const struct stand_in *s)
{
	switch (s->ret->result.endpoint->id) {
	case ENDPOINT_EVENTS:
	case ENDPOINT_CONTAINER_STATS:
	case ENDPOINT_CONTAINER_ARCHIVE_GET:
	case ENDPOINT_CONTAINER_EXPORT:
	case ENDPOINT_IMAGE_GET:
	case ENDPOINT_IMAGE_EXPORT:
		return true;
	case ENDPOINT_CONTAINER_LOGS:
	case ENDPOINT_SERVICE_LOGS:
	case ENDPOINT_TASK_LOGS:
		return strstr(s->request.uri, "follow=1") ||
		       strstr(s->request.uri, "follow=true");
	default:
		return false;
	}
}

/* Returns -EBADMSG to close the connection. */
static int
answer(struct stand_in *s, struct connection *c)
{
	bool head = !strcmp(s->request.method, "HEAD");
	bool read = head || !strcmp(s->request.method, "GET");

	s->requests++;
	if (!s->policy) { /* only asking whether the client comes here at all */
		answer_ping(s, c);
		return 0;
	}
	if (judge(s))
		return -EBADMSG;
	if (!s->ret->result.verdict.allow ||
	    s->ret->result.endpoint->class != ENDPOINT_CLASS_READ || !read ||
	    is_stream(s)) {
		verdict_reply(s, c);
		return 0;
	}
	if (is_ping(s->request.uri))
		answer_ping(s, c);
	else if (head)
		forward_head(s, c);
	else
		forward(s, c);
	return 0;
}

/* --- connections ------------------------------------------------------------------- */

static void
close_connection(struct connection *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	buf_release(&c->in);
}

/* Returns 0 when a request was answered, -EAGAIN, or what ends the connection.
 * Only JSON bodies are read: dockerd shows a plugin no others. */
static int
one_request(struct stand_in *s, struct connection *c)
{
	size_t used;
	int r = http_request_head(&s->request, buf_str(&c->in), c->in.len);

	if (r)
		return r;
	buf_clear(&s->body);
	used = s->request.head_len;
	if (has_json_body(&s->request))
		r = http_request_body(&s->request, buf_str(&c->in), c->in.len,
				      &s->body, &used);
	if (r)
		return r;
	r = answer(s, c);
	if (r)
		return r;
	memmove(c->in.data, c->in.data + used, c->in.len - used + 1);
	c->in.len -= used;
	return 0;
}

static void
read_connection(struct stand_in *s, struct connection *c)
{
	char *at = buf_reserve(&c->in, 65536);
	ssize_t n = at ? recv(c->fd, at, 65536, 0) : -1;
	int r;

	if (n < 0 && at && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		close_connection(c);
		return;
	}
	buf_commit(&c->in, (size_t)n);
	do
		r = s->done ? -EAGAIN : one_request(s, c);
	while (!r && c->in.len);
	if (r && r != -EAGAIN)
		close_connection(c);
}

static void
accept_connection(struct stand_in *s)
{
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		if (s->connections[i].fd < 0) {
			s->connections[i].fd = fd;
			s->connections[i].in = BUF_INIT(REQUEST_MAX);
			return;
		}
	close(fd);
}

/* --- the command --------------------------------------------------------------------- */

/* The client must come to us and to nobody else, and not use what the gate would
 * never see: BuildKit, notary, TLS. */
static void
child_environment(const char *socket)
{
	char host[PATH_MAX + 8];

	snprintf(host, sizeof(host), "unix://%s", socket);
	setenv("DOCKER_HOST", host, 1);
	setenv("DOCKER_BUILDKIT", "0", 1);
	setenv("BUILDX_BUILDER", "default", 1);
	setenv("DOCKER_CONTENT_TRUST", "0", 1);
	setenv("DOCKER_CLI_HINTS", "false", 1);
	unsetenv("DOCKER_CONTEXT");
	unsetenv("DOCKER_TLS");
	unsetenv("DOCKER_TLS_VERIFY");
	unsetenv("DOCKER_CERT_PATH");
}

/* docker run -it looks for a terminal before it calls anybody. */
static int
terminal_open(int *ret_master)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	*ret_master = master;
	if (master < 0 || grantpt(master) || unlockpt(master))
		return -1;
	return open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
}

static bool
wants_terminal(char *const *command)
{
	for (int i = 1; command[i] && i < 6; i++)
		if (!strcmp(command[i], "run") ||
		    !strcmp(command[i], "exec") ||
		    !strcmp(command[i], "create"))
			return true;
	return false;
}

static void
child_run(struct stand_in *s, char *const *command, int input, int output)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	child_environment(s->socket);
	if (input < 0 && isatty(STDIN_FILENO))
		input = null;
	if (input >= 0)
		dup2(input, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	execvp(command[0], command);
	dprintf(STDERR_FILENO, "%s: %s", command[0], strerror(errno));
	_exit(COMMAND_NOT_FOUND);
}

static int
start(struct stand_in *s, char *const *command)
{
	_cleanup_close_ int master = -1, terminal = -1, out = -1;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	s->output = ends[0];
	out = ends[1];
	if (wants_terminal(command))
		terminal = terminal_open(&master);
	s->pid = fork();
	if (s->pid < 0)
		return -errno;
	if (!s->pid)
		child_run(s, command, terminal, out);
	/* The terminal's other end stays open for the child's whole life. */
	take_fd(&master);
	return 0;
}

static void
read_output(struct stand_in *s)
{
	char chunk[4096];
	ssize_t n = read(s->output, chunk, sizeof(chunk));

	if (n > 0) {
		buf_add(&s->ret->output, chunk, (size_t)n);
		return;
	}
	if (n < 0 && errno == EINTR)
		return;
	close(s->output);
	s->output = -1;
}

static void
read_signal(struct stand_in *s)
{
	struct signalfd_siginfo info;

	if (read(s->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo != SIGCHLD)
		s->interrupted = s->done = true;
	else if (s->pid &&
		 waitpid(s->pid, &s->exit_status, WNOHANG) == s->pid)
		s->pid = 0;
}

/* One turn of the loop.  Returns 0, or -ETIMEDOUT if nothing happened. */
static int
turn(struct stand_in *s, int timeout_ms)
{
	struct pollfd fds[CONNECTIONS_MAX + 3];
	nfds_t n = 3;

	fds[0] = (struct pollfd){.fd = s->listener, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = s->signals, .events = POLLIN};
	fds[2] = (struct pollfd){.fd = s->output, .events = POLLIN};
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		fds[n++] = (struct pollfd){.fd = s->connections[i].fd,
					   .events = POLLIN};
	if (poll(fds, n, timeout_ms) == 0)
		return -ETIMEDOUT;
	if (fds[2].revents)
		read_output(s);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		if (fds[3 + i].revents && s->connections[i].fd >= 0)
			read_connection(s, &s->connections[i]);
	if (fds[0].revents)
		accept_connection(s);
	if (fds[1].revents)
		read_signal(s);
	return 0;
}

static void
end_command(struct stand_in *s)
{
	int64_t until = ctl_monotonic_ms() + GO_TIMEOUT_MS;

	while (s->pid && !s->interrupted && ctl_monotonic_ms() < until)
		turn(s, 100);
	if (s->pid) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, NULL, 0);
		s->pid = 0;
	}
}

/* Run one command to its end, or to its verdict.  Returns 0 or an exit code. */
static int
run_command(struct stand_in *s, char *const *command)
{
	int r;

	s->done = false;
	r = start(s, command);
	if (r)
		return ctl_error(CTL_FAILED, "start %s: %s", command[0],
				 strerror(-r));
	while (!r && !s->done && s->pid)
		r = turn(s, IDLE_TIMEOUT_MS);
	end_command(s);
	while (s->output >= 0 && !s->interrupted && !turn(s, 100))
		;
	cleanup_close(&s->output);
	s->output = -1;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		close_connection(&s->connections[i]);
	if (s->interrupted)
		return CTL_INTERRUPTED;
	return r ? ctl_error(CTL_TIMEOUT,
			     "%s made no call for %d s and was stopped",
			     command[0], IDLE_TIMEOUT_MS / 1000)
		 : CTL_OK;
}

/* --- all of it ------------------------------------------------------------------------- */

static int
listen_at(struct stand_in *s)
{
	const char *tmp = getenv("TMPDIR");
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(s->folder, sizeof(s->folder), "%s/aegis-explain.XXXXXX",
		 tmp && *tmp == '/' && strlen(tmp) < 60 ? tmp : "/tmp");
	if (!mkdtemp(s->folder)) {
		s->folder[0] = '\0';
		return -errno;
	}
	snprintf(s->socket, sizeof(s->socket), "%.100s/s", s->folder);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.107s",
		 s->socket);
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->listener < 0 ||
	    bind(s->listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(s->listener, CONNECTIONS_MAX))
		return -errno;
	return 0;
}

static int
catch_signals(struct stand_in *s, sigset_t *ret_before)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, ret_before);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC);
	return s->signals < 0 ? -errno : 0;
}

/* What the client is told, so that it speaks as it would to the real one. */
static void
learn_api_version(struct stand_in *s)
{
	struct aegis_error err = {0};
	struct docker_call call = {
		.socket = s->trial->settings.docker,
		.method = "GET",
		.path = "/version",
		.user_agent = "aegis-ctl",
		.timeout_ms = FORWARD_TIMEOUT_MS,
	};
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
	const char *version = NULL;
	unsigned status = 0;

	buf_clear(&s->answer);
	s->trial->dockerd_answers =
		!docker_call(&call, &status, &s->answer, &err) &&
		status == 200;
	s->trial->dockerd_asked = true;
	s->trial->dockerd_error = err.code;
	if (s->trial->dockerd_answers &&
	    !json_parse(&doc, buf_str(&s->answer), s->answer.len, NULL))
		version = json_get_string(doc.root, "ApiVersion");
	if (!version || strspn(version, "0123456789.") != strlen(version))
		version = API_VERSION_DEFAULT;
	snprintf(s->api_version, sizeof(s->api_version), "%s", version);
}

/* A wrapper or a `docker` that is another program (podman) would act for real:
 * `docker version` shows where it goes. */
static int
check_client(struct stand_in *s, char *const *command)
{
	char *const probe[] = {command[0], (char *)"version", NULL};
	const struct policy *policy = s->policy;
	int r;

	s->policy = NULL;
	r = run_command(s, probe);
	s->policy = policy;
	if (r)
		return r;
	if (!s->requests && WIFEXITED(s->exit_status) &&
	    WEXITSTATUS(s->exit_status) == COMMAND_NOT_FOUND)
		return ctl_error(CTL_NOT_FOUND,
				 "%.300s; install the docker client, or give a "
				 "recorded call (--request)",
				 buf_str(&s->ret->output));
	if (!s->requests)
		return ctl_error(CTL_NOT_FOUND,
				 "%s does not follow DOCKER_HOST, or is not "
				 "the docker client, so it is not run: %.300s",
				 command[0], buf_str(&s->ret->output));
	s->requests = s->reads = 0;
	buf_clear(&s->ret->output);
	return CTL_OK;
}

static void
stand_in_release(struct stand_in *s)
{
	cleanup_close(&s->listener);
	cleanup_close(&s->signals);
	if (s->socket[0])
		unlink(s->socket);
	if (s->folder[0])
		rmdir(s->folder);
	buf_release(&s->body);
	buf_release(&s->answer);
	buf_release(&s->reply);
	free(s);
}

static inline void
cleanup_stand_in(struct stand_in **s)
{
	if (*s)
		stand_in_release(*s);
}

int
stand_in_run(struct trial *t, const struct policy *policy,
	     char *const *command, struct stand_in_result *ret)
{
	_cleanup_(cleanup_stand_in) struct stand_in *s = calloc(1, sizeof(*s));
	sigset_t before;
	int r;

	if (!s)
		return ctl_error(CTL_FAILED, "out of memory");
	s->trial = t;
	s->policy = policy;
	s->ret = ret;
	s->listener = s->signals = s->output = -1;
	s->body = BUF_INIT(ENVELOPE_MAX);
	s->answer = BUF_INIT(DOCKER_ANSWER_MAX);
	s->reply = BUF_INIT(DOCKER_ANSWER_MAX + 4096);
	ret->output = BUF_INIT(OUTPUT_MAX);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		s->connections[i].fd = -1;
	r = listen_at(s);
	if (!r)
		r = catch_signals(s, &before);
	if (r)
		return ctl_error(CTL_FAILED, "prepare the trial: %s",
				 strerror(-r));
	learn_api_version(s);
	r = check_client(s, command);
	if (!r)
		r = run_command(s, command);
	ret->only_read = !ret->judged && s->reads && !s->exit_status;
	ret->failed = !ret->judged && s->exit_status;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
