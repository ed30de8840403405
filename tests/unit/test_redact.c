/*
 * What is written down of a call: no secret, wherever Docker's API has a place
 * for one.  Each row's secret is the same text, so that one search finds it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/gate/gate.h"

#define SECRET "hunter2"

static const struct gate_host host = {
	.docker_socket = "/run/docker.sock",
	.plugin_name = "aegis",
};

struct redact_case {
	const char *why, *method, *uri;
	const char *body; /* base64 of what the comment shows; NULL: none */
	const char *kept; /* what must still be there */
};

static const struct redact_case cases[] = {
	/* {"username":"anna","password":"hunter2","serveraddress":"r.io"} */
	{"a login", "POST", "/v1.41/auth",
	 "eyJ1c2VybmFtZSI6ImFubmEiLCJwYXNzd29yZCI6Imh1bnRlcjIiLCJzZXJ2ZXJhZGRyZXNzIjoici5pbyJ9",
	 "anna"},
	/* {"username":"anna","PassWord":"hunter2"} */
	{"a login in other cases", "POST", "/v1.41/auth",
	 "eyJ1c2VybmFtZSI6ImFubmEiLCJQYXNzV29yZCI6Imh1bnRlcjIifQ==", "anna"},
	/* {"Name":"db","Data":"hunter2"} */
	{"a secret", "POST", "/v1.41/secrets/create",
	 "eyJOYW1lIjoiZGIiLCJEYXRhIjoiaHVudGVyMiJ9", "db"},
	{"a config", "POST", "/v1.41/configs/create",
	 "eyJOYW1lIjoiZGIiLCJEYXRhIjoiaHVudGVyMiJ9", "db"},
	/* {"Image":"nginx:1.27","Env":["TOKEN=hunter2"]} */
	{"a variable", "POST", "/v1.41/containers/create",
	 "eyJJbWFnZSI6Im5naW54OjEuMjciLCJFbnYiOlsiVE9LRU49aHVudGVyMiJdfQ==",
	 "TOKEN="},
	/* {"Cmd":["id"],"env":["TOKEN=hunter2"]} */
	{"a variable of an exec", "POST", "/v1.41/containers/web/exec",
	 "eyJDbWQiOlsiaWQiXSwiZW52IjpbIlRPS0VOPWh1bnRlcjIiXX0=", "TOKEN="},
	/* {"RemoteAddrs":["127.0.0.1"],"JoinToken":"hunter2"} */
	{"a swarm's token", "POST", "/v1.41/swarm/join",
	 "eyJSZW1vdGVBZGRycyI6WyIxMjcuMC4wLjEiXSwiSm9pblRva2VuIjoiaHVudGVyMiJ9",
	 "127.0.0.1"},
	/* {"UnlockKey":"hunter2"} */
	{"a swarm's key", "POST", "/v1.41/swarm/unlock",
	 "eyJVbmxvY2tLZXkiOiJodW50ZXIyIn0=", "UnlockKey"},
	{"a build's argument", "POST",
	 "/v1.41/build?t=app:1&buildargs=%7B%22TOKEN%22%3A%22hunter2%22%7D",
	 NULL, "app:1"},
	{"a password in a build's address", "POST",
	 "/v1.41/build?t=app:1&remote=https://anna:hunter2@h/x.git", NULL,
	 "app:1"},
	{"a password in an import's address", "POST",
	 "/v1.41/images/create?repo=app&fromSrc=https://anna:hunter2@h/x.tar",
	 NULL, "repo"},
};

static void
redact(const struct redact_case *c, struct buf *uri, struct buf *body)
{
	_cleanup_buf_ struct buf text = BUF_INIT(1 << 16);
	struct envelope envelope = ENVELOPE_INIT;
	struct gate_call call = GATE_CALL_INIT;
	struct gate_verdict verdict;
	struct policy *policy;

	buf_addf(&text, "{\"RequestMethod\":\"%s\",\"RequestUri\":\"%s\"",
		 c->method, c->uri);
	if (c->body)
		buf_addf(&text, ",\"RequestBody\":\"%s\"", c->body);
	buf_adds(&text, ",\"RequestHeaders\":{\"Content-Type\":"
			"\"application/json\"}}");
	assert_int_equal(policy_parse(&policy, "p", "", 0, NULL), 0);
	assert_int_equal(envelope_parse(&envelope, buf_str(&text), text.len,
					NULL), 0);
	gate_read(&call, &envelope, policy, &host, &verdict);
	gate_redact_uri(&call, uri);
	gate_redact_body(&call, body);
	gate_call_release(&call);
	envelope_release(&envelope);
	policy_free(policy);
}

static void
no_secret_is_written_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_buf_ struct buf uri = BUF_INIT(1 << 16);
		_cleanup_buf_ struct buf body = BUF_INIT(1 << 16);

		redact(&cases[i], &uri, &body);
		if (strstr(buf_str(&uri), SECRET) ||
		    strstr(buf_str(&body), SECRET) ||
		    (!strstr(buf_str(&uri), cases[i].kept) &&
		     !strstr(buf_str(&body), cases[i].kept)))
			fail_msg("%s: %s %s", cases[i].why, buf_str(&uri),
				 buf_str(&body));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_secret_is_written_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
