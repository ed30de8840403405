/*
 * records - which recorded decisions do the options of a command select?
 */
#ifndef AEGIS_CTL_RECORDS_H
#define AEGIS_CTL_RECORDS_H

#include "ctl/ctl.h"
#include "lib/store/store.h"

#define RECORDS_LIMIT_DEFAULT 50

struct records {
	struct decision_filter filter;
	bool reads;     /* allowed reads too */
	unsigned limit; /* 0: none; counted here, as reads are left out here */
};

/* From --since, --verdict and the like.  Returns 0 or an exit code. */
int records_options(const struct ctl *ctl, unsigned limit_default,
		    struct records *ret);
/* The store that -c names, for reading.  Returns 0 or an exit code. */
int records_open(const struct ctl *ctl, struct settings *settings,
		 struct store **ret);
/* Is d one of those asked for?  An allowed read only with --all. */
bool records_want(const struct records *r, const struct decision *d);

#endif
