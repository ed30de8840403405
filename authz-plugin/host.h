/*
 * host - what the gate knows of its host once and for all, at the start.
 */
#ifndef AEGIS_AUTHZ_PLUGIN_HOST_H
#define AEGIS_AUTHZ_PLUGIN_HOST_H

#include "lib/gate/gate.h"
#include "lib/settings.h"

/* Fill host: the paths of AEGIS itself, resolved, the Docker socket, the kind of
 * cgroups.  Strings belong to host_release().  0 or -ENOMEM. */
int host_init(struct gate_host *host, const struct settings *settings,
	      const char *config_file, struct aegis_error *err);
void host_release(struct gate_host *host);

/* Where the host's file system is: "/", or AEGIS_HOST_ROOT of the environment. */
const char *host_root(void);

#endif
