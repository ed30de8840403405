/*
 * Binds within binds.
 *
 * dockerd finds the source of a bind again whenever it restarts a container, and
 * then asks nobody.  Whoever has a folder mounted read-write can put a link in the
 * place of what is in there; if that is the source of a bind, the next restart
 * mounts what the link leads to.  It matters little whether it is another
 * container's bind or one of the same.
 */
#include <string.h>

#include "lib/gate/hostpath.h"
#include "lib/gate/judge.h"

/* Could whoever has outer mounted swap inner, below it, for a link?  What is
 * mounted itself, nobody can from inside. */
static bool
can_swap(const char *outer, bool read_write, const char *inner)
{
	const size_t len = strcmp(outer, "/") ? strlen(outer) : 0;

	return read_write && !strncmp(outer, inner, len) && inner[len] == '/' &&
	       inner[len + 1];
}

/* A bind as it is written, with the links on its way and as it resolves: a link
 * can be swapped as well as what it leads to. */
struct bind {
	const struct spec_mount *mount;
	char text[HOSTPATH_MAX];
	const struct gate_path *path;
};

static bool
read_bind(const struct gate_facts *facts, const struct spec_mount *m,
	  struct bind *ret)
{
	const struct gate_path *path;

	if (strcmp(m->type, "bind") || strlen(m->source) >= sizeof(ret->text))
		return false;
	path = find_path(facts, m->source);
	if (!path || !path->resolved)
		return false; /* check_mounts() refuses it */
	ret->mount = m;
	ret->path = path;
	hostpath_clean(m->source, ret->text);
	return true;
}

static bool
is_in_reach(const struct bind *b, const char *outer, bool read_write)
{
	for (unsigned i = 0; i < b->path->turn_count; i++)
		if (can_swap(outer, read_write, b->path->turns[i]))
			return true;
	return can_swap(outer, read_write, b->text) ||
	       can_swap(outer, read_write, b->path->resolved);
}

static bool
reaches(const struct bind *b, const char *inner)
{
	return can_swap(b->path->resolved, !b->mount->read_only, inner);
}

bool
gate_nests(const struct spec_mounts *ours, const struct gate_facts *facts,
	   const struct gate_other *other)
{
	struct bind b;

	for (unsigned i = 0; i < ours->count; i++)
		if (read_bind(facts, &ours->v[i], &b) &&
		    (is_in_reach(&b, other->source, other->read_write) ||
		     reaches(&b, other->source)))
			return true;
	return false;
}

static void
check_against_others(struct judge *j, const struct bind *b)
{
	for (unsigned i = 0; i < j->facts->other_count; i++) {
		const struct gate_other *o = &j->facts->others[i];

		if (is_in_reach(b, o->source, o->read_write))
			judge_find(j, RULE_CT_BINDS, b->mount->field,
				   "\"%.80s\" is inside \"%.80s\", which the "
				   "container %.64s has read-write and could "
				   "swap for a link; mount the same folder in "
				   "both, or the outer one read-only",
				   b->text, o->source, o->container);
		else if (reaches(b, o->source))
			judge_find(j, RULE_CT_BINDS, b->mount->field,
				   "\"%.80s\" read-write holds \"%.80s\", a bind "
				   "of the container %.64s, and could swap it for "
				   "a link; mount the same folder in both, or "
				   "this one read-only",
				   b->text, o->source, o->container);
	}
}

static void
check_against_own(struct judge *j, const struct bind *b,
		  const struct spec_mounts *mounts)
{
	struct bind outer;

	for (unsigned i = 0; i < mounts->count; i++) {
		if (!read_bind(j->facts, &mounts->v[i], &outer) ||
		    !is_in_reach(b, outer.path->resolved, !outer.mount->read_only))
			continue;
		judge_find(j, RULE_CT_BINDS, b->mount->field,
			   "\"%.80s\" is inside \"%.80s\", which the container "
			   "itself has read-write and could swap for a link; "
			   "mount only the outer one, or that one read-only",
			   b->text, outer.text);
		return;
	}
}

void
check_nested(struct judge *j)
{
	/* One folder is inside of nothing. */
	const bool alone = !j->facts->other_count && j->facts->path_count < 2;
	struct spec_mounts mounts;
	struct bind b;

	if (alone || j->policy->containers.binds_nested ||
	    spec_mounts(j->spec, &mounts, NULL) < 0)
		return; /* check_mounts() refuses what it cannot read */
	for (unsigned i = 0; i < mounts.count; i++)
		if (read_bind(j->facts, &mounts.v[i], &b)) {
			check_against_others(j, &b);
			check_against_own(j, &b, &mounts);
		}
}
