/*
 * eval - which rules does an event match?
 *
 * The caller answers for the event's facts through a function, and is asked
 * only for what the rules of this type of event need, each fact once (those
 * with several values: once for each check).  Nothing is allocated.
 *
 * No value makes every comparison false, `!=` too.  Whatever is known of a rule
 * stays known for the event: checks and macros that rules share are looked at
 * once.
 *
 * A ruleset is read-only: any number of threads may evaluate it, each with
 * scratch space of its own.
 */
#ifndef AEGIS_LIB_RULES_EVAL_H
#define AEGIS_LIB_RULES_EVAL_H

#include "lib/rules/event.h"
#include "lib/rules/field.h"
#include "lib/rules/value.h"

/*
 * What ref is for the event at hand.  False: no value, *ret is not looked at.
 * Texts have to stay until rules_eval() returns.
 *
 * index counts from 0 for what has several values (rules_ref_is_several()): an
 * ancestor after the other beginning with the parent, the client's and the
 * server's end.  False ends the count.  Otherwise it is 0.
 *
 * A DOMAIN field with ref->key is a question: does the address have that name?
 * The answer is *ret.truth; false where there is no address.  Without a key the
 * name itself is wanted.
 *
 * EVENT fields are not asked for; an output does (output.h), and wants a text.
 */
typedef bool rules_get(void *ctx, const struct rules_ref *ref, unsigned index,
		       struct rules_value *ret);

/* Texts that a transformer makes (tolower and so on) longer than this are cut.
 */
#define RULES_TRANSFORM_MAX (16 * 1024)

struct ruleset;
struct rules_scratch;

struct rules_scratch *rules_scratch_new(const struct ruleset *rs);
void rules_scratch_free(struct rules_scratch *s);

enum rules_matching {
	RULES_MATCH_ALL,
	RULES_MATCH_FIRST, /* only the first in order of the files, as Falco */
};

/*
 * The rules that are enabled and match, in the order of the files; *ret points
 * into s and holds until its next use.  Returns how many.
 */
size_t rules_eval(const struct ruleset *rs, struct rules_scratch *s,
		  enum rules_event event, rules_get *get, void *ctx,
		  enum rules_matching matching, const uint32_t **ret);

#endif
