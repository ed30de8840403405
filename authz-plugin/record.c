#include "authz-plugin/record.h"

#include <stdlib.h>
#include <string.h>

#include "lib/escape.h"
#include "lib/gate/fields.h"
#include "lib/json_out.h"
#include "lib/text.h"

/* Kept for reuse; more are freed, and what is longer than most. */
#define POOL_MAX 64
#define KEEP_BYTES 4096

static struct record *pool;
static unsigned pool_count;

struct record *
record_new(void)
{
	struct record *r = pool;

	if (r) {
		pool = r->next;
		pool_count--;
		r->next = NULL;
		return r;
	}
	r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->uri = BUF_INIT(RECORD_URI_MAX);
	r->body = BUF_INIT(RECORD_JSON_MAX);
	r->facts = BUF_INIT(RECORD_JSON_MAX);
	r->reply = BUF_INIT(RECORD_REPLY_MAX);
	return r;
}

void
record_free(struct record *r)
{
	if (!r)
		return;
	if (pool_count < POOL_MAX) {
		buf_trim(&r->uri, KEEP_BYTES);
		buf_trim(&r->body, KEEP_BYTES);
		buf_trim(&r->facts, KEEP_BYTES);
		buf_trim(&r->reply, KEEP_BYTES);
		r->next = pool;
		pool = r;
		pool_count++;
		return;
	}
	buf_release(&r->uri);
	buf_release(&r->body);
	buf_release(&r->facts);
	buf_release(&r->reply);
	free(r);
}

void
record_reply(struct record *r, bool allow, const char *message)
{
	struct json_out o;

	buf_clear(&r->reply);
	json_out_init(&o, &r->reply);
	json_out_object(&o);
	json_out_kv_bool(&o, "Allow", allow);
	if (!allow)
		json_out_kv_string(&o, "Msg", message);
	json_out_object_end(&o);
	if (json_out_end(&o) < 0) {
		/* A message always fits; without memory the shortest deny does. */
		buf_clear(&r->reply);
		buf_adds(&r->reply, "{\"Allow\":false}");
	}
}

/* Faults of the host are no violations of anybody's policy. */
static bool
is_violation(enum rule_id rule)
{
	return rule != RULE_NONE && rule != RULE_GATE_STORE &&
	       rule != RULE_GATE_LOOKUP && rule != RULE_GATE_OVERLOAD &&
	       rule != RULE_GATE_INTERNAL;
}

static const char *
or_null(const char *s)
{
	return s[0] ? s : NULL;
}

static void
copy_name(char *to, size_t size, const char *name)
{
	char shown[sizeof(((struct record *)NULL)->image)];

	gate_redact_name(name, shown, sizeof(shown));
	escape_line(shown, to, size);
}

#define COPY_NAME(to, name) copy_name((to), sizeof(to), (name))

static void
fill_names(struct record *r, const struct gate_call *call)
{
	const struct spec *c = &call->container;

	escape_line(call->subject, r->subject, sizeof(r->subject));
	COPY_NAME(r->image, call->image);
	r->container[0] = r->image_id[0] = '\0';
	if (c->kind) {
		TEXT_COPY(r->container, c->id);
		TEXT_COPY(r->image_id, c->image_id);
		COPY_NAME(r->image, field_string(c->config[CONFIG_IMAGE]));
	}
}

static void
fill_verdict(struct record *r, const struct gate_verdict *v)
{
	struct decision *d = &r->decision;

	d->verdict = !v->allow	  ? DECISION_DENY
		     : v->audited ? DECISION_AUDIT
				  : DECISION_ALLOW;
	d->rule = v->rule ? rule_get(v->rule)->name : NULL;
	TEXT_COPY(r->field, v->field ? v->field : "");
	TEXT_COPY(r->message, v->message);
	TEXT_COPY(r->exception, v->exception ? v->exception->name : "");
	r->alert = is_violation(v->rule);
	record_reply(r, v->allow, v->message);
}

static void
point_into(struct record *r)
{
	struct decision *d = &r->decision;

	d->user = or_null(r->user);
	d->method = r->method;
	d->uri = buf_str(&r->uri);
	d->subject = or_null(r->subject);
	d->container = or_null(r->container);
	d->image = or_null(r->image);
	d->image_id = or_null(r->image_id);
	d->field = or_null(r->field);
	d->message = or_null(r->message);
	d->exception = or_null(r->exception);
	d->revision = r->revision;
	d->request = or_null(buf_str(&r->body));
	d->facts = or_null(buf_str(&r->facts));
}

void
record_fill(struct record *r, const struct gate_call *call,
	    const struct gate_facts *facts, const struct gate_verdict *verdict,
	    const struct policy *policy)
{
	const struct endpoint *e = call->match.endpoint;
	const struct envelope *env = call->envelope;

	r->kind = RECORD_DECISION;
	r->decision = (struct decision){
		.endpoint = e->name, .class = endpoint_class_name(e->class)};
	r->changes_state = e->id == ENDPOINT_UNKNOWN
				   ? !endpoint_method_is_read(env->method)
				   : e->class != ENDPOINT_CLASS_READ;
	r->makes_container = e->id == ENDPOINT_CONTAINER_CREATE;
	buf_clear(&r->uri);
	buf_clear(&r->body);
	buf_clear(&r->facts);
	escape_line(env->user, r->user, sizeof(r->user));
	escape_line(env->method, r->method, sizeof(r->method));
	gate_redact_uri(call, &r->uri);
	if (r->changes_state)
		gate_redact_body(call, &r->body);
	if (r->changes_state && facts && facts->asked)
		gate_facts_json(facts, &r->facts);
	TEXT_COPY(r->revision, policy ? policy->revision : "");
	fill_names(r, call);
	fill_verdict(r, verdict);
	point_into(r);
}

void
record_refuse(struct record *r, enum rule_id rule, const char *reason)
{
	struct gate_verdict v;

	gate_deny(&v, rule, "", "%s", reason);
	fill_verdict(r, &v);
	point_into(r);
}
