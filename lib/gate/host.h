/*
 * host - what the gate knows of its host once and for all, at the start.
 *
 * aegis-ctl asks the same, so that its answers are the gate's.
 */
#ifndef AEGIS_LIB_GATE_HOST_H
#define AEGIS_LIB_GATE_HOST_H

#include "lib/gate/gate.h"
#include "lib/settings.h"

/* Fill host: the paths of AEGIS itself, resolved, the Docker socket, the kind of
 * cgroups.  config_file NULL: the default one.  Strings belong to
 * gate_host_release().  0 or -ENOMEM. */
int gate_host_init(struct gate_host *host, const struct settings *settings,
		   const char *config_file, struct aegis_error *err);
void gate_host_release(struct gate_host *host);

/* The name by which calls of the Docker API mean this plugin: the managed one is
 * told, the other is found by its socket. */
#define GATE_PLUGIN_NAME_LEN 128
void gate_plugin_name(const struct settings *settings,
		      char ret[static GATE_PLUGIN_NAME_LEN]);

/* Where the host's file system is: "/", or AEGIS_HOST_ROOT of the environment. */
const char *gate_host_root(void);

#endif
