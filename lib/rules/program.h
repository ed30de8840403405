/*
 * program - conditions made ready to be evaluated; private to lib/rules.
 *
 * One program for all rules of a set.  Its nodes are a graph in which nothing
 * comes twice: a macro, or a check that fifty rules make, is one node. Literals
 * are parsed, fields resolved, sets hashed.
 */
#ifndef AEGIS_LIB_RULES_PROGRAM_H
#define AEGIS_LIB_RULES_PROGRAM_H

#include "lib/rules/condition.h"
#include "lib/rules/eval.h"
#include "lib/rules/map.h"
#include "lib/rules/regex.h"

/* Nodes of all rules together, and facts that they ask for. */
#define PROGRAM_NODES_MAX 500000
#define PROGRAM_SLOTS_MAX 20000
#define PROGRAM_BUFFERS_MAX 1000 /* of them, those that are transformed */
#define TRANSFORMS_MAX 4

enum transform {
	TRANSFORM_NONE,
	TRANSFORM_TOLOWER,
	TRANSFORM_TOUPPER,
	TRANSFORM_B64,
	TRANSFORM_BASENAME,
	TRANSFORM_LEN,
	TRANSFORM_MAX,
};

/* A fact: a field with its argument, and what is made of it. */
struct slot {
	struct rules_ref ref;
	enum rules_type type; /* after the transforms */
	enum rules_values values;
	uint8_t transforms[TRANSFORMS_MAX]; /* the inner one first */
	uint8_t transform_count;
	uint32_t buffer; /* which of the scratch buffers; if transforms need one
			  */
};

enum node_kind {
	NODE_AND,
	NODE_OR,
	NODE_NOT,
	NODE_EVENTS, /* true for the events of a set */
	NODE_CHECK,
};

struct check {
	uint32_t slot;
	enum rules_op op;
	enum rules_modifier modifier;
	uint32_t right_slot; /* val(field); MAP_NONE: literals */
	uint32_t count;      /* of literals; by the type of the slot: */
	union {
		const struct span *texts; /* also DOMAIN, BYTES */
		const int64_t *numbers;   /* NUMBER, PORT, BOOL */
		const struct rules_ip *ips;
		const struct rules_net *nets;
		const struct regex *const *regexes;
	};
	struct map set; /* of texts, for in and intersects */
};

struct node {
	enum node_kind kind;
	uint32_t count; /* of children */
	union {
		const uint32_t *children;
		const struct rules_event_set *events;
		const struct check *check;
	};
};

struct program {
	struct arena *arena; /* the ruleset's */
	struct node *nodes;
	uint32_t node_count, node_cap;
	struct slot *slots;
	uint32_t slot_count, slot_cap;
	uint32_t buffer_count;
	size_t regex_work; /* words */
	struct map interned, slot_names;
};

void program_release(struct program *p);

/*
 * Add a condition without macros; *ret is its root.  What is unknown or does
 * not fit is an error: -ENOENT for a field or an event that is not known, so
 * that skip-if-unknown-filter can tell; -EBADMSG, -E2BIG, -ENOMEM.  *ret_at is
 * then the check.  Nodes that were added before it stay, unused.
 */
int program_add(struct program *p, const struct condition *c, uint32_t *ret,
		const struct condition **ret_at, struct aegis_error *err);

/* A field or a transformed one, as an output names it. */
int program_slot(struct program *p, const struct operand *o, uint32_t *ret,
		 struct aegis_error *err);

#endif
