/*
 * Files in, rules out: the order of things.
 */
#include <string.h>

#include "lib/rules/internal.h"

/* How much of a condition a message repeats. */
#define NEAR_LEN 32
/* A rule for more types of events than this is worth a warning; Falco's. */
#define EVENTS_MANY 100

/* --- files -------------------------------------------------------------- */

static void
load_documents(struct ruleset *rs, const struct conf *conf)
{
	struct aegis_error err;

	for (const struct conf_node *d = conf->root->first; d; d = d->next) {
		if (d->type == CONF_NULL)
			continue;
		if (d->type != CONF_LIST) {
			conf_error(conf, d, &err,
				   "a rule file is a list of rules, macros and "
				   "lists");
			problem_add(rs, true, "file", conf->file, err.text);
		} else if (load_version_fits(rs, conf, d)) {
			for (const struct conf_node *c = d->first; c;
			     c = c->next)
				load_item(rs, conf, c);
		}
	}
}

/* code and why: of reading the file into conf, which is taken. */
static int
add(struct ruleset *rs, const char *file, struct conf *conf, int code,
    struct aegis_error *err)
{
	int r;

	if (code < 0) {
		if (code == -ENOMEM)
			return code;
		problem_add(rs, true, "file", file, err->text);
		return 0;
	}
	r = ruleset_grow(&rs->files, rs->file_count, &rs->file_cap,
			 RULES_FILES_MAX, sizeof(*rs->files), "rule files",
			 err);
	if (r < 0) {
		conf_release(conf);
		return r;
	}
	rs->files[rs->file_count] = *conf;
	load_documents(rs, &rs->files[rs->file_count++]);
	return rs->out_of_memory
		       ? aegis_error_set(err, -ENOMEM, "load %.200s", file)
		       : 0;
}

#define FLAGS (CONF_DOCUMENTS | CONF_ALIASES | CONF_DUPLICATES)

int
ruleset_add_file(struct ruleset *rs, const char *file, struct aegis_error *err)
{
	struct aegis_error why = {0};
	struct conf conf;
	int code = conf_load_as(&conf, FLAGS, file, &why);
	int r = add(rs, file, &conf, code, &why);

	if (r < 0 && err)
		*err = why;
	return r;
}

int
ruleset_add_text(struct ruleset *rs, const char *file_label, const char *text,
		 size_t len, struct aegis_error *err)
{
	struct aegis_error why = {0};
	struct conf conf;
	int code = conf_parse_as(&conf, FLAGS, file_label, text, len, &why);
	int r = add(rs, file_label, &conf, code, &why);

	if (r < 0 && err)
		*err = why;
	return r;
}

/* --- conditions --------------------------------------------------------- */

/* The words at which something is wrong.  Lists are filled in and lines folded,
 * so that words say more than a column would. */
static int
error_near(const struct place *place, const char *text, uint32_t offset,
	   const char *why, struct aegis_error *err)
{
	const char *at = text + offset;

	if (!*at)
		return place_error(place, err,
				   "%s, at the end of the "
				   "condition",
				   why);
	return place_error(place, err, "%s, at '%.*s'", why, NEAR_LEN, at);
}

int
load_condition(struct ruleset *rs, const char *text, const struct place *place,
	       const struct condition **ret, struct aegis_error *err)
{
	_cleanup_buf_ struct buf full = BUF_INIT(CONDITION_TEXT_MAX);
	struct aegis_error why = {0};
	uint32_t offset = 0;
	int r = lists_substitute(rs, text, &full);

	if (r == -EBADMSG)
		return place_error(place, err, "a list in it was refused");
	if (r == -ENOSPC)
		return place_error(place, err,
				   "more than %d bytes, its lists filled in",
				   CONDITION_TEXT_MAX);
	if (r == 0)
		rs->text_bytes += full.len;
	if (r == -E2BIG || rs->text_bytes > RULES_TEXT_MAX)
		return place_error(place, err,
				   "all conditions together are too long, "
				   "their lists filled in");
	if (r < 0)
		return aegis_error_set(err, r, "load rules");
	r = condition_parse(&rs->arena, buf_str(&full), ret, &offset, &why);
	if (r == -ENOMEM)
		return aegis_error_set(err, r, "load rules");
	return r < 0 ? error_near(place, buf_str(&full), offset, why.text, err)
		     : 0;
}

/* --- rules -------------------------------------------------------------- */

/* What Falco's container plugin took the place of; Falco drops it, too. */
#define CONTAINER_INFO "%container.info"

static void
add_output(struct ruleset *rs, const struct rule *rule, struct buf *out)
{
	const char *text = rule->output, *found;
	bool warned = false;

	while ((found = strstr(text, CONTAINER_INFO))) {
		buf_add(out, text, (size_t)(found - text));
		text = found + strlen(CONTAINER_INFO);
		if (!warned)
			place_warn(rs, &rule->output_place, "rule",
				   rule->info.name,
				   "%s is out of use, and left out",
				   CONTAINER_INFO);
		warned = true;
	}
	buf_adds(out, text);
}

static int
compile_output(struct ruleset *rs, struct rule *rule, struct aegis_error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT(2 * RULES_OUTPUT_MAX);
	struct aegis_error why = {0};
	int r;

	add_output(rs, rule, &text);
	if (rs->options.extra_output)
		buf_addf(&text, " %s", rs->options.extra_output);
	r = buf_error(&text) ? buf_error(&text)
			     : rules_output_parse(&rs->arena, buf_str(&text),
						  &rule->info.output, &why);
	if (r == -ENOMEM)
		return aegis_error_set(err, r, "load rules");
	if (r == 0)
		return 0;
	place_error(&rule->output_place, err, "output: %s",
		    r == -ENOSPC ? "too long" : why.text);
	return r;
}

/* -ENOENT: a field or an event that is not known. */
static int
compile_condition(struct ruleset *rs, struct rule *rule,
		  struct aegis_error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT(2 * CONDITION_TEXT_MAX);
	const struct condition *parsed, *at = NULL;
	struct aegis_error why = {0};
	int r = exceptions_print(rule->text, rule->exceptions, &text, err);

	if (r < 0)
		return r;
	if (buf_error(&text) == -ENOMEM)
		return aegis_error_set(err, -ENOMEM, "load rules");
	if (buf_error(&text))
		return place_error(&rule->condition_place, err,
				   "more than %d bytes with its exceptions",
				   CONDITION_TEXT_MAX);
	r = load_condition(rs, buf_str(&text), &rule->condition_place, &parsed,
			   err);
	if (r < 0)
		return r;
	r = macros_expand(rs, parsed, UINT32_MAX, &rule->info.tree, &why);
	if (r == 0 && rule->info.tree->size > RULES_SIZE_MAX - rs->size)
		r = aegis_error_setx(&why, -E2BIG,
				     "all conditions together have more than "
				     "%d checks",
				     RULES_SIZE_MAX);
	if (r == 0) {
		rs->size += rule->info.tree->size;
		r = program_add(&rs->program, rule->info.tree, &rule->root, &at,
				&why);
	}
	if (r == -ENOMEM)
		return aegis_error_set(err, r, "load rules");
	if (r == 0)
		return 0;
	buf_clear(&text);
	if (at)
		condition_print(at, CONDITION_AS_FALCO, &text);
	place_error(&rule->condition_place, err, "%s%s%.*s%s", why.text,
		    at ? ", in '" : "", NEAR_LEN * 2, buf_str(&text),
		    at ? "'" : "");
	return r;
}

static int
show(struct ruleset *rs, struct rule *rule, struct aegis_error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT(CONDITION_TEXT_MAX);

	condition_print(rule->info.tree, CONDITION_AS_FALCO, &text);
	if (buf_error(&text) == -ENOSPC)
		return place_error(&rule->condition_place, err,
				   "filled in, more than %d bytes",
				   CONDITION_TEXT_MAX);
	rule->info.condition = arena_copy(&rs->arena, buf_str(&text), text.len);
	if (!rule->info.condition)
		return aegis_error_set(err, -ENOMEM, "load rules");
	condition_events(rule->info.tree, &rule->info.events);
	return 0;
}

/* What loaded and may still not do what was meant. */
static void
warn_events(struct ruleset *rs, const struct rule *rule)
{
	unsigned yielded = 0;
	const unsigned count = rules_event_set_count(&rule->info.events);

	for (int e = 1; e < RULES_EVENT_MAX; e++)
		yielded += rules_event_set_has(&rule->info.events,
					       (enum rules_event)e) &&
			   rules_event_is_yielded((enum rules_event)e);
	if (count && !yielded)
		place_warn(rs, &rule->condition_place, "rule", rule->info.name,
			   "AEGIS has no sensor for any of its event types; it "
			   "never matches");
	if (count > EVENTS_MANY && rule->warn_evttypes)
		place_warn(rs, &rule->condition_place, "rule", rule->info.name,
			   "it may match any type of event, which costs much; "
			   "begin it with evt.type or a macro that has one");
}

struct warning {
	struct ruleset *rs;
	const struct rule *rule;
	bool done;
};

/* A text that is the name of a field, where val() was forgotten. */
static void
warn_field_as_text(void *ctx, const struct condition *c)
{
	struct warning *w = ctx;
	struct rules_ref ref;

	if (w->done || !c->right || c->right->kind != OPERAND_VALUE ||
	    !strchr(c->right->text, '.') ||
	    rules_field_resolve(c->right->text, NULL, &ref, NULL) < 0)
		return;
	w->done = true;
	place_warn(w->rs, &w->rule->condition_place, "rule",
		   w->rule->info.name,
		   "'%.60s' is taken as a text; val(%.60s) is the field",
		   c->right->text, c->right->text);
}

static int
refuse(struct ruleset *rs, struct rule *rule, int code,
       const struct aegis_error *why)
{
	const bool skip = code == -ENOENT && rule->skip_unknown;

	problem_add(rs, !skip, "rule", rule->info.name, why->text);
	rule->root = MAP_NONE;
	rule->info.tree = NULL;
	rule->info.condition = NULL;
	rule->info.output = NULL;
	rule->info.events = (struct rules_event_set){0};
	rule->info.reason =
		arena_copy(&rs->arena, why->text, strlen(why->text));
	return rule->info.reason ? 0 : -ENOMEM;
}

static int
compile_rule(struct ruleset *rs, struct rule *rule)
{
	struct aegis_error err = {0};
	int r;

	rule->info.tags = rule->tags.v;
	rule->info.tag_count = rule->tags.count;
	if (rule->info.reason)
		return 0;
	if (rule->unknown_source) {
		rule->info.reason = "its source is not one of AEGIS";
		return 0;
	}
	r = compile_output(rs, rule, &err);
	if (r == 0)
		r = compile_condition(rs, rule, &err);
	if (r == 0)
		r = show(rs, rule, &err);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return refuse(rs, rule, r, &err);
	warn_events(rs, rule);
	condition_each_check(rule->info.tree, warn_field_as_text,
			     &(struct warning){rs, rule, false});
	return 0;
}

/* --- the index ---------------------------------------------------------- */

static bool
counts(const struct rule *rule, int event)
{
	return rule->root != MAP_NONE && rule->info.enabled &&
	       rules_event_set_has(&rule->info.events, (enum rules_event)event);
}

static int
index_rules(struct ruleset *rs)
{
	uint32_t n = 0;

	for (int e = 1; e < RULES_EVENT_MAX; e++)
		for (uint32_t i = 0; i < rs->rule_count; i++)
			n += counts(&rs->rules[i], e);
	rs->by_event = calloc((size_t)n + 1, sizeof(*rs->by_event));
	if (!rs->by_event)
		return -ENOMEM;
	n = 0;
	for (int e = 1; e < RULES_EVENT_MAX; e++) {
		rs->first[e] = n;
		for (uint32_t i = 0; i < rs->rule_count; i++)
			if (counts(&rs->rules[i], e))
				rs->by_event[n++] = i;
	}
	rs->first[RULES_EVENT_MAX] = n;
	return 0;
}

int
ruleset_compile(struct ruleset *rs, struct aegis_error *err)
{
	int r = lists_resolve(rs);

	if (r == 0)
		r = macros_resolve(rs);
	for (uint32_t i = 0; i < rs->rule_count && r == 0; i++)
		r = compile_rule(rs, &rs->rules[i]);
	if (r == 0)
		r = index_rules(rs);
	if (r == 0 && rs->out_of_memory)
		r = -ENOMEM;
	return r < 0 ? aegis_error_set(err, r, "load rules") : 0;
}
