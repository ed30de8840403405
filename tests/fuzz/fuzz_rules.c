/*
 * Any bytes as a rule file: rules, and one line for each thing refused.  What
 * loads is evaluated and printed over an event made of the same bytes.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/rules/output.h"
#include "lib/rules/ruleset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct event {
	const uint8_t *data;
	size_t size;
};

static bool
get(void *ctx, const struct rules_ref *ref, unsigned index,
    struct rules_value *ret)
{
	const struct event *e = ctx;
	const size_t skip = (size_t)ref->field % (e->size + 1);

	memset(ret, 0, sizeof(*ret));
	if ((unsigned)ref->field % 5 == 0 || index > 3)
		return false;
	switch (rules_field_info(ref->field)->type) {
	case RULES_TYPE_STRING:
	case RULES_TYPE_BYTES:
	case RULES_TYPE_EVENT:
		ret->text = (const char *)e->data + skip;
		ret->len = e->size - skip;
		break;
	case RULES_TYPE_IP:
	case RULES_TYPE_NET:
		ret->ip.family = index ? 6 : 4;
		break;
	case RULES_TYPE_DOMAIN:
		if (ref->key) {
			ret->truth = index == 0;
			break;
		}
		ret->text = "example";
		ret->len = 7;
		break;
	default:
		ret->number = (int64_t)e->size;
		break;
	}
	return true;
}

static void
check_problems(const struct ruleset *rs)
{
	for (uint32_t i = 0; i < ruleset_problem_count(rs); i++) {
		const struct rules_problem *p = ruleset_problem(rs, i);

		assert(!strncmp(p->text, "fuzz:", 5));
		for (const char *c = p->text; *c; c++)
			assert((unsigned char)*c >= ' ' && *c != 0x7f);
	}
	for (uint32_t i = 0; i < ruleset_rule_count(rs); i++) {
		const struct rules_rule *r = ruleset_rule(rs, i);

		assert(!r->reason == (r->tree != NULL));
		assert(!r->tree || (r->condition && r->output));
	}
}

static void
evaluate(const struct ruleset *rs, struct event *e)
{
	struct rules_scratch *s = rules_scratch_new(rs);
	const uint32_t *matches;
	char text[256];

	if (!s)
		return;
	for (int event = 1; event < 12; event++) {
		const size_t n = rules_eval(rs, s, (enum rules_event)event, get,
					    e, RULES_MATCH_ALL, &matches);
		const uint32_t first = n ? matches[0] : 0;

		assert(n <= ruleset_rule_count(rs));
		for (size_t i = 0; i < n; i++) {
			const struct rules_rule *r =
				ruleset_rule(rs, matches[i]);

			assert(r->enabled && !r->reason);
			rules_output_format(r->output, get, e, text,
					    sizeof(text));
			assert(strlen(text) < sizeof(text));
		}
		assert(rules_eval(rs, s, (enum rules_event)event, get, e,
				  RULES_MATCH_FIRST, &matches) == (n > 0));
		assert(!n || matches[0] == first);
	}
	rules_scratch_free(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_ruleset_ struct ruleset *rs = ruleset_new(NULL);
	struct event e = {data, size};
	struct aegis_error err = {0};

	if (!rs ||
	    ruleset_add_text(rs, "fuzz", (const char *)data, size, &err) < 0 ||
	    ruleset_compile(rs, &err) < 0)
		return 0;
	check_problems(rs);
	evaluate(rs, &e);
	return 0;
}
