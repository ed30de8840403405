/*
 * Macros, filled in as trees.
 *
 * In the order of first definition, as Falco does it: those that come before
 * are filled in already; of one that comes later (it was defined before, and
 * the macro at hand was changed after that) the tree as parsed is filled in
 * with what the macro at hand sees.
 */
#include <string.h>

#include "lib/rules/internal.h"

/* A macro in a macro in a macro: no deeper than trees are. */
#define PATH_MAX_MACROS CONDITION_DEPTH_MAX

struct expansion {
	struct ruleset *rs;
	uint32_t visibility;
	const struct macro *path[PATH_MAX_MACROS]; /* what is being filled in */
	uint32_t depth;
	uint32_t level; /* of trees in trees: what recursion is bounded by */
	/* Nodes that may still be made: not all macros are filled in once. */
	uint32_t left;
	struct aegis_error *err;
};

static int expand(struct expansion *x, const struct condition *c,
		  const struct condition **ret);

static int
too_large(struct expansion *x)
{
	return aegis_error_setx(x->err, -E2BIG,
				"more than %d checks and values, macros and "
				"lists filled in",
				CONDITION_SIZE_MAX);
}

static int
too_deep(struct expansion *x)
{
	return aegis_error_setx(x->err, -E2BIG,
				"nested too deeply, macros included");
}

static int
expand_macro(struct expansion *x, const char *name,
	     const struct condition **ret)
{
	const uint32_t at = map_find(&x->rs->macro_names, span_of(name));
	const struct macro *m = at == MAP_NONE ? NULL : &x->rs->macros[at];
	int r;

	if (!m || m->index >= x->visibility) {
		if (m)
			return aegis_error_setx(x->err, -EBADMSG,
						"the macro '%.60s' is defined "
						"after this, in line %u of "
						"%.80s",
						name, m->info.line,
						m->info.file);
		return aegis_error_setx(x->err, -EBADMSG,
					"unknown macro '%.60s'", name);
	}
	for (uint32_t i = 0; i < x->depth; i++)
		if (x->path[i] == m)
			return aegis_error_setx(x->err, -EBADMSG,
						"the macro '%.60s' leads back "
						"to itself",
						name);
	if (m->info.reason)
		return aegis_error_setx(x->err, -EBADMSG,
					"the macro '%.60s' was refused", name);
	if (m->resolved) {
		*ret = m->info.tree;
		return 0;
	}
	if (x->depth == PATH_MAX_MACROS)
		return too_deep(x);
	x->path[x->depth++] = m;
	r = expand(x, m->parsed, ret);
	x->depth--;
	return r;
}

static int
expand_children(struct expansion *x, const struct condition *c,
		const struct condition **ret)
{
	_cleanup_free_ const struct condition **children =
		calloc(c->child_count, sizeof(struct condition *));
	bool changed = false;

	if (!children)
		return aegis_error_set(x->err, -ENOMEM, "load rules");
	for (uint32_t i = 0; i < c->child_count; i++) {
		int r = expand(x, c->children[i], &children[i]);

		if (r < 0)
			return r;
		changed |= children[i] != c->children[i];
	}
	if (!changed) {
		*ret = c;
		return 0;
	}
	return condition_join(&x->rs->arena, c->kind, c->offset, children,
			      c->child_count, ret, x->err);
}

static int
expand(struct expansion *x, const struct condition *c,
       const struct condition **ret)
{
	int r;

	if (!x->left)
		return too_large(x);
	x->left--;
	if (c->kind == CONDITION_CHECK) {
		*ret = c;
		return 0;
	}
	if (x->level == CONDITION_DEPTH_MAX)
		return too_deep(x);
	x->level++;
	r = c->kind == CONDITION_MACRO ? expand_macro(x, c->macro, ret)
				       : expand_children(x, c, ret);
	x->level--;
	return r;
}

int
macros_expand(struct ruleset *rs, const struct condition *c,
	      uint32_t visibility, const struct condition **ret,
	      struct aegis_error *err)
{
	struct expansion x = {.rs = rs,
			      .visibility = visibility,
			      .left = CONDITION_SIZE_MAX,
			      .err = err};

	return expand(&x, c, ret);
}

/* --- all of them -------------------------------------------------------- */

static int
refuse(struct ruleset *rs, struct macro *m, const struct aegis_error *why)
{
	problem_add(rs, true, "macro", m->info.name, why->text);
	m->info.reason = arena_copy(&rs->arena, why->text, strlen(why->text));
	return m->info.reason ? 0 : -ENOMEM;
}

static int
show(struct ruleset *rs, struct macro *m, struct aegis_error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT(CONDITION_TEXT_MAX);

	if (m->info.tree->size > RULES_SIZE_MAX - rs->size)
		return place_error(&m->place, err,
				   "all conditions together have more than %d "
				   "checks",
				   RULES_SIZE_MAX);
	rs->size += m->info.tree->size;
	condition_print(m->info.tree, CONDITION_AS_FALCO, &text);
	if (buf_error(&text) == -ENOSPC)
		return place_error(&m->condition_place, err,
				   "filled in, more than %d bytes",
				   CONDITION_TEXT_MAX);
	m->info.condition = arena_copy(&rs->arena, buf_str(&text), text.len);
	if (!m->info.condition)
		return aegis_error_set(err, -ENOMEM, "load rules");
	condition_events(m->info.tree, &m->info.events);
	return 0;
}

static int
resolve(struct ruleset *rs, struct macro *m, struct aegis_error *err)
{
	struct aegis_error why = {0};
	int r = macros_expand(rs, m->parsed, m->visibility, &m->info.tree,
			      &why);

	if (r == -ENOMEM) {
		*err = why;
		return r;
	}
	if (r < 0)
		return place_error(&m->condition_place, err, "%s", why.text);
	return show(rs, m, err);
}

int
macros_resolve(struct ruleset *rs)
{
	int r = 0;

	for (uint32_t i = 0; i < rs->macro_count && r == 0; i++) {
		struct macro *m = &rs->macros[i];
		struct aegis_error err = {0};

		r = load_condition(rs, m->text, &m->condition_place, &m->parsed,
				   &err);
		if (r < 0 && r != -ENOMEM)
			r = refuse(rs, m, &err);
	}
	for (uint32_t i = 0; i < rs->macro_count && r == 0; i++) {
		struct macro *m = &rs->macros[i];
		struct aegis_error err = {0};

		if (m->info.reason)
			continue;
		r = resolve(rs, m, &err);
		m->resolved = r == 0;
		if (r < 0 && r != -ENOMEM)
			r = refuse(rs, m, &err);
	}
	return r;
}
