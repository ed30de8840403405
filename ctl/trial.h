/*
 * trial - a request judged outside the gate, by the same code.
 *
 * Nothing is executed and nothing recorded.  What a decision needs to know is
 * asked of the real dockerd, taken from a record, or only of this host.
 */
#ifndef AEGIS_CTL_TRIAL_H
#define AEGIS_CTL_TRIAL_H

#include "ctl/ctl.h"
#include "lib/gate/gate.h"
#include "lib/gate/hostpath.h"
#include "lib/gate/lookup.h"

enum trial_facts {
	TRIAL_LIVE,     /* ask dockerd if it answers, else as TRIAL_HOST */
	TRIAL_HOST,     /* bind sources on this host; dockerd is not asked */
	TRIAL_RECORDED, /* only what a record has */
};

struct trial {
	struct settings settings;
	struct gate_host host;
	struct hostpath_root root;
	struct lookup *lookup;
	struct gate_call call;
	bool dockerd_asked, dockerd_answers;
	int dockerd_error; /* why not, as an errno */
};

/* verdict.field points into verdict: never copy this. */
struct trial_result {
	struct gate_verdict verdict;
	const struct endpoint *endpoint;
	char subject[256];
	/* The policy asks for what the record does not have. */
	bool incomplete;
};

/* Returns 0 or an exit code after the message. */
int trial_init(struct trial *t, const struct ctl *ctl);
void trial_release(struct trial *t);
#define _cleanup_trial_ _cleanup_(trial_release)

/* --policy FILE, or the configured one.  Returns 0 or an exit code. */
int trial_policy(const struct ctl *ctl, const struct settings *settings,
		 struct policy **ret);

static inline void
trial_policy_free(struct policy **p)
{
	policy_free(*p);
}
#define _cleanup_policy_ _cleanup_(trial_policy_free)

/* facts: JSON of a record, for TRIAL_RECORDED; NULL: nothing was asked. */
void trial_judge(struct trial *t, const struct policy *policy,
		 const struct envelope *e, enum trial_facts how,
		 const char *facts, int64_t now_ms, struct trial_result *ret);

/* "allow", "deny" or "audit". */
const char *trial_verdict_name(const struct gate_verdict *v);
/* The rule's name, or NULL if there is none. */
const char *trial_rule_name(const struct gate_verdict *v);

/* An AuthZReq from a file: the document itself, or the member "request" of a
 * recorded one.  Returns 0 or -EBADMSG, -ENOENT, ... */
int trial_request_load(struct envelope *ret, const char *file,
		       struct aegis_error *err);

#endif
