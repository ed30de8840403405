/*
 * output - what a rule says when it matches.
 *
 * "file=%fd.name parent=%proc.aname[2]": text and fields, read once.  A name is
 * the longest that is a field ("%evt.type." is evt.type and a dot); one that is
 * none is an error.  %20proc.name is padded or cut to 20 bytes.  No value shows
 * as <NA>.  Nothing is escaped here: whoever prints does that.
 *
 * Read-only once made; any thread.
 */
#ifndef AEGIS_LIB_RULES_OUTPUT_H
#define AEGIS_LIB_RULES_OUTPUT_H

#include "lib/arena.h"
#include "lib/json_out.h"
#include "lib/rules/eval.h"

#define RULES_OUTPUT_MAX (64 * 1024) /* of a template */
#define RULES_OUTPUT_WIDTH_MAX 1024
#define RULES_OUTPUT_NONE "<NA>"

struct rules_output;

/* 0 and an output in a, or -ENOENT (unknown field, with the nearest), -EBADMSG,
 * -E2BIG, -ENOMEM. */
int rules_output_parse(struct arena *a, const char *text,
		       const struct rules_output **ret,
		       struct aegis_error *err);

/* "proc.aname[2]", each once, in order. */
uint32_t rules_output_field_count(const struct rules_output *o);
const char *rules_output_field(const struct rules_output *o, uint32_t i);

/*
 * The text for an event, into ret of size bytes, NUL-terminated; a NUL in a
 * value is written as a blank.  Returns the length it would have, which is size
 * or more if it was cut.
 */
size_t rules_output_format(const struct rules_output *o, rules_get *get,
			   void *ctx, char *ret, size_t size);

/* The value of each field by its name as members of an object that the caller
 * began; numbers and bools as such, no value as null. */
void rules_output_fields(const struct rules_output *o, rules_get *get,
			 void *ctx, struct json_out *out);

#endif
