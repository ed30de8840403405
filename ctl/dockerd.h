/*
 * dockerd - the one that runs here, as /proc shows it: its flags, the file it
 * reads, and whether one of the two names the gate.
 *
 * Needs no answer of dockerd's API: one that waits for a dead gate gives none.
 */
#ifndef AEGIS_CTL_DOCKERD_H
#define AEGIS_CTL_DOCKERD_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "lib/buf.h"
#include "lib/error.h"

#define DAEMON_JSON_DEFAULT "/etc/docker/daemon.json"
#define DAEMON_JSON_MAX (1024 * 1024)
#define DOCKERD_PIDFILE_DEFAULT "/var/run/docker.pid"
#define DOCKERD_EXEC_ROOT_DEFAULT "/var/run/docker"

struct dockerd {
	pid_t pid;          /* 0: does not run, or not here */
	struct buf cmdline; /* NUL after each argument */
};

#define DOCKERD_INIT ((struct dockerd){.cmdline = BUF_INIT(1024 * 1024)})

/* By its pid file; it may be left over, and its number somebody else's by now.
 * Returns 0, also where none runs; -EBADMSG; or an errno. */
int dockerd_from_pidfile(struct dockerd *ret, const char *pidfile,
			 struct aegis_error *err);
/* By its socket, or where systemd holds that, by the usual pid file. */
void dockerd_from_socket(struct dockerd *ret, const char *socket);
void dockerd_release(struct dockerd *d);

/* The value of "--NAME=VALUE" or "--NAME VALUE", NULL if it is not there. */
const char *dockerd_flag(const struct dockerd *d, const char *name);
/* The daemon.json that it reads, or would. */
const char *dockerd_config(const struct dockerd *d);

/* Where the name of a plugin was found. */
enum dockerd_wiring { WIRED_NOT, WIRED_FILE, WIRED_FLAG, WIRED_UNKNOWN };
enum dockerd_wiring dockerd_wiring(const struct dockerd *d, const char *plugin);

/* Who made the Unix socket, by a connect to it: 0 if that cannot be told. */
pid_t socket_owner(const char *socket);
/* The name of a process, "" if it is gone. */
void process_name(pid_t pid, char *ret, size_t size);

#define _cleanup_dockerd_ _cleanup_(dockerd_release)

#endif
