/*
 * policy_ref - the policy in force, shared by the loop and the look-up workers.
 *
 * A reload swaps the pointer in the loop; calls under way keep the one they began
 * with.  The last reference frees it; any thread.
 */
#ifndef AEGIS_AUTHZ_PLUGIN_POLICY_REF_H
#define AEGIS_AUTHZ_PLUGIN_POLICY_REF_H

#include <stdatomic.h>
#include <stdlib.h>

#include "lib/gate/policy.h"

struct policy_ref {
	struct policy *policy;
	atomic_uint refs;
};

/* Takes over policy.  NULL: out of memory, policy is freed. */
static inline struct policy_ref *
policy_ref_new(struct policy *policy)
{
	struct policy_ref *ref = malloc(sizeof(*ref));

	if (!ref) {
		policy_free(policy);
		return NULL;
	}
	ref->policy = policy;
	atomic_init(&ref->refs, 1);
	return ref;
}

static inline struct policy_ref *
policy_ref_get(struct policy_ref *ref)
{
	atomic_fetch_add_explicit(&ref->refs, 1, memory_order_relaxed);
	return ref;
}

static inline void
policy_ref_put(struct policy_ref *ref)
{
	if (!ref || atomic_fetch_sub_explicit(&ref->refs, 1,
					      memory_order_acq_rel) != 1)
		return;
	policy_free(ref->policy);
	free(ref);
}

#endif
