#include "ctl/trial.h"

#include <string.h>

#include "ctl/daemon_json.h"
#include "lib/docker.h"
#include "lib/gate/host.h"

#define LOOKUP_TIMEOUT_MS 10000
#define PING_TIMEOUT_MS 2000

int
trial_init(struct trial *t, const struct ctl *ctl)
{
	const char *config = ctl->opt[OPT_CONFIG];
	struct aegis_error err = {0};
	int r;

	*t = (struct trial){.root = HOSTPATH_ROOT_INIT, .call = GATE_CALL_INIT};
	r = ctl_settings(ctl, &t->settings);
	if (r)
		return r;
	r = gate_host_init(&t->host, &t->settings,
			   config ? config : getenv("AEGIS_CONFIG"), &err);
	if (r == 0)
		r = hostpath_root_open(&t->root, gate_host_root(), &err);
	if (r == 0 && lookup_new(&t->lookup) < 0)
		r = aegis_error_set(&err, -ENOMEM, "prepare look-ups");
	return r < 0 ? ctl_failed(&err) : CTL_OK;
}

void
trial_release(struct trial *t)
{
	gate_call_release(&t->call);
	lookup_free(t->lookup);
	hostpath_root_close(&t->root);
	gate_host_release(&t->host);
}

int
trial_policy(const struct ctl *ctl, const struct settings *settings,
	     struct policy **ret)
{
	const char *file = ctl->opt[OPT_POLICY];
	struct aegis_error err = {0};

	if (policy_load(ret, file ? file : settings->gate.policy, &err))
		return ctl_failed(&err);
	return CTL_OK;
}

/* --- judging --------------------------------------------------------------------- */

/* Once: whether dockerd answers decides how much can be known. */
static bool
dockerd_answers(struct trial *t)
{
	_cleanup_buf_ struct buf body = BUF_INIT(65536);
	struct docker_call call = {
		.socket = t->settings.docker,
		.method = "GET",
		.path = "/_ping",
		.user_agent = "aegis-ctl",
		.timeout_ms = PING_TIMEOUT_MS,
	};
	unsigned status;

	if (!t->dockerd_asked)
		t->dockerd_error = docker_call(&call, &status, &body, NULL);
	if (!t->dockerd_asked)
		t->dockerd_answers = !t->dockerd_error;
	t->dockerd_asked = true;
	return t->dockerd_answers;
}

static const struct gate_facts *
get_facts(struct trial *t, const struct policy *policy, enum trial_facts how,
	  const char *facts, struct trial_result *ret)
{
	static const struct gate_facts none = {0};
	struct lookup_source source = {
		.docker = t->settings.docker,
		.user_agent = "aegis-ctl",
		.root = &t->root,
		.timeout_ms = LOOKUP_TIMEOUT_MS,
	};

	if (how == TRIAL_RECORDED) {
		const struct gate_facts *f = &none;

		if (facts && !lookup_load(t->lookup, facts, strlen(facts),
					  NULL))
			f = lookup_facts(t->lookup);
		ret->incomplete = gate_need(&t->call, f, policy) != 0;
		return f;
	}
	/* Paths need no dockerd; all else is then as if dockerd had nothing. */
	if (how == TRIAL_HOST || !dockerd_answers(t))
		t->call.lookups &= GATE_LOOKUP_PATHS;
	return lookup_run(t->lookup, &source, &t->call, policy);
}

void
trial_judge(struct trial *t, const struct policy *policy,
	    const struct envelope *e, enum trial_facts how, const char *facts,
	    int64_t now_ms, struct trial_result *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (!gate_read(&t->call, e, policy, &ret->verdict)) {
		const struct gate_facts *f =
			get_facts(t, policy, how, facts, ret);

		gate_judge(&t->call, f, policy, &t->host, now_ms,
			   &ret->verdict);
	}
	ret->endpoint = t->call.match.endpoint;
	snprintf(ret->subject, sizeof(ret->subject), "%s", t->call.subject);
}

const char *
trial_verdict_name(const struct gate_verdict *v)
{
	if (!v->allow)
		return "deny";
	return v->audited ? "audit" : "allow";
}

const char *
trial_rule_name(const struct gate_verdict *v)
{
	return v->rule == RULE_NONE ? NULL : rule_get(v->rule)->name;
}

/* --- requests from files ------------------------------------------------------------ */

int
trial_request_load(struct envelope *ret, const char *file,
		   struct aegis_error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT(ENVELOPE_MAX);
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
	const struct json_node *request;
	const char *at;
	size_t len;
	int r = file_read(file, &text, err);

	if (r)
		return r;
	r = json_parse(&doc, buf_str(&text), text.len, err);
	if (r)
		return aegis_error_wrap(err, r, "%s", file);
	at = buf_str(&text);
	len = text.len;
	request = json_get(doc.root, "request");
	if (request && request->type == JSON_OBJECT) {
		at += request->offset;
		len = json_text_end(buf_str(&text), request->offset) -
		      request->offset;
	}
	r = envelope_parse(ret, at, len, err);
	return r ? aegis_error_wrap(err, r, "%s", file) : 0;
}
