/*
 * How findings become a verdict, and the one line that the user of `docker`
 * reads.  dockerd puts "authorization denied by plugin aegis: " before it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/escape.h"
#include "lib/gate/judge.h"
#include "lib/glob.h"

static bool
exception_has_label(const char *wanted, const struct json_node *labels)
{
	const char *eq = strchr(wanted, '=');
	size_t len = eq ? (size_t)(eq - wanted) : strlen(wanted);

	if (!labels || labels->type != JSON_OBJECT)
		return false;
	json_foreach(n, labels) {
		if (n->key_len != len || memcmp(n->key, wanted, len) != 0)
			continue;
		return !eq || (n->type == JSON_STRING && !n->has_nul &&
			       !strcmp(n->str, eq + 1));
	}
	return false;
}

static bool
exception_matches(const struct judge *j, const struct policy_exception *e)
{
	const char *user = j->call->envelope->user;

	if (j->now_ms > e->until_ms)
		return false;
	if (e->match.user && (!user[0] || !glob_match(e->match.user, user)))
		return false;
	if (e->match.group &&
	    !policy_in_group(j->policy, user, e->match.group))
		return false;
	/* docker tag gives a name to any image. */
	if (e->match.image &&
	    (!j->image_name[0] || !glob_match(e->match.image, j->image_name) ||
	     image_is_from_elsewhere(j->facts->image, j->image_name)))
		return false;
	if (e->match.container &&
	    (!j->container_name[0] ||
	     !glob_match(e->match.container, j->container_name)))
		return false;
	return !e->match.label || exception_has_label(e->match.label, j->labels);
}

static const struct policy_exception *
find_exception(const struct judge *j, enum rule_id rule)
{
	for (size_t i = 0; i < j->policy->exception_count; i++) {
		const struct policy_exception *e = &j->policy->exceptions[i];

		if (rule_set_has(&e->waive, rule) && exception_matches(j, e))
			return e;
	}
	return NULL;
}

static bool
blocks(const struct gate_finding *f)
{
	return !f->audit && !f->waived_by;
}

/* Where GATE_FINDINGS_MAX is reached, one that blocks must not be lost behind
 * ones that do not. */
static struct gate_finding *
slot_for(struct gate_verdict *v, bool blocking)
{
	if (v->finding_count < GATE_FINDINGS_MAX)
		return &v->findings[v->finding_count];
	for (unsigned i = 0; blocking && i < GATE_FINDINGS_MAX; i++)
		if (!blocks(&v->findings[i]))
			return &v->findings[i];
	return NULL;
}

__attribute__((format(printf, 4, 0))) static void
add_finding(struct gate_verdict *v, struct gate_finding *f, const char *field,
	    const char *format, va_list ap)
{
	struct gate_finding *slot = slot_for(v, blocks(f));
	char raw[GATE_REASON_LEN];

	v->finding_count++;
	if (!slot)
		return;
	vsnprintf(raw, sizeof(raw), format, ap);
	*slot = *f;
	escape_line(raw, slot->reason, sizeof(slot->reason));
	snprintf(slot->field, sizeof(slot->field), "%s", field);
}

void
judge_find(struct judge *j, enum rule_id rule, const char *field,
	   const char *format, ...)
{
	const bool fixed = rule_get(rule)->fixed;
	enum policy_mode mode =
		fixed ? POLICY_ENFORCE : j->policy->rule_mode[rule];
	struct gate_finding f = {.rule = rule, .audit = mode == POLICY_AUDIT};
	va_list ap;

	if (mode == POLICY_OFF)
		return;
	if (!fixed)
		f.waived_by = find_exception(j, rule);
	va_start(ap, format);
	add_finding(j->verdict, &f, field, format, ap);
	va_end(ap);
}

void
gate_deny(struct gate_verdict *ret, enum rule_id rule, const char *field,
	  const char *format, ...)
{
	struct gate_finding f = {.rule = rule};
	va_list ap;

	*ret = (struct gate_verdict){.field = ""};
	va_start(ap, format);
	add_finding(ret, &f, field, format, ap);
	va_end(ap);
	verdict_finish(ret);
}

static unsigned
kept_findings(const struct gate_verdict *v)
{
	return v->finding_count < GATE_FINDINGS_MAX ? v->finding_count
						    : GATE_FINDINGS_MAX;
}

/* "; also containers.binds, containers.capabilities" */
static void
name_others(const struct gate_verdict *v, const struct gate_finding *first,
	    char *out, size_t size)
{
	const char *lead = "; also ";
	size_t used = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < kept_findings(v); i++) {
		const struct gate_finding *f = &v->findings[i];
		int n;

		if (f == first || blocks(f) != blocks(first) ||
		    f->rule == first->rule)
			continue;
		n = snprintf(out + used, size - used, "%s%s", lead,
			     rule_get(f->rule)->name);
		if (n < 0 || (size_t)n >= size - used)
			return;
		used += (size_t)n;
		lead = ", ";
	}
}

static void
compose(struct gate_verdict *v, const struct gate_finding *f)
{
	const struct rule *rule = rule_get(f->rule);
	char others[128];

	name_others(v, f, others, sizeof(others));
	snprintf(v->message, sizeof(v->message), "[%s] %s%s%s%s; %s",
		 rule->name, f->field, f->field[0] ? ": " : "", f->reason,
		 others, rule->advice);
}

/* To ask for a part of the API is no way out where the gate itself is meant; of a
 * folder above it containers.binds has said that already. */
static bool
outranks(const struct gate_verdict *v, const struct gate_finding *f,
	 const struct gate_finding *first)
{
	if (f->rule != RULE_GATE_SELF || first->rule != RULE_API)
		return false;
	for (const struct gate_finding *other = v->findings; other < f; other++)
		if (other->rule == RULE_CT_BINDS && blocks(other))
			return false;
	return true;
}

void
verdict_finish(struct gate_verdict *v)
{
	const struct gate_finding *first = NULL, *audited = NULL;

	v->field = "";
	v->message[0] = '\0';
	for (unsigned i = 0; i < kept_findings(v); i++) {
		const struct gate_finding *f = &v->findings[i];

		if (f->waived_by && !v->exception)
			v->exception = f->waived_by;
		if (blocks(f) && (!first || outranks(v, f, first)))
			first = f;
		if (f->audit && !f->waived_by && !audited)
			audited = f;
	}
	v->allow = !first;
	v->audited = !first && audited;
	if (!first)
		first = audited;
	if (!first)
		return;
	v->rule = first->rule;
	v->field = first->field;
	compose(v, first);
}

bool
policy_list_has_glob(const struct policy_list *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++)
		if (glob_match(list->v[i], text))
			return true;
	return false;
}

static bool
path_climbs(const char *path)
{
	for (size_t len; *path; path += len + strspn(path + len, "/")) {
		len = strcspn(path, "/");
		if ((len == 1 && path[0] == '.') ||
		    (len == 2 && path[0] == '.' && path[1] == '.'))
			return true;
	}
	return false;
}

bool
policy_list_has_path(const struct policy_list *list, const char *path)
{
	return !path_climbs(path) && policy_list_has_glob(list, path);
}

bool
policy_list_has_word(const struct policy_list *list, const char *word)
{
	/* The first letter tells most words apart without a call. */
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i][0] == word[0] && !strcmp(list->v[i], word))
			return true;
	return false;
}
