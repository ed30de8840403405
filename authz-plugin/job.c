#include "authz-plugin/job.h"

#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"

/* Kept for reuse.  More are in use only while calls wait for look-ups. */
#define FREE_JOBS_MAX 16
/* Of each document and body in one.  An inspect takes half of it. */
#define KEEP_BYTES (64 * 1024)

const struct gate_facts job_no_facts;

struct job *
job_new(struct plugin *p)
{
	struct job *job = p->free_jobs;

	if (job) {
		p->free_jobs = job->next;
		p->free_job_count--;
	} else {
		job = calloc(1, sizeof(*job));
		if (!job || lookup_new(&job->lookup) < 0) {
			free(job);
			return NULL;
		}
		job->plugin = p;
	}
	job->facts = &job_no_facts;
	job->abandoned = false;
	return job;
}

void
job_destroy(struct job *job)
{
	policy_ref_put(job->policy);
	gate_call_release(&job->call);
	envelope_release(&job->envelope);
	lookup_free(job->lookup);
	free(job);
}

void
job_free(struct job *job)
{
	struct plugin *p = job->plugin;

	if (p->free_job_count >= FREE_JOBS_MAX) {
		job_destroy(job);
		return;
	}
	policy_ref_put(job->policy);
	job->policy = NULL;
	job->request = NULL;
	gate_call_trim(&job->call, KEEP_BYTES);
	envelope_trim(&job->envelope, KEEP_BYTES);
	lookup_trim(job->lookup, KEEP_BYTES);
	job->next = p->free_jobs;
	p->free_jobs = job;
	p->free_job_count++;
}

/* --- the end of a call --------------------------------------------------------- */

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

uint64_t
job_correlate(const struct envelope *e)
{
	uint64_t hash = mix(1, e->method, strlen(e->method));

	hash = mix(hash, e->uri, e->uri_len);
	hash = mix(hash, e->body ? e->body : "", e->body_len);
	return hash ? hash : 1;
}

void
job_answer(struct job *job, const struct gate_call *call,
	   const struct gate_facts *facts)
{
	struct record *r = record_new();

	if (!r) {
		plugin_reply_out_of_memory(job->request);
		job->request = NULL;
		return;
	}
	record_fill(r, call, facts, &job->verdict, job->policy->policy);
	r->request = job->request;
	r->correlation = r->changes_state && job->verdict.allow
				 ? job_correlate(&job->envelope)
				 : 0;
	r->decision.timestamp = clock_wall_ms();
	r->decision.latency_us =
		(int64_t)(clock_monotonic_us() - job->started_us);
	recorder_add(job->plugin->recorder, r);
	job->request = NULL;
}

void
job_finish(struct job *job)
{
	job_answer(job, &job->call, job->facts);
	job_free(job);
}

void
job_judge(struct job *job)
{
	gate_judge(&job->call, job->facts, job->policy->policy,
		   &job->plugin->host, clock_wall_ms(), &job->verdict);
	job_finish(job);
}
