/* ctl/http_request.c and ctl/stand_in_args.c: what `policy explain` lets in. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "ctl/http_request.c"
#include "ctl/path_stat.c"
#include "ctl/stand_in_args.c"

#define HEAD "POST /x HTTP/1.1\r\nHost: d\r\n"

static void
a_request_is_read_or_refused(void **state)
{
	static const struct {
		const char *text;
		int result;
		const char *body, *why;
	} cases[] = {
		{HEAD "\r\n", 0, "", "without a body"},
		{HEAD "\r", -EAGAIN, "", "the head is not all there"},
		{HEAD "Content-Length: 3\r\n\r\nabc", 0, "abc", "with length"},
		{HEAD "Content-Length: 3\r\n\r\nabcGET", 0, "abc",
		 "the next request is not body"},
		{HEAD "Content-Length: 3\r\n\r\nab", -EAGAIN, "",
		 "the body is not all there"},
		{HEAD "Content-Length: -3\r\n\r\nabc", -EBADMSG, "",
		 "a negative length"},
		{HEAD "Content-Length: 3x\r\n\r\nabc", -EBADMSG, "",
		 "a length with a tail"},
		{HEAD "Content-Length: 99999\r\n\r\nabc", -E2BIG, "",
		 "over the bound, before it arrives"},
		{HEAD "Content-Length: 99999999999999999999999\r\n\r\n",
		 -EBADMSG, "", "a length past all numbers"},
		{HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		 0, "abc", "chunked"},
		{HEAD "Transfer-Encoding: chunked\r\n\r\n"
		      "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
		 0, "abc", "two chunks"},
		{HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
		 -EAGAIN, "", "the last line is missing"},
		{HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
		 -EBADMSG, "", "a chunk longer than it says"},
		{HEAD "Transfer-Encoding: chunked\r\n\r\nfffff\r\n", -E2BIG, "",
		 "a chunk over the bound"},
		{HEAD "Transfer-Encoding: chunked\r\n\r\nx\r\n", -EBADMSG, "",
		 "no hex"},
		{HEAD "Transfer-Encoding: gzip\r\n\r\n", -EBADMSG, "",
		 "another coding"},
		{"POST /x\r\n\r\n", -EBADMSG, "", "no version"},
		{HEAD "no colon\r\n\r\n", -EBADMSG, "", "no colon"},
		{HEAD "a b: c\r\n\r\n", -EBADMSG, "", "space in a name"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_request *r = calloc(1, sizeof(*r));
		struct buf body = BUF_INIT(64);
		size_t len = strlen(cases[i].text), used;
		int result = http_request_head(r, cases[i].text, len);

		if (!result)
			result = http_request_body(r, cases[i].text, len, &body,
						   &used);
		if (result != cases[i].result ||
		    (!result && strcmp(buf_str(&body), cases[i].body)))
			fail_msg("%s: %d, %s", cases[i].why, result,
				 buf_str(&body));
		buf_release(&body);
		free(r);
	}
}

static void
only_commands_that_come_to_us_are_run(void **state)
{
	static const struct {
		const char *args[8];
		bool ok;
		const char *why;
	} cases[] = {
		{{"docker", "run", "alpine"}, true, "the plain case"},
		{{"/usr/bin/docker", "run", "a"}, true, "by path"},
		{{"docker", "-D", "run", "a"}, true, "a harmless switch"},
		{{"docker", "--log-level", "debug", "ps"}, true, "with value"},
		{{"docker", "run", "a", "curl", "-H", "x"}, true,
		 "-H of the container's own command"},
		{{"docker", "compose", "-f", "x", "up"}, true, "compose"},
		{{"podman", "run", "alpine"}, false, "another program"},
		{{"docker"}, false, "no command"},
		{{"docker", "-H", "tcp://x", "run", "a"}, false, "another host"},
		{{"docker", "-Htcp://x", "run", "a"}, false, "joined"},
		{{"docker", "--host=tcp://x", "run", "a"}, false, "long"},
		{{"docker", "--context", "x", "run", "a"}, false, "a context"},
		{{"docker", "-c", "x", "run", "a"}, false, "short context"},
		{{"docker", "--tls", "run", "a"}, false, "TLS"},
		{{"docker", "--config", "d", "-c", "x", "ps"}, false,
		 "after a value"},
		{{"docker", "rnu", "a"}, false, "misspelt"},
		{{"docker", "scout", "cves"}, false, "a plugin of the client"},
		{{"docker", "login"}, false, "keeps a password"},
		{{"docker", "logout"}, false, "likewise"},
		{{"docker", "manifest", "push", "x"}, false, "likewise"},
		{{"docker", "context", "use", "x"}, false, "the user's files"},
		{{"docker", "buildx", "build", "."}, false, "other builders"},
		{{"docker", "compose", "upp"}, false, "misspelt"},
		{{"docker", "build", "--builder", "x", "."}, false, "likewise"},
		{{"docker", "compose", "-H", "x", "up"}, false, "another host"},
		{{"docker", "compose", "publish", "x"}, false, "a registry"},
		{{"docker", "compose", "--context=x", "up"}, false, "a context"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *args[9] = {0}, why[256] = "";
		int count = 0;

		for (; count < 8 && cases[i].args[count]; count++)
			args[count] = (char *)cases[i].args[count];
		if (cases[i].ok !=
		    !stand_in_refuses(args, count, why, sizeof(why)))
			fail_msg("%s: %s", cases[i].why, why);
	}
}

static void
the_reason_is_true(void **state)
{
	static const struct {
		const char *args[4], *says;
	} cases[] = {
		{{"docker", "rnu", "a"}, "did you mean 'run'?"},
		{{"docker", "scout"}, "no command of docker itself"},
		{{"docker", "login"}, "system.auth"},
		{{"docker", "logout"}, "calls no dockerd"},
		{{"docker", "buildx", "build", "."}, "explain 'docker build'"},
		{{"docker", "compose", "biuld"}, "did you mean 'build'?"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *args[5] = {0}, why[256] = "";
		int count = 0;

		for (; count < 4 && cases[i].args[count]; count++)
			args[count] = (char *)cases[i].args[count];
		if (!stand_in_refuses(args, count, why, sizeof(why)) ||
		    !strstr(why, cases[i].says))
			fail_msg("%s: %s", cases[i].args[1], why);
	}
}

static void
only_a_series_of_calls_is_said_to_go_on(void **state)
{
	static const struct {
		const char *args[4];
		enum endpoint_id judged;
		bool series;
	} cases[] = {
		{{"docker", "run", "a"}, ENDPOINT_CONTAINER_CREATE, false},
		{{"docker", "run", "a"}, ENDPOINT_IMAGE_CREATE, true},
		{{"docker", "pull", "a"}, ENDPOINT_IMAGE_CREATE, false},
		{{"docker", "-D", "compose", "up"}, ENDPOINT_NETWORK_CREATE, true},
		{{"docker", "stack", "deploy"}, ENDPOINT_SERVICE_CREATE, true},
		{{"docker"}, ENDPOINT_INFO, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *args[5] = {0};
		int count = 0;

		for (; count < 4 && cases[i].args[count]; count++)
			args[count] = (char *)cases[i].args[count];
		assert_int_equal(stand_in_is_series(args, count,
						    cases[i].judged),
				 cases[i].series);
	}
}

static void
the_stat_of_a_path_is_in_a_header(void **state)
{
	static const struct {
		const char *head;
		int result;
		unsigned status;
		const char *stat;
	} cases[] = {
		{"HTTP/1.1 200 OK\r\nA: b\r\n"
		 "X-Docker-Container-Path-Stat: eyJ9\r\nC: d\r\n\r\n",
		 0, 200, "eyJ9"},
		{"HTTP/1.1 200 OK\r\nx-docker-container-path-stat:x\r\n\r\n",
		 0, 200, "x"},
		{"HTTP/1.1 404 Not Found\r\nA: b\r\n\r\n", 0, 404, ""},
		{"HTTP/1.1 200 OK\r\nX-Docker-Container-Path-Stat: e", -EPROTO,
		 0, ""},
		{"nothing\r\n\r\n", -EPROTO, 0, ""},
		{"", -EPROTO, 0, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char got[PATH_STAT_MAX];
		unsigned status = 0;
		int r = path_stat_parse(cases[i].head, &status, got);

		assert_int_equal(r, cases[i].result);
		assert_int_equal(status, cases[i].status);
		assert_string_equal(got, cases[i].stat);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_read_or_refused),
		cmocka_unit_test(only_commands_that_come_to_us_are_run),
		cmocka_unit_test(the_reason_is_true),
		cmocka_unit_test(only_a_series_of_calls_is_said_to_go_on),
		cmocka_unit_test(the_stat_of_a_path_is_in_a_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
