/*
 * settings - the one configuration file of all programs, aegis.yaml.
 *
 * Every key has a default; an empty file is valid; a missing file is valid only
 * at the default path.  Names and defaults are a contract (docs, man page
 * aegis.yaml(5)).
 */
#ifndef AEGIS_LIB_SETTINGS_H
#define AEGIS_LIB_SETTINGS_H

#include <limits.h>
#include <stdbool.h>

#include "lib/error.h"

#define SETTINGS_DEFAULT_PATH "/etc/aegis/aegis.yaml"
#define SETTINGS_RULES_MAX 16

struct settings {
	char store[PATH_MAX];  /* /var/lib/aegis/aegis.db */
	char docker[PATH_MAX]; /* /var/run/docker.sock */
	char user[64];         /* aegis */
	bool user_is_default;  /* nobody wrote it: a missing user is a warning */
	struct {
		char socket[PATH_MAX]; /* /run/docker/plugins/aegis.sock */
		char policy[PATH_MAX]; /* /etc/aegis/gatekeeper.yaml */
		unsigned retention_days;     /* 30: decisions older are deleted */
		unsigned retention_mb;       /* 512: store larger loses oldest */
	} gate;
	struct {
		char rules[SETTINGS_RULES_MAX][PATH_MAX]; /* /etc/aegis/rules.d */
		unsigned rules_count;
	} monitor;
	struct {
		char socket[PATH_MAX]; /* /run/aegis/api.sock */
		char listen[64];       /* 127.0.0.1:8080 */
		char token[PATH_MAX];  /* /etc/aegis/token */
	} control;
	struct {
		char listen[64]; /* 127.0.0.1:8081 */
	} dashboard;
};

void settings_default(struct settings *s);

/*
 * path NULL: AEGIS_CONFIG of the environment, else SETTINGS_DEFAULT_PATH (which
 * may be missing).  Returns 0, or a negative errno with file:line:column in
 * err; *ret is then untouched.
 */
int settings_load(struct settings *ret, const char *path,
		  struct aegis_error *err);

#endif
