/*
 * hostpath - where would the kernel end up, if dockerd mounted this path?
 *
 * dockerd cleans the text of a bind source (Go's path.Clean) and hands it to
 * the kernel, which follows every link.  The answer here is the kernel's own:
 * the path is opened with openat2(2), within a root, and its name read back.
 * A walk in user space stands in where there is no openat2.
 *
 * The answer is true for the moment of asking.  Whoever can write to a folder
 * of the path can change it afterwards: only folders that users cannot write
 * belong in an allow list.  The caller must see the mounts that dockerd sees.
 *
 * A root is only read once open: any thread may resolve.
 */
#ifndef AEGIS_LIB_GATE_HOSTPATH_H
#define AEGIS_LIB_GATE_HOSTPATH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/error.h"

#define HOSTPATH_MAX PATH_MAX /* with NUL */

/* The file system that paths are resolved in.  Opened once: its own name is
 * asked for only then. */
struct hostpath_root {
	int fd;   /* O_PATH; -1: none */
	int self; /* /proc/self/fd, where the names of open files are */
	char name[HOSTPATH_MAX];
};

#define HOSTPATH_ROOT_INIT ((struct hostpath_root){.fd = -1, .self = -1})

/* path: "/", or where the host's file system is mounted.  Returns 0, or a
 * negative errno and nothing open. */
int hostpath_root_open(struct hostpath_root *ret, const char *path,
		       struct aegis_error *err);
void hostpath_root_close(struct hostpath_root *root);

/*
 * Resolve path, absolute, below root into ret: absolute as the host sees it,
 * without links, "." and "..".  A path that does not exist yet, which dockerd creates, is its deepest
 * existing folder with the rest appended.
 *
 * cached_only: answer from the kernel's caches or not at all; never waits for
 * a disk or a network.
 *
 * Returns 0, or with the reason in err: -EINVAL not absolute; -EXDEV a ".."
 * that text and kernel read differently; -ELOOP a link that leads into a
 * process or in circles; -ENOENT a link to nowhere; -EAGAIN not cached (ask
 * again without cached_only), -ENAMETOOLONG, -ENOTDIR, -EACCES, ...
 * ret is undefined on failure.
 */
int hostpath_resolve(const struct hostpath_root *root, const char *path,
		     bool cached_only, char *ret, size_t size,
		     struct aegis_error *err);

/*
 * Where the way to path turns: each link on it, and each folder that the text of
 * a link leaves by "..".  Whoever can replace one of these decides where path
 * leads.  Appends them to out as the host sees them, NUL after each, and waits
 * for disks if it must.  What does not exist has no turns.
 * Returns their number, or a negative errno as hostpath_resolve().
 */
int hostpath_turns(const struct hostpath_root *root, const char *path,
		   struct buf *out);

/* What Go's path.Clean makes of an absolute path; ret holds strlen(path) + 1. */
void hostpath_clean(const char *path, char *ret);

#endif
