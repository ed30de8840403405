/* Any bytes as a policy file: a policy, or one line that says where and why. */
#include <assert.h>
#include <string.h>

#include "lib/gate/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct aegis_error err = {0};
	struct policy *policy = NULL;

	if (policy_parse(&policy, "fuzz", (const char *)data, size, &err) == 0) {
		assert(policy && policy->revision[0]);
		policy_free(policy);
		return 0;
	}
	assert(!policy);
	assert(strncmp(err.text, "fuzz", 4) == 0);
	for (const char *c = err.text; *c; c++)
		assert((unsigned char)*c >= ' ' && *c != 0x7f);
	return 0;
}
