/*
 * sandbox - privileges given up once everything that needs them is open.
 *
 * The only owner of libseccomp.  Roles promise groups of system calls, as
 * OpenBSD's pledge(2) does.  What no promise covers gets EPERM, as libraries
 * probe for much; execve, ptrace, mount, bpf, module loading, setns, keyctl and
 * their like kill the process.  With AEGIS_SANDBOX=log in the environment, and
 * in a build with sanitizers, all that is only logged by the kernel's audit, for
 * debugging on a new libc; the log says so at the start.
 *
 * Call from main() before any thread is started.
 */
#ifndef AEGIS_LIB_SANDBOX_H
#define AEGIS_LIB_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/error.h"

enum sandbox_promise {
	SANDBOX_STDIO = 1 << 0,   /* memory, time, read/write on what is open,
				   * threads, signals to itself */
	SANDBOX_FILES = 1 << 1,   /* open, stat, rename, unlink, fsync, locks:
				   * what sqlite and a reload need */
	SANDBOX_UNIX = 1 << 2,    /* AF_UNIX sockets only */
	SANDBOX_INET = 1 << 3,    /* AF_INET and AF_INET6 too */
	SANDBOX_INOTIFY = 1 << 4,
};

struct sandbox_user {
	uid_t uid;
	gid_t gid;
	char name[64];
};

/* The user by name.  fallback_ok: if there is none, "nobody" with a warning
 * logged.  Returns 0, or -ENOENT with what to do. */
int sandbox_user_find(const char *name, bool fallback_ok,
		      struct sandbox_user *ret, struct aegis_error *err);

/*
 * Become user for good, with one supplementary group more per entry of groups
 * (gid -1: none); keep only the capabilities in keep (CAP_DAC_READ_SEARCH...),
 * set no_new_privs, no dumps.  Needs root: -EPERM without it.
 */
int sandbox_drop(const struct sandbox_user *user, const gid_t *groups,
		 size_t group_count, const int *keep, size_t keep_count,
		 struct aegis_error *err);

/* True if what no promise covers would be logged and not refused. */
bool sandbox_only_logs(void);

/* Install the filter for all threads of the process (SECCOMP TSYNC). */
int sandbox_enter(unsigned promises, struct aegis_error *err);

#endif
