#include "authz-plugin/plugin.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "authz-plugin/job.h"
#include "lib/clock.h"
#include "lib/log.h"

void
plugin_release(struct plugin *p)
{
	while (p->free_jobs) {
		struct job *job = p->free_jobs;

		p->free_jobs = job->next;
		job_destroy(job);
	}
	policy_ref_put(p->policy);
}

void
plugin_set_policy(struct plugin *p, struct policy_ref *ref)
{
	policy_ref_put(p->policy);
	p->policy = ref;
}

/* --- answers ------------------------------------------------------------------ */

static void
reply_text(struct httpd_request *req, const char *json)
{
	httpd_reply(req, 200, "application/json", json, strlen(json));
}

/* The last resort: without memory for a record there is no record, but there
 * is a deny. */
void
plugin_reply_out_of_memory(struct httpd_request *req)
{
	log_error("out of memory; a call was denied without a record");
	reply_text(req, "{\"Allow\":false,\"Msg\":\"[gate.internal] the gate is "
			"out of memory; see the log of aegis-authz\"}");
}

static void
look_up(struct job *job)
{
	struct plugin *p = job->plugin;

	job->facts = lookup_try(job->lookup, &p->source, &job->call,
				job->policy->policy);
	if (job->facts) {
		job_judge(job);
		return;
	}
	if (waiting_add(job) == 0)
		return;
	job->facts = &job_no_facts;
	gate_deny(&job->verdict, RULE_GATE_OVERLOAD, "",
		  "too many calls wait for answers of dockerd or of the host's "
		  "file systems");
	job_finish(job);
}

/* --- the three requests ------------------------------------------------------------ */

static void
handle_activate(struct httpd_request *req, void *ctx)
{
	(void)ctx;
	reply_text(req, "{\"Implements\":[\"authz\"]}");
}

/* Our own look-ups come back to us.  They are GETs, so that nothing depends on
 * knowing them; they are left out of the record because the call they serve is
 * in it. */
static bool
is_own_question(const struct plugin *p, const struct envelope *e)
{
	const char *agent;

	if (strcmp(e->method, "GET") != 0)
		return false;
	agent = envelope_header(e, "User-Agent");
	return agent && !strcmp(agent, p->source.user_agent);
}

static void
handle_request(struct httpd_request *req, void *ctx)
{
	struct plugin *p = ctx;
	struct job *job = job_new(p);
	struct httpd_bytes body = httpd_body(req);
	struct aegis_error err = {0};

	if (!job) {
		plugin_reply_out_of_memory(req);
		return;
	}
	job->request = req;
	job->started_us = clock_monotonic_us();
	job->policy = policy_ref_get(p->policy);
	if (envelope_parse(&job->envelope, body.data, body.len, &err) < 0) {
		gate_call_reset(&job->call, &job->envelope);
		gate_deny(&job->verdict, RULE_GATE_REQUEST, "", "%s", err.text);
		job_finish(job);
	} else if (is_own_question(p, &job->envelope)) {
		reply_text(req, "{\"Allow\":true}");
		job_free(job);
	} else if (gate_read(&job->call, &job->envelope, job->policy->policy,
			     &job->verdict) < 0) {
		job_finish(job);
	} else {
		look_up(job);
	}
}

/* What was made: the answer of a create, commit or exec has its id. */
static void
note_outcome(struct plugin *p, const struct envelope *e)
{
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
	const char *id = NULL;

	if (e->response_len &&
	    json_parse(&doc, e->response, e->response_len, NULL) == 0)
		id = json_get_string(doc.root, "Id");
	if (id && !strncmp(id, "sha256:", strlen("sha256:")))
		recorder_outcome(p->recorder, job_correlate(e), e->status, NULL, id);
	else
		recorder_outcome(p->recorder, job_correlate(e), e->status, id, NULL);
}

/* Answers of reads can be large and tell the record nothing.  dockerd writes
 * the method first unless a TLS user stands before it. */
static bool
is_answer_of_read(struct httpd_bytes body)
{
	static const char *const reads[] = {"{\"RequestMethod\":\"GET\"",
					    "{\"RequestMethod\":\"HEAD\""};

	for (size_t i = 0; i < 2; i++)
		if (body.len > strlen(reads[i]) &&
		    !memcmp(body.data, reads[i], strlen(reads[i])))
			return true;
	return false;
}

static void
handle_response(struct httpd_request *req, void *ctx)
{
	struct plugin *p = ctx;
	struct httpd_bytes body = httpd_body(req);
	struct job *job;

	if (!is_answer_of_read(body) && (job = job_new(p))) {
		if (envelope_parse(&job->envelope, body.data, body.len, NULL) ==
		    0)
			note_outcome(p, &job->envelope);
		job_free(job);
	}
	/* The action is done; a deny here would only hide its result. */
	reply_text(req, "{\"Allow\":true}");
}

const struct httpd_route plugin_routes[] = {
	{"POST", "/Plugin.Activate", handle_activate},
	{"POST", "/AuthZPlugin.AuthZReq", handle_request},
	{"POST", "/AuthZPlugin.AuthZRes", handle_response},
};
const size_t plugin_route_count =
	sizeof(plugin_routes) / sizeof(plugin_routes[0]);
