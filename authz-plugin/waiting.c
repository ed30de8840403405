#include "authz-plugin/waiting.h"

#include <errno.h>
#include <stdio.h>

#include "authz-plugin/job.h"
#include "lib/clock.h"
#include "lib/log.h"

static void on_alarm(void *ctx);

/* --- the list ------------------------------------------------------------------- */

static void
append(struct waiting *w, struct job *job)
{
	job->next = NULL;
	job->link = w->tail;
	*w->tail = job;
	w->tail = &job->next;
	w->count++;
}

static void
take_out(struct waiting *w, struct job *job)
{
	*job->link = job->next;
	if (job->next)
		job->next->link = job->link;
	else
		w->tail = job->link;
	w->count--;
}

static uint64_t
earlier(uint64_t a_ms, uint64_t b_ms) /* 0: none */
{
	return !a_ms || (b_ms && b_ms < a_ms) ? b_ms : a_ms;
}

/* When the first of those that wait is answered; 0: none waits. */
static uint64_t
next_deadline(const struct waiting *w)
{
	return w->first ? earlier(w->first->task.deadline_ms, w->end_at_ms) : 0;
}

static void
set_alarm(struct plugin *p)
{
	struct waiting *w = &p->waiting;
	uint64_t at_ms = next_deadline(w);

	/* Workers are looked after while one is at something. */
	if (w->count || w->abandoned || w->stuck)
		at_ms = earlier(at_ms,
				httpd_now_ms(p->httpd) + WORKERS_SLOW_MS);
	w->has_alarm = at_ms;
	httpd_alarm(p->httpd, at_ms, on_alarm, p);
}

/* --- workers that hang ------------------------------------------------------------ */

static void
say_stuck(unsigned before, unsigned stuck)
{
	if (stuck == WORKERS_THREADS + WORKERS_EXTRA_MAX)
		log_error("%u look-ups hang, and no more can be made: calls "
			  "that need one are denied (gate.overload)",
			  stuck);
	else if (stuck && !before)
		log_warn("%u look-ups hang on a file system that does not "
			 "answer; others take their place",
			 stuck);
	else if (!stuck && before)
		log_info("no look-up hangs any more");
}

static void
check_workers(struct plugin *p)
{
	struct waiting *w = &p->waiting;
	const struct workers_count now =
		workers_check(p->workers, clock_monotonic_ms());
	char text[16];

	atomic_store(&w->hurry, now.slow >= WAITING_SLOW_MAX);
	if (now.stuck == w->stuck)
		return;
	say_stuck(w->stuck, now.stuck);
	w->stuck = now.stuck;
	snprintf(text, sizeof(text), "%u", now.stuck);
	recorder_meta(p->recorder, "gate.stuck", text);
}

/* --- from the loop to a worker and back ---------------------------------------------- */

static void
deny_late(struct job *job)
{
	if (job->plugin->waiting.end_at_ms)
		gate_deny(&job->verdict, RULE_GATE_LOOKUP, "",
			  "the gate stops; try again when it is back");
	else
		gate_deny(&job->verdict, RULE_GATE_LOOKUP, "",
			  "dockerd or the host's file system did not answer "
			  "within %d s",
			  PLUGIN_LOOKUP_TIMEOUT_MS / 1000);
}

/* In the loop. */
static void
after_lookup(void *arg)
{
	struct job *job = arg;
	struct plugin *p = job->plugin;

	if (job->abandoned) {
		p->waiting.abandoned--;
		job_free(job);
		return;
	}
	take_out(&p->waiting, job);
	if (job->facts) {
		job_judge(job);
		return;
	}
	job->facts = &job_no_facts;
	deny_late(job);
	job_finish(job);
}

/* In a worker. */
static void
run_lookup(void *arg)
{
	struct job *job = arg;
	struct lookup_source source = job->plugin->source;
	const uint64_t now_ms = clock_monotonic_ms();

	if (now_ms < job->task.deadline_ms) {
		source.cached_paths = atomic_load(&job->plugin->waiting.hurry);
		source.timeout_ms = (unsigned)(job->task.deadline_ms - now_ms);
		job->facts = lookup_run(job->lookup, &source, &job->call,
					job->policy->policy);
	}
	/* After the loop nobody else knows of the job.  Without memory for the
	 * message the loop answers at the deadline, and the job is lost. */
	if (httpd_post(job->plugin->httpd, after_lookup, job) == -ESHUTDOWN)
		job_destroy(job);
}

/* The call is the worker's, so it is read once more, from the envelope. */
static void
abandon(struct job *job)
{
	struct plugin *p = job->plugin;
	struct gate_call call = GATE_CALL_INIT;

	job->abandoned = true;
	p->waiting.abandoned++;
	/* Of what it says only the call counts: the verdict is deny_late()'s. */
	(void)gate_read(&call, &job->envelope, job->policy->policy, &job->verdict);
	deny_late(job);
	job_answer(job, &call, NULL);
	gate_call_release(&call);
}

static void
expire(struct job *job)
{
	struct plugin *p = job->plugin;

	take_out(&p->waiting, job);
	if (!workers_cancel(p->workers, &job->task)) {
		abandon(job);
		return;
	}
	job->facts = &job_no_facts;
	deny_late(job);
	job_finish(job);
}

static void
on_alarm(void *ctx)
{
	struct plugin *p = ctx;
	struct waiting *w = &p->waiting;
	const uint64_t now_ms = httpd_now_ms(p->httpd);

	while (w->first && next_deadline(w) <= now_ms)
		expire(w->first);
	check_workers(p);
	set_alarm(p);
}

/* What has not begun is over; the rest has a moment. */
static void
end(void *ctx)
{
	struct plugin *p = ctx;
	struct waiting *w = &p->waiting;
	struct job *next;

	w->end_at_ms = clock_monotonic_ms() + WAITING_END_MS;
	for (struct job *job = w->first; job; job = next) {
		next = job->next;
		if (!workers_cancel(p->workers, &job->task))
			continue;
		take_out(w, job);
		job->facts = &job_no_facts;
		deny_late(job);
		job_finish(job);
	}
	set_alarm(p);
}

void
waiting_init(struct plugin *p)
{
	struct waiting *w = &p->waiting;
	const unsigned half = httpd_connections_max(p->httpd) / 2;

	w->tail = &w->first;
	w->max = half < WAITING_MAX ? half : WAITING_MAX;
	httpd_on_wind_down(p->httpd, end, p);
}

int
waiting_add(struct job *job)
{
	struct plugin *p = job->plugin;
	struct waiting *w = &p->waiting;

	if (w->end_at_ms || w->count >= w->max)
		return -EBUSY;
	job->facts = NULL;
	job->task = (struct worker_task){
		.fn = run_lookup,
		.arg = job,
		.deadline_ms = job->started_us / 1000 +
			       PLUGIN_LOOKUP_TIMEOUT_MS,
	};
	if (workers_run(p->workers, &job->task) < 0)
		return -EBUSY;
	append(w, job);
	if (!w->has_alarm)
		set_alarm(p);
	return 0;
}
