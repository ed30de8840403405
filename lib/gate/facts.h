/*
 * facts - what a decision was made on, read back from its record.
 *
 * The counterpart of gate_facts_json() (record.c), so that a replay judges on what
 * was known then.  Pure; any thread.
 */
#ifndef AEGIS_LIB_GATE_FACTS_H
#define AEGIS_LIB_GATE_FACTS_H

#include "lib/gate/gate.h"

/* f is zeroed and then points into root.  Returns 0; -EBADMSG if these are no
 * facts, -E2BIG for more than can be kept, both with f half filled. */
int facts_load(struct gate_facts *f, const struct json_node *root);

#endif
