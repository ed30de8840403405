/*
 * regex_tree - a regular expression as a tree; private to regex.
 */
#ifndef AEGIS_LIB_RULES_REGEX_TREE_H
#define AEGIS_LIB_RULES_REGEX_TREE_H

#include "lib/rules/regex.h"

/* What a step of a program does, and what a tree asserts. */
enum regex_step {
	STEP_SET,   /* one byte of a set */
	STEP_SPLIT, /* go on at next and at other */
	STEP_JUMP,
	STEP_BEGIN,
	STEP_END,
	STEP_WORD,     /* \b */
	STEP_NOT_WORD, /* \B */
	STEP_MATCH,
};

/* Of bytes. */
struct regex_set {
	uint64_t bits[4];
};

static inline bool
set_has(const struct regex_set *s, unsigned char c)
{
	return s->bits[c / 64] >> (c % 64) & 1;
}

enum regex_node_kind {
	NODE_EMPTY,
	NODE_SET,
	NODE_BOTH,   /* a, then b */
	NODE_EITHER, /* a or b */
	NODE_REPEAT, /* a, min to max times; max < 0: any number */
	NODE_ASSERT,
};

struct regex_node {
	enum regex_node_kind kind;
	enum regex_step assert;
	struct regex_set set;
	const struct regex_node *a, *b;
	int min, max;
};

/* 0 and a tree in a, or as regex_compile(). */
int regex_parse(struct arena *a, const char *pattern,
		const struct regex_node **ret, struct aegis_error *err);

#endif
