/*
 * From trees to the program: fields become slots, trees become nodes.
 */
#include "lib/rules/program.h"

#include <string.h>

#include "lib/conf.h"
#include "lib/rules/compile.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *name;
	enum transform transform;
} transforms[] = {
	{"tolower", TRANSFORM_TOLOWER}, {"toupper", TRANSFORM_TOUPPER},
	{"b64", TRANSFORM_B64},         {"basename", TRANSFORM_BASENAME},
	{"len", TRANSFORM_LEN},         {"val", TRANSFORM_NONE},
};

void
program_release(struct program *p)
{
	free(p->nodes);
	free(p->slots);
	*p = (struct program){0};
}

static int
no_memory(struct aegis_error *err)
{
	return aegis_error_set(err, -ENOMEM, "compile rules");
}

/* Room for one more of size bytes. */
static int
grow(void *array, uint32_t count, uint32_t *cap, uint32_t max, size_t size,
     const char *what, struct aegis_error *err)
{
	void **v = array;
	const uint32_t bigger = *cap ? 2 * *cap : 64;
	void *copy;

	if (count < *cap)
		return 0;
	if (count >= max)
		return aegis_error_setx(err, -E2BIG,
					"all rules together have more than %u "
					"%s",
					max, what);
	copy = reallocarray(*v, bigger, size);
	if (!copy)
		return no_memory(err);
	*v = copy;
	*cap = bigger;
	return 0;
}

/* --- slots -------------------------------------------------------------- */

static int
add_transform(struct slot *s, const struct operand *o, struct aegis_error *err)
{
	const bool text =
		s->type == RULES_TYPE_STRING || s->type == RULES_TYPE_EVENT;
	enum transform t = TRANSFORM_MAX;

	for (size_t i = 0; i < ARRAY_LEN(transforms); i++)
		if (!strcmp(o->text, transforms[i].name))
			t = transforms[i].transform;
	if (t == TRANSFORM_MAX)
		return aegis_error_setx(err, -EBADMSG,
					"the transformer %s() is not supported",
					o->text);
	if (o->argument)
		return aegis_error_setx(err, -EBADMSG,
					"%s() takes no argument in brackets",
					o->text);
	if (t == TRANSFORM_NONE)
		return 0;
	if (rules_ref_is_several(&s->ref))
		return aegis_error_setx(err, -EBADMSG,
					"%s() of a field with several values",
					o->text);
	if (!text && s->type != RULES_TYPE_BYTES)
		return aegis_error_setx(err, -EBADMSG, "%s() wants a text",
					o->text);
	if (s->transform_count == TRANSFORMS_MAX)
		return aegis_error_setx(err, -E2BIG,
					"more than %d transformers",
					TRANSFORMS_MAX);
	s->transforms[s->transform_count++] = (uint8_t)t;
	s->type = t == TRANSFORM_LEN ? RULES_TYPE_NUMBER : RULES_TYPE_STRING;
	return 0;
}

static int
resolve_operand(const struct operand *o, struct slot *s,
		struct aegis_error *err)
{
	const struct rules_field_info *info;
	int r;

	if (o->kind == OPERAND_FIELD) {
		r = rules_field_resolve(o->text, o->argument, &s->ref, err);
		if (r < 0)
			return r == -ENOENT ? r : -EBADMSG;
		info = rules_field_info(s->ref.field);
		s->type = info->type;
		s->values = rules_ref_is_several(&s->ref) ? info->values
							  : RULES_VALUES_ONE;
		return 0;
	}
	if (o->kind != OPERAND_TRANSFORM || o->item_count != 1 ||
	    o->items[0]->kind == OPERAND_VALUE)
		return aegis_error_setx(err, -EBADMSG,
					"%s() of other than one field is not "
					"supported",
					o->kind == OPERAND_TRANSFORM ? o->text
								     : "");
	r = resolve_operand(o->items[0], s, err);
	return r < 0 ? r : add_transform(s, o, err);
}

int
program_slot(struct program *p, const struct operand *o, uint32_t *ret,
	     struct aegis_error *err)
{
	_cleanup_buf_ struct buf name = BUF_INIT(CONDITION_TEXT_MAX);
	struct slot s = {.buffer = MAP_NONE};
	uint32_t known;
	char *key;
	int r = resolve_operand(o, &s, err);

	if (r < 0)
		return r;
	condition_print_operand(o, CONDITION_TO_PARSE, &name);
	if (buf_error(&name))
		return no_memory(err);
	known = map_find(&p->slot_names, (struct span){name.data, name.len});
	if (known != MAP_NONE) {
		*ret = known;
		return 0;
	}
	if (s.transform_count && p->buffer_count == PROGRAM_BUFFERS_MAX)
		return aegis_error_setx(err, -E2BIG,
					"all rules together have more than %d "
					"different transformed fields",
					PROGRAM_BUFFERS_MAX);
	r = grow(&p->slots, p->slot_count, &p->slot_cap, PROGRAM_SLOTS_MAX,
		 sizeof(*p->slots), "different fields", err);
	if (r < 0)
		return r;
	key = arena_copy(p->arena, name.data, name.len);
	if (!key || map_put(&p->slot_names, p->arena,
			    (struct span){key, name.len}, p->slot_count) < 0)
		return no_memory(err);
	if (s.transform_count)
		s.buffer = p->buffer_count++;
	*ret = p->slot_count;
	p->slots[p->slot_count++] = s;
	return 0;
}

/* --- nodes -------------------------------------------------------------- */

static int
intern(struct program *p, struct span key, const struct node *n, uint32_t *ret,
       struct aegis_error *err)
{
	char *copy;
	int r;

	r = grow(&p->nodes, p->node_count, &p->node_cap, PROGRAM_NODES_MAX,
		 sizeof(*p->nodes), "different checks", err);
	if (r < 0)
		return r;
	copy = arena_copy(p->arena, key.text, key.len);
	if (!copy || map_put(&p->interned, p->arena,
			     (struct span){copy, key.len}, p->node_count) < 0)
		return no_memory(err);
	*ret = p->node_count;
	p->nodes[p->node_count++] = *n;
	return 0;
}

/* Is the answer a matter of the event's type alone? */
static bool
decided_by_event(const struct condition *c, const struct slot *s,
		 struct rules_event_set *ret)
{
	condition_events(c, ret);
	if (!rules_event_set_count(ret))
		return true; /* evt.num=0 */
	if (s->ref.field != RULES_FIELD_EVT_TYPE &&
	    s->ref.field != RULES_FIELD_SYSCALL_TYPE)
		return false;
	if (s->transform_count || c->modifier ||
	    (c->right && c->right->kind == OPERAND_TRANSFORM))
		return false;
	return c->op == RULES_OP_EQ || c->op == RULES_OP_EQ2 ||
	       c->op == RULES_OP_NE || c->op == RULES_OP_IN ||
	       c->op == RULES_OP_EXISTS;
}

static int
add_check(struct program *p, const struct condition *c, uint32_t *ret,
	  struct aegis_error *err)
{
	_cleanup_buf_ struct buf key = BUF_INIT(2 * CONDITION_TEXT_MAX);
	struct rules_event_set events, *copy;
	struct node n = {.kind = NODE_CHECK};
	uint32_t slot, known;
	int r;

	buf_addc(&key, 'c');
	condition_print(c, CONDITION_TO_PARSE, &key);
	if (buf_error(&key))
		return no_memory(err);
	known = map_find(&p->interned, (struct span){key.data, key.len});
	if (known != MAP_NONE) {
		*ret = known;
		return 0;
	}
	r = program_slot(p, c->left, &slot, err);
	if (r == 0)
		r = compile_check(p, c, slot, &n.check, err);
	if (r < 0)
		return r;
	if (decided_by_event(c, &p->slots[slot], &events)) {
		copy = arena_alloc(p->arena, sizeof(*copy));
		if (!copy)
			return no_memory(err);
		*copy = events;
		n = (struct node){.kind = NODE_EVENTS, .events = copy};
	}
	return intern(p, (struct span){key.data, key.len}, &n, ret, err);
}

static int
add_inner(struct program *p, const struct condition *c, uint32_t *ret,
	  const struct condition **ret_at, struct aegis_error *err)
{
	/* A byte for the kind, then the numbers of the children. */
	_cleanup_buf_ struct buf key =
		BUF_INIT(1 + sizeof(uint32_t) * CONDITION_SIZE_MAX);
	struct node n = {.kind = c->kind == CONDITION_AND  ? NODE_AND
				 : c->kind == CONDITION_OR ? NODE_OR
							   : NODE_NOT,
			 .count = c->child_count};
	uint32_t *children, known;

	buf_addc(&key, "aon"[n.kind]);
	for (uint32_t i = 0; i < c->child_count; i++) {
		uint32_t child = 0;
		int r = program_add(p, c->children[i], &child, ret_at, err);

		if (r < 0)
			return r;
		buf_add(&key, &child, sizeof(child));
	}
	if (buf_error(&key))
		return no_memory(err);
	known = map_find(&p->interned, (struct span){key.data, key.len});
	if (known != MAP_NONE) {
		*ret = known;
		return 0;
	}
	children = arena_array(p->arena, c->child_count, sizeof(*children));
	if (!children)
		return no_memory(err);
	memcpy(children, key.data + 1, c->child_count * sizeof(*children));
	n.children = children;
	return intern(p, (struct span){key.data, key.len}, &n, ret, err);
}

/* Trees that macros share are the same pointers: each is walked once. */
int
program_add(struct program *p, const struct condition *c, uint32_t *ret,
	    const struct condition **ret_at, struct aegis_error *err)
{
	const struct condition **copy;
	struct span key = {(const char *)&c, sizeof(c)};
	uint32_t known = map_find(&p->interned, key);
	int r;

	if (known != MAP_NONE) {
		*ret = known;
		return 0;
	}
	*ret_at = c;
	if (c->kind == CONDITION_MACRO)
		return aegis_error_setx(err, -EBADMSG, "unknown macro '%.60s'",
					c->macro);
	r = c->kind == CONDITION_CHECK ? add_check(p, c, ret, err)
				       : add_inner(p, c, ret, ret_at, err);
	if (r < 0)
		return r;
	copy = arena_alloc(p->arena, sizeof(*copy));
	if (!copy)
		return no_memory(err);
	*copy = c;
	key.text = (const char *)copy;
	return map_put(&p->interned, p->arena, key, *ret) < 0 ? no_memory(err)
							      : 0;
}
