/*
 * Every call asks for "Connection: close", so an answer ends where the
 * connection does: it is read whole and then decoded by a function of its own,
 * which trusts none of it (RFC 9112, sections 4, 6 and 7.1).
 */
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lib/clock.h"
#include "lib/docker.h"

#define REQUEST_HEAD_MAX 8192
#define ANSWER_HEAD_MAX (64 * 1024)
#define READ_STEP (16 * 1024)
#define CHUNK_LINE_MAX 1024

/* --- the connection ----------------------------------------------------------- */

/* Waits until fd is ready for events, or until the deadline. */
static int
wait_for(int fd, short events, uint64_t deadline_ms)
{
	for (;;) {
		const uint64_t now = clock_monotonic_ms();
		struct pollfd p = {.fd = fd, .events = events};
		int r;

		if (now >= deadline_ms)
			return -ETIMEDOUT;
		r = poll(&p, 1, (int)(deadline_ms - now));
		if (r > 0)
			return 0;
		if (r < 0 && errno != EINTR)
			return -errno;
	}
}

static int
connect_to(const char *path, uint64_t deadline_ms, int *ret_fd)
{
	_cleanup_close_ int fd = -1;
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int r;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* EAGAIN: the backlog is full, and there is no event for its end. */
	while (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		if (clock_monotonic_ms() >= deadline_ms)
			return -ETIMEDOUT;
		r = poll(NULL, 0, 1);
		if (r < 0 && errno != EINTR)
			return -errno;
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

static int
send_all(int fd, const char *bytes, size_t len, uint64_t deadline_ms)
{
	while (len) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
		int r;

		if (n >= 0) {
			bytes += n;
			len -= (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		r = wait_for(fd, POLLOUT, deadline_ms);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
receive_all(int fd, struct buf *raw, uint64_t deadline_ms)
{
	for (;;) {
		char *room = buf_reserve(raw, READ_STEP);
		ssize_t n;
		int r;

		if (!room)
			return buf_error(raw) == -ENOSPC ? -EMSGSIZE : -ENOMEM;
		n = recv(fd, room, READ_STEP, 0);
		if (n == 0)
			return 0;
		if (n > 0) {
			buf_commit(raw, (size_t)n);
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		r = wait_for(fd, POLLIN, deadline_ms);
		if (r < 0)
			return r;
	}
}

/* --- the answer ----------------------------------------------------------------- */

struct answer {
	unsigned status;
	bool chunked;
	bool has_length;
	size_t length;
	const char *body, *end;
};

/* The line at *at, without its end; moves *at behind it.  NULL: no whole line. */
static const char *
next_line(const char **at, const char *end, size_t *ret_len)
{
	const char *line = *at;
	const char *lf = memchr(line, '\n', (size_t)(end - line));

	if (!lf)
		return NULL;
	*at = lf + 1;
	*ret_len = (size_t)(lf - line) - (lf > line && lf[-1] == '\r');
	return line;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "HTTP/1.1 200 OK" */
static bool
read_status(const char *line, size_t len, unsigned *ret)
{
	if (len < 12 || memcmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ')
		return false;
	for (size_t i = 9; i < 12; i++)
		if (!is_digit(line[i]))
			return false;
	*ret = (unsigned)(line[9] - '0') * 100 + (unsigned)(line[10] - '0') * 10 +
	       (unsigned)(line[11] - '0');
	return len == 12 || line[12] == ' ';
}

/* Returns -1 for what is no number in this base, or one that is too large. */
static int64_t
read_number(const char *s, size_t len, unsigned base)
{
	int64_t n = 0;

	if (len == 0 || len > 15)
		return -1;
	for (size_t i = 0; i < len; i++) {
		const char lower = (char)(s[i] | 0x20);
		unsigned digit;

		if (is_digit(s[i]))
			digit = (unsigned)(s[i] - '0');
		else if (base == 16 && lower >= 'a' && lower <= 'f')
			digit = (unsigned)(lower - 'a') + 10;
		else
			return -1;
		n = n * base + digit;
	}
	return n;
}

/* The value if line is a header of this name, without the blanks around it. */
static const char *
header_value(const char *line, size_t len, const char *name, size_t *ret_len)
{
	const size_t n = strlen(name);
	const char *value = line + n + 1;

	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return NULL;
	len -= n + 1;
	for (; len && (*value == ' ' || *value == '\t'); len--)
		value++;
	while (len && (value[len - 1] == ' ' || value[len - 1] == '\t'))
		len--;
	*ret_len = len;
	return value;
}

static bool
read_header(struct answer *a, const char *line, size_t len)
{
	const char *value;
	size_t value_len;
	int64_t n;

	value = header_value(line, len, "Content-Length", &value_len);
	if (value) {
		n = read_number(value, value_len, 10);
		a->length = (size_t)n;
		a->has_length = true;
		return n >= 0;
	}
	value = header_value(line, len, "Transfer-Encoding", &value_len);
	if (value) {
		a->chunked = value_len == 7 &&
			     strncasecmp(value, "chunked", 7) == 0;
		return a->chunked;
	}
	return true;
}

static bool
read_head(struct answer *a, const char **at)
{
	size_t len;
	const char *line = next_line(at, a->end, &len);

	if (!line || !read_status(line, len, &a->status))
		return false;
	while ((line = next_line(at, a->end, &len)) && len)
		if (!read_header(a, line, len))
			return false;
	return line;
}

static bool
append_chunks(const struct answer *a, struct buf *body)
{
	const char *at = a->body;

	for (;;) {
		size_t len;
		const char *line = next_line(&at, a->end, &len), *extension;
		int64_t size;

		if (!line || len > CHUNK_LINE_MAX)
			return false;
		extension = memchr(line, ';', len);
		size = read_number(
			line, extension ? (size_t)(extension - line) : len, 16);
		if (size < 0 || size > a->end - at)
			return false;
		if (size == 0)
			return true;
		buf_add(body, at, (size_t)size);
		at += size;
		if (!next_line(&at, a->end, &len) || len != 0)
			return false;
	}
}

/* Pure: what came over the wire, as a status and a body. */
static int
decode_answer(const struct buf *raw, bool is_head, unsigned *ret_status,
	      struct buf *body)
{
	const char *at = buf_str(raw);
	struct answer a;
	size_t left;

	do { /* 100 Continue and its like come before the answer itself */
		a = (struct answer){.end = buf_str(raw) + raw->len};
		if (!read_head(&a, &at))
			return -EPROTO;
	} while (a.status < 200);
	a.body = at;
	left = (size_t)(a.end - at);
	*ret_status = a.status;
	if (is_head || a.status == 204 || a.status == 304)
		return 0;
	if (a.chunked) {
		if (!append_chunks(&a, body))
			return -EPROTO;
	} else {
		if (a.has_length && a.length > left)
			return -EPROTO;
		buf_add(body, a.body, a.has_length ? a.length : left);
	}
	return buf_error(body) == -ENOSPC ? -EMSGSIZE : buf_error(body);
}

/* --- a call ----------------------------------------------------------------------- */

static void
add_request(struct buf *out, const struct docker_call *call)
{
	buf_addf(out,
		 "%s %s HTTP/1.1\r\n"
		 "Host: docker\r\n"
		 "User-Agent: %s\r\n"
		 "Connection: close\r\n",
		 call->method, call->path,
		 call->user_agent ? call->user_agent : "aegis");
	if (call->body)
		buf_addf(out,
			 "Content-Type: application/json\r\n"
			 "Content-Length: %zu\r\n",
			 call->body_len);
	buf_adds(out, "\r\n");
}

/* Nothing that would end the request line or a header early. */
static bool
is_one_word(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return false;
	return true;
}

static int
exchange(const struct docker_call *call, const struct buf *head,
	 uint64_t deadline_ms, struct buf *raw)
{
	_cleanup_close_ int fd = -1;
	int r = connect_to(call->socket, deadline_ms, &fd);

	if (r == 0)
		r = send_all(fd, head->data, head->len, deadline_ms);
	if (r == 0 && call->body)
		r = send_all(fd, call->body, call->body_len, deadline_ms);
	/* An answer may come before the body was read: take it. */
	if (r == -EPIPE)
		r = 0;
	return r < 0 ? r : receive_all(fd, raw, deadline_ms);
}

int
docker_call(const struct docker_call *call, unsigned *ret_status,
	    struct buf *ret_body, struct aegis_error *err)
{
	_cleanup_buf_ struct buf head = BUF_INIT(REQUEST_HEAD_MAX);
	_cleanup_buf_ struct buf raw = BUF_INIT(ret_body->max + ANSWER_HEAD_MAX);
	const uint64_t deadline_ms = clock_monotonic_ms() + call->timeout_ms;
	int r;

	if (!is_one_word(call->path))
		return aegis_error_setx(err, -EINVAL,
					"a path with blanks or control characters");
	add_request(&head, call);
	if (buf_error(&head))
		return aegis_error_set(err, buf_error(&head), "%s: the request",
				       call->socket);
	r = exchange(call, &head, deadline_ms, &raw);
	if (r == -ETIMEDOUT)
		return aegis_error_setx(err, r, "%s: no answer within %u ms",
					call->socket, call->timeout_ms);
	if (r == 0)
		r = decode_answer(&raw, strcmp(call->method, "HEAD") == 0,
				  ret_status, ret_body);
	if (r == -EPROTO)
		return aegis_error_setx(err, r, "%s: the answer is not HTTP, or cut", call->socket);
	if (r == -EMSGSIZE)
		return aegis_error_setx(err, r,
					"%s: the answer is over %zu bytes",
					call->socket, ret_body->max);
	return r < 0 ? aegis_error_set(err, r, "%s", call->socket) : 0;
}

void
docker_path_escape(struct buf *out, const char *s)
{
	for (; *s; s++) {
		const char c = *s, lower = (char)(c | 0x20);

		if (is_digit(c) || (lower >= 'a' && lower <= 'z') || c == '-' ||
		    c == '.' || c == '_' || c == '~')
			buf_addc(out, c);
		else
			buf_addf(out, "%%%02X", (unsigned char)c);
	}
}
