#include "authz-plugin/plugin.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/clock.h"
#include "lib/log.h"

/* Jobs kept for reuse, with the memory of their documents. */
#define FREE_JOBS_MAX 64

/* One AuthZReq between its arrival and its record. */
struct job {
	struct job *next;
	struct plugin *plugin;
	struct httpd_request *request;
	struct policy_ref *policy;
	uint64_t started_us;
	struct envelope envelope;
	struct gate_call call;
	struct gate_verdict verdict;
	struct lookup *lookup;
	const struct gate_facts *facts;
};

static const struct gate_facts no_facts;

/* --- jobs ------------------------------------------------------------------ */

static struct job *
job_new(struct plugin *p)
{
	struct job *job = p->free_jobs;

	if (job) {
		p->free_jobs = job->next;
		p->free_job_count--;
		return job;
	}
	job = calloc(1, sizeof(*job));
	if (!job || lookup_new(&job->lookup) < 0) {
		free(job);
		return NULL;
	}
	job->plugin = p;
	return job;
}

static void
job_destroy(struct job *job)
{
	gate_call_release(&job->call);
	envelope_release(&job->envelope);
	lookup_free(job->lookup);
	free(job);
}

static void
job_free(struct job *job)
{
	struct plugin *p = job->plugin;

	policy_ref_put(job->policy);
	job->policy = NULL;
	if (p->free_job_count >= FREE_JOBS_MAX) {
		job_destroy(job);
		return;
	}
	job->next = p->free_jobs;
	p->free_jobs = job;
	p->free_job_count++;
}

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
static void
reply_out_of_memory(struct httpd_request *req)
{
	log_error("out of memory; a call was denied without a record");
	reply_text(req, "{\"Allow\":false,\"Msg\":\"[gate.internal] the gate is "
			"out of memory; see the log of aegis-authz\"}");
}

/* Eight bytes at a time, as the body is most of it. */
static uint64_t
mix(uint64_t hash, const char *data, size_t len)
{
	uint64_t word = len;

	for (;;) {
		hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
		if (len == 0)
			return hash;
		word = 0;
		memcpy(&word, data, len < 8 ? len : 8);
		data += len < 8 ? len : 8;
		len -= len < 8 ? len : 8;
	}
}

/* AuthZReq and AuthZRes of one call have the same method, URI and body.  A
 * collision only confuses the outcome of two rows. */
static uint64_t
correlate(const struct envelope *e)
{
	uint64_t hash = mix(1, e->method, strlen(e->method));

	hash = mix(hash, e->uri, e->uri_len);
	hash = mix(hash, e->body ? e->body : "", e->body_len);
	return hash ? hash : 1;
}

static void
job_finish(struct job *job)
{
	struct plugin *p = job->plugin;
	struct record *r = record_new();

	if (!r) {
		reply_out_of_memory(job->request);
		job_free(job);
		return;
	}
	record_fill(r, &job->call, job->facts, &job->verdict,
		    job->policy->policy);
	r->request = job->request;
	r->correlation = r->changes_state && job->verdict.allow
				 ? correlate(&job->envelope)
				 : 0;
	r->decision.timestamp = clock_wall_ms();
	r->decision.latency_us =
		(int64_t)(clock_monotonic_us() - job->started_us);
	recorder_add(p->recorder, r);
	job_free(job);
}

static void
judge(struct job *job)
{
	gate_judge(&job->call, job->facts, job->policy->policy,
		   &job->plugin->host, clock_wall_ms(), &job->verdict);
}

/* --- look-ups: from the loop to a worker and back ------------------------------- */

static void
after_lookup(void *arg)
{
	struct job *job = arg;

	judge(job);
	job_finish(job);
}

static void
run_lookup(void *arg)
{
	struct job *job = arg;

	job->facts = lookup_run(job->lookup, &job->plugin->source, &job->call,
				job->policy->policy);
	/* Fails only once the loop has ended, and with it every request. */
	if (httpd_post(job->plugin->httpd, after_lookup, job) < 0)
		log_debug("a look-up ended after the loop");
}

static void
look_up(struct job *job)
{
	job->facts = lookup_try(job->lookup, &job->plugin->source, &job->call,
				job->policy->policy);
	if (job->facts) {
		after_lookup(job);
		return;
	}
	if (workers_run(job->plugin->workers, run_lookup, job) == 0)
		return;
	job->facts = &no_facts;
	gate_deny(&job->verdict, RULE_GATE_OVERLOAD, "",
		  "too many calls wait for answers of dockerd");
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
		reply_out_of_memory(req);
		return;
	}
	job->request = req;
	job->started_us = clock_monotonic_us();
	job->policy = policy_ref_get(p->policy);
	job->facts = &no_facts;
	if (envelope_parse(&job->envelope, body.data, body.len, &err) < 0) {
		gate_call_reset(&job->call, &job->envelope);
		gate_deny(&job->verdict, RULE_GATE_REQUEST, "", "%s", err.text);
		job_finish(job);
	} else if (is_own_question(p, &job->envelope)) {
		reply_text(req, "{\"Allow\":true}");
		job_free(job);
	} else if (gate_read(&job->call, &job->envelope, job->policy->policy,
			     &p->host, &job->verdict) < 0) {
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
		recorder_outcome(p->recorder, correlate(e), e->status, NULL, id);
	else
		recorder_outcome(p->recorder, correlate(e), e->status, id, NULL);
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
