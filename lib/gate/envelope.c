#include "lib/gate/envelope.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base64.h"

#define BODY_FIRST_CAP 8192

static void
release_room(struct envelope_room *room)
{
	free(room->data);
	*room = (struct envelope_room){0};
}

/* Go leaves an empty field out; null is the same to it. */
static const struct json_node *
find(const struct envelope *e, const char *key)
{
	const struct json_node *n = json_get(e->doc.root, key);

	return n && n->type != JSON_NULL ? n : NULL;
}

static int
get_text(const struct envelope *e, const char *key, const char **ret,
	 size_t *ret_len, struct aegis_error *err)
{
	const struct json_node *n = find(e, key);

	*ret = "";
	*ret_len = 0;
	if (!n)
		return 0;
	if (n->type != JSON_STRING)
		return aegis_error_setx(err, -EBADMSG, "%s: not a string", key);
	if (n->has_nul)
		return aegis_error_setx(err, -EBADMSG, "%s: holds NUL", key);
	*ret = n->str;
	*ret_len = n->str_len;
	return 0;
}

static int
get_needed(const struct envelope *e, const char *key, const char **ret,
	   size_t *ret_len, struct aegis_error *err)
{
	int r = get_text(e, key, ret, ret_len, err);

	if (r == 0 && *ret_len == 0)
		return aegis_error_setx(err, -EBADMSG, "no %s", key);
	return r;
}

/* The contents need not survive: this is called before they are written. */
static int
make_room(struct envelope_room *room, size_t need, struct aegis_error *err)
{
	size_t want = BODY_FIRST_CAP;

	if (need <= room->cap)
		return 0;
	while (want < need)
		want *= 2;
	release_room(room);
	room->data = malloc(want);
	if (!room->data)
		return aegis_error_setx(err, -ENOMEM, "no memory for a body");
	room->cap = want;
	return 0;
}

static int
get_body(const struct envelope *e, const char *key, struct envelope_room *room,
	 const char **ret, size_t *ret_len, struct aegis_error *err)
{
	const char *text;
	size_t len, decoded;
	int r = get_text(e, key, &text, &len, err);

	*ret = NULL;
	*ret_len = 0;
	if (r < 0 || len == 0)
		return r;
	r = make_room(room, BASE64_DECODED_MAX(len) + 1, err);
	if (r < 0)
		return r;
	if (base64_decode(text, len, room->data, &decoded) < 0)
		return aegis_error_setx(err, -EBADMSG, "%s: not base64", key);
	room->data[decoded] = '\0';
	*ret = room->data;
	*ret_len = decoded;
	return 0;
}

static int
get_headers(struct envelope *e, struct aegis_error *err)
{
	static const char key[] = "RequestHeaders";
	const struct json_node *n = find(e, key);

	e->headers = NULL;
	if (!n)
		return 0;
	if (n->type != JSON_OBJECT)
		return aegis_error_setx(err, -EBADMSG, "%s: not an object",
					key);
	/* A Go map has no key twice: dockerd did not write this. */
	if (n->key_flags & JSON_KEYS_DUP_EXACT)
		return aegis_error_setx(err, -EBADMSG, "%s: a name twice", key);
	json_foreach(h, n)
		if (h->type != JSON_STRING || h->has_nul)
			return aegis_error_setx(err, -EBADMSG,
						"%s: a value that is not text",
						key);
	e->headers = n;
	return 0;
}

static int
get_status(struct envelope *e, struct aegis_error *err)
{
	static const char key[] = "ResponseStatusCode";
	const struct json_node *n = find(e, key);
	int64_t v = 0;

	if (n && (n->type != JSON_NUMBER || json_int64(n, &v) < 0 || v < 0 ||
		  v > 999))
		return aegis_error_setx(err, -EBADMSG, "%s: not a status", key);
	e->status = (int)v;
	return 0;
}

static int
get_fields(struct envelope *e, struct aegis_error *err)
{
	size_t len;
	int r = get_text(e, "User", &e->user, &len, err);

	if (r == 0)
		r = get_text(e, "UserAuthNMethod", &e->user_method, &len, err);
	if (r == 0)
		r = get_needed(e, "RequestMethod", &e->method, &len, err);
	if (r == 0)
		r = get_needed(e, "RequestUri", &e->uri, &e->uri_len, err);
	if (r == 0)
		r = get_headers(e, err);
	if (r == 0)
		r = get_body(e, "RequestBody", &e->body_room, &e->body,
			     &e->body_len, err);
	if (r == 0)
		r = get_status(e, err);
	if (r == 0)
		r = get_body(e, "ResponseBody", &e->response_room,
			     &e->response, &e->response_len, err);
	return r;
}

/* Nothing of an earlier call may be read as part of this one. */
static void
forget(struct envelope *e)
{
	e->user = e->user_method = e->method = e->uri = "";
	e->headers = NULL;
	e->body = e->response = NULL;
	e->uri_len = e->body_len = e->response_len = 0;
	e->status = 0;
}

int
envelope_parse(struct envelope *e, const char *text, size_t len,
	       struct aegis_error *err)
{
	int r;

	forget(e);
	if (len == 0)
		return aegis_error_setx(err, -EBADMSG, "empty: dockerd sends "
					"that when it repeats a request");
	if (len > ENVELOPE_MAX)
		return aegis_error_setx(err, -EBADMSG, "over %d bytes",
					ENVELOPE_MAX);
	r = json_parse(&e->doc, text, len, err);
	if (r < 0)
		return r;
	if (e->doc.root->type != JSON_OBJECT)
		return aegis_error_setx(err, -EBADMSG, "not an object");
	if (e->doc.root->key_flags)
		return aegis_error_setx(err, -EBADMSG, "a name twice or "
					"spelled oddly: not from dockerd");
	r = get_fields(e, err);
	if (r < 0)
		forget(e);
	return r;
}

void
envelope_trim(struct envelope *e, size_t keep_bytes)
{
	forget(e);
	json_doc_trim(&e->doc, keep_bytes);
	if (e->body_room.cap > keep_bytes)
		release_room(&e->body_room);
	if (e->response_room.cap > keep_bytes)
		release_room(&e->response_room);
}

void
envelope_release(struct envelope *e)
{
	json_doc_release(&e->doc);
	release_room(&e->body_room);
	release_room(&e->response_room);
	*e = ENVELOPE_INIT;
}

const char *
envelope_header(const struct envelope *e, const char *name)
{
	if (!e->headers)
		return NULL;
	json_foreach(h, e->headers)
		if (json_key_is(h, name))
			return h->str;
	return NULL;
}
