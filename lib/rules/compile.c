#include "lib/rules/compile.h"

#include <ctype.h>
#include <string.h>

static int
no_memory(struct aegis_error *err)
{
	return aegis_error_set(err, -ENOMEM, "compile rules");
}

/* --- what fits together ------------------------------------------------- */

static bool
is_equality(enum rules_op op)
{
	return op == RULES_OP_EQ || op == RULES_OP_EQ2 || op == RULES_OP_NE ||
	       op == RULES_OP_IN || op == RULES_OP_INTERSECTS;
}

static bool
is_order(enum rules_op op)
{
	return op == RULES_OP_LT || op == RULES_OP_LE || op == RULES_OP_GT ||
	       op == RULES_OP_GE;
}

/* As Falco's flt_is_comparable(). */
static bool
op_fits(enum rules_op op, const struct slot *s)
{
	if (op == RULES_OP_EXISTS)
		return true;
	if (s->values == RULES_VALUES_LIST)
		return op == RULES_OP_IN || op == RULES_OP_INTERSECTS;
	switch (s->type) {
	case RULES_TYPE_NUMBER:
	case RULES_TYPE_PORT:
		return is_equality(op) || is_order(op);
	case RULES_TYPE_BOOL:
	case RULES_TYPE_IP:
	case RULES_TYPE_NET:
	case RULES_TYPE_DOMAIN:
		return is_equality(op);
	case RULES_TYPE_STRING:
	case RULES_TYPE_EVENT:
		return op != RULES_OP_BCONTAINS && op != RULES_OP_BSTARTSWITH;
	case RULES_TYPE_BYTES:
		return is_equality(op) || op == RULES_OP_CONTAINS ||
		       op == RULES_OP_STARTSWITH || op == RULES_OP_ENDSWITH ||
		       op == RULES_OP_BCONTAINS || op == RULES_OP_BSTARTSWITH;
	}
	return false;
}

static const char *
type_name(const struct slot *s)
{
	static const char *const names[] = {
		[RULES_TYPE_STRING] = "a text",
		[RULES_TYPE_NUMBER] = "a number",
		[RULES_TYPE_BOOL] = "true or false",
		[RULES_TYPE_IP] = "an address",
		[RULES_TYPE_NET] = "an address",
		[RULES_TYPE_PORT] = "a port",
		[RULES_TYPE_DOMAIN] = "a domain name",
		[RULES_TYPE_BYTES] = "bytes",
		[RULES_TYPE_EVENT] = "a type of event",
	};

	return s->values == RULES_VALUES_LIST ? "a list" : names[s->type];
}

/* --- literals ----------------------------------------------------------- */

static int
event_literal(const char *text, struct aegis_error *err)
{
	const char *near;

	if (rules_event_find(text))
		return 0;
	near = rules_event_nearest(text);
	return aegis_error_setx(err, -ENOENT,
				"unknown event type '%.60s'%s%s%s", text,
				near ? "; did you mean '" : "",
				near ? near : "", near ? "'?" : "");
}

static int
text_literal(struct program *p, const struct check *k, const char *text,
	     struct span *ret, struct aegis_error *err)
{
	size_t len = strlen(text);
	char *copy = arena_copy(p->arena, text, len);

	if (!copy)
		return no_memory(err);
	if (k->op == RULES_OP_BCONTAINS || k->op == RULES_OP_BSTARTSWITH) {
		if (rules_value_hex(text, copy, len, &len, err) < 0)
			return -EBADMSG;
	} else if (k->op == RULES_OP_ICONTAINS) {
		for (char *c = copy; *c; c++)
			*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
	} else if (p->slots[k->slot].type == RULES_TYPE_EVENT &&
		   is_equality(k->op) && event_literal(text, err) < 0) {
		return -ENOENT;
	}
	*ret = (struct span){copy, len};
	return 0;
}

static int
regex_literal(struct program *p, const char *text, const struct regex **ret,
	      struct aegis_error *err)
{
	int r = regex_compile(p->arena, text, ret, err);

	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	if (regex_work_count(*ret) > p->regex_work)
		p->regex_work = regex_work_count(*ret);
	return 0;
}

/* The arrays of struct check, while they are written. */
union literals {
	void *any;
	struct span *texts;
	int64_t *numbers;
	struct rules_ip *ips;
	struct rules_net *nets;
	const struct regex **regexes;
};

static int
literal(struct program *p, const struct check *k, const char *text,
	union literals to, uint32_t i, struct aegis_error *err)
{
	bool truth = false;
	int r;

	switch (p->slots[k->slot].type) {
	case RULES_TYPE_NUMBER:
		r = rules_value_number(text, &to.numbers[i], err);
		break;
	case RULES_TYPE_PORT:
		r = rules_value_port(text, &to.numbers[i], err);
		break;
	case RULES_TYPE_BOOL:
		r = rules_value_bool(text, &truth, err);
		to.numbers[i] = truth;
		break;
	case RULES_TYPE_IP:
		r = rules_value_ip(text, &to.ips[i], err);
		break;
	case RULES_TYPE_NET:
		r = rules_value_net(text, &to.nets[i], err);
		break;
	default:
		return k->op == RULES_OP_REGEX
			       ? regex_literal(p, text, &to.regexes[i], err)
			       : text_literal(p, k, text, &to.texts[i], err);
	}
	return r < 0 ? -EBADMSG : 0;
}

static size_t
literal_size(const struct slot *s, enum rules_op op)
{
	switch (s->type) {
	case RULES_TYPE_NUMBER:
	case RULES_TYPE_PORT:
	case RULES_TYPE_BOOL:
		return sizeof(int64_t);
	case RULES_TYPE_IP:
		return sizeof(struct rules_ip);
	case RULES_TYPE_NET:
		return sizeof(struct rules_net);
	default:
		return op == RULES_OP_REGEX ? sizeof(struct regex *)
					    : sizeof(struct span);
	}
}

/* Is the set looked up by the bytes of a text? */
static bool
wants_set(const struct slot *s, const struct check *k)
{
	return (k->op == RULES_OP_IN || k->op == RULES_OP_INTERSECTS) &&
	       (s->type == RULES_TYPE_STRING || s->type == RULES_TYPE_BYTES ||
		s->type == RULES_TYPE_EVENT);
}

static int
compile_literals(struct program *p, struct check *k, const struct operand *o,
		 struct aegis_error *err)
{
	const struct slot *s = &p->slots[k->slot];
	const struct operand *const *items = o->items;
	union literals to;

	k->count = o->item_count;
	if (o->kind == OPERAND_VALUE) {
		items = &o;
		k->count = 1;
	}
	to.any = arena_array(p->arena, k->count, literal_size(s, k->op));
	if (!to.any)
		return no_memory(err);
	k->texts = to.any;
	for (uint32_t i = 0; i < k->count; i++) {
		int r = literal(p, k, items[i]->text, to, i, err);

		if (r == 0 && wants_set(s, k))
			r = map_put(&k->set, p->arena, to.texts[i], i);
		if (r < 0)
			return r == -ENOMEM ? no_memory(err) : r;
	}
	/* Falco's bug, and rules count on what it does: of the networks that
	 * fd.net may be in, only the first is looked at.  aegis.fd.net is for
	 * who wants them all. */
	if (s->ref.field == RULES_FIELD_FD_NET && k->op == RULES_OP_IN &&
	    k->count > 1)
		k->count = 1;
	return 0;
}

/* --- fields on the right ------------------------------------------------ */

static int
compile_right_field(struct program *p, struct check *k, const struct operand *o,
		    struct aegis_error *err)
{
	const struct slot *left, *right;
	int r = program_slot(p, o, &k->right_slot, err);

	if (r < 0)
		return r;
	left = &p->slots[k->slot];
	right = &p->slots[k->right_slot];
	if (left->type == RULES_TYPE_EVENT)
		return aegis_error_setx(err, -EBADMSG,
					"the type of an event is compared to "
					"literals only: they tell for which "
					"events the rule is");
	if (right->type != left->type || right->values != RULES_VALUES_ONE ||
	    right->type == RULES_TYPE_DOMAIN || right->type == RULES_TYPE_NET)
		return aegis_error_setx(err, -EBADMSG,
					"val(): the fields on both sides have "
					"to be of one kind, with one value");
	if (k->op == RULES_OP_REGEX || k->op == RULES_OP_BCONTAINS ||
	    k->op == RULES_OP_BSTARTSWITH || k->op == RULES_OP_ICONTAINS)
		return aegis_error_setx(err, -EBADMSG,
					"'%s' wants a literal on its right",
					rules_op_text(k->op));
	return 0;
}

int
compile_check(struct program *p, const struct condition *c, uint32_t left,
	      const struct check **ret, struct aegis_error *err)
{
	struct check *k = arena_alloc(p->arena, sizeof(*k));
	const struct slot *s = &p->slots[left];
	int r = 0;

	if (!k)
		return no_memory(err);
	k->slot = left;
	k->op = c->op == RULES_OP_EQ2 ? RULES_OP_EQ : c->op;
	k->modifier = c->modifier;
	k->right_slot = MAP_NONE;
	if (!op_fits(k->op, s) || (k->modifier && s->type == RULES_TYPE_DOMAIN))
		return aegis_error_setx(err, -EBADMSG,
					"'%s' cannot be asked of %s, which is "
					"%s",
					rules_op_text(c->op), c->left->text,
					type_name(s));
	if (c->right && c->right->kind == OPERAND_TRANSFORM)
		r = compile_right_field(p, k, c->right, err);
	else if (c->right)
		r = compile_literals(p, k, c->right, err);
	if (r == 0)
		*ret = k;
	return r;
}
