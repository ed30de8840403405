#include "lib/rules/eval.h"

#include <string.h>

#include "lib/rules/internal.h"

/* What is known in this event has its number (gen) in it. */
struct slot_cache {
	uint32_t gen;
	bool has, hashed;
	uint64_t hash;
	struct rules_value value;
};

struct rules_scratch {
	uint32_t gen;
	uint32_t *nodes; /* gen * 2 + answer */
	struct slot_cache *slots;
	char *buffers; /* RULES_TRANSFORM_MAX for each slot that wants one */
	uint32_t *regex;
	uint32_t *matches;
	uint32_t node_count, slot_count;
};

struct run {
	const struct ruleset *rs;
	const struct program *program;
	struct rules_scratch *s;
	enum rules_event event;
	rules_get *get;
	void *ctx;
};

/* What a check sees of a value. */
struct subject {
	const struct rules_value *value;
	struct slot_cache *cache; /* of it, for its hash; NULL: not kept */
};

struct rules_scratch *
rules_scratch_new(const struct ruleset *rs)
{
	const struct program *p = &rs->program;
	struct rules_scratch *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->node_count = p->node_count;
	s->slot_count = p->slot_count;
	s->nodes = calloc(p->node_count + 1, sizeof(*s->nodes));
	s->slots = calloc(p->slot_count + 1, sizeof(*s->slots));
	s->buffers = calloc(p->buffer_count + 1, RULES_TRANSFORM_MAX);
	s->regex = calloc(p->regex_work + 1, sizeof(*s->regex));
	s->matches = calloc(rs->rule_count + 1, sizeof(*s->matches));
	if (!s->nodes || !s->slots || !s->buffers || !s->regex || !s->matches) {
		rules_scratch_free(s);
		return NULL;
	}
	return s;
}

void
rules_scratch_free(struct rules_scratch *s)
{
	if (!s)
		return;
	free(s->nodes);
	free(s->slots);
	free(s->buffers);
	free(s->regex);
	free(s->matches);
	free(s);
}

/* --- facts -------------------------------------------------------------- */

static void
change_case(const struct rules_value *v, bool up, char *to)
{
	for (size_t i = 0; i < v->len; i++) {
		const char c = v->text[i];

		if (up)
			to[i] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
		else
			to[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
}

/* In place: each transform reads no byte that it has written before. */
static void
transform(enum transform t, struct rules_value *v, char *buffer)
{
	struct span s = {v->text, v->len};

	switch (t) {
	case TRANSFORM_TOLOWER:
	case TRANSFORM_TOUPPER:
		if (v->len > RULES_TRANSFORM_MAX)
			v->len = RULES_TRANSFORM_MAX;
		change_case(v, t == TRANSFORM_TOUPPER, buffer);
		v->text = buffer;
		break;
	case TRANSFORM_B64:
		v->len = match_base64(s, buffer, RULES_TRANSFORM_MAX);
		v->text = buffer;
		break;
	case TRANSFORM_BASENAME:
		s = match_basename(s);
		v->text = s.text;
		v->len = s.len;
		break;
	case TRANSFORM_LEN:
		v->number = (int64_t)s.len;
		break;
	default:
		break;
	}
}

static bool
ask(const struct run *r, const struct slot *slot, struct rules_value *ret)
{
	const struct rules_field_info *info = rules_field_info(slot->ref.field);

	if (info->type == RULES_TYPE_EVENT) {
		ret->text = rules_event_name(r->event);
		ret->len = ret->text ? strlen(ret->text) : 0;
		return ret->text != NULL;
	}
	return r->get(r->ctx, &slot->ref, 0, ret);
}

/* The one value of a slot; NULL if there is none. */
static struct slot_cache *
fact(const struct run *r, uint32_t index)
{
	const struct slot *slot = &r->program->slots[index];
	struct slot_cache *c = &r->s->slots[index];

	if (c->gen == r->s->gen)
		return c->has ? c : NULL;
	c->gen = r->s->gen;
	c->hashed = false;
	c->has = ask(r, slot, &c->value);
	if (c->has)
		for (uint8_t i = 0; i < slot->transform_count; i++)
			transform(slot->transforms[i], &c->value,
				  r->s->buffers + (size_t)slot->buffer *
							  RULES_TRANSFORM_MAX);
	return c->has ? c : NULL;
}

/* --- comparing one value ------------------------------------------------ */

static bool
compare_order(enum rules_op op, int order)
{
	switch (op) {
	case RULES_OP_NE:
		return order != 0;
	case RULES_OP_LT:
		return order < 0;
	case RULES_OP_LE:
		return order <= 0;
	case RULES_OP_GT:
		return order > 0;
	case RULES_OP_GE:
		return order >= 0;
	default: /* =, in, intersects */
		return order == 0;
	}
}

static int
text_order(struct span a, struct span b)
{
	const size_t len = a.len < b.len ? a.len : b.len;
	const int order = len ? memcmp(a.text, b.text, len) : 0;

	return order ? order : (a.len > b.len) - (a.len < b.len);
}

static bool
compare_text(enum rules_op op, struct span text, struct span with)
{
	switch (op) {
	case RULES_OP_CONTAINS:
	case RULES_OP_BCONTAINS:
		return match_contains(text, with);
	case RULES_OP_ICONTAINS:
		return match_icontains(text, with);
	case RULES_OP_STARTSWITH:
	case RULES_OP_BSTARTSWITH:
		return match_starts(text, with);
	case RULES_OP_ENDSWITH:
		return match_ends(text, with);
	case RULES_OP_GLOB:
		return match_glob(with, text, false);
	case RULES_OP_IGLOB:
		return match_glob(with, text, true);
	case RULES_OP_PMATCH:
		return match_path_prefix(text, with);
	case RULES_OP_EQ:
	case RULES_OP_IN:
	case RULES_OP_INTERSECTS:
		return match_equal(text, with);
	case RULES_OP_NE:
		return !match_equal(text, with);
	default:
		return compare_order(op, text_order(text, with));
	}
}

/* v against literal i of k. */
static bool
compare_literal(const struct run *r, const struct check *k,
		const struct rules_value *v, uint32_t i)
{
	const bool same = k->op != RULES_OP_NE;

	switch (r->program->slots[k->slot].type) {
	case RULES_TYPE_NUMBER:
	case RULES_TYPE_PORT:
		return compare_order(k->op,
				     (v->number > k->numbers[i]) -
					     (v->number < k->numbers[i]));
	case RULES_TYPE_BOOL:
		return (v->truth == (k->numbers[i] != 0)) == same;
	case RULES_TYPE_IP:
		return rules_ip_equal(&v->ip, &k->ips[i]) == same;
	case RULES_TYPE_NET:
		return rules_net_has(&k->nets[i], &v->ip) == same;
	default:
		break;
	}
	if (k->op == RULES_OP_REGEX)
		return regex_match(k->regexes[i],
				   (struct span){v->text, v->len}, r->s->regex);
	return compare_text(k->op, (struct span){v->text, v->len}, k->texts[i]);
}

static bool
in_set(const struct check *k, const struct subject *s)
{
	const struct span text = {s->value->text, s->value->len};
	uint64_t hash;

	if (!k->set.count || !map_may_have(&k->set, text.len))
		return false;
	if (s->cache && s->cache->hashed) {
		hash = s->cache->hash;
	} else {
		hash = map_hash(text);
		if (s->cache) {
			s->cache->hash = hash;
			s->cache->hashed = true;
		}
	}
	return map_find_hashed(&k->set, text, hash) != MAP_NONE;
}

/* How many of the literals hold?  Counts no further than enough. */
static uint32_t
count_holding(const struct run *r, const struct check *k,
	      const struct rules_value *v, uint32_t enough)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < k->count && n < enough; i++)
		n += compare_literal(r, k, v, i);
	return n;
}

/* val(field) on the right is a literal of this event. */
static bool
compare_field(const struct run *r, const struct check *k,
	      const struct rules_value *v)
{
	const struct slot_cache *right = fact(r, k->right_slot);
	struct check one = *k;
	struct span text;
	int64_t truth;

	if (!right)
		return false;
	switch (r->program->slots[k->slot].type) {
	case RULES_TYPE_IP:
		one.ips = &right->value.ip;
		break;
	case RULES_TYPE_BOOL:
		truth = right->value.truth;
		one.numbers = &truth;
		break;
	case RULES_TYPE_NUMBER:
	case RULES_TYPE_PORT:
		one.numbers = &right->value.number;
		break;
	default:
		text = (struct span){right->value.text, right->value.len};
		one.texts = &text;
		break;
	}
	return compare_literal(r, &one, v, 0);
}

static bool
compare(const struct run *r, const struct check *k, const struct subject *s)
{
	if (k->op == RULES_OP_EXISTS)
		return true;
	if (k->set.count)
		return in_set(k, s);
	if (k->right_slot != MAP_NONE)
		return compare_field(r, k, s->value);
	switch (k->modifier) {
	case RULES_MODIFIER_ONEOF:
		return count_holding(r, k, s->value, 2) == 1;
	case RULES_MODIFIER_ALLOF:
		return k->count &&
		       count_holding(r, k, s->value, k->count) == k->count;
	default:
		return count_holding(r, k, s->value, 1) == 1;
	}
}

/* --- checks ------------------------------------------------------------- */

/* For each name the question whether the address has it. */
static bool
check_domain(const struct run *r, const struct check *k)
{
	struct rules_ref ref = r->program->slots[k->slot].ref;
	const bool wanted = k->op != RULES_OP_NE;
	struct rules_value v;

	if (k->op == RULES_OP_EXISTS)
		return fact(r, k->slot) != NULL;
	for (uint32_t i = 0; i < k->count; i++) {
		ref.key = k->texts[i].text;
		if (!r->get(r->ctx, &ref, 0, &v))
			return false;
		if (v.truth == wanted)
			return true;
	}
	return false;
}

/* Of several values: do all have to hold, or is one enough?  Both ends have to
 * differ, and all of a list have to be in a set. */
static bool
wants_all(const struct slot *slot, const struct check *k)
{
	return (slot->values == RULES_VALUES_ENDS && k->op == RULES_OP_NE) ||
	       (slot->values == RULES_VALUES_LIST && k->op == RULES_OP_IN);
}

static bool
check_several(const struct run *r, const struct check *k)
{
	const struct slot *slot = &r->program->slots[k->slot];
	const bool all = wants_all(slot, k);
	struct rules_value v;
	const struct subject subject = {.value = &v};

	for (unsigned i = 0; i <= RULES_INDEX_MAX; i++) {
		if (!r->get(r->ctx, &slot->ref, i, &v))
			return all && i > 0;
		if (compare(r, k, &subject) != all)
			return !all;
	}
	return all;
}

static bool
check_holds(const struct run *r, const struct check *k)
{
	const struct slot *slot = &r->program->slots[k->slot];
	struct slot_cache *c;
	struct subject subject;

	if (slot->type == RULES_TYPE_DOMAIN)
		return check_domain(r, k);
	if (slot->values != RULES_VALUES_ONE)
		return check_several(r, k);
	c = fact(r, k->slot);
	if (!c)
		return false;
	subject = (struct subject){&c->value, c};
	return compare(r, k, &subject);
}

/* As deep as CONDITION_DEPTH_MAX at most. */
static bool
holds(const struct run *r, uint32_t index)
{
	const struct node *n = &r->program->nodes[index];
	uint32_t *known = &r->s->nodes[index];
	bool answer;

	if (n->kind == NODE_EVENTS)
		return rules_event_set_has(n->events, r->event);
	if (*known >> 1 == r->s->gen)
		return *known & 1;
	switch (n->kind) {
	case NODE_CHECK:
		answer = check_holds(r, n->check);
		break;
	case NODE_NOT:
		answer = !holds(r, n->children[0]);
		break;
	default:
		answer = n->kind == NODE_AND;
		for (uint32_t i = 0; i < n->count; i++)
			if (holds(r, n->children[i]) != answer) {
				answer = !answer;
				break;
			}
		break;
	}
	*known = r->s->gen << 1 | answer;
	return answer;
}

/* The number of this event; after 2^31 of them they begin again. */
static void
next_event(struct rules_scratch *s)
{
	if (++s->gen < UINT32_C(1) << 31)
		return;
	memset(s->nodes, 0, s->node_count * sizeof(*s->nodes));
	memset(s->slots, 0, s->slot_count * sizeof(*s->slots));
	s->gen = 1;
}

size_t
rules_eval(const struct ruleset *rs, struct rules_scratch *s,
	   enum rules_event event, rules_get *get, void *ctx,
	   enum rules_matching matching, const uint32_t **ret)
{
	const struct run r = {rs, &rs->program, s, event, get, ctx};
	size_t count = 0;

	*ret = s->matches;
	if (!rules_event_name(event))
		return 0;
	next_event(s);
	for (uint32_t i = rs->first[event]; i < rs->first[event + 1]; i++) {
		const uint32_t rule = rs->by_event[i];

		if (!holds(&r, rs->rules[rule].root))
			continue;
		s->matches[count++] = rule;
		if (matching == RULES_MATCH_FIRST)
			break;
	}
	return count;
}
