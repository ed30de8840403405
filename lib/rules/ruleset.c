#include "lib/rules/ruleset.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/rules/internal.h"

#define PROBLEM_TEXT_MAX AEGIS_ERROR_TEXT_LEN

static const char *const priority_names[RULES_PRIORITY_MAX] = {
	"Emergency", "Alert",  "Critical",      "Error",
	"Warning",   "Notice", "Informational", "Debug"};

static const char *const action_names[RULES_ACTION_MAX] = {"alert", "kill",
							   "quarantine"};

const char *
rules_priority_name(enum rules_priority p)
{
	return priority_names[p];
}

enum rules_priority
rules_priority_find(const char *name)
{
	for (int i = 0; i < RULES_PRIORITY_MAX; i++)
		if (!strcasecmp(name, priority_names[i]))
			return (enum rules_priority)i;
	return strcasecmp(name, "info") ? RULES_PRIORITY_MAX
					: RULES_PRIORITY_INFORMATIONAL;
}

const char *
rules_action_name(enum rules_action a)
{
	return action_names[a];
}

/* --- making and freeing ------------------------------------------------- */

struct ruleset *
ruleset_new(const struct rules_options *options)
{
	struct ruleset *rs = calloc(1, sizeof(*rs));

	if (!rs)
		return NULL;
	if (options)
		rs->options = *options;
	rs->arena = ARENA_INIT(RULES_MEMORY_MAX);
	rs->program.arena = &rs->arena;
	return rs;
}

void
ruleset_free(struct ruleset *rs)
{
	if (!rs)
		return;
	for (uint32_t i = 0; i < rs->file_count; i++)
		conf_release(&rs->files[i]);
	program_release(&rs->program);
	arena_release(&rs->arena);
	free(rs->files);
	free(rs->lists);
	free(rs->macros);
	free(rs->rules);
	free(rs->problems);
	free(rs->by_event);
	free(rs);
}

int
ruleset_grow(void *array, uint32_t count, uint32_t *cap, uint32_t max,
	     size_t size, const char *what, struct aegis_error *err)
{
	void **v = array;
	const uint32_t bigger = *cap ? 2 * *cap : 16;
	void *copy;

	if (count >= max)
		return aegis_error_setx(err, -E2BIG, "more than %u %s", max,
					what);
	if (count < *cap)
		return 0;
	copy = reallocarray(*v, bigger, size);
	if (!copy)
		return aegis_error_set(err, -ENOMEM, "load rules");
	*v = copy;
	*cap = bigger;
	return 0;
}

int
texts_add(struct arena *a, struct texts *t, const char *text)
{
	const uint32_t cap = t->cap ? 2 * t->cap : 8;
	const char **v;

	if (t->count == t->cap) {
		v = arena_array(a, cap, sizeof(char *));
		if (!v)
			return -ENOMEM;
		if (t->count)
			memcpy(v, t->v, t->count * sizeof(char *));
		t->v = v;
		t->cap = cap;
	}
	t->v[t->count++] = text;
	return 0;
}

/* --- problems ----------------------------------------------------------- */

void
problem_add(struct ruleset *rs, bool is_error, const char *item,
	    const char *name, const char *text)
{
	struct rules_problem p = {.is_error = is_error, .item = item};

	rs->problem_errors += is_error;
	if (ruleset_grow(&rs->problems, rs->problem_count, &rs->problem_cap,
			 RULES_PROBLEMS_MAX, sizeof(*rs->problems), "problems",
			 NULL) < 0) {
		rs->problems_dropped++;
		return;
	}
	p.name = arena_copy(&rs->arena, name, strlen(name));
	p.text = arena_copy(&rs->arena, text, strlen(text));
	if (!p.name || !p.text) {
		rs->out_of_memory = true;
		return;
	}
	rs->problems[rs->problem_count++] = p;
}

struct place
place_of(const struct conf *conf, const struct conf_node *n)
{
	return (struct place){conf->file, n->line, n->column};
}

/* conf escapes, and puts the place in front. */
static int
error_at(const struct place *place, struct aegis_error *err, const char *text)
{
	const struct conf conf = {.file = place->file};
	const struct conf_node node = {.line = place->line,
				       .column = place->column};

	return conf_error(&conf, &node, err, "%s", text);
}

int
place_error(const struct place *place, struct aegis_error *err,
	    const char *format, ...)
{
	char text[PROBLEM_TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	return error_at(place, err, text);
}

void
place_warn(struct ruleset *rs, const struct place *place, const char *item,
	   const char *name, const char *format, ...)
{
	struct aegis_error err;
	char text[PROBLEM_TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	error_at(place, &err, text);
	problem_add(rs, false, item, name, err.text);
}

/* --- looking ------------------------------------------------------------ */

uint32_t
ruleset_rule_count(const struct ruleset *rs)
{
	return rs->rule_count;
}

const struct rules_rule *
ruleset_rule(const struct ruleset *rs, uint32_t i)
{
	return &rs->rules[i].info;
}

uint32_t
ruleset_macro_count(const struct ruleset *rs)
{
	return rs->macro_count;
}

const struct rules_macro *
ruleset_macro(const struct ruleset *rs, uint32_t i)
{
	return &rs->macros[i].info;
}

uint32_t
ruleset_list_count(const struct ruleset *rs)
{
	return rs->list_count;
}

const struct rules_list *
ruleset_list(const struct ruleset *rs, uint32_t i)
{
	return &rs->lists[i].info;
}

uint32_t
ruleset_problem_count(const struct ruleset *rs)
{
	return rs->problem_count;
}

const struct rules_problem *
ruleset_problem(const struct ruleset *rs, uint32_t i)
{
	return &rs->problems[i];
}

uint32_t
ruleset_error_count(const struct ruleset *rs)
{
	return rs->problem_errors;
}

void
ruleset_events(const struct ruleset *rs, struct rules_event_set *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (int e = 1; e < RULES_EVENT_MAX; e++)
		if (rs->first[e] < rs->first[e + 1])
			rules_event_set_add(ret, (enum rules_event)e);
}

/* --- actions from outside ----------------------------------------------- */

static bool
has_tag(const struct rules_rule *rule, const char *tag)
{
	for (uint32_t i = 0; i < rule->tag_count; i++)
		if (!strcmp(rule->tags[i], tag))
			return true;
	return false;
}

static int
nothing_meant(const struct ruleset *rs, enum rules_attach by, const char *what,
	      struct aegis_error *err)
{
	static const char *const kinds[] = {"rule", "tag", "priority"};
	_cleanup_free_ const char **names =
		calloc(rs->rule_count + 1, sizeof(*names));
	const char *near = NULL;

	for (uint32_t i = 0; names && i < rs->rule_count; i++)
		names[i] = rs->rules[i].info.name;
	if (by == RULES_ATTACH_RULE && names)
		near = conf_nearest(what, names, rs->rule_count);
	return aegis_error_setx(err, -ENOENT,
				"no rule with the %s '%.80s'%s%s%s",
				by == RULES_ATTACH_RULE ? "name" : kinds[by],
				what, near ? "; did you mean '" : "",
				near ? near : "", near ? "'?" : "");
}

int
ruleset_attach(struct ruleset *rs, enum rules_attach by, const char *what,
	       enum rules_action action, struct aegis_error *err)
{
	const enum rules_priority priority = rules_priority_find(what);
	bool any = false;

	for (uint32_t i = 0; i < rs->rule_count; i++) {
		struct rules_rule *rule = &rs->rules[i].info;
		const bool meant = by == RULES_ATTACH_RULE
					   ? !strcmp(rule->name, what)
				   : by == RULES_ATTACH_TAG
					   ? has_tag(rule, what)
					   : priority != RULES_PRIORITY_MAX &&
						     rule->priority <= priority;

		if (meant)
			rule->action = action;
		any |= meant;
	}
	return any ? 0 : nothing_meant(rs, by, what, err);
}
