/*
 * notify - tell systemd that the program is ready, and that it is alive.
 *
 * The protocol of sd_notify(3), without libsystemd: a datagram to the socket that
 * NOTIFY_SOCKET names.  Never waits.  Any thread.
 */
#ifndef AEGIS_LIB_NOTIFY_H
#define AEGIS_LIB_NOTIFY_H

#include <stdbool.h>

/* Somebody asked to be told, and so starts us again if we end. */
bool notify_is_wanted(void);

/* "READY=1", "WATCHDOG=1".  0 also if nobody wants to know, or -errno. */
int notify_send(const char *state);

#endif
