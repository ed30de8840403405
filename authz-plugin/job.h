/*
 * job - one AuthZReq between its arrival and its record.
 *
 * Jobs are pooled with the memory of their documents, as long as that is little.
 * Loop thread only, but for what waiting.h says of a job that a worker has.
 */
#ifndef AEGIS_AUTHZ_PLUGIN_JOB_H
#define AEGIS_AUTHZ_PLUGIN_JOB_H

#include "authz-plugin/plugin.h"

struct job {
	struct job *next; /* in the pool, or among those that wait */
	struct job **link;
	struct plugin *plugin;
	struct httpd_request *request;
	struct policy_ref *policy;
	uint64_t started_us;
	struct envelope envelope;
	struct gate_call call;
	struct gate_verdict verdict;
	struct lookup *lookup;
	const struct gate_facts *facts; /* never NULL, but while a worker is at it */
	struct worker_task task;
	bool abandoned; /* answered, while a worker is at it */
};

extern const struct gate_facts job_no_facts;

struct job *job_new(struct plugin *p); /* NULL: out of memory */
void job_free(struct job *job);
/* Past the pool; after the loop any thread may. */
void job_destroy(struct job *job);

/* Judge on the facts there are, record, answer; job is gone. */
void job_judge(struct job *job);
/* Record and answer the verdict there is; job is gone. */
void job_finish(struct job *job);
/* The same for call, which stands for a job's own, but job stays, without its
 * request. */
void job_answer(struct job *job, const struct gate_call *call,
		const struct gate_facts *facts);

/* AuthZReq and AuthZRes of one call have the same method, URI and body.  A
 * collision only confuses the outcome of two rows. */
uint64_t job_correlate(const struct envelope *e);

#endif
