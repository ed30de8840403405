/*
 * A small part of a large document, in memory of its own.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"

/* What a value and all in it take. */
static void
measure(const struct json_node *n, size_t *nodes, size_t *bytes)
{
	++*nodes;
	*bytes += (n->key ? n->key_len + 1 : 0) + (n->str ? n->str_len + 1 : 0);
	json_foreach(child, n)
		measure(child, nodes, bytes);
}

static const char *
keep(struct json_doc *doc, const char *bytes, uint32_t len)
{
	char *to = doc->strings + doc->strings_used;

	if (!bytes)
		return NULL;
	memcpy(to, bytes, len);
	to[len] = '\0';
	doc->strings_used += len + 1;
	return to;
}

static struct json_node *
copy(struct json_doc *doc, const struct json_node *n)
{
	struct json_node *to = &doc->nodes[doc->node_count++];
	const struct json_node **link = &to->first;

	*to = *n;
	to->first = to->next = NULL;
	to->key = keep(doc, n->key, n->key_len);
	to->str = keep(doc, n->str, n->str_len);
	json_foreach(child, n) {
		struct json_node *c = copy(doc, child);

		*link = c;
		link = &c->next;
	}
	return to;
}

int
json_pick(struct json_doc *doc, const struct json_node *object,
	  const char *const *keys)
{
	size_t nodes = 1, bytes = 1; /* of none malloc() may return NULL */
	const struct json_node **link;
	struct json_node *root;

	for (const char *const *k = keys; *k; k++)
		if (json_get(object, *k))
			measure(json_get(object, *k), &nodes, &bytes);
	json_doc_release(doc);
	doc->nodes = malloc(nodes * sizeof(*doc->nodes));
	doc->strings = malloc(bytes);
	if (!doc->nodes || !doc->strings) {
		json_doc_release(doc);
		return -ENOMEM;
	}
	doc->node_cap = nodes;
	doc->strings_cap = bytes;
	root = &doc->nodes[doc->node_count++];
	*root = (struct json_node){.type = JSON_OBJECT,
				   .key_flags = object->key_flags,
				   .offset = object->offset};
	link = &root->first;
	for (const char *const *k = keys; *k; k++) {
		const struct json_node *n = json_get(object, *k);
		struct json_node *c = n ? copy(doc, n) : NULL;

		if (!c)
			continue;
		*link = c;
		link = &c->next;
		root->count++;
	}
	doc->root = root;
	return 0;
}
