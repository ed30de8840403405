/* Any bytes as an envelope: no crash, and what was accepted is whole. */
#include "lib/gate/envelope.c"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_accepted(const struct envelope *e)
{
	assert(e->method[0] && e->uri[0]);
	assert(strlen(e->uri) == e->uri_len);
	assert(!e->body == !e->body_len || e->body);
	assert(!e->body || e->body[e->body_len] == '\0');
	assert(!e->response || e->response[e->response_len] == '\0');
	assert(e->status >= 0 && e->status <= 999);
	envelope_header(e, "Content-Type");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Used again and again, as a server does. */
	static struct envelope e;
	struct aegis_error err = {0};
	int first = envelope_parse(&e, (const char *)data, size, &err);

	if (first == 0)
		check_accepted(&e);
	else
		assert(err.text[0] && !e.body && !e.uri[0]);
	assert(envelope_parse(&e, (const char *)data, size, NULL) == first);
	return 0;
}
