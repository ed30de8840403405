/*
 * keeper - the store's housekeeping, in a thread of its own.
 *
 * Copies the write-ahead log back, deletes what is older or more than the
 * configuration keeps, in steps so short that the gate's next batch waits for
 * none, and notes losses and faults where `aegis-ctl status` finds them.
 *
 * It works on the file that the recorder has open and on no other, and makes none.
 * Nothing is deleted for its age in the first KEEPER_AGE_AFTER_MS, nor while the
 * clock is in doubt (age_clock.h).
 */
#ifndef AEGIS_AUTHZ_PLUGIN_KEEPER_H
#define AEGIS_AUTHZ_PLUGIN_KEEPER_H

#include "authz-plugin/recorder.h"
#include "lib/settings.h"

#define KEEPER_AGE_AFTER_MS (10 * 60 * 1000)

struct keeper;

int keeper_start(struct keeper **ret, const struct settings *settings,
		 struct recorder *recorder, struct httpd *httpd,
		 struct aegis_error *err);
void keeper_stop(struct keeper *k); /* accepts NULL */

#endif
