/*
 * watch - signals, the policy file, and what else has to be looked at now and then,
 * in the main thread.
 *
 * A new policy is parsed beside the one in force and swapped in only if it is
 * good; a bad one is logged, shown by `aegis-ctl status`, and changes nothing.
 * Editors replace files, so the folder is watched, and what counts is the text.
 * What the kernel does not tell of, a link's target or a folder made anew, is seen
 * every WATCH_LOOK_MS.
 */
#ifndef AEGIS_AUTHZ_PLUGIN_WATCH_H
#define AEGIS_AUTHZ_PLUGIN_WATCH_H

#include "authz-plugin/plugin.h"
#include "lib/settings.h"

#define WATCH_LOOK_MS 2000

struct watch;

/* settings are borrowed.  SIGTERM, SIGINT and SIGHUP must be blocked, root given up
 * (was_root: there was something to give up), and the sandbox not yet entered. */
int watch_new(struct watch **ret, const struct settings *settings, bool was_root,
	      struct aegis_error *err);
void watch_free(struct watch *w);

/* Until SIGTERM or SIGINT: returns 0.  Under systemd also until only a new start
 * can help: -EACCES with the reason. */
int watch_run(struct watch *w, struct plugin *plugin, struct aegis_error *err);

/* Note in the store which policy is in force, or why a new one is not.  Loop
 * thread only. */
void watch_note_policy(struct recorder *rec, const struct policy *policy,
		       const char *error);

#endif
