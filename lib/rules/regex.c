#include "lib/rules/regex.h"

#include <ctype.h>
#include <string.h>

/* --- the program ---------------------------------------------------------------------- */

enum step_kind {
	STEP_SET,   /* one byte of a set */
	STEP_SPLIT, /* go on at next and at other */
	STEP_JUMP,
	STEP_BEGIN,
	STEP_END,
	STEP_WORD,     /* \b */
	STEP_NOT_WORD, /* \B */
	STEP_MATCH,
};

struct set {
	uint64_t bits[4];
};

struct step {
	enum step_kind kind;
	uint32_t next, other;
	struct set set;
};

struct regex {
	uint32_t count;
	struct step steps[];
};

static void
set_add(struct set *s, unsigned char c)
{
	s->bits[c / 64] |= UINT64_C(1) << (c % 64);
}

static bool
set_has(const struct set *s, unsigned char c)
{
	return s->bits[c / 64] >> (c % 64) & 1;
}

static void
set_range(struct set *s, unsigned low, unsigned high)
{
	for (unsigned c = low; c <= high; c++)
		set_add(s, (unsigned char)c);
}

static void
set_invert(struct set *s)
{
	for (size_t i = 0; i < 4; i++)
		s->bits[i] = ~s->bits[i];
}

static void
set_or(struct set *s, const struct set *other)
{
	for (size_t i = 0; i < 4; i++)
		s->bits[i] |= other->bits[i];
}

static void
set_any_case(struct set *s)
{
	for (unsigned char c = 'a'; c <= 'z'; c++) {
		const unsigned char upper = (unsigned char)(c - ('a' - 'A'));

		if (set_has(s, c) || set_has(s, upper)) {
			set_add(s, c);
			set_add(s, upper);
		}
	}
}

/* --- the tree ------------------------------------------------------------------------- */

enum node_kind {
	NODE_EMPTY,
	NODE_SET,
	NODE_BOTH,   /* a, then b */
	NODE_EITHER, /* a or b */
	NODE_REPEAT, /* a, min to max times; max < 0: any number */
	NODE_ASSERT,
};

struct node {
	enum node_kind kind;
	enum step_kind assert;
	struct set set;
	const struct node *a, *b;
	int min, max;
};

struct parser {
	struct arena *arena;
	const char *at;
	unsigned depth;
	bool any_case, dot_all;
	int error;
	struct aegis_error *err;
};

static struct node *
fail(struct parser *p, int code, const char *what)
{
	if (!p->error)
		p->error = aegis_error_setx(p->err, code,
					    "regular expression: %s, at '%.20s'",
					    what, p->at);
	return NULL;
}

static struct node *
new_node(struct parser *p, enum node_kind kind)
{
	struct node *n = arena_alloc(p->arena, sizeof(*n));

	if (!n)
		return fail(p, -ENOMEM, "no memory");
	n->kind = kind;
	return n;
}

static const struct node *
new_pair(struct parser *p, enum node_kind kind, const struct node *a,
	 const struct node *b)
{
	struct node *n;

	if (!a || !b)
		return NULL;
	n = new_node(p, kind);
	if (!n)
		return NULL;
	n->a = a;
	n->b = b;
	return n;
}

static const struct node *
new_set(struct parser *p, const struct set *s)
{
	struct node *n = new_node(p, NODE_SET);

	if (!n)
		return NULL;
	n->set = *s;
	if (p->any_case)
		set_any_case(&n->set);
	return n;
}

static const struct node *
new_assert(struct parser *p, enum step_kind kind)
{
	struct node *n = new_node(p, NODE_ASSERT);

	if (n)
		n->assert = kind;
	return n;
}

/* --- sets ---------------------------------------------------------------------------------- */

/* \d \w \s and their opposites. */
static bool
perl_set(char c, struct set *s)
{
	struct set of = {0};

	switch (tolower((unsigned char)c)) {
	case 'd':
		set_range(&of, '0', '9');
		break;
	case 'w':
		set_range(&of, '0', '9');
		set_range(&of, 'a', 'z');
		set_range(&of, 'A', 'Z');
		set_add(&of, '_');
		break;
	case 's':
		for (const char *b = "\t\n\f\r "; *b; b++)
			set_add(&of, (unsigned char)*b);
		break;
	default:
		return false;
	}
	if (isupper((unsigned char)c))
		set_invert(&of);
	set_or(s, &of);
	return true;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that an escape stands for; p->at is behind the backslash.  -1 after
 * an error. */
static int
escaped_byte(struct parser *p)
{
	static const char from[] = "tnrfva", to[] = "\t\n\r\f\v\a";
	const char c = *p->at;
	const char *at = c ? strchr(from, c) : NULL;
	int high, low;

	if (at) {
		p->at++;
		return to[at - from];
	}
	if (c == 'x') {
		high = hex_digit(p->at[1]);
		low = high < 0 ? -1 : hex_digit(p->at[2]);
		if (low < 0) {
			fail(p, -EINVAL, "two hexadecimal digits after \\x");
			return -1;
		}
		p->at += 3;
		return high * 16 + low;
	}
	if (!c || isalnum((unsigned char)c) || (unsigned char)c >= 0x80) {
		fail(p, -EINVAL, "this escape is not supported");
		return -1;
	}
	p->at++;
	return c;
}

/* [[:alpha:]]; p->at is at "[:". */
static bool
named_set(struct parser *p, struct set *s)
{
	static const char *const names[] = {"alnum", "alpha", "blank", "cntrl",
					    "digit", "graph", "lower", "print",
					    "punct", "space", "upper", "xdigit"};
	static int (*const has[])(int) = {isalnum, isalpha, isblank, iscntrl,
					  isdigit, isgraph, islower, isprint,
					  ispunct, isspace, isupper, isxdigit};
	const bool inverted = p->at[2] == '^';
	const char *name = p->at + 2 + inverted;
	struct set of = {0};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const size_t len = strlen(names[i]);

		if (strncmp(name, names[i], len) != 0 ||
		    strncmp(name + len, ":]", 2) != 0)
			continue;
		for (int c = 0; c < 0x80; c++)
			if (has[i](c))
				set_add(&of, (unsigned char)c);
		if (inverted)
			set_invert(&of);
		set_or(s, &of);
		p->at = name + len + 2;
		return true;
	}
	fail(p, -EINVAL, "unknown class");
	return false;
}

/* One end of a range.  -1 after an error. */
static int
set_byte(struct parser *p)
{
	if ((unsigned char)*p->at >= 0x80) {
		fail(p, -EINVAL, "a set holds ASCII only");
		return -1;
	}
	if (*p->at != '\\')
		return *p->at++;
	p->at++;
	return escaped_byte(p);
}

static bool
set_item(struct parser *p, struct set *s)
{
	int low, high;

	if (p->at[0] == '[' && p->at[1] == ':')
		return named_set(p, s);
	if (p->at[0] == '\\' && perl_set(p->at[1], s)) {
		p->at += 2;
		return true;
	}
	low = high = set_byte(p);
	if (low >= 0 && p->at[0] == '-' && p->at[1] && p->at[1] != ']') {
		p->at++;
		high = set_byte(p);
	}
	if (low < 0 || high < 0)
		return false;
	if (high < low) {
		fail(p, -EINVAL, "a range that ends before it begins");
		return false;
	}
	set_range(s, (unsigned)low, (unsigned)high);
	return true;
}

/* Behind the '['. */
static const struct node *
parse_set(struct parser *p)
{
	const bool inverted = *p->at == '^';
	struct set s = {0};

	p->at += inverted;
	for (bool first = true; first || *p->at != ']'; first = false) {
		if (!*p->at)
			return fail(p, -EINVAL, "']' is missing");
		if (!set_item(p, &s))
			return NULL;
	}
	p->at++;
	if (p->any_case)
		set_any_case(&s);
	if (inverted)
		set_invert(&s);
	return new_set(p, &s);
}

/* --- the grammar ------------------------------------------------------------------------------ */

static const struct node *parse_either(struct parser *p);

/* (?i), (?s:...), (?:...), (?P<name>...).  Flags hold to the end of the group
 * that they stand in.  *ret_alone: nothing but flags. */
static bool
group_flags(struct parser *p, bool *ret_alone)
{
	bool on = true;

	*ret_alone = false;
	if (*p->at == 'P' || *p->at == '<') {
		p->at += strspn(p->at, "P<");
		while (isalnum((unsigned char)*p->at) || *p->at == '_')
			p->at++;
		if (*p->at++ == '>')
			return true;
		p->at--;
		fail(p, -EINVAL, "a name of a group");
		return false;
	}
	for (;; p->at++) {
		if (*p->at == '-')
			on = false;
		else if (*p->at == 'i')
			p->any_case = on;
		else if (*p->at == 's')
			p->dot_all = on;
		else if (*p->at != 'U') /* which match, not whether */
			break;
	}
	*ret_alone = *p->at == ')';
	if (*p->at == ':' || *p->at == ')') {
		p->at += *p->at == ':';
		return true;
	}
	fail(p, -EINVAL, "this kind of group is not supported");
	return false;
}

/* Behind the '('. */
static const struct node *
parse_group(struct parser *p)
{
	const bool any_case = p->any_case, dot_all = p->dot_all;
	const struct node *inner = NULL;
	bool alone = false;

	if (++p->depth > REGEX_DEPTH_MAX)
		return fail(p, -E2BIG, "nested too deeply");
	if (*p->at == '?') {
		p->at++;
		if (!group_flags(p, &alone))
			return NULL;
	}
	inner = alone ? new_node(p, NODE_EMPTY) : parse_either(p);
	if (inner && *p->at++ != ')') {
		p->at--;
		return fail(p, -EINVAL, "')' is missing");
	}
	if (!alone) {
		p->any_case = any_case;
		p->dot_all = dot_all;
	}
	p->depth--;
	return inner;
}

static const struct node *
parse_escape(struct parser *p)
{
	struct set s = {0};
	int c;

	switch (*p->at) {
	case 'b':
		p->at++;
		return new_assert(p, STEP_WORD);
	case 'B':
		p->at++;
		return new_assert(p, STEP_NOT_WORD);
	case 'A':
		p->at++;
		return new_assert(p, STEP_BEGIN);
	case 'z':
		p->at++;
		return new_assert(p, STEP_END);
	default:
		break;
	}
	if (*p->at && perl_set(*p->at, &s)) {
		p->at++;
		return new_set(p, &s);
	}
	c = escaped_byte(p);
	if (c < 0)
		return NULL;
	set_add(&s, (unsigned char)c);
	return new_set(p, &s);
}

static const struct node *
parse_atom(struct parser *p)
{
	struct set s = {0};
	const char c = *p->at++;

	switch (c) {
	case '(':
		return parse_group(p);
	case '[':
		return parse_set(p);
	case '\\':
		return parse_escape(p);
	case '^':
		return new_assert(p, STEP_BEGIN);
	case '$':
		return new_assert(p, STEP_END);
	case '.':
		if (!p->dot_all)
			set_add(&s, '\n');
		set_invert(&s);
		return new_set(p, &s);
	case '*':
	case '+':
	case '?':
		p->at--;
		return fail(p, -EINVAL, "nothing to repeat");
	default:
		set_add(&s, (unsigned char)c);
		return new_set(p, &s);
	}
}

/* "{2}", "{2,}", "{2,5}"; anything else in braces is text. */
static bool
parse_braces(struct parser *p, int *ret_min, int *ret_max)
{
	char *end;
	long min, max;

	if (!isdigit((unsigned char)p->at[1]))
		return false;
	min = max = strtol(p->at + 1, &end, 10);
	if (*end == ',') {
		end++;
		max = isdigit((unsigned char)*end) ? strtol(end, &end, 10) : -1;
	}
	if (*end != '}')
		return false;
	if (min > REGEX_REPEAT_MAX || max > REGEX_REPEAT_MAX ||
	    (max >= 0 && max < min)) {
		fail(p, -EINVAL, "a wrong number of repeats");
		return false;
	}
	*ret_min = (int)min;
	*ret_max = (int)max;
	p->at = end + 1;
	return true;
}

static bool
parse_count(struct parser *p, int *ret_min, int *ret_max)
{
	*ret_min = *p->at == '+';
	*ret_max = *p->at == '?' ? 1 : -1;
	if (*p->at == '*' || *p->at == '+' || *p->at == '?')
		p->at++;
	else if (*p->at != '{' || !parse_braces(p, ret_min, ret_max))
		return false;
	p->at += *p->at == '?'; /* lazy: the same texts match */
	return true;
}

static const struct node *
parse_repeat(struct parser *p)
{
	const struct node *inner = parse_atom(p);
	int min, max;

	if (!inner || !parse_count(p, &min, &max))
		return p->error ? NULL : inner;
	if (*p->at == '*' || *p->at == '+' || *p->at == '?')
		return fail(p, -EINVAL, "a repeat of a repeat");
	{
		struct node *n = new_node(p, NODE_REPEAT);

		if (!n)
			return NULL;
		n->a = inner;
		n->min = min;
		n->max = max;
		return n;
	}
}

static const struct node *
parse_both(struct parser *p)
{
	const struct node *n = new_node(p, NODE_EMPTY);

	while (n && *p->at && *p->at != '|' && *p->at != ')')
		n = new_pair(p, NODE_BOTH, n, parse_repeat(p));
	return n;
}

static const struct node *
parse_either(struct parser *p)
{
	const struct node *n = parse_both(p);

	while (n && *p->at == '|') {
		p->at++;
		n = new_pair(p, NODE_EITHER, n, parse_both(p));
	}
	return n;
}

/* --- from tree to program ------------------------------------------------------------------------ */

struct emitter {
	struct step *steps;
	uint32_t count;
};

static struct step *
emit_step(struct emitter *e, enum step_kind kind)
{
	struct step *s;

	if (e->count >= REGEX_PROGRAM_MAX)
		return NULL;
	s = &e->steps[e->count++];
	*s = (struct step){.kind = kind, .next = e->count};
	return s;
}

static bool emit(struct emitter *e, const struct node *n);

static bool
emit_either(struct emitter *e, const struct node *n)
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
emit_repeat(struct emitter *e, const struct node *n)
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
emit(struct emitter *e, const struct node *n)
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
work_of(const struct node *n)
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
	struct parser p = {.arena = a, .at = pattern, .err = err};
	_cleanup_free_ struct step *steps = NULL;
	struct emitter e;
	const struct node *tree;
	struct regex *re;

	if (strnlen(pattern, REGEX_TEXT_MAX + 1) > REGEX_TEXT_MAX)
		return aegis_error_setx(err, -E2BIG,
					"a regular expression of more than %d "
					"bytes",
					REGEX_TEXT_MAX);
	tree = parse_either(&p);
	if (tree && *p.at)
		tree = fail(&p, -EINVAL, "')' without '('");
	if (!tree)
		return p.error;
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

/* --- running ------------------------------------------------------------------------------------------ */

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
	const bool boundary = (at > 0 && is_word(text, at - 1)) !=
			      is_word(text, at);

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

	memset(r.marks, 0, re->count * sizeof(*r.marks));
	for (size_t at = 0; at <= text.len; at++) {
		r.then_count = 0;
		r.mark = (uint32_t)at + 1;
		r.matched = false;
		if (at == 0)
			follow(&r, 0, text, at);
		for (uint32_t i = 0; i < r.now_count; i++) {
			const struct step *s = &re->steps[r.now[i]];

			if (set_has(&s->set, (unsigned char)text.text[at - 1]))
				follow(&r, s->next, text, at);
		}
		if (!r.then_count)
			return r.matched && at == text.len;
		{
			uint32_t *swap = r.now;

			r.now = r.then;
			r.then = swap;
			r.now_count = r.then_count;
		}
	}
	return r.matched;
}
