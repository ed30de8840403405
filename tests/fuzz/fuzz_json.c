/*
 * fuzz_json - what parses, written again, parses to the same tree; and base64
 * decodes to what encodes to it again.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base64.c"
#include "lib/json.c"
#include "lib/json_keys.c"
#include "lib/json_out.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
emit(struct json_out *o, const struct json_node *n)
{
	switch (n->type) {
	case JSON_NULL:
		json_out_null(o);
		return;
	case JSON_BOOL:
		json_out_bool(o, n->boolean);
		return;
	case JSON_NUMBER:
		json_out_raw(o, n->str, n->str_len);
		return;
	case JSON_STRING:
		json_out_bytes(o, n->str, n->str_len);
		return;
	case JSON_ARRAY:
		json_out_array(o);
		json_foreach(child, n)
			emit(o, child);
		json_out_array_end(o);
		return;
	case JSON_OBJECT:
		json_out_object(o);
		json_foreach(child, n) {
			json_out_key_bytes(o, child->key, child->key_len);
			emit(o, child);
		}
		json_out_object_end(o);
		return;
	case JSON_INVALID:
		break;
	}
	assert(!"a node of no type");
}

static void
assert_same_text(const char *a, uint32_t a_len, const char *b, uint32_t b_len)
{
	assert(!a == !b && a_len == b_len);
	assert(!a || (memcmp(a, b, a_len) == 0 && a[a_len] == '\0' &&
		      b[b_len] == '\0'));
}

static void
assert_same(const struct json_node *a, const struct json_node *b)
{
	const struct json_node *cb = b->first;
	uint32_t count = 0;

	assert(a->type == b->type && a->boolean == b->boolean &&
	       a->has_nul == b->has_nul && a->count == b->count);
	/* Another spelling of a key takes or leaves ODD, never a duplicate. */
	assert(!((a->key_flags ^ b->key_flags) & ~(uint32_t)JSON_KEYS_ODD));
	assert_same_text(a->key, a->key_len, b->key, b->key_len);
	assert_same_text(a->str, a->str_len, b->str, b->str_len);
	json_foreach(ca, a) {
		assert(cb);
		assert_same(ca, cb);
		cb = cb->next;
		count++;
	}
	assert(!cb && count == a->count);
}

/* By the header's words: all pairs, and each key's bytes. */
static void
assert_flags(const struct json_node *object)
{
	uint32_t dup = 0;

	json_foreach(a, object) {
		assert_flags(a);
		if (object->type != JSON_OBJECT || object->count > 300)
			continue;
		for (uint32_t i = 0; i < a->key_len; i++)
			if (!a->key[i] || (unsigned char)a->key[i] > 0x7f)
				assert(object->key_flags & JSON_KEYS_ODD);
		for (const struct json_node *b = a->next; b; b = b->next) {
			uint32_t i = 0;

			if (a->key_len != b->key_len)
				continue;
			if (!memcmp(a->key, b->key, a->key_len))
				dup |= JSON_KEYS_DUP_EXACT;
			while (i < a->key_len &&
			       json_fold(a->key[i]) == json_fold(b->key[i]))
				i++;
			if (i == a->key_len)
				dup |= JSON_KEYS_DUP_FOLDED;
		}
	}
	if (object->count <= 300)
		assert((object->key_flags & ~(uint32_t)JSON_KEYS_ODD) == dup);
}

static void
check_json(const char *text, size_t len)
{
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT, again = JSON_DOC_INIT;
	_cleanup_buf_ struct buf b = BUF_INIT(64 * 1024 * 1024);
	struct aegis_error err = {0};
	struct json_out o;
	int64_t v = 0;
	int r = json_parse(&doc, text, len, &err);

	assert(r == 0 || r == -EBADMSG);
	assert((r == 0) == (doc.root != NULL) && (r == 0) == (err.code == 0));
	assert(doc.strings_used <= doc.strings_cap);
	if (r < 0)
		return;
	assert_flags(doc.root);
	json_out_init(&o, &b);
	emit(&o, doc.root);
	assert(json_out_end(&o) == 0);
	assert(json_parse(&again, b.data, b.len, NULL) == 0);
	assert_same(doc.root, again.root);
	if (json_int64(doc.root, &v) == 0) {
		char digits[24];

		snprintf(digits, sizeof(digits), "%lld", (long long)v);
		assert(!strcmp(digits, doc.root->str) ||
		       !strcmp("-0", doc.root->str));
	}
}

static void
check_base64(const char *text, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const size_t max = BASE64_DECODED_MAX(len);
	_cleanup_free_ unsigned char *out = malloc(max ? max : 1);
	size_t n = 0;

	assert(out);
	if (base64_decode(text, len, out, &n) < 0)
		return;
	assert(n <= max && (n + 2) / 3 * 4 == len);
	for (size_t i = 0; i < len; i++) {
		const size_t bit = i * 6, at = bit / 8;
		unsigned pair;

		if (at >= n) {
			assert(text[i] == '=');
			continue;
		}
		pair = (unsigned)out[at] << 8 | (at + 1 < n ? out[at + 1] : 0);
		assert(text[i] == digits[pair >> (10 - bit % 8) & 63]);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_json((const char *)data, size);
	check_base64((const char *)data, size);
	return 0;
}
