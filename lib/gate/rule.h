/*
 * rule - the names of what the gate can deny by (rules.def).
 */
#ifndef AEGIS_LIB_GATE_RULE_H
#define AEGIS_LIB_GATE_RULE_H

#include <stdbool.h>

enum rule_id {
	RULE_NONE,
#define RULE(id, name, kind, advice) RULE_##id,
#include "lib/gate/rules.def"
#undef RULE
	RULE_MAX,
};

struct rule {
	const char *name;
	bool fixed; /* cannot be waived, audited or switched off */
	const char *advice;
};

const struct rule *rule_get(enum rule_id id);
/* RULE_NONE if there is no such rule. */
enum rule_id rule_from_name(const char *name);

/* A set of rules. */
struct rule_set {
	unsigned long long bits[(RULE_MAX + 63) / 64];
};

static inline void
rule_set_add(struct rule_set *s, enum rule_id id)
{
	s->bits[id / 64] |= 1ULL << (id % 64);
}

static inline bool
rule_set_has(const struct rule_set *s, enum rule_id id)
{
	return s->bits[id / 64] >> (id % 64) & 1;
}

/* Add every rule a name stands for: the rule itself ("containers.binds"), or a
 * whole family by its first word ("containers").  Returns how many were added;
 * fixed rules never are. */
unsigned rule_set_add_name(struct rule_set *s, const char *name);

#endif
