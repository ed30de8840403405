/*
 * policy_read - one value or list of gatekeeper.yaml each, for the tables of
 * policy_load.c; private to lib/gate.
 *
 * All are readers as conf.h wants them: 0, or -EBADMSG with the place and what was
 * wanted, or -ENOMEM.  What slot points to is said with each.
 */
#ifndef AEGIS_LIB_GATE_POLICY_READ_H
#define AEGIS_LIB_GATE_POLICY_READ_H

#include "lib/conf.h"

/* bool */
conf_reader read_allow; /* allow or deny: reads better than true and false */
conf_reader read_bool;

/* const char *, of the conf */
conf_reader read_text;
conf_reader read_glob;
conf_reader read_image_glob;

conf_reader read_size;	    /* int64_t, bytes */
conf_reader read_count;	    /* int64_t, 0 to POLICY_UNLIMITED */
conf_reader read_until;	    /* int64_t, wall clock, ms */
conf_reader read_oom_score; /* int, -1000 to 1000 */

/* struct policy_list, which the new one replaces; read_more_*: goes on behind. */
conf_reader read_words;
conf_reader read_lower_words;
conf_reader read_globs;
conf_reader read_more_globs;
conf_reader read_image_globs; /* begin with a registry, as normalised names do */
conf_reader read_path_globs;  /* absolute */
conf_reader read_more_capabilities; /* of the kernel, without CAP_ */

#endif
