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
#define DIGEST "25ee4f976d18a07df832986361ef10c1adbd9cd2ea3246f8c51f39c1d3c36b87"

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
	{"a token in a build's address", "POST",
	 "/v1.41/build?t=app:1&remote=https%3A%2F%2Fh%2Fx.tar%3Ftoken%3Dhunter2", NULL,
	 "https://h/x.tar"},
	{"and without a scheme", "POST",
	 "/v1.41/build?t=app:1&remote=github.com%2Fa%2Fb.git%3Ftoken%3Dhunter2", NULL,
	 "github.com/a/b.git"},
	{"a line that goes on", "POST",
	 "/v1.41/commit?container=web&changes=ENV%20A%3D1%20%5C%0A%20C%3Dhunter2", NULL,
	 "container=web"},
	{"in the next parameter", "POST",
	 "/v1.41/commit?container=web&changes=ENV%20A%3D1%20%5C&changes=C%3Dhunter2", NULL,
	 "container=web"},
	{"with another escape", "POST",
	 "/v1.41/commit?container=web&changes=%23%20escape%3D%60%0AENV%20A%3D1%20%60%0AC%3Dhunter2", NULL,
	 "container=web"},
	{"a variable for later", "POST",
	 "/v1.41/commit?container=web&changes=ONBUILD%20ENV%20C%3Dhunter2%0AUSER%201000", NULL,
	 "USER%201000"},
	{"a variable of an import", "POST",
	 "/v1.41/images/create?fromSrc=-&repo=app&changes=USER%201000%0Aenv%20C%3Dhunter2", NULL,
	 "USER%201000"},
	/* {"OnBuild":["ENV C=hunter2"],"User":"1000"} */
	{"what later builds are told", "POST", "/v1.41/commit?container=web",
	 "eyJPbkJ1aWxkIjpbIkVOViBDPWh1bnRlcjIiXSwiVXNlciI6IjEwMDAifQ==",
	 "1000"},
	{"an output's password", "POST",
	 "/v1.41/build?version=2&outputs=%5B%7B%22Type%22%3A%22image%22%2C%22Attrs%22%3A%7B%22name%22%3A%22app%3A1%22%2C%22password%22%3A%22hunter2%22%7D%7D%5D", NULL,
	 "app:1"},
	{"an output's name", "POST",
	 "/v1.41/build?version=2&outputs=%5B%7B%22Type%22%3A%22image%22%2C%22Attrs%22%3A%7B%22name%22%3A%22anna%3Ahunter2%40r.io%2Fapp%3A1%22%7D%7D%5D", NULL,
	 "r.io/app:1"},
	{"an output nobody reads", "POST",
	 "/v1.41/build?t=app:1&outputs=%5B%7B%22Attrs%22%3A%7B%22password%22%3A%22hunter2%22", NULL,
	 "app:1"},
	{"a cache's token", "POST",
	 "/v1.41/build?t=app:1&cachefrom=%5B%7B%22Type%22%3A%22gha%22%2C%22Attrs%22%3A%7B%22token%22%3A%22hunter2%22%2C%22url%22%3A%22https%3A%2F%2Fh%2F%22%7D%7D%5D", NULL,
	 "https://h/"},
	{"a cache's name", "POST",
	 "/v1.41/build?t=app:1&cachefrom=%5B%22anna%3Ahunter2%40r.io%2Fcache%3A1%22%5D", NULL,
	 "r.io/cache:1"},
	{"a cache in words", "POST",
	 "/v1.41/build?t=app:1&cachefrom=type%3Dregistry%2Cref%3Danna%3Ahunter2%40r.io%2Fcache%3A1", NULL,
	 "app:1"},
	{"a password in a pull", "POST",
	 "/v1.41/images/create?fromImage=anna%3Ahunter2%40r.io%2Fapp&tag=1", NULL,
	 "r.io/app"},
	{"with a slash in it", "POST",
	 "/v1.41/images/create?fromImage=anna%3Ahunter2%2Fx%40r.io%2Fapp&tag=1", NULL,
	 "r.io/app"},
	{"in a build's name", "POST",
	 "/v1.41/build?t=anna%3Ahunter2%40r.io%2Fapp%3A1", NULL,
	 "r.io/app:1"},
	{"in a tag's name", "POST",
	 "/v1.41/images/nginx/tag?repo=anna%3Ahunter2%40r.io%2Fapp&tag=1", NULL,
	 "r.io/app"},
	{"in a push's path", "POST",
	 "/v1.41/images/anna:hunter2@r.io/app/push?tag=1", NULL,
	 "r.io/app/push"},
	{"encoded in it", "POST",
	 "/v1.41/images/anna%3Ahunter2%40r.io/app/push?tag=1", NULL,
	 "r.io/app/push"},
	{"in a path to remove", "DELETE",
	 "/images/anna:hunter2@r.io/app:1", NULL,
	 "r.io/app:1"},
	{"in an inspect's path", "GET",
	 "/v1.41/images/anna:hunter2@r.io/app/json", NULL,
	 "r.io/app/json"},
	{"in a filter", "GET",
	 "/v1.41/images/json?filters=%7B%22reference%22%3A%7B%22anna%3Ahunter2%40r.io%2Fapp%22%3Atrue%7D%7D", NULL,
	 "r.io/app"},
	{"in a path nobody knows", "POST",
	 "/v1.41/images/anna:hunter2@r.io/app/teleport", NULL,
	 "redacted"},
	{"in a path nobody can read", "POST",
	 "/v1.41//images/anna:hunter2@r.io/app/push", NULL,
	 "redacted"},
	{"in an authority", "GET",
	 "http://anna:hunter2@h/v1.41/containers/web/json", NULL,
	 "/containers/web/json"},
	/* {"Image":"anna:hunter2@r.io/app:1"} */
	{"in a container's image", "POST", "/v1.41/containers/create",
	 "eyJJbWFnZSI6ImFubmE6aHVudGVyMkByLmlvL2FwcDoxIn0=",
	 "r.io/app:1"},
	/* [] */
	{"in a plugin's remote", "POST", "/v1.41/plugins/pull?remote=https%3A%2F%2Fanna%3Ahunter2%40h%2Faegis&name=x",
	 "W10=",
	 "h/aegis"},
	/* {"Name":"v","DriverOpts":{"type":"cifs","device":"//anna:hunter2@h/share"}} */
	{"in a volume's device", "POST", "/v1.41/volumes/create",
	 "eyJOYW1lIjoidiIsIkRyaXZlck9wdHMiOnsidHlwZSI6ImNpZnMiLCJkZXZpY2UiOiIvL2FubmE6aHVudGVyMkBoL3NoYXJlIn19",
	 "h/share"},
	/* {"Name":"v","DriverOpts":{"//anna:hunter2@h/share":""}} */
	{"in a volume's option without a value", "POST", "/v1.41/volumes/create",
	 "eyJOYW1lIjoidiIsIkRyaXZlck9wdHMiOnsiLy9hbm5hOmh1bnRlcjJAaC9zaGFyZSI6IiJ9fQ==",
	 "h/share"},
	/* No secret is in these. */
	{"a digest", "DELETE", "/v1.41/images/nginx:1.27@sha256:" DIGEST, NULL,
	 "/v1.41/images/nginx:1.27@sha256:" DIGEST},
	{"a digest to pull", "POST",
	 "/v1.41/images/create?fromImage=nginx:1.27@sha256:" DIGEST, NULL,
	 "nginx:1.27@sha256:" DIGEST},
	{"a name for git", "POST", "/v1.41/build?remote=git@h:a/b.git", NULL,
	 "git@h:a/b.git"},
	{"a mail address", "POST",
	 "/v1.41/build?labels=%7B%22by%22%3A%22Anna%20%3Canna@h.io%3E%22%7D",
	 NULL, "anna@h.io"},
};

static void
redact(const struct redact_case *c, struct buf *uri, struct buf *body,
       struct buf *names)
{
	_cleanup_buf_ struct buf text = BUF_INIT(1 << 16);
	struct envelope envelope = ENVELOPE_INIT;
	struct gate_call call = GATE_CALL_INIT;
	struct gate_facts facts = {0};
	struct gate_verdict verdict = {0};
	struct policy *policy;
	char image[sizeof(call.image)];

	buf_addf(&text, "{\"RequestMethod\":\"%s\",\"RequestUri\":\"%s\"",
		 c->method, c->uri);
	if (c->body)
		buf_addf(&text, ",\"RequestBody\":\"%s\"", c->body);
	buf_adds(&text, ",\"RequestHeaders\":{\"Content-Type\":"
			"\"application/json\"}}");
	assert_int_equal(policy_parse(&policy, "p", "version: 1", 10, NULL), 0);
	assert_int_equal(envelope_parse(&envelope, buf_str(&text), text.len,
					NULL), 0);
	if (gate_read(&call, &envelope, policy, &verdict) == 0) {
		while ((facts.asked |= gate_need(&call, &facts, policy)) &&
		       gate_need(&call, &facts, policy))
			;
		gate_judge(&call, &facts, policy, &host, 0, &verdict);
	}
	gate_redact_uri(&call, uri);
	gate_redact_body(&call, body);
	gate_redact_name(call.image, image, sizeof(image));
	buf_addf(names, "%s %s %s", verdict.message, call.subject, image);
	gate_call_release(&call);
	envelope_release(&envelope);
	policy_free(policy);
}

static void
no_secret_is_written_down(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_buf_ struct buf uri = BUF_INIT(1 << 16);
		_cleanup_buf_ struct buf body = BUF_INIT(1 << 16);
		_cleanup_buf_ struct buf names = BUF_INIT(1 << 16);

		redact(&cases[i], &uri, &body, &names);
		if (strstr(buf_str(&uri), SECRET) ||
		    strstr(buf_str(&body), SECRET) ||
		    strstr(buf_str(&names), SECRET) ||
		    (!strstr(buf_str(&uri), cases[i].kept) &&
		     !strstr(buf_str(&body), cases[i].kept))) {
			print_error("%s: %s %s %s\n", cases[i].why,
				    buf_str(&uri), buf_str(&body),
				    buf_str(&names));
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_secret_is_written_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
