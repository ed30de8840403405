/*
 * An event for tests: facts by the names that rules have for them, as texts.
 * A name that comes twice has two values.
 */
#ifndef AEGIS_TESTS_FAKE_EVENT_H
#define AEGIS_TESTS_FAKE_EVENT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/rules/eval.h"

struct fake_fact {
	const char *name, *value;
};

struct fake_event {
	const struct fake_fact *facts;
	size_t count;
	unsigned asked; /* how often */
};

static inline void
fake_value(enum rules_type type, const char *text, struct rules_value *ret)
{
	switch (type) {
	case RULES_TYPE_NUMBER:
	case RULES_TYPE_PORT:
		ret->number = strtoll(text, NULL, 0);
		break;
	case RULES_TYPE_BOOL:
		ret->truth = !strcmp(text, "true");
		break;
	case RULES_TYPE_IP:
	case RULES_TYPE_NET:
		if (rules_value_ip(text, &ret->ip, NULL) < 0)
			abort();
		break;
	default:
		ret->text = text;
		ret->len = strlen(text);
		break;
	}
}

/* A rules_get.  A domain is answered by what its address is called. */
static inline bool
fake_get(void *ctx, const struct rules_ref *ref, unsigned index,
	 struct rules_value *ret)
{
	const struct rules_field_info *info = rules_field_info(ref->field);
	struct fake_event *e = ctx;
	char name[256];

	if (info->type == RULES_TYPE_DOMAIN)
		snprintf(name, sizeof(name), "%s", info->name);
	else if (ref->key)
		snprintf(name, sizeof(name), "%s[%s]", info->name, ref->key);
	else if (ref->index >= 0)
		snprintf(name, sizeof(name), "%s[%d]", info->name,
			 (int)ref->index);
	else
		snprintf(name, sizeof(name), "%s", info->name);
	e->asked++;
	for (size_t i = 0; i < e->count; i++) {
		if (strcmp(e->facts[i].name, name) != 0 || index--)
			continue;
		if (info->type == RULES_TYPE_DOMAIN && ref->key)
			ret->truth = !strcmp(e->facts[i].value, ref->key);
		else
			fake_value(info->type, e->facts[i].value, ret);
		return true;
	}
	return false;
}

#endif
