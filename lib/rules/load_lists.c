/*
 * Lists, filled in as text before a condition is parsed.
 *
 * As Falco does it: each list in turn, in the order of definition, replaces its
 * name wherever that stands between blanks, parentheses, ',' and '=', inside of
 * quotes too.  What a list brings in is searched for the lists after it.
 */
#include <string.h>

#include "lib/rules/internal.h"

#define BLANKS " \t\n\r"
#define DELIMITERS BLANKS "(),="

static bool
is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

/* --- items that are lists ----------------------------------------------- */

/* One level: of a list in a list the items as written. */
static int
fill(struct ruleset *rs, struct list *l, struct aegis_error *err)
{
	for (uint32_t i = 0; i < l->items.count; i++) {
		const uint32_t at =
			map_find(&rs->list_names, span_of(l->items.v[i]));
		const struct list *inner =
			at == MAP_NONE ? NULL : &rs->lists[at];
		const char *const *v = &l->items.v[i];
		uint32_t count = 1;

		if (inner && inner->index < l->visibility) {
			v = inner->items.v;
			count = inner->items.count;
		}
		if (count > RULES_ITEMS_MAX - l->full.count)
			return place_error(&l->place, err,
					   "more than %d items, those of its "
					   "lists included",
					   RULES_ITEMS_MAX);
		for (uint32_t k = 0; k < count; k++)
			if (texts_add(&rs->arena, &l->full, v[k]) < 0)
				return aegis_error_set(err, -ENOMEM,
						       "load rules");
	}
	return 0;
}

/* Lists whose names are not single words. */
static int
find_odd_lists(struct ruleset *rs)
{
	rs->odd_lists = arena_array(&rs->arena, rs->list_count,
				    sizeof(*rs->odd_lists));
	if (!rs->odd_lists)
		return -ENOMEM;
	for (uint32_t i = 0; i < rs->list_count; i++) {
		const char *name = rs->lists[i].info.name;

		if (name[strcspn(name, DELIMITERS)])
			rs->odd_lists[rs->odd_list_count++] = i;
	}
	return 0;
}

int
lists_resolve(struct ruleset *rs)
{
	if (find_odd_lists(rs) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < rs->list_count; i++) {
		struct list *l = &rs->lists[i];
		struct aegis_error err = {0};
		int r = fill(rs, l, &err);

		if (r == -ENOMEM)
			return r;
		if (r < 0) {
			problem_add(rs, true, "list", l->info.name, err.text);
			l->info.reason = arena_copy(&rs->arena, err.text,
						    strlen(err.text));
			if (!l->info.reason)
				return -ENOMEM;
		}
		l->info.items = l->full.v;
		l->info.item_count = l->full.count;
	}
	return 0;
}

/* --- filling in a text -------------------------------------------------- */

/* Which lists a text names, so that of thousands only those are looked for. */
struct wanted {
	uint64_t *bits;
	uint32_t words;
};

static void
want(struct wanted *w, uint32_t list)
{
	w->bits[list / 64] |= UINT64_C(1) << (list % 64);
}

static void
want_names(const struct ruleset *rs, const char *text, struct wanted *w)
{
	const char *all = text;

	for (size_t len; *text; text += len) {
		uint32_t at;

		text += strspn(text, DELIMITERS);
		len = strcspn(text, DELIMITERS);
		at = len ? map_find(&rs->list_names, (struct span){text, len})
			 : MAP_NONE;
		if (at != MAP_NONE)
			want(w, at);
	}
	/* Names with a blank in them, which Falco warns of and finds. */
	for (uint32_t i = 0; i < rs->odd_list_count; i++)
		if (strstr(all, rs->lists[rs->odd_lists[i]].info.name))
			want(w, rs->odd_lists[i]);
}

/* The first wanted list from on; list_count if there is none. */
static uint32_t
next_wanted(const struct ruleset *rs, const struct wanted *w, uint32_t from)
{
	for (; from < rs->list_count; from++) {
		if (!(w->bits[from / 64] >> (from % 64))) {
			from |= 63;
			continue;
		}
		if (w->bits[from / 64] >> (from % 64) & 1)
			return from;
	}
	return rs->list_count;
}

static void
add_items(const struct list *l, struct buf *out)
{
	for (uint32_t i = 0; i < l->full.count; i++) {
		const char *s = l->full.v[i];
		const bool quote = strchr(s, ' ') && *s != '"' && *s != '\'';

		buf_adds(out, i ? ", " : "");
		buf_addf(out, quote ? "\"%s\"" : "%s", s);
	}
}

static void
drop_blanks(struct buf *b)
{
	while (b->len && is_one_of(b->data[b->len - 1], BLANKS))
		b->data[--b->len] = '\0';
}

/* A list at *at, which is behind its name: into out, with one blank on either
 * side; one of nothing takes a comma with it. */
static void
put_list(const struct list *l, const char **at, struct buf *out)
{
	drop_blanks(out);
	*at += strspn(*at, BLANKS);
	if (!l->full.count) {
		if (out->len && out->data[out->len - 1] == ',')
			out->data[--out->len] = '\0';
		else if (**at == ',')
			++*at;
	}
	if (out->len)
		buf_addc(out, ' ');
	add_items(l, out);
	buf_addc(out, ' ');
}

/* Replace the name of l in text. */
static void
replace(const struct list *l, const char *text, struct buf *out)
{
	const size_t len = strlen(l->info.name);
	const char *at = text, *found, *last = text;

	while ((found = strstr(at, l->info.name))) {
		const char *after = found + len;

		at = found + 1;
		if ((found != text && !is_one_of(found[-1], DELIMITERS) &&
		     found != last) ||
		    (*after && !is_one_of(*after, DELIMITERS)))
			continue;
		buf_add(out, last, (size_t)(found - last));
		put_list(l, &after, out);
		last = at = after;
	}
	buf_adds(out, last);
}

int
lists_substitute(struct ruleset *rs, const char *text, struct buf *out)
{
	_cleanup_buf_ struct buf spare = BUF_INIT(out->max);
	_cleanup_free_ uint64_t *bits =
		calloc(rs->list_count / 64 + 1, sizeof(*bits));
	struct wanted w = {bits, rs->list_count / 64 + 1};

	if (!bits)
		return -ENOMEM;
	buf_adds(out, text);
	want_names(rs, text, &w);
	for (uint32_t i = next_wanted(rs, &w, 0); i < rs->list_count;
	     i = next_wanted(rs, &w, i + 1)) {
		const struct buf swap = spare;

		if (rs->lists[i].info.reason)
			return -EBADMSG;
		spare = *out;
		*out = swap;
		buf_clear(out);
		replace(&rs->lists[i], buf_str(&spare), out);
		want_names(rs, buf_str(out), &w);
		if (buf_error(out))
			return buf_error(out);
		rs->fill_bytes += out->len;
		if (rs->fill_bytes > RULES_FILL_MAX)
			return -E2BIG;
	}
	return buf_error(out);
}
