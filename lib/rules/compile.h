/*
 * compile - one check, with its literals parsed; private to lib/rules.
 */
#ifndef AEGIS_LIB_RULES_COMPILE_H
#define AEGIS_LIB_RULES_COMPILE_H

#include "lib/rules/program.h"

/* left is the slot of c's left side.  -ENOENT for an unknown event or, in
 * val(), field; -EBADMSG for what does not fit together. */
int compile_check(struct program *p, const struct condition *c, uint32_t left,
		  const struct check **ret, struct aegis_error *err);

#endif
