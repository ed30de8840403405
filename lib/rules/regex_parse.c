/*
 * The grammar of regular expressions.
 */
#include <ctype.h>
#include <string.h>

#include "lib/hex.h"
#include "lib/rules/regex_tree.h"

static void
set_add(struct regex_set *s, unsigned char c)
{
	s->bits[c / 64] |= UINT64_C(1) << (c % 64);
}

static void
set_range(struct regex_set *s, unsigned low, unsigned high)
{
	for (unsigned c = low; c <= high; c++)
		set_add(s, (unsigned char)c);
}

static void
set_invert(struct regex_set *s)
{
	for (size_t i = 0; i < 4; i++)
		s->bits[i] = ~s->bits[i];
}

static void
set_or(struct regex_set *s, const struct regex_set *other)
{
	for (size_t i = 0; i < 4; i++)
		s->bits[i] |= other->bits[i];
}

static void
set_any_case(struct regex_set *s)
{
	for (unsigned char c = 'a'; c <= 'z'; c++) {
		const unsigned char upper = (unsigned char)(c - ('a' - 'A'));

		if (set_has(s, c) || set_has(s, upper)) {
			set_add(s, c);
			set_add(s, upper);
		}
	}
}

struct parser {
	struct arena *arena;
	const char *at;
	unsigned depth;
	bool any_case, dot_all;
	int error;
	struct aegis_error *err;
};

static struct regex_node *
fail(struct parser *p, int code, const char *what)
{
	if (!p->error)
		p->error = aegis_error_setx(
			p->err, code, "regular expression: %s, at '%.20s'",
			what, p->at);
	return NULL;
}

static struct regex_node *
new_node(struct parser *p, enum regex_node_kind kind)
{
	struct regex_node *n = arena_alloc(p->arena, sizeof(*n));

	if (!n)
		return fail(p, -ENOMEM, "no memory");
	n->kind = kind;
	return n;
}

static const struct regex_node *
new_pair(struct parser *p, enum regex_node_kind kind,
	 const struct regex_node *a, const struct regex_node *b)
{
	struct regex_node *n;

	if (!a || !b)
		return NULL;
	n = new_node(p, kind);
	if (!n)
		return NULL;
	n->a = a;
	n->b = b;
	return n;
}

static const struct regex_node *
new_set(struct parser *p, const struct regex_set *s)
{
	struct regex_node *n = new_node(p, NODE_SET);

	if (!n)
		return NULL;
	n->set = *s;
	if (p->any_case)
		set_any_case(&n->set);
	return n;
}

static const struct regex_node *
new_assert(struct parser *p, enum regex_step kind)
{
	struct regex_node *n = new_node(p, NODE_ASSERT);

	if (n)
		n->assert = kind;
	return n;
}

/* --- sets --------------------------------------------------------------- */

/* \d \w \s and their opposites. */
static bool
perl_set(char c, struct regex_set *s)
{
	struct regex_set of = {0};

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

/* The byte that an escape stands for; p->at is behind the backslash.  -1 after
 * an error. */
static int
escaped_byte(struct parser *p)
{
	static const char from[] = "tnrfva", to[] = "\t\n\r\f\v\a";
	const char c = *p->at;
	const char *at = c ? strchr(from, c) : NULL;
	int byte;

	if (at) {
		p->at++;
		return to[at - from];
	}
	if (c == 'x') {
		byte = hex_byte(p->at + 1);
		if (byte < 0) {
			fail(p, -EINVAL, "two hexadecimal digits after \\x");
			return -1;
		}
		p->at += 3;
		return byte;
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
named_set(struct parser *p, struct regex_set *s)
{
	static const char *const names[] = {
		"alnum", "alpha", "blank", "cntrl", "digit", "graph",
		"lower", "print", "punct", "space", "upper", "xdigit"};
	static int (*const has[])(int) = {isalnum, isalpha, isblank, iscntrl,
					  isdigit, isgraph, islower, isprint,
					  ispunct, isspace, isupper, isxdigit};
	const bool inverted = p->at[2] == '^';
	const char *name = p->at + 2 + inverted;
	struct regex_set of = {0};

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
set_item(struct parser *p, struct regex_set *s)
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
static const struct regex_node *
parse_set(struct parser *p)
{
	const bool inverted = *p->at == '^';
	struct regex_set s = {0};

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

/* --- the grammar -------------------------------------------------------- */

static const struct regex_node *parse_either(struct parser *p);

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
static const struct regex_node *
parse_group(struct parser *p)
{
	const bool any_case = p->any_case, dot_all = p->dot_all;
	const struct regex_node *inner = NULL;
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

static const struct regex_node *
parse_escape(struct parser *p)
{
	struct regex_set s = {0};
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

static const struct regex_node *
parse_atom(struct parser *p)
{
	struct regex_set s = {0};
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

static const struct regex_node *
parse_repeat(struct parser *p)
{
	const struct regex_node *inner = parse_atom(p);
	struct regex_node *n;
	int min, max;

	if (!inner || !parse_count(p, &min, &max))
		return p->error ? NULL : inner;
	if (*p->at == '*' || *p->at == '+' || *p->at == '?')
		return fail(p, -EINVAL, "a repeat of a repeat");
	n = new_node(p, NODE_REPEAT);
	if (!n)
		return NULL;
	n->a = inner;
	n->min = min;
	n->max = max;
	return n;
}

static const struct regex_node *
parse_both(struct parser *p)
{
	const struct regex_node *n = new_node(p, NODE_EMPTY);

	while (n && *p->at && *p->at != '|' && *p->at != ')')
		n = new_pair(p, NODE_BOTH, n, parse_repeat(p));
	return n;
}

static const struct regex_node *
parse_either(struct parser *p)
{
	const struct regex_node *n = parse_both(p);

	while (n && *p->at == '|') {
		p->at++;
		n = new_pair(p, NODE_EITHER, n, parse_both(p));
	}
	return n;
}

int
regex_parse(struct arena *a, const char *pattern, const struct regex_node **ret,
	    struct aegis_error *err)
{
	struct parser p = {.arena = a, .at = pattern, .err = err};
	const struct regex_node *tree = parse_either(&p);

	if (tree && *p.at)
		tree = fail(&p, -EINVAL, "')' without '('");
	if (!tree)
		return p.error;
	*ret = tree;
	return 0;
}
