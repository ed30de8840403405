/*
 * rules - rule files, checked and shown.
 */
#include "ctl/ctl.h"

#include <string.h>

#include "lib/conf.h"
#include "lib/rules/output.h"
#include "lib/rules/ruleset.h"

#define JSON_MAX (256UL * 1024 * 1024)
#define EVENTS_SHOWN 6

/* The files of the arguments from first on, or the configured ones.  Returns 0
 * or an exit code after the message. */
static int
load(const struct ctl *ctl, int first, struct ruleset **ret)
{
	_cleanup_ruleset_ struct ruleset *rs = ruleset_new(NULL);
	struct aegis_error err = {0};
	struct settings settings;
	int r = rs ? 0 : aegis_error_set(&err, -ENOMEM, "load rules");
	int code = CTL_OK;

	if (ctl->arg_count <= first)
		code = ctl_settings(ctl, &settings);
	if (code)
		return code;
	for (int i = first; r == 0 && i < ctl->arg_count; i++)
		r = ruleset_add_path(rs, ctl->args[i], &err);
	for (unsigned i = 0; r == 0 && ctl->arg_count <= first &&
			     i < settings.monitor.rules_count;
	     i++)
		r = ruleset_add_path(rs, settings.monitor.rules[i], &err);
	if (r == 0)
		r = ruleset_compile(rs, &err);
	if (r < 0)
		return ctl_failed(&err);
	*ret = take_ptr(rs);
	return CTL_OK;
}

static void
print_problems(const struct ruleset *rs)
{
	const uint32_t errors = ruleset_error_count(rs);

	for (uint32_t i = 0; i < ruleset_problem_count(rs); i++) {
		const struct rules_problem *p = ruleset_problem(rs, i);
		const bool is_file = !strcmp(p->item, "file");

		/* The text is escaped already: "%s" of it would do it twice. */
		fprintf(stderr, "%s: %s", p->is_error ? "error" : "warning",
			p->text);
		if (!is_file)
			ctl_text(stderr, " (%s '%s')", p->item, p->name);
		fputc('\n', stderr);
	}
	if (errors > ruleset_problem_count(rs))
		ctl_note("%u errors; the first %u problems are shown", errors,
			 ruleset_problem_count(rs));
}

/* --- validate ----------------------------------------------------------- */

static void
json_events(struct json_out *o, const struct rules_event_set *events)
{
	json_out_key(o, "events");
	json_out_array(o);
	for (int e = 1; e < RULES_EVENT_MAX; e++)
		if (rules_event_set_has(events, (enum rules_event)e))
			json_out_string(o,
					rules_event_name((enum rules_event)e));
	json_out_array_end(o);
}

static void
json_rule(struct json_out *o, const struct rules_rule *r)
{
	json_out_object(o);
	json_out_kv_string(o, "name", r->name);
	json_out_kv_string(o, "file", r->file);
	json_out_kv_int(o, "line", r->line);
	json_out_kv_bool(o, "loaded", !r->reason);
	json_out_kv_string(o, "reason", r->reason);
	json_events(o, &r->events);
	json_out_kv_string(o, "condition", r->condition);
	json_out_kv_bool(o, "enabled", r->enabled);
	json_out_kv_string(o, "priority", rules_priority_name(r->priority));
	json_out_kv_string(o, "action", rules_action_name(r->action));
	json_out_key(o, "tags");
	json_out_array(o);
	for (uint32_t i = 0; i < r->tag_count; i++)
		json_out_string(o, r->tags[i]);
	json_out_array_end(o);
	json_out_object_end(o);
}

static int
print_json(const struct ruleset *rs)
{
	_cleanup_buf_ struct buf buf = BUF_INIT(JSON_MAX);
	struct json_out o;

	json_out_init(&o, &buf);
	json_out_array(&o);
	for (uint32_t i = 0; i < ruleset_rule_count(rs); i++)
		json_rule(&o, ruleset_rule(rs, i));
	json_out_array_end(&o);
	return ctl_json(&o);
}

/* "open, openat", the first few of them, or "any". */
static void
events_text(const struct rules_event_set *events, unsigned limit,
	    struct buf *out)
{
	const unsigned count = rules_event_set_count(events);
	unsigned shown = 0;

	if (rules_event_set_is_full(events)) {
		buf_adds(out, "any");
		return;
	}
	for (int e = 1; e < RULES_EVENT_MAX && shown < limit; e++) {
		if (!rules_event_set_has(events, (enum rules_event)e))
			continue;
		buf_addf(out, "%s%s", shown++ ? ", " : "",
			 rules_event_name((enum rules_event)e));
	}
	if (shown < count)
		buf_addf(out, ", %u more", count - shown);
}

static void
table_rule(struct table *t, const struct rules_rule *r)
{
	_cleanup_buf_ struct buf events = BUF_INIT(64 * 1024);
	const char *state = r->reason    ? "refused"
			    : r->enabled ? "loaded"
					 : "disabled";

	events_text(&r->events, EVENTS_SHOWN, &events);
	table_add(t, r->name, TABLE_PLAIN);
	table_add(t, state,
		  r->reason    ? TABLE_RED
		  : r->enabled ? TABLE_GREEN
			       : TABLE_DIM);
	table_add(t, rules_priority_name(r->priority), TABLE_PLAIN);
	table_add(t, rules_action_name(r->action),
		  r->action == RULES_ACTION_ALERT ? TABLE_PLAIN : TABLE_YELLOW);
	table_add(t, buf_str(&events), TABLE_PLAIN);
	table_addf(t, TABLE_PLAIN, "%s:%u", r->file, r->line);
}

static int
print_table(const struct ctl *ctl, const struct ruleset *rs)
{
	static const struct table_column columns[] = {
		{.title = "RULE", .shrink = true},
		{.title = "STATE"},
		{.title = "PRIORITY"},
		{.title = "ACTION"},
		{.title = "EVENTS", .shrink = true},
		{.title = "PLACE", .shrink = true},
	};
	_cleanup_table_ struct table t = {0};
	uint32_t loaded = 0;
	int code;

	table_init(&t, columns, sizeof(columns) / sizeof(columns[0]));
	for (uint32_t i = 0; i < ruleset_rule_count(rs); i++) {
		table_rule(&t, ruleset_rule(rs, i));
		loaded += !ruleset_rule(rs, i)->reason;
	}
	code = ctl_table(ctl, &t);
	if (!code)
		printf("%s%u of %u rules loaded, %u macros, %u lists\n",
		       ruleset_rule_count(rs) ? "\n" : "", loaded,
		       ruleset_rule_count(rs), ruleset_macro_count(rs),
		       ruleset_list_count(rs));
	return code;
}

int
rules_validate(struct ctl *ctl)
{
	_cleanup_ruleset_ struct ruleset *rs = NULL;
	int code = load(ctl, 0, &rs);

	if (code)
		return code;
	print_problems(rs);
	code = ctl->format == FORMAT_JSON ? print_json(rs)
					  : print_table(ctl, rs);
	if (code)
		return code;
	return ruleset_error_count(rs) ? CTL_FAILED : CTL_OK;
}

/* --- show --------------------------------------------------------------- */

static void
show_events(const struct rules_event_set *events)
{
	_cleanup_buf_ struct buf text = BUF_INIT(64 * 1024);

	events_text(events, RULES_EVENT_MAX, &text);
	printf("events:    %s\n", buf_str(&text));
}

/* A condition may be longer than a message, and its backslashes are its own
 * escapes: to be shown, not to be escaped again. */
static void
show_condition(const char *condition)
{
	const size_t step = 1024;

	printf("condition: ");
	while (*condition) {
		size_t n = strcspn(condition, "\\");

		if (!n) {
			putchar(*condition++);
			continue;
		}
		n = n < step ? n : step;
		ctl_text(stdout, "%.*s", (int)n, condition);
		condition += n;
	}
	putchar('\n');
}

static int
show_rule(const struct rules_rule *r)
{
	ctl_text(stdout, "rule:      %s\nplace:     %s:%u\n", r->name, r->file,
		 r->line);
	if (r->reason) {
		printf("refused:   %s\n", r->reason);
		return CTL_OK;
	}
	ctl_text(stdout, "what:      %.*s\n", (int)strcspn(r->desc, "\n"),
		 r->desc);
	printf("priority:  %s\naction:    %s\nenabled:   %s\ntags:     ",
	       rules_priority_name(r->priority), rules_action_name(r->action),
	       r->enabled ? "yes" : "no");
	for (uint32_t i = 0; i < r->tag_count; i++)
		ctl_text(stdout, " %s", r->tags[i]);
	putchar('\n');
	show_events(&r->events);
	show_condition(r->condition);
	printf("shows:    ");
	for (uint32_t i = 0; i < rules_output_field_count(r->output); i++)
		ctl_text(stdout, " %s", rules_output_field(r->output, i));
	putchar('\n');
	return CTL_OK;
}

static int
show_macro(const struct rules_macro *m)
{
	ctl_text(stdout, "macro:     %s\nplace:     %s:%u\n", m->name, m->file,
		 m->line);
	if (m->reason) {
		printf("refused:   %s\n", m->reason);
		return CTL_OK;
	}
	show_events(&m->events);
	show_condition(m->condition);
	return CTL_OK;
}

static int
show_list(const struct rules_list *l)
{
	ctl_text(stdout, "list:      %s\nplace:     %s:%u\n", l->name, l->file,
		 l->line);
	if (l->reason) {
		printf("refused:   %s\n", l->reason);
		return CTL_OK;
	}
	printf("items:    ");
	for (uint32_t i = 0; i < l->item_count; i++)
		ctl_text(stdout, "%s %s", i ? "," : "", l->items[i]);
	putchar('\n');
	return CTL_OK;
}

static int
nothing_found(const struct ruleset *rs, const char *name)
{
	const uint32_t n = ruleset_rule_count(rs);
	_cleanup_free_ const char **names = calloc(n + 1, sizeof(*names));
	const char *near = NULL;

	for (uint32_t i = 0; names && i < n; i++)
		names[i] = ruleset_rule(rs, i)->name;
	if (names)
		near = conf_nearest(name, names, n);
	return ctl_error(CTL_NOT_FOUND, "no rule, macro or list '%s'%s%s%s",
			 name, near ? "; did you mean '" : "", near ? near : "",
			 near ? "'?" : "");
}

static int
show_json(const struct rules_rule *r)
{
	_cleanup_buf_ struct buf buf = BUF_INIT(JSON_MAX);
	struct json_out o;

	json_out_init(&o, &buf);
	json_rule(&o, r);
	return ctl_json(&o);
}

int
rules_show(struct ctl *ctl)
{
	_cleanup_ruleset_ struct ruleset *rs = NULL;
	const char *name = ctl->args[0];
	int code = load(ctl, 1, &rs);

	if (code)
		return code;
	for (uint32_t i = 0; i < ruleset_rule_count(rs); i++)
		if (!strcmp(ruleset_rule(rs, i)->name, name))
			return ctl->format == FORMAT_JSON
				       ? show_json(ruleset_rule(rs, i))
				       : show_rule(ruleset_rule(rs, i));
	for (uint32_t i = 0; i < ruleset_macro_count(rs); i++)
		if (!strcmp(ruleset_macro(rs, i)->name, name))
			return show_macro(ruleset_macro(rs, i));
	for (uint32_t i = 0; i < ruleset_list_count(rs); i++)
		if (!strcmp(ruleset_list(rs, i)->name, name))
			return show_list(ruleset_list(rs, i));
	return nothing_found(rs, name);
}
