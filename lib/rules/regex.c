#include "lib/rules/regex.h"

#include <string.h>

#include "lib/rules/regex_tree.h"

struct step {
	enum regex_step kind;
	uint32_t next, other;
	struct regex_set set;
};

struct regex {
	uint32_t count;
	struct step steps[];
};

/* --- from tree to program ----------------------------------------------- */

struct emitter {
	struct step *steps;
	uint32_t count;
};

static struct step *
emit_step(struct emitter *e, enum regex_step kind)
{
	struct step *s;

	if (e->count >= REGEX_PROGRAM_MAX)
		return NULL;
	s = &e->steps[e->count++];
	*s = (struct step){.kind = kind, .next = e->count};
	return s;
}

static bool emit(struct emitter *e, const struct regex_node *n);

static bool
emit_either(struct emitter *e, const struct regex_node *n)
{
	struct step *split = emit_step(e, STEP_SPLIT), *jump;

	if (!split || !emit(e, n->a))
		return false;
	jump = emit_step(e, STEP_JUMP);
	split->other = e->count;
	if (!jump || !emit(e, n->b))
		return false;
	jump->next = e->count;
	return true;
}

static bool
emit_repeat(struct emitter *e, const struct regex_node *n)
{
	for (int i = 0; i < n->min; i++)
		if (!emit(e, n->a))
			return false;
	if (n->max < 0) {
		const uint32_t start = e->count;
		struct step *split = emit_step(e, STEP_SPLIT), *jump;

		if (!split || !emit(e, n->a))
			return false;
		jump = emit_step(e, STEP_JUMP);
		if (!jump)
			return false;
		jump->next = start;
		split->other = e->count;
		return true;
	}
	for (int i = n->min; i < n->max; i++) {
		struct step *split = emit_step(e, STEP_SPLIT);

		if (!split || !emit(e, n->a))
			return false;
		split->other = e->count;
	}
	return true;
}

static bool
emit(struct emitter *e, const struct regex_node *n)
{
	struct step *s;

	switch (n->kind) {
	case NODE_EMPTY:
		return true;
	case NODE_SET:
		s = emit_step(e, STEP_SET);
		if (s)
			s->set = n->set;
		return s != NULL;
	case NODE_ASSERT:
		return emit_step(e, n->assert) != NULL;
	case NODE_BOTH:
		return emit(e, n->a) && emit(e, n->b);
	case NODE_EITHER:
		return emit_either(e, n);
	case NODE_REPEAT:
		return emit_repeat(e, n);
	}
	return false;
}

/* Repeats of nothing, such as (){1000}, emit nothing but take time. */
static uint64_t
work_of(const struct regex_node *n)
{
	uint64_t w = 1;

	if (n->a)
		w += work_of(n->a);
	if (n->b)
		w += work_of(n->b);
	if (n->kind == NODE_REPEAT)
		w *= (uint64_t)(n->max > n->min ? n->max : n->min) + 1;
	return w < UINT32_MAX ? w : UINT32_MAX;
}

int
regex_compile(struct arena *a, const char *pattern, const struct regex **ret,
	      struct aegis_error *err)
{
	_cleanup_free_ struct step *steps = NULL;
	struct emitter e;
	const struct regex_node *tree = NULL;
	struct regex *re;
	int r;

	if (strnlen(pattern, REGEX_TEXT_MAX + 1) > REGEX_TEXT_MAX)
		return aegis_error_setx(err, -E2BIG,
					"a regular expression of more than %d "
					"bytes",
					REGEX_TEXT_MAX);
	r = regex_parse(a, pattern, &tree, err);
	if (r < 0)
		return r;
	steps = calloc(REGEX_PROGRAM_MAX, sizeof(*steps));
	if (!steps)
		return aegis_error_set(err, -ENOMEM, "compile a pattern");
	e = (struct emitter){.steps = steps};
	if (work_of(tree) > 100 * REGEX_PROGRAM_MAX || !emit(&e, tree) ||
	    !emit_step(&e, STEP_MATCH))
		return aegis_error_setx(err, -E2BIG,
					"a regular expression of more than %d "
					"steps",
					REGEX_PROGRAM_MAX);
	re = arena_alloc(a, sizeof(*re) + e.count * sizeof(*steps));
	if (!re)
		return aegis_error_set(err, -ENOMEM, "compile a pattern");
	re->count = e.count;
	memcpy(re->steps, steps, e.count * sizeof(*steps));
	*ret = re;
	return 0;
}

/* --- running ------------------------------------------------------------ */

/* States that wait for a byte, in now; a mark for each step that was reached at
 * this place; and a stack of steps to follow, each once. */
struct run {
	const struct regex *re;
	uint32_t *now, *then, *marks, *stack;
	uint32_t now_count, then_count;
	uint32_t mark;
	bool matched;
};

size_t
regex_work_count(const struct regex *re)
{
	return 5 * (size_t)re->count; /* the stack: two of each split */
}

static bool
is_word(struct span text, size_t at)
{
	const char c = at < text.len ? text.text[at] : '\0';

	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '_';
}

static bool
holds(const struct step *s, struct span text, size_t at)
{
	const bool boundary =
		(at > 0 && is_word(text, at - 1)) != is_word(text, at);

	switch (s->kind) {
	case STEP_BEGIN:
		return at == 0;
	case STEP_END:
		return at == text.len;
	case STEP_WORD:
		return boundary;
	case STEP_NOT_WORD:
		return !boundary;
	default:
		return true;
	}
}

/* Everything that can be reached from step without taking a byte. */
static void
follow(struct run *r, uint32_t step, struct span text, size_t at)
{
	uint32_t depth = 0;

	r->stack[depth++] = step;
	while (depth) {
		const uint32_t i = r->stack[--depth];
		const struct step *s = &r->re->steps[i];

		if (r->marks[i] == r->mark)
			continue;
		r->marks[i] = r->mark;
		if (s->kind == STEP_MATCH) {
			r->matched = at == text.len;
		} else if (s->kind == STEP_SET) {
			r->then[r->then_count++] = i;
		} else if (holds(s, text, at)) {
			r->stack[depth++] = s->next;
			if (s->kind == STEP_SPLIT)
				r->stack[depth++] = s->other;
		}
	}
}

/* From the states that wait for the byte before at to those that wait for the
 * byte there. */
static void
step(struct run *r, struct span text, size_t at)
{
	uint32_t *swap = r->now;

	r->then_count = 0;
	r->mark++;
	r->matched = false;
	if (at == 0)
		follow(r, 0, text, at);
	for (uint32_t i = 0; i < r->now_count; i++) {
		const struct step *s = &r->re->steps[r->now[i]];

		if (set_has(&s->set, (unsigned char)text.text[at - 1]))
			follow(r, s->next, text, at);
	}
	r->now = r->then;
	r->now_count = r->then_count;
	r->then = swap;
}

bool
regex_match(const struct regex *re, struct span text, uint32_t *work)
{
	struct run r = {
		.re = re,
		.now = work,
		.then = work + re->count,
		.marks = work + 2 * re->count,
		.stack = work + 3 * re->count,
	};
	size_t at = 0;

	memset(r.marks, 0, re->count * sizeof(*r.marks));
	do
		step(&r, text, at);
	while (at++ < text.len && r.now_count);
	return r.matched;
}
