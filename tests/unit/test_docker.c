/*
 * The client of dockerd: nothing of an answer is believed, nothing waits past
 * its deadline.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "lib/clock.h"
#include "lib/docker.h"
#include "tests/unit/canned.h"

#define BODY_MAX 64
#define SHORT_MS 100
#define LONG_MS 10000

static const char *wire;
static size_t wire_len;
static char seen[CANNED_REQUEST_MAX];

static const char *
say_wire(const char *request, size_t *ret_len)
{
	snprintf(seen, sizeof(seen), "%s", request);
	*ret_len = wire_len;
	return wire;
}

struct answer_case {
	const char *why, *wire;
	int result;
	unsigned status;
	const char *body;
};

#define OK "HTTP/1.1 200 OK\r\n"
#define TEN "0123456789"

static const struct answer_case cases[] = {
	{"a length", OK "Content-Length: 2\r\n\r\nhi", 0, 200, "hi"},
	{"a length in other letters", OK "content-length:2\r\n\r\nhi", 0, 200,
	 "hi"},
	{"until the end", OK "\r\nhi", 0, 200, "hi"},
	{"nothing", OK "Content-Length: 0\r\n\r\n", 0, 200, ""},
	{"more than the length", OK "Content-Length: 1\r\n\r\nhi", 0, 200, "h"},
	{"less than the length", OK "Content-Length: 3\r\n\r\nhi", -EPROTO, 0,
	 NULL},
	{"no length", OK "Content-Length: x\r\n\r\nhi", -EPROTO, 0, NULL},
	{"a negative one", OK "Content-Length: -1\r\n\r\nhi", -EPROTO, 0, NULL},
	{"one that wraps", OK "Content-Length: 18446744073709551618\r\n\r\nhi",
	 -EPROTO, 0, NULL},
	{"chunks",
	 OK "Transfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1;x=y\r\ni\r\n0\r\n\r\n",
	 0, 200, "hi"},
	{"a hex chunk",
	 OK "Transfer-Encoding: chunked\r\n\r\nA\r\n" TEN "\r\n0\r\n\r\n", 0,
	 200, TEN},
	{"a chunk without its end",
	 OK "Transfer-Encoding: chunked\r\n\r\n2\r\nhi", -EPROTO, 0, NULL},
	{"no last chunk", OK "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n",
	 -EPROTO, 0, NULL},
	{"a chunk that is longer than said",
	 OK "Transfer-Encoding: chunked\r\n\r\n1\r\nhi\r\n0\r\n\r\n", -EPROTO,
	 0, NULL},
	{"a chunk that wraps",
	 OK "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhi\r\n",
	 -EPROTO, 0, NULL},
	{"another encoding", OK "Transfer-Encoding: gzip\r\n\r\nhi", -EPROTO, 0,
	 NULL},
	{"an error with a text",
	 "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", 0, 404, "no"},
	{"no text by its status", "HTTP/1.1 204 No Content\r\n\r\n", 0, 204, ""},
	{"a word before the answer",
	 "HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 2\r\n\r\nhi", 0,
	 200, "hi"},
	{"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nhi", 0, 200, "hi"},
	{"no reason", "HTTP/1.1 200\r\n\r\nhi", 0, 200, "hi"},
	{"HTTP/2", "HTTP/2 200 OK\r\n\r\nhi", -EPROTO, 0, NULL},
	{"a status of letters", "HTTP/1.1 2x0 OK\r\n\r\nhi", -EPROTO, 0, NULL},
	{"a head without an end", OK "Content-Length: 2\r\n", -EPROTO, 0, NULL},
	{"silence", "", -EPROTO, 0, NULL},
	{"noise", "hello", -EPROTO, 0, NULL},
	{"as much as fits",
	 OK "\r\n" TEN TEN TEN TEN TEN TEN "0123", 0, 200,
	 TEN TEN TEN TEN TEN TEN "0123"},
	{"a byte more", OK "\r\n" TEN TEN TEN TEN TEN TEN "01234", -EMSGSIZE, 0,
	 NULL},
};

static int
call(const char *socket, unsigned timeout_ms, unsigned *ret_status,
     struct buf *body, struct aegis_error *err)
{
	const struct docker_call c = {
		.socket = socket,
		.method = "GET",
		.path = "/info",
		.user_agent = "test",
		.timeout_ms = timeout_ms,
	};

	return docker_call(&c, ret_status, body, err);
}

static void
answers_are_read_to_the_letter(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct answer_case *c = &cases[i];
		struct canned dockerd;
		_cleanup_buf_ struct buf body = BUF_INIT(BODY_MAX);
		struct aegis_error err = {0};
		unsigned status = 0;
		int r;

		wire = c->wire;
		wire_len = strlen(c->wire);
		assert_int_equal(canned_start(&dockerd, say_wire), 0);
		r = call(dockerd.path, LONG_MS, &status, &body, &err);
		if (r != c->result ||
		    (r == 0 && (status != c->status ||
				strcmp(buf_str(&body), c->body) != 0)) ||
		    (r < 0 && !strstr(err.text, dockerd.path)))
			fail_msg("%s: %d %u \"%s\" %s", c->why, r, status,
				 buf_str(&body), err.text);
		canned_stop(&dockerd);
	}
}

static void
the_request_is_what_it_should_be(void **state)
{
	_cleanup_buf_ struct buf body = BUF_INIT(BODY_MAX);
	struct docker_call c = {.method = "POST",
				.path = "/x",
				.body = "{}",
				.body_len = 2,
				.timeout_ms = LONG_MS};
	struct canned dockerd;
	unsigned status;

	(void)state;
	wire = OK "\r\n";
	wire_len = strlen(wire);
	assert_int_equal(canned_start(&dockerd, say_wire), 0);
	c.socket = dockerd.path;
	assert_int_equal(docker_call(&c, &status, &body, NULL), 0);
	canned_stop(&dockerd);
	assert_string_equal(seen, "POST /x HTTP/1.1\r\nHost: docker\r\n"
				  "User-Agent: aegis\r\nConnection: close\r\n"
				  "Content-Type: application/json\r\n"
				  "Content-Length: 2\r\n\r\n{}");
}

/* A path comes from names that others chose. */
static void
a_path_cannot_end_the_request_line(void **state)
{
	static const char *const paths[] = {"/a b", "/a\r\nX: y", "/a\n", "/\t",
					    "/\x7f"};
	_cleanup_buf_ struct buf body = BUF_INIT(BODY_MAX);
	unsigned status;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		const struct docker_call c = {.socket = "/nonexistent",
					      .method = "GET",
					      .path = paths[i],
					      .timeout_ms = SHORT_MS};

		assert_int_equal(docker_call(&c, &status, &body, NULL),
				 -EINVAL);
	}
}

static const char *
say_nothing(const char *request, size_t *ret_len)
{
	(void)request;
	*ret_len = 0;
	return NULL;
}

static void
silence_ends_at_the_deadline(void **state)
{
	_cleanup_buf_ struct buf body = BUF_INIT(BODY_MAX);
	struct aegis_error err = {0};
	struct canned dockerd;
	uint64_t begin_ms;
	unsigned status;

	(void)state;
	assert_int_equal(canned_start(&dockerd, say_nothing), 0);
	begin_ms = clock_monotonic_ms();
	assert_int_equal(call(dockerd.path, SHORT_MS, &status, &body, &err),
			 -ETIMEDOUT);
	assert_true(clock_monotonic_ms() - begin_ms >= SHORT_MS);
	assert_non_null(strstr(err.text, "100 ms"));
	canned_stop(&dockerd);
}

/* Nobody accepts, and the backlog is full. */
static void
a_full_backlog_ends_at_the_deadline(void **state)
{
	_cleanup_buf_ struct buf body = BUF_INIT(BODY_MAX);
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fds[8], count = 0;
	unsigned status;

	(void)state;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/tmp/full.%d",
		 (int)getpid());
	unlink(addr.sun_path);
	assert_int_equal(bind(listener, (struct sockaddr *)&addr, sizeof(addr)),
			 0);
	assert_int_equal(listen(listener, 0), 0);
	while (count < 8) {
		fds[count] = socket(AF_UNIX,
				    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
				    0);
		if (connect(fds[count++], (struct sockaddr *)&addr,
			    sizeof(addr)) < 0)
			break;
	}
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(call(addr.sun_path, SHORT_MS, &status, &body, NULL),
			 -ETIMEDOUT);
	while (count)
		close(fds[--count]);
	close(listener);
	unlink(addr.sun_path);
}

static void
nobody_there_is_said_at_once(void **state)
{
	_cleanup_buf_ struct buf body = BUF_INIT(BODY_MAX);
	struct aegis_error err = {0};
	unsigned status;

	(void)state;
	assert_int_equal(call("/nonexistent/docker.sock", LONG_MS, &status,
			      &body, &err),
			 -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/docker.sock"));
}

static void
names_are_escaped_for_a_path(void **state)
{
	static const struct {
		const char *name, *escaped;
	} names[] = {
		{"web-1_a.b~c", "web-1_a.b~c"},
		{"a/b", "a%2Fb"},
		{"nginx:1.27", "nginx%3A1.27"},
		{"../x?y#z", "..%2Fx%3Fy%23z"},
		{"a b\n\x7f\xc3\xa9", "a%20b%0A%7F%C3%A9"},
		{"%2e", "%252e"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		_cleanup_buf_ struct buf out = BUF_INIT(256);

		docker_path_escape(&out, names[i].name);
		assert_string_equal(buf_str(&out), names[i].escaped);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_read_to_the_letter),
		cmocka_unit_test(the_request_is_what_it_should_be),
		cmocka_unit_test(a_path_cannot_end_the_request_line),
		cmocka_unit_test(silence_ends_at_the_deadline),
		cmocka_unit_test(a_full_backlog_ends_at_the_deadline),
		cmocka_unit_test(nobody_there_is_said_at_once),
		cmocka_unit_test(names_are_escaped_for_a_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
