/*
 * watch - signals and the policy file, in the main thread.
 *
 * A new policy is parsed beside the one in force and swapped in only if it is
 * good; a bad one is logged, shown by `aegis-ctl status`, and changes nothing.
 * Editors replace files, so the folder is watched, and what counts is the text.
 */
#ifndef AEGIS_AUTHZ_PLUGIN_WATCH_H
#define AEGIS_AUTHZ_PLUGIN_WATCH_H

#include "authz-plugin/plugin.h"

struct watch;

/* policy_file is borrowed.  SIGTERM, SIGINT and SIGHUP must be blocked. */
int watch_new(struct watch **ret, const char *policy_file,
	      struct aegis_error *err);
void watch_free(struct watch *w);

/* Until SIGTERM or SIGINT: returns 0. */
int watch_run(struct watch *w, struct plugin *plugin, struct aegis_error *err);

/* Note in the store which policy is in force, or why a new one is not.  Loop
 * thread only. */
void watch_note_policy(struct recorder *rec, const struct policy *policy,
		       const char *error);

#endif
