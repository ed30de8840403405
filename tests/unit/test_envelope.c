#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lib/gate/envelope.h"

#define CALL "\"RequestMethod\":\"POST\",\"RequestUri\":\"/v1.41/x\""

struct refused {
	const char *why;
	const char *text;
};

static const struct refused refused[] = {
	{"dockerd's retry after a broken connection is empty", ""},
	{"not JSON", "{" CALL},
	{"not an object", "[]"},
	{"no method", "{\"RequestUri\":\"/v1.41/x\"}"},
	{"no URI", "{\"RequestMethod\":\"POST\"}"},
	{"an empty method", "{\"RequestMethod\":\"\",\"RequestUri\":\"/x\"}"},
	{"null is as good as absent", "{\"RequestMethod\":null,\"RequestUri\":\"/x\"}"},
	{"a method of another type", "{\"RequestMethod\":1,\"RequestUri\":\"/x\"}"},
	{"NUL in the URI", "{\"RequestMethod\":\"POST\",\"RequestUri\":\"/x\\u0000y\"}"},
	{"NUL in the user", "{" CALL ",\"User\":\"a\\u0000b\"}"},
	{"a user of another type", "{" CALL ",\"User\":[]}"},
	{"a name twice", "{" CALL ",\"RequestMethod\":\"GET\"}"},
	{"a name twice but for case", "{" CALL ",\"requestmethod\":\"GET\"}"},
	{"a body that is no text", "{" CALL ",\"RequestBody\":{}}"},
	{"a body that is not base64", "{" CALL ",\"RequestBody\":\"e30\"}"},
	{"a response that is not base64", "{" CALL ",\"ResponseBody\":\"=\"}"},
	{"headers that are no object", "{" CALL ",\"RequestHeaders\":[]}"},
	{"a header that is no text", "{" CALL ",\"RequestHeaders\":{\"A\":1}}"},
	{"a header twice", "{" CALL ",\"RequestHeaders\":{\"A\":\"1\",\"A\":\"2\"}}"},
	{"a status that is no number", "{" CALL ",\"ResponseStatusCode\":\"200\"}"},
	{"a status below zero", "{" CALL ",\"ResponseStatusCode\":-1}"},
	{"a status of four digits", "{" CALL ",\"ResponseStatusCode\":1000}"},
	{"something after the document", "{" CALL "}{}"},
};

static void
refuses_what_dockerd_does_not_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct envelope e = ENVELOPE_INIT;
		struct aegis_error err = {0};
		int r = envelope_parse(&e, refused[i].text,
				       strlen(refused[i].text), &err);

		if (r != -EBADMSG || !err.text[0])
			print_error("%s: %d %s\n", refused[i].why, r, err.text);
		assert_int_equal(r, -EBADMSG);
		assert_true(err.text[0]);
		assert_string_equal(e.uri, "");
		assert_null(e.body);
		envelope_release(&e);
	}
}

static void
parse(struct envelope *e, const char *text)
{
	struct aegis_error err = {0};
	int r = envelope_parse(e, text, strlen(text), &err);

	if (r)
		print_error("%s\n", err.text);
	assert_int_equal(r, 0);
}

static void
reads_a_request(void **state)
{
	struct envelope e = ENVELOPE_INIT;

	(void)state;
	parse(&e, "{" CALL ",\"User\":\"anna\",\"UserAuthNMethod\":\"TLS\","
		  "\"RequestBody\":\"e30=\","
		  "\"RequestHeaders\":{\"Content-Type\":\"application/json\"},"
		  "\"RequestPeerCertificates\":[\"x\"]}\n");
	assert_string_equal(e.user, "anna");
	assert_string_equal(e.user_method, "TLS");
	assert_string_equal(e.method, "POST");
	assert_string_equal(e.uri, "/v1.41/x");
	assert_int_equal(e.uri_len, 8);
	assert_int_equal(e.body_len, 2);
	assert_string_equal(e.body, "{}");
	assert_int_equal(e.status, 0);
	assert_null(e.response);
	assert_string_equal(envelope_header(&e, "content-type"),
			    "application/json");
	assert_null(envelope_header(&e, "Content-Typ"));
	envelope_release(&e);
}

static void
reads_an_answer(void **state)
{
	struct envelope e = ENVELOPE_INIT;

	(void)state;
	parse(&e, "{" CALL ",\"ResponseStatusCode\":201,"
		  "\"ResponseBody\":\"W10=\"}");
	assert_int_equal(e.status, 201);
	assert_int_equal(e.response_len, 2);
	assert_string_equal(e.response, "[]");
	envelope_release(&e);
}

static void
nothing_of_a_call_is_left_in_the_next(void **state)
{
	struct envelope e = ENVELOPE_INIT;

	(void)state;
	parse(&e, "{" CALL ",\"User\":\"anna\",\"RequestBody\":\"e30=\","
		  "\"RequestHeaders\":{\"A\":\"b\"},"
		  "\"ResponseStatusCode\":201,\"ResponseBody\":\"W10=\"}");
	parse(&e, "{" CALL "}");
	assert_string_equal(e.user, "");
	assert_null(e.body);
	assert_int_equal(e.body_len, 0);
	assert_null(e.headers);
	assert_null(envelope_header(&e, "A"));
	assert_int_equal(e.status, 0);
	assert_null(e.response);
	envelope_release(&e);
}

static void
null_reads_as_absent(void **state)
{
	struct envelope e = ENVELOPE_INIT;

	(void)state;
	parse(&e, "{" CALL ",\"User\":null,\"RequestBody\":null,"
		  "\"RequestHeaders\":null,\"ResponseStatusCode\":null}");
	assert_string_equal(e.user, "");
	assert_null(e.body);
	assert_null(e.headers);
	envelope_release(&e);
}

static void
memory_of_a_large_body_is_given_back(void **state)
{
	static const char head[] = "{" CALL ",\"RequestBody\":\"", tail[] = "\"}";
	const size_t body = 2 * 1024 * 1024, hlen = sizeof(head) - 1;
	const size_t len = hlen + body + sizeof(tail) - 1;
	struct envelope e = ENVELOPE_INIT;
	char *text = malloc(len);

	(void)state;
	assert_non_null(text);
	memcpy(text, head, hlen);
	memset(text + hlen, 'A', body);
	memcpy(text + hlen + body, tail, sizeof(tail) - 1);
	assert_int_equal(envelope_parse(&e, text, len, NULL), 0);
	assert_int_equal(e.body_len, body / 4 * 3);
	assert_true(e.body_room.cap > e.body_len);
	free(text);

	envelope_trim(&e, 64 * 1024);
	assert_null(e.body_room.data);
	assert_null(e.doc.strings);
	parse(&e, "{" CALL ",\"RequestBody\":\"e30=\"}");
	assert_string_equal(e.body, "{}");
	envelope_trim(&e, 64 * 1024);
	assert_null(e.body);
	assert_non_null(e.body_room.data);
	assert_non_null(e.doc.strings);
	envelope_release(&e);
}

static void
over_the_limit_is_refused_unread(void **state)
{
	struct envelope e = ENVELOPE_INIT;
	struct aegis_error err = {0};

	(void)state;
	/* The text is not looked at: this one is shorter than its length. */
	assert_int_equal(envelope_parse(&e, "{", ENVELOPE_MAX + 1, &err),
			 -EBADMSG);
	envelope_release(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_dockerd_does_not_write),
		cmocka_unit_test(reads_a_request),
		cmocka_unit_test(reads_an_answer),
		cmocka_unit_test(nothing_of_a_call_is_left_in_the_next),
		cmocka_unit_test(null_reads_as_absent),
		cmocka_unit_test(memory_of_a_large_body_is_given_back),
		cmocka_unit_test(over_the_limit_is_refused_unread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
