/*
 * replay - which recorded decisions would come out differently?
 */
#include "ctl/records.h"
#include "ctl/trial.h"

#include <string.h>

#define JSON_MAX (256UL * 1024 * 1024)

struct replay {
	struct ctl *ctl;
	struct trial trial;
	struct policy *policy;
	struct records records;
	struct table table;
	struct json_out json;
	struct buf buf;
	int64_t now_ms;
	unsigned judged, differ, unknown;
};

/* Denied for a reason of the moment, not of any policy. */
static bool
is_of_the_moment(const char *rule)
{
	static const enum rule_id rules[] = {
		RULE_GATE_REQUEST, RULE_GATE_LOOKUP,   RULE_GATE_STORE,
		RULE_GATE_OVERLOAD, RULE_GATE_INTERNAL,
	};

	for (size_t i = 0; rule && i < sizeof(rules) / sizeof(rules[0]); i++)
		if (!strcmp(rule, rule_get(rules[i])->name))
			return true;
	return false;
}

/* The envelope as dockerd sent it, as far as the record has it.  headers keeps
 * what e->headers points to. */
static void
envelope_of(const struct decision *d, struct json_doc *headers,
	    struct envelope *e)
{
	char text[128];

	snprintf(text, sizeof(text),
		 d->request ? "{\"Content-Type\":\"application/json\","
			      "\"Content-Length\":\"%zu\"}"
			    : "{\"Content-Length\":\"%zu\"}",
		 d->request ? strlen(d->request) : (size_t)0);
	json_parse(headers, text, strlen(text), NULL);
	*e = (struct envelope){
		.user = d->user ? d->user : "",
		.user_method = d->user ? "TLS" : "",
		.method = d->method ? d->method : "",
		.uri = d->uri ? d->uri : "",
		.uri_len = d->uri ? strlen(d->uri) : 0,
		.headers = headers->root,
		.body = (char *)d->request,
		.body_len = d->request ? strlen(d->request) : 0,
	};
}

static void
print_row(struct replay *p, const struct decision *d,
	  const struct trial_result *after)
{
	const char *before_name = decision_verdict_name(d->verdict);
	const char *after_name = trial_verdict_name(&after->verdict);
	const char *rule = after->verdict.allow && !after->verdict.audited
				   ? d->rule
				   : trial_rule_name(&after->verdict);
	char age[16];

	time_age(d->timestamp, p->now_ms, age, sizeof(age));
	table_addf(&p->table, TABLE_PLAIN, "%lld", (long long)d->id);
	table_add(&p->table, age, TABLE_PLAIN);
	table_add(&p->table, before_name, ctl_verdict_color(before_name));
	table_add(&p->table, after_name, ctl_verdict_color(after_name));
	table_add(&p->table, d->endpoint, TABLE_PLAIN);
	ctl_add_name(p->ctl, &p->table, d->subject);
	table_add(&p->table, rule, TABLE_PLAIN);
	ctl_add_message(p->ctl, &p->table,
			after->verdict.allow ? d->message
					     : after->verdict.message,
			rule);
}

static void
print_object(struct replay *p, const struct decision *d,
	     const struct trial_result *after)
{
	struct json_out *o = &p->json;

	json_out_object(o);
	json_out_kv_int(o, "id", d->id);
	json_out_key(o, "timestamp");
	json_out_time_ms(o, d->timestamp);
	json_out_kv_string(o, "endpoint", d->endpoint);
	json_out_kv_string(o, "subject", d->subject);
	json_out_kv_string(o, "before", decision_verdict_name(d->verdict));
	json_out_kv_string(o, "before_rule", d->rule);
	json_out_kv_string(o, "after", trial_verdict_name(&after->verdict));
	json_out_kv_string(o, "after_rule", trial_rule_name(&after->verdict));
	json_out_kv_string(o, "field", after->verdict.field);
	json_out_kv_string(o, "message", after->verdict.message);
	json_out_object_end(o);
}

static bool
differs(const struct decision *d, const struct trial_result *after)
{
	return strcmp(decision_verdict_name(d->verdict),
		      trial_verdict_name(&after->verdict));
}

static int
replay_row(const struct decision *d, void *ctx)
{
	_cleanup_json_ struct json_doc headers = JSON_DOC_INIT;
	struct replay *p = ctx;
	struct trial_result after;
	struct envelope e;

	if (!records_want(&p->records, d))
		return 0;
	if (p->records.limit &&
	    p->judged + p->unknown == p->records.limit)
		return 1;
	if (is_of_the_moment(d->rule)) {
		p->unknown++;
		return 0;
	}
	envelope_of(d, &headers, &e);
	trial_judge(&p->trial, p->policy, &e, TRIAL_RECORDED, d->facts,
		    d->timestamp, &after);
	if (after.incomplete || is_of_the_moment(trial_rule_name(
					&after.verdict))) {
		p->unknown++;
		return 0;
	}
	p->judged++;
	if (!differs(d, &after))
		return 0;
	p->differ++;
	if (p->ctl->format == FORMAT_JSON)
		print_object(p, d, &after);
	else
		print_row(p, d, &after);
	return 0;
}

static int
replay_print(struct replay *p)
{
	int r;

	if (p->ctl->format == FORMAT_JSON) {
		json_out_array_end(&p->json);
		json_out_kv_int(&p->json, "judged", p->judged);
		json_out_kv_int(&p->json, "differ", p->differ);
		json_out_kv_int(&p->json, "not_judged", p->unknown);
		json_out_kv_string(&p->json, "revision", p->policy->revision);
		json_out_object_end(&p->json);
		r = ctl_json(&p->json);
	} else {
		r = p->differ ? ctl_table(p->ctl, &p->table) : CTL_OK;
		printf("%s%u of %u decisions would differ under revision %s",
		       p->differ ? "\n" : "", p->differ, p->judged,
		       p->policy->revision);
		if (p->unknown)
			printf("; %u more cannot be judged from the record",
			       p->unknown);
		putchar('\n');
	}
	if (r)
		return r;
	return p->differ ? CTL_FAILED : CTL_OK;
}

static void
replay_release(struct replay *p)
{
	trial_release(&p->trial);
	policy_free(p->policy);
	table_release(&p->table);
	buf_release(&p->buf);
}

int
replay_run(struct ctl *ctl)
{
	static const struct table_column columns[] = {
		{.title = "ID", .right = true},
		{.title = "AGE", .right = true},
		{.title = "BEFORE"},
		{.title = "AFTER"},
		{.title = "CALL"},
		{.title = "SUBJECT", .shrink = true},
		{.title = "RULE"},
		{.title = "MESSAGE", .shrink = true},
	};
	_cleanup_(replay_release) struct replay p = {
		.ctl = ctl,
		.trial.root = HOSTPATH_ROOT_INIT,
		.buf = BUF_INIT(JSON_MAX),
		.now_ms = ctl_now_ms(),
	};
	_cleanup_store_ struct store *store = NULL;
	struct aegis_error err = {0};
	int r;

	if (!ctl->opt[OPT_POLICY])
		return ctl_error(CTL_USAGE,
				 "decisions replay: which policy? give "
				 "--policy FILE");
	table_init(&p.table, columns, sizeof(columns) / sizeof(columns[0]));
	json_out_init(&p.json, &p.buf);
	r = records_options(ctl, 0, &p.records);
	r = r ? r : trial_init(&p.trial, ctl);
	r = r ? r : trial_policy(ctl, &p.trial.settings, &p.policy);
	r = r ? r : records_open(ctl, &p.trial.settings, &store);
	if (r)
		return r;
	if (ctl->format == FORMAT_JSON) {
		json_out_object(&p.json);
		json_out_key(&p.json, "differences");
		json_out_array(&p.json);
	}
	r = store_decision_each(store, &p.records.filter, replay_row, &p,
				&err);
	return r < 0 ? ctl_failed(&err) : replay_print(&p);
}
