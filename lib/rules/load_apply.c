/*
 * Items put among the others: defined, redefined, appended to.  Falco's
 * rule_loader_collector.cpp is the source.
 */
#include <string.h>

#include "lib/rules/internal.h"

static int
no_memory(struct reading *r)
{
	return aegis_error_set(r->err, -ENOMEM, "load rules");
}

static int
not_defined(struct reading *r, const char *what)
{
	return conf_error(r->conf, r->node, r->err,
			  "there is no %s '%.80s' before this to %s", r->kind,
			  r->name, what);
}

/* "a b": what is appended follows after a blank, without parentheses. */
static const char *
join(struct reading *r, const char *a, const char *b)
{
	const size_t len = strlen(a) + strlen(b) + 2;
	char *text = len > CONDITION_TEXT_MAX ? NULL
					      : arena_alloc(&r->rs->arena, len);

	if (text)
		snprintf(text, len, "%s %s", a, b);
	return text;
}

static int
join_failed(struct reading *r)
{
	return conf_error(r->conf, r->node, r->err,
			  "'%.80s' grows over %d bytes", r->name,
			  CONDITION_TEXT_MAX);
}

static uint32_t
find(const struct map *names, const char *name)
{
	return map_find(names, span_of(name));
}

/* Names of items stay in the trees of their files. */
static int
remember(struct reading *r, struct map *names, uint32_t at)
{
	return map_put(names, &r->rs->arena, span_of(r->name), at) < 0
		       ? no_memory(r)
		       : 0;
}

/* --- lists -------------------------------------------------------------- */

static int
append_items(struct reading *r, struct list *to, const struct list *l)
{
	if (l->items.count > RULES_ITEMS_MAX - to->items.count)
		return conf_error(r->conf, r->node, r->err,
				  "more than %d items", RULES_ITEMS_MAX);
	for (uint32_t i = 0; i < l->items.count; i++)
		if (texts_add(&r->rs->arena, &to->items, l->items.v[i]) < 0)
			return no_memory(r);
	to->visibility = r->rs->next_index++;
	return 0;
}

int
apply_list(struct reading *r, const struct list *l, bool append)
{
	struct ruleset *rs = r->rs;
	const uint32_t at = find(&rs->list_names, r->name);
	struct list *old = at == MAP_NONE ? NULL : &rs->lists[at];
	uint32_t index;
	int code;

	if (append)
		return old ? append_items(r, old, l)
			   : not_defined(r, "append to");
	if (!old) {
		code = ruleset_grow(&rs->lists, rs->list_count, &rs->list_cap,
				    RULES_MAX, sizeof(*rs->lists), "lists",
				    r->err);
		if (code == 0)
			code = remember(r, &rs->list_names, rs->list_count);
		if (code < 0)
			return code;
		old = &rs->lists[rs->list_count++];
		*old = (struct list){.index = rs->next_index};
	}
	index = old->index;
	*old = *l;
	old->index = index;
	old->visibility = rs->next_index++;
	return 0;
}

/* --- macros ------------------------------------------------------------- */

int
apply_macro(struct reading *r, const struct macro *m, bool append)
{
	struct ruleset *rs = r->rs;
	const uint32_t at = find(&rs->macro_names, r->name);
	struct macro *old = at == MAP_NONE ? NULL : &rs->macros[at];
	uint32_t index;
	int code;

	if (append) {
		const char *text;

		if (!old)
			return not_defined(r, "append to");
		text = join(r, old->text, m->text);
		if (!text)
			return join_failed(r);
		old->text = text;
		old->visibility = rs->next_index++;
		return 0;
	}
	if (!old) {
		code = ruleset_grow(&rs->macros, rs->macro_count,
				    &rs->macro_cap, RULES_MAX,
				    sizeof(*rs->macros), "macros", r->err);
		if (code == 0)
			code = remember(r, &rs->macro_names, rs->macro_count);
		if (code < 0)
			return code;
		old = &rs->macros[rs->macro_count++];
		*old = (struct macro){.index = rs->next_index};
	}
	index = old->index;
	*old = *m;
	old->index = index;
	old->visibility = rs->next_index++;
	return 0;
}

/* --- rules -------------------------------------------------------------- */

static struct rule *
find_rule(const struct reading *r)
{
	const uint32_t at = find(&r->rs->rule_names, r->name);

	return at == MAP_NONE ? NULL : &r->rs->rules[at];
}

static int
new_rule(struct reading *r, struct rule **ret)
{
	struct ruleset *rs = r->rs;
	int code = ruleset_grow(&rs->rules, rs->rule_count, &rs->rule_cap,
				RULES_MAX, sizeof(*rs->rules), "rules", r->err);

	if (code == 0)
		code = remember(r, &rs->rule_names, rs->rule_count);
	if (code == 0)
		*ret = &rs->rules[rs->rule_count++];
	return code;
}

static int
same_source(struct reading *r, const struct rule *old, const char *source)
{
	if (!source || !old->info.source || !strcmp(source, old->info.source))
		return 0;
	return conf_error(r->conf, r->node, r->err,
			  "the rule is of source '%.40s' in line %u of %.80s",
			  old->info.source, old->info.line, old->info.file);
}

/* A tag counts once. */
static int
add_tags(struct reading *r, struct texts *to, const struct texts *tags)
{
	for (uint32_t i = 0; i < tags->count; i++) {
		uint32_t k = 0;

		while (k < to->count && strcmp(to->v[k], tags->v[i]) != 0)
			k++;
		if (k < to->count)
			continue;
		if (to->count == RULES_TAGS_MAX)
			return conf_error(r->conf, r->node, r->err,
					  "more than %d tags", RULES_TAGS_MAX);
		if (texts_add(&r->rs->arena, to, tags->v[i]) < 0)
			return no_memory(r);
	}
	return 0;
}

int
apply_rule(struct reading *r, const struct rule *rule)
{
	struct rule *old = find_rule(r), copy = *rule;
	struct texts tags = {0};
	int code = add_tags(r, &tags, &rule->tags);

	if (code == 0 && old && !old->info.reason)
		code = same_source(r, old, rule->info.source);
	if (code == 0 && !old)
		code = new_rule(r, &old);
	if (code < 0)
		return code;
	copy.tags = tags;
	copy.unknown_source = strcmp(copy.info.source, "syscall") != 0;
	if (copy.unknown_source)
		place_warn(r->rs, &copy.place, "rule", r->name,
			   "AEGIS has no source '%.40s'; the rule is skipped",
			   copy.info.source);
	*old = copy;
	return 0;
}

/* A rule that never was one stays in the list, so that nobody takes it for
 * loaded.  One that was there before stays what it was. */
void
apply_refused(struct reading *r, const char *reason)
{
	struct aegis_error err;
	struct reading inner = *r;
	struct rule *rule;

	inner.err = &err;
	if (find_rule(r) || new_rule(&inner, &rule) < 0)
		return;
	*rule = (struct rule){
		.info = {.name = r->name,
			 .desc = "",
			 .file = r->conf->file,
			 .line = r->node->line,
			 .priority = RULES_PRIORITY_DEBUG,
			 .reason = arena_copy(&r->rs->arena, reason,
					      strlen(reason))},
		.place = place_of(r->conf, r->node),
		.root = MAP_NONE,
	};
	if (!rule->info.reason)
		rule->info.reason = "no memory";
}

int
apply_enabled(struct reading *r, bool enabled)
{
	struct rule *old = find_rule(r);

	if (!old)
		return not_defined(r, "enable or disable");
	old->info.enabled = enabled;
	return 0;
}

/* Values of an exception that is there, or a new one. */
static int
append_exception(struct reading *r, struct exception **list,
		 const struct exception *e)
{
	struct exception **at = list, *copy;
	struct entry *values;
	uint32_t count;

	while (*at && strcmp((*at)->name, e->name) != 0)
		at = &(*at)->next;
	copy = arena_alloc(&r->rs->arena, sizeof(*copy));
	if (!copy)
		return no_memory(r);
	if (!*at) {
		if (!e->fields.is_set || !e->value_count)
			return place_error(&e->place, r->err,
					   "the exception '%.40s' is new, and "
					   "has no %s",
					   e->name,
					   e->fields.is_set ? "values"
							    : "fields");
		*copy = *e;
		copy->next = NULL;
		*at = copy;
		return 0;
	}
	if (e->fields.is_set || e->comps.is_set)
		return place_error(&e->place, r->err,
				   "the exception '%.40s' is there already; "
				   "only values can be appended",
				   e->name);
	count = (*at)->value_count + e->value_count;
	values = arena_array(&r->rs->arena, count, sizeof(*values));
	if (!values)
		return no_memory(r);
	if ((*at)->value_count)
		memcpy(values, (*at)->values,
		       (*at)->value_count * sizeof(*values));
	if (e->value_count)
		memcpy(values + (*at)->value_count, e->values,
		       e->value_count * sizeof(*values));
	*copy = **at;
	copy->values = values;
	copy->value_count = count;
	*at = copy;
	return exception_check(copy, r->err);
}

/* The list itself is copied first: an update that fails halfway has changed
 * nothing. */
static int
append_exceptions(struct reading *r, struct exception **list,
		  const struct exception *more)
{
	struct exception *first = NULL, **end = &first;

	for (const struct exception *e = *list; e; e = e->next) {
		struct exception *copy =
			arena_alloc(&r->rs->arena, sizeof(*copy));

		if (!copy)
			return no_memory(r);
		*copy = *e;
		copy->next = NULL;
		*end = copy;
		end = &copy->next;
	}
	for (; more; more = more->next) {
		int code = append_exception(r, &first, more);

		if (code < 0)
			return code;
	}
	*list = first;
	return 0;
}

static int
append_text(struct reading *r, const char **text, const char *more)
{
	const char *joined = *text ? join(r, *text, more) : more;

	if (!joined)
		return join_failed(r);
	*text = joined;
	return 0;
}

static int
append_keys(struct reading *r, struct rule *rule, const struct rule *more,
	    unsigned keys)
{
	struct texts tags = {0};
	int code = 0;

	if (keys & RULE_CONDITION)
		code = append_text(r, &rule->text, more->text);
	if (code == 0 && keys & RULE_OUTPUT)
		code = append_text(r, &rule->output, more->output);
	if (code == 0 && keys & RULE_DESC)
		code = append_text(r, &rule->info.desc, more->info.desc);
	if (code == 0 && keys & RULE_TAGS) {
		code = add_tags(r, &tags, &rule->tags);
		if (code == 0)
			code = add_tags(r, &tags, &more->tags);
		rule->tags = tags;
	}
	if (code == 0 && keys & RULE_EXCEPTIONS)
		code = append_exceptions(r, &rule->exceptions,
					 more->exceptions);
	return code;
}

static int
replace_keys(struct reading *r, struct rule *rule, const struct rule *with,
	     unsigned keys)
{
	struct texts tags = {0};

	if (keys & RULE_CONDITION) {
		rule->text = with->text;
		rule->condition_place = with->condition_place;
	}
	if (keys & RULE_OUTPUT) {
		rule->output = with->output;
		rule->output_place = with->output_place;
	}
	if (keys & RULE_DESC)
		rule->info.desc = with->info.desc;
	if (keys & RULE_EXCEPTIONS)
		rule->exceptions = with->exceptions;
	if (keys & RULE_PRIORITY)
		rule->info.priority = with->info.priority;
	if (keys & RULE_ENABLED)
		rule->info.enabled = with->info.enabled;
	if (keys & RULE_WARN_EVTTYPES)
		rule->warn_evttypes = with->warn_evttypes;
	if (keys & RULE_SKIP_UNKNOWN)
		rule->skip_unknown = with->skip_unknown;
	if (keys & RULE_AEGIS)
		rule->info.action = with->info.action;
	if (keys & RULE_TAGS) {
		int code = add_tags(r, &tags, &with->tags);

		if (code < 0)
			return code;
		rule->tags = tags;
	}
	return 0;
}

int
apply_rule_update(struct reading *r, const struct rule *update, unsigned append,
		  unsigned replace)
{
	struct rule *old = find_rule(r), changed;
	int code;

	if (!old || old->info.reason)
		return not_defined(r, append ? "append to" : "override");
	changed = *old;
	code = same_source(r, old, update->info.source);
	if (code == 0)
		code = append_keys(r, &changed, update, append);
	if (code == 0)
		code = replace_keys(r, &changed, update, replace);
	if (code == 0)
		*old = changed;
	return code;
}
