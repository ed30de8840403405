/*
 * explain - what would the gate say to a request or a command line, and why?
 */
#include "ctl/stand_in.h"

#include <string.h>

#define JSON_MAX (1024 * 1024)

static const char *
effect(const struct gate_finding *f)
{
	if (f->waived_by)
		return "waived";
	return f->audit ? "audit" : "denies";
}

static unsigned
findings_kept(const struct gate_verdict *v)
{
	return v->finding_count < GATE_FINDINGS_MAX ? v->finding_count
						    : GATE_FINDINGS_MAX;
}

/* --- output ------------------------------------------------------------------------ */

/* What there is none of is null in JSON, as in the record. */
static const char *
or_null(const char *text)
{
	return text && *text ? text : NULL;
}

static void
finding_json(struct json_out *o, const struct gate_finding *f)
{
	json_out_object(o);
	json_out_kv_string(o, "rule", rule_get(f->rule)->name);
	json_out_kv_string(o, "field", or_null(f->field));
	json_out_kv_string(o, "reason", f->reason);
	json_out_kv_string(o, "effect", effect(f));
	json_out_kv_string(o, "exception",
			   f->waived_by ? f->waived_by->name : NULL);
	json_out_object_end(o);
}

static int
print_json(const struct trial *t, const struct policy *policy,
	   const struct trial_result *r)
{
	_cleanup_buf_ struct buf buf = BUF_INIT(JSON_MAX);
	const struct gate_verdict *v = &r->verdict;
	struct json_out o;

	json_out_init(&o, &buf);
	json_out_object(&o);
	json_out_kv_bool(&o, "allow", v->allow);
	json_out_kv_string(&o, "rule", trial_rule_name(v));
	json_out_kv_string(&o, "field", or_null(v->field));
	json_out_kv_string(&o, "message", or_null(v->message));
	json_out_kv_string(&o, "verdict", trial_verdict_name(v));
	json_out_kv_string(&o, "endpoint", r->endpoint->name);
	json_out_kv_string(&o, "subject", or_null(r->subject));
	json_out_kv_string(&o, "exception",
			   v->exception ? v->exception->name : NULL);
	json_out_key(&o, "findings");
	json_out_array(&o);
	for (unsigned i = 0; i < findings_kept(v); i++)
		finding_json(&o, &v->findings[i]);
	json_out_array_end(&o);
	json_out_kv_int(&o, "finding_count", v->finding_count);
	json_out_kv_string(&o, "policy", policy->file);
	json_out_kv_string(&o, "revision", policy->revision);
	json_out_kv_bool(&o, "dockerd_asked", t->dockerd_answers);
	json_out_object_end(&o);
	return ctl_json(&o);
}

static int
print_findings(const struct ctl *ctl, const struct gate_verdict *v)
{
	static const struct table_column columns[] = {
		{.title = "RULE"},
		{.title = "EFFECT"},
		{.title = "FIELD"},
		{.title = "REASON"}, /* never cut: it is what was asked for */
	};
	_cleanup_table_ struct table t = {0};

	if (!v->finding_count)
		return CTL_OK;
	table_init(&t, columns, sizeof(columns) / sizeof(columns[0]));
	for (unsigned i = 0; i < findings_kept(v); i++) {
		const struct gate_finding *f = &v->findings[i];
		const char *what = effect(f);

		table_add(&t, rule_get(f->rule)->name, TABLE_PLAIN);
		if (f->waived_by)
			table_addf(&t, TABLE_YELLOW, "waived by %s",
				   f->waived_by->name);
		else
			table_add(&t, what,
				  f->audit ? TABLE_YELLOW : TABLE_RED);
		table_add(&t, f->field, TABLE_PLAIN);
		table_add(&t, f->reason, TABLE_PLAIN);
	}
	putchar('\n');
	if (v->finding_count > GATE_FINDINGS_MAX)
		printf("the first %d of %u findings:\n", GATE_FINDINGS_MAX,
		       v->finding_count);
	return ctl_table(ctl, &t);
}

static int
print_text(const struct ctl *ctl, const struct trial *t,
	   const struct policy *policy, const struct trial_result *r)
{
	const struct gate_verdict *v = &r->verdict;
	const char *rule = trial_rule_name(v);
	const char *word = !v->allow ? "denied" : v->audited
					? "allowed, because of audit mode"
					: "allowed";
	const char *color = !v->allow ? "\033[31m" : v->audited ? "\033[33m"
							       : "\033[32m";

	if (ctl->color)
		printf("%s%s\033[0m", color, word);
	else
		fputs(word, stdout);
	ctl_text(stdout, ": %s%s%s", r->endpoint->name,
		 r->subject[0] ? " " : "", r->subject);
	if (rule)
		ctl_text(stdout, ", rule %s", rule);
	ctl_text(stdout, "\npolicy: %s, revision %s\n", policy->file,
		 policy->revision);
	if (v->message[0])
		ctl_text(stdout, "message: %s\n", v->message);
	if (t->dockerd_asked && !t->dockerd_answers)
		ctl_note("%s on %s: judged as if dockerd had no image, "
			 "container or volume%s",
			 t->dockerd_error == -EACCES
				 ? "you may not ask dockerd"
				 : "dockerd does not answer",
			 t->settings.docker,
			 t->dockerd_error == -EACCES
				 ? "; run: sudo aegis-ctl policy explain"
				 : "");
	return print_findings(ctl, v);
}

static int
print(const struct ctl *ctl, const struct trial *t,
      const struct policy *policy, const struct trial_result *r)
{
	int code = ctl->format == FORMAT_JSON
			   ? print_json(t, policy, r)
			   : print_text(ctl, t, policy, r);

	if (code)
		return code;
	return r->verdict.allow ? CTL_OK : CTL_DENIED;
}

/* --- the two ways in ------------------------------------------------------------------ */

static int
explain_request(struct ctl *ctl, struct trial *t, const struct policy *policy)
{
	_cleanup_envelope_ struct envelope e = ENVELOPE_INIT;
	struct aegis_error err = {0};
	struct trial_result result;

	if (ctl->arg_count)
		return ctl_error(CTL_USAGE,
				 "policy explain: give --request or a command "
				 "line, not both");
	if (trial_request_load(&e, ctl->opt[OPT_REQUEST], &err))
		return ctl_failed(&err);
	trial_judge(t, policy, &e, TRIAL_LIVE, NULL, ctl_now_ms(), &result);
	return print(ctl, t, policy, &result);
}

static void
print_lines(const char *text)
{
	for (size_t len; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		ctl_text(stderr, "%.*s\n", (int)(len < 2000 ? len : 2000),
			 text);
	}
}

/* No call that changes something came: reads that the policy allows, or the
 * command complained, for example of a wrong option. */
static int
print_unjudged(const struct ctl *ctl, struct trial *t,
	       const struct policy *policy, struct stand_in_result *r)
{
	if (r->only_read) {
		r->result.subject[0] = '\0';
		return print(ctl, t, policy, &r->result);
	}
	print_lines(buf_str(&r->output));
	if (r->failed)
		return ctl_error(CTL_FAILED,
				 "%s ended with an error before any call that "
				 "changes something, so there is nothing to "
				 "judge%s",
				 ctl->args[0],
				 t->dockerd_answers ? ""
				 : t->dockerd_error == -EACCES
					 ? "; you may not ask dockerd, so try "
					   "it with sudo"
					 : "; dockerd does not answer");
	return ctl_error(CTL_FAILED,
			 "the command made no call that changes something, so "
			 "there is nothing to judge");
}

static int
explain_command(struct ctl *ctl, struct trial *t, const struct policy *policy)
{
	struct stand_in_result *result = calloc(1, sizeof(*result));
	char why[256] = "out of memory";
	int r;

	if (!result ||
	    stand_in_refuses(ctl->args, ctl->arg_count, why, sizeof(why))) {
		free(result);
		return ctl_error(CTL_USAGE, "policy explain: %s", why);
	}
	r = stand_in_run(t, policy, ctl->args, result);
	if (!r)
		r = result->judged ? print(ctl, t, policy, &result->result)
				   : print_unjudged(ctl, t, policy, result);
	if (!r && result->judged &&
	    stand_in_is_series(ctl->args, ctl->arg_count,
			       result->result.endpoint->id))
		ctl_note("this is the first call of the command that changes "
			 "something; those that would follow are not judged");
	buf_release(&result->output);
	free(result);
	return r;
}

int
explain_run(struct ctl *ctl)
{
	_cleanup_trial_ struct trial t;
	_cleanup_policy_ struct policy *policy = NULL;
	int r = trial_init(&t, ctl);

	r = r ? r : trial_policy(ctl, &t.settings, &policy);
	if (r)
		return r;
	return ctl->opt[OPT_REQUEST] ? explain_request(ctl, &t, policy)
				     : explain_command(ctl, &t, policy);
}
