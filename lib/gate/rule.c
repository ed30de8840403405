#include "lib/gate/rule.h"

#include <string.h>

/* The values of the third column. */
enum { POLICY, FIXED };

static const struct rule rules[RULE_MAX] = {
	[RULE_NONE] = {.name = "", .fixed = true, .advice = ""},
#define RULE(i, n, kind, a)                                                    \
	[RULE_##i] = {.name = n, .fixed = (kind) == FIXED, .advice = a},
#include "lib/gate/rules.def"
#undef RULE
};

const struct rule *
rule_get(enum rule_id id)
{
	return &rules[(unsigned)id < RULE_MAX ? id : RULE_NONE];
}

enum rule_id
rule_from_name(const char *name)
{
	for (unsigned i = RULE_NONE + 1; i < RULE_MAX; i++)
		if (!strcmp(rules[i].name, name))
			return (enum rule_id)i;
	return RULE_NONE;
}

/* Is word the name of the rule, or the word before its dot? */
static bool
stands_for(const char *word, const char *rule_name)
{
	size_t len = strlen(word);

	if (!strcmp(word, rule_name))
		return true;
	return len == strcspn(rule_name, ".") && !memcmp(word, rule_name, len);
}

unsigned
rule_set_add_name(struct rule_set *s, const char *name)
{
	unsigned added = 0;

	for (unsigned i = RULE_NONE + 1; i < RULE_MAX; i++) {
		if (rules[i].fixed || !stands_for(name, rules[i].name))
			continue;
		rule_set_add(s, (enum rule_id)i);
		added++;
	}
	return added;
}
