/*
 * A rule, from YAML: the whole, an append, an override, or a switch.
 */
#include <ctype.h>
#include <string.h>

#include "lib/rules/internal.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* In the order of the bits of enum rule_key; the others follow. */
static const char *const keys[] = {
	"condition",
	"output",
	"desc",
	"tags",
	"exceptions",
	"priority",
	"capture",
	"capture_duration",
	"enabled",
	"warn_evttypes",
	"skip-if-unknown-filter",
	"aegis",
	"source",
	"rule",
	"append",
	"override",
};

#define OVERRIDABLE 12
#define APPENDABLE \
	(RULE_CONDITION | RULE_OUTPUT | RULE_DESC | RULE_TAGS | RULE_EXCEPTIONS)
#define REPLACEABLE ((1u << OVERRIDABLE) - 1)

/* --- values ------------------------------------------------------------- */

static int
load_priority(struct reading *r, struct rule *rule)
{
	const char *names[RULES_PRIORITY_MAX], *text, *near;
	int code = load_text(r, "priority", &text);

	if (code < 0)
		return code;
	rule->info.priority = rules_priority_find(text);
	if (rule->info.priority != RULES_PRIORITY_MAX)
		return 0;
	for (int i = 0; i < RULES_PRIORITY_MAX; i++)
		names[i] = rules_priority_name((enum rules_priority)i);
	near = conf_nearest(text, names, RULES_PRIORITY_MAX);
	return conf_error(r->conf, load_find(r->node, "priority"), r->err,
			  "unknown priority '%.40s'; %s%s", text,
			  near ? "did you mean "
			       : "use Emergency, Alert, Critical, Error, "
				 "Warning, Notice, Informational or Debug",
			  near ? near : "");
}

/* AEGIS' own: a misspelt key here must not turn a kill into an alert. */
static int
load_aegis(struct reading *r, struct rule *rule)
{
	static const struct conf_key known[] = {{"action", NULL, 0}};
	const struct conf_node *n = load_find(r->node, "aegis"), *action;
	const char *names[RULES_ACTION_MAX];
	size_t i = 0;
	int code;

	for (int a = 0; a < RULES_ACTION_MAX; a++)
		names[a] = rules_action_name((enum rules_action)a);
	if (n->type != CONF_MAP)
		return conf_error(r->conf, n, r->err,
				  "a map is wanted here, for example {action: "
				  "kill}");
	for (const struct conf_node *c = n->first; c; c = c->next)
		if (strcmp(c->key, known[0].name) != 0)
			return conf_key_error(
				r->conf, c, r->err,
				"unknown key '%.40s'; 'action' is "
				"the only one",
				c->key);
		else if (c != n->first)
			return conf_key_error(r->conf, c, r->err,
					      "the key 'action' comes twice");
	action = conf_get(n, "action");
	if (!action)
		return conf_error(r->conf, n, r->err,
				  "the key 'action' is "
				  "missing");
	code = conf_enum(r->conf, action, names, RULES_ACTION_MAX, &i, r->err);
	if (code == 0)
		rule->info.action = (enum rules_action)i;
	return code;
}

static int
load_output(struct reading *r, struct rule *rule)
{
	const char *text;
	size_t len;
	int code = load_text(r, "output", &text);

	if (code < 0)
		return code;
	rule->output_place = place_of(r->conf, load_find(r->node, "output"));
	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	rule->output = arena_copy(&r->rs->arena, text, len);
	return rule->output ? 0
			    : aegis_error_set(r->err, -ENOMEM, "load rules");
}

static int
load_condition_key(struct reading *r, struct rule *rule)
{
	int code = load_text(r, "condition", &rule->text);

	if (code == 0)
		rule->condition_place =
			place_of(r->conf, load_find(r->node, "condition"));
	return code;
}

/* Captures are not made here; the keys are checked and let be. */
static int
load_capture(struct reading *r)
{
	bool capture;

	return load_bool(r, "capture", &capture);
}

static int
load_capture_duration(struct reading *r)
{
	const struct conf_node *n = load_find(r->node, "capture_duration");
	int64_t ms;

	return conf_int(r->conf, n, 0, UINT32_MAX, &ms, r->err);
}

/* Nothing is as good as none. */
static int
load_source(struct reading *r, struct rule *rule)
{
	const struct conf_node *n = load_find(r->node, "source");

	if (n->type == CONF_NULL || (n->type == CONF_SCALAR && !*n->value))
		return 0;
	return load_text(r, "source", &rule->info.source);
}

static int
load_key(struct reading *r, enum rule_key key, bool append, struct rule *rule)
{
	switch (key) {
	case RULE_CONDITION:
		return load_condition_key(r, rule);
	case RULE_OUTPUT:
		return load_output(r, rule);
	case RULE_DESC:
		return load_text(r, "desc", &rule->info.desc);
	case RULE_TAGS:
		return load_texts(r, "tags", RULES_TAGS_MAX, &rule->tags);
	case RULE_EXCEPTIONS:
		return load_exceptions(r, append, &rule->exceptions);
	case RULE_PRIORITY:
		return load_priority(r, rule);
	case RULE_CAPTURE:
		return load_capture(r);
	case RULE_CAPTURE_DURATION:
		return load_capture_duration(r);
	case RULE_ENABLED:
		return load_bool(r, "enabled", &rule->info.enabled);
	case RULE_WARN_EVTTYPES:
		return load_bool(r, "warn_evttypes", &rule->warn_evttypes);
	case RULE_SKIP_UNKNOWN:
		return load_bool(r, "skip-if-unknown-filter",
				 &rule->skip_unknown);
	case RULE_AEGIS:
		return load_aegis(r, rule);
	case RULE_SOURCE:
		return load_source(r, rule);
	}
	return 0;
}

/* Those of wanted that the item has; they are in rule->keys then. */
static int
load_keys(struct reading *r, unsigned wanted, unsigned append,
	  struct rule *rule)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const unsigned bit = 1u << i;
		int code;

		if (!(wanted & bit) || !load_find(r->node, keys[i]))
			continue;
		code = load_key(r, (enum rule_key)bit, append & bit, rule);
		if (code < 0)
			return code;
		rule->keys |= bit;
	}
	return 0;
}

static unsigned
keys_given(const struct reading *r)
{
	unsigned given = 0;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (load_find(r->node, keys[i]))
			given |= 1u << i;
	return given;
}

static int
missing(struct reading *r, unsigned needed)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (needed >> i & 1 && !load_find(r->node, keys[i]))
			return conf_error(r->conf, r->node, r->err,
					  "the key '%s' is missing", keys[i]);
	return 0;
}

/* --- the kinds of items ------------------------------------------------- */

static struct rule
new_rule(const struct reading *r)
{
	return (struct rule){
		.info = {.name = r->name,
			 .desc = "",
			 .file = r->conf->file,
			 .line = r->node->line,
			 .enabled = true},
		.place = place_of(r->conf, r->node),
		.warn_evttypes = true,
		.root = MAP_NONE,
	};
}

/* What is overridden has to be there, and what is there has to be overridden:
 * else something would be meant and not happen. */
static int
load_rule_override(struct reading *r, const struct override *o)
{
	const unsigned given = keys_given(r) & REPLACEABLE;
	const unsigned named = o->append | o->replace;
	struct rule rule = new_rule(r);
	int code = missing(r, named);

	for (size_t i = 0; code == 0 && i < OVERRIDABLE; i++)
		if ((given & ~named) >> i & 1)
			code = conf_key_error(
				r->conf, load_find(r->node, keys[i]), r->err,
				"'%s' has no entry under "
				"override",
				keys[i]);
	if (code == 0 && o->append & o->replace)
		code = conf_key_error(r->conf, load_find(r->node, "override"),
				      r->err,
				      "a key is both appended and replaced");
	if (code == 0)
		code = load_keys(r, named | RULE_SOURCE, o->append, &rule);
	if (code == 0)
		code = apply_rule_update(r, &rule, o->append, o->replace);
	return code;
}

static int
load_rule_append(struct reading *r)
{
	const unsigned wanted = RULE_CONDITION | RULE_EXCEPTIONS;
	struct rule rule = new_rule(r);
	int code = load_keys(r, wanted | RULE_SOURCE, wanted, &rule);

	if (code == 0 && !(rule.keys & wanted))
		code = conf_error(r->conf, r->node, r->err,
				  "an append wants a condition or exceptions");
	if (code == 0)
		code = apply_rule_update(r, &rule, rule.keys & wanted, 0);
	return code;
}

static int
load_rule_enabled(struct reading *r)
{
	bool enabled;
	int code = load_bool(r, "enabled", &enabled);

	return code < 0 ? code : apply_enabled(r, enabled);
}

static int
load_whole_rule(struct reading *r)
{
	struct rule rule = new_rule(r);
	int code = missing(r, RULE_CONDITION | RULE_OUTPUT | RULE_DESC |
				      RULE_PRIORITY);

	rule.info.source = "syscall";
	if (code == 0)
		code = load_keys(r, REPLACEABLE | RULE_SOURCE, 0, &rule);
	return code < 0 ? code : apply_rule(r, &rule);
}

int
load_rule(struct reading *r)
{
	const unsigned given = keys_given(r);
	struct override o;
	int code = load_override(r, keys, OVERRIDABLE, APPENDABLE, REPLACEABLE,
				 &o);

	if (code < 0)
		return code;
	load_warn_unknown_keys(r, keys, ARRAY_LEN(keys));
	if (o.append || o.replace)
		return load_rule_override(r, &o);
	if (o.deprecated_append)
		return load_rule_append(r);
	if (!(given &
	      (RULE_CONDITION | RULE_OUTPUT | RULE_DESC | RULE_PRIORITY)))
		return load_rule_enabled(r);
	return load_whole_rule(r);
}
