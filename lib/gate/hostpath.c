#include "lib/gate/hostpath.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/escape.h"

#ifndef RESOLVE_CACHED /* Linux 5.12; Debian 12's headers have it */
#define RESOLVE_CACHED 0x20
#endif

/* The kernel's own limit on links in one path (MAXSYMLINKS). */
#define LINKS_MAX 40
/* A rename elsewhere makes openat2() give up a walk with ".."; it says so with
 * EAGAIN and asks to be called again. */
#define TRIES_MAX 8
#define SHOWN_PATH_LEN 160

static int
refuse(struct aegis_error *err, int code, const char *path, const char *why)
{
	char shown[SHOWN_PATH_LEN];

	if (!err)
		return code;
	escape_line(path, shown, sizeof(shown));
	return aegis_error_setx(err, code, "%s: %s", shown, why);
}

static const char *
reason(int code)
{
	switch (code) {
	case -EACCES:
	case -EPERM:
		return "may not be looked at";
	case -EAGAIN:
		return "not in the kernel's cache";
	case -ELOOP:
		return "a link into a process (/proc/PID/root, cwd, fd), or "
		       "links in a circle";
	case -ENAMETOOLONG:
		return "too long";
	case -ENOTDIR:
		return "a part of it is not a directory";
	case -ENOENT:
		return "a link to a path that does not exist";
	}
	return strerror(-code);
}

void
hostpath_clean(const char *path, char *ret)
{
	size_t used = 0;

	for (size_t len; *path; path += len) {
		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (len == 0 || (len == 1 && path[0] == '.'))
			continue;
		if (len == 2 && path[0] == '.' && path[1] == '.') {
			while (used > 0 && ret[--used] != '/')
				;
			continue;
		}
		ret[used++] = '/';
		memcpy(ret + used, path, len);
		used += len;
	}
	if (used == 0)
		ret[used++] = '/';
	ret[used] = '\0';
}

static bool
has_dotdot(const char *path)
{
	for (const char *p = path; (p = strstr(p, "/..")); p += 3)
		if (p[3] == '/' || p[3] == '\0')
			return true;
	return false;
}

/* --- opening -----------------------------------------------------------------
 */

static int
openat2_path(int root_fd, const char *path, int flags, unsigned resolve,
	     bool cached_only)
{
	const struct open_how how = {
		.flags = (unsigned)(O_PATH | O_CLOEXEC | flags),
		.resolve = RESOLVE_IN_ROOT | resolve |
			   (cached_only ? RESOLVE_CACHED : 0U),
	};
	long fd = -1;

	for (int i = 0; i < TRIES_MAX; i++) {
		fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN || cached_only)
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}

/* The links of procfs jump to where no path leads, but for a few that are
 * text. */
static bool
is_magic(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) < 0 || fs.f_type == PROC_SUPER_MAGIC;
}

/* Put the text of the link fd in front of *rest, within buf. */
static int
read_link(int fd, char *buf, char **rest)
{
	char target[HOSTPATH_MAX], tail[HOSTPATH_MAX];
	size_t tail_len = strlen(*rest);
	ssize_t n;

	if (is_magic(fd))
		return -ELOOP;
	n = readlinkat(fd, "", target, sizeof(target));
	if (n < 0)
		return -errno;
	if ((size_t)n + 1 + tail_len + 1 > HOSTPATH_MAX)
		return -ENAMETOOLONG;
	memcpy(tail, *rest, tail_len + 1);
	memcpy(buf, target, (size_t)n);
	buf[n] = '/';
	memcpy(buf + n + 1, tail, tail_len + 1);
	*rest = buf;
	return 0;
}

static bool
is_same_file(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 &&
	       sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

/* One step from directory *fd by name.  A link leaves *fd where it is and its
 * text in *rest. */
static int
step(int root_fd, int *fd, const char *name, bool last_nofollow, char *buf,
     char **rest, int *links)
{
	_cleanup_close_ int next = -1;
	struct stat st;
	int r;

	if (!strcmp(name, "..") && is_same_file(root_fd, *fd))
		return 0;
	next = openat(*fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (next < 0 || fstat(next, &st) < 0)
		return -errno;
	if (!S_ISLNK(st.st_mode) || last_nofollow) {
		close(*fd);
		*fd = take_fd(&next);
		return 0;
	}
	if (++*links > LINKS_MAX)
		return -ELOOP;
	r = read_link(next, buf, rest);
	if (r < 0 || (*rest)[0] != '/')
		return r;
	close(*fd);
	*fd = openat(root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *fd < 0 ? -errno : 0;
}

/* openat2_path() for kernels before 5.6 and for sandboxes that hide it.  Unlike
 * the kernel's walk it can be overtaken by a rename in between. */
static int
walk(int root_fd, const char *path, int flags)
{
	_cleanup_close_ int fd =
		openat(root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char buf[HOSTPATH_MAX], name[NAME_MAX + 1], *rest = buf;
	int links = 0;

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(buf))
		return -ENAMETOOLONG;
	memcpy(buf, path, strlen(path) + 1);
	for (;;) {
		size_t len;
		int r;

		rest += strspn(rest, "/");
		len = strcspn(rest, "/");
		if (len == 0)
			return take_fd(&fd);
		if (len >= sizeof(name))
			return -ENAMETOOLONG;
		memcpy(name, rest, len);
		name[len] = '\0';
		rest += len;
		r = step(root_fd, &fd, name, (flags & O_NOFOLLOW) && !*rest,
			 buf, &rest, &links);
		if (r < 0)
			return r;
	}
}

static int
open_path(int root_fd, const char *path, int flags, bool cached_only)
{
	int fd = openat2_path(root_fd, path, flags, RESOLVE_NO_MAGICLINKS,
			      cached_only);

	/* Kernels before 5.12 do not know the flag for "cached". */
	if (cached_only && (fd == -ENOSYS || fd == -EINVAL || fd == -EPERM))
		return -EAGAIN;
	return fd == -ENOSYS || fd == -EPERM ? walk(root_fd, path, flags) : fd;
}

/* --- names
 * -------------------------------------------------------------------- */

static int
name_of(const struct hostpath_root *root, int fd, char *ret, size_t size)
{
	static const char deleted[] = " (deleted)";
	const size_t dlen = sizeof(deleted) - 1;
	char link[3 * sizeof(fd) + 1];
	ssize_t n;

	snprintf(link, sizeof(link), "%d", fd);
	n = readlinkat(root->self, link, ret, size);
	if (n < 0) /* ENOENT would mean "not there yet" to the callers */
		return errno == ENOENT ? -EIO : -errno;
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	ret[n] = '\0';
	/* "(unreachable)/x"; or gone since; or a name that looks so. */
	if (ret[0] != '/' ||
	    ((size_t)n > dlen && !strcmp(ret + (size_t)n - dlen, deleted)))
		return -ESTALE;
	return 0;
}

/* The name of fd as the host has it: without the root's own name in front. */
static int
name_below(const struct hostpath_root *root, int fd, char *ret, size_t size)
{
	size_t len = strlen(root->name), rest;
	int r = name_of(root, fd, ret, size);

	if (r < 0 || len == 1) /* "/" */
		return r;
	if (strncmp(ret, root->name, len) != 0 || (ret[len] != '/' && ret[len]))
		return -EXDEV;
	rest = strlen(ret + len);
	if (rest == 0)
		ret[rest++] = '/';
	else
		memmove(ret, ret + len, rest);
	ret[rest] = '\0';
	return 0;
}

int
hostpath_root_open(struct hostpath_root *ret, const char *path,
		   struct aegis_error *err)
{
	int r;

	*ret = HOSTPATH_ROOT_INIT;
	ret->self = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ret->self < 0)
		return refuse(err, -errno, "/proc/self/fd", strerror(errno));
	ret->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = ret->fd < 0 ? -errno
			: name_of(ret, ret->fd, ret->name, sizeof(ret->name));
	if (r < 0) {
		hostpath_root_close(ret);
		return refuse(err, r, path, strerror(-r));
	}
	return 0;
}

void
hostpath_root_close(struct hostpath_root *root)
{
	cleanup_close(&root->fd);
	cleanup_close(&root->self);
}

/* Below /proc/PID all depends on who asks, and when: "/proc/self" is a process
 * of ours here and one of dockerd's there. */
static bool
is_in_process(const char *resolved)
{
	return !strncmp(resolved, "/proc/", 6) && resolved[6] >= '0' &&
	       resolved[6] <= '9';
}

static int
copy(const char *from, char *ret, size_t size)
{
	size_t len = strlen(from);

	if (len >= size)
		return -ENAMETOOLONG;
	memcpy(ret, from, len + 1);
	return 0;
}

static int
append(char *ret, size_t size, const char *rest)
{
	size_t used = strlen(ret);

	if (used == 1) /* "/" */
		used = 0;
	return copy(rest, ret + used, size - used);
}

/*
 * The deepest folder that exists, and the rest of clean.  What stops the walk
 * must be absent itself: a link to nowhere is there, and dockerd's mkdir would
 * fail on it today and follow it tomorrow.
 */
static int
resolve_absent(const struct hostpath_root *root, const char *clean,
	       bool cached_only, char *ret, size_t size)
{
	char head[HOSTPATH_MAX];
	size_t cut = strlen(clean);
	int r;

	memcpy(head, clean, cut + 1);
	for (;;) {
		_cleanup_close_ int fd =
			open_path(root->fd, head, O_NOFOLLOW, cached_only);

		if (fd >= 0)
			return -ENOENT;
		if (fd != -ENOENT)
			return fd;
		while (cut > 0 && head[--cut] != '/')
			;
		head[cut ? cut : 1] = '\0';
		fd = open_path(root->fd, head, O_DIRECTORY, cached_only);
		if (fd == -ENOENT && cut > 0)
			continue;
		if (fd < 0)
			return fd;
		r = name_below(root, fd, ret, size);
		return r < 0 ? r : append(ret, size, clean + cut);
	}
}

/*
 * Most paths have no link in them, and then a clean path is its own answer, for
 * half the price.  So it is when the kernel meets no link before the part that
 * is absent.
 */
static bool
has_no_link(const struct hostpath_root *root, const char *clean,
	    bool cached_only)
{
	_cleanup_close_ int fd = openat2_path(root->fd, clean, 0,
					      RESOLVE_NO_SYMLINKS, cached_only);

	return fd >= 0 || fd == -ENOENT;
}

static int
resolve(const struct hostpath_root *root, const char *path, bool cached_only,
	char *ret, size_t size)
{
	_cleanup_close_ int fd = open_path(root->fd, path, 0, cached_only);

	return fd < 0 ? fd : name_below(root, fd, ret, size);
}

static int
follow_links(const struct hostpath_root *root, const char *clean,
	     bool cached_only, char *ret, size_t size)
{
	int r = resolve(root, clean, cached_only, ret, size);

	return r == -ENOENT
		       ? resolve_absent(root, clean, cached_only, ret, size)
		       : r;
}

/* dockerd cleans before it mounts; its check that the source exists, and other
 * versions, may not. */
static int
check_dotdot(const struct hostpath_root *root, const char *path,
	     bool cached_only, const char *resolved, struct aegis_error *err)
{
	char other[HOSTPATH_MAX];
	int r = resolve(root, path, cached_only, other, sizeof(other));

	if (r == -EAGAIN)
		return refuse(err, r, path, reason(r));
	if (r < 0 || strcmp(other, resolved) != 0)
		return refuse(
			err, -EXDEV, path,
			"\"..\" after a link or a missing folder means two "
			"things; write the path without it");
	return 0;
}

int
hostpath_resolve(const struct hostpath_root *root, const char *path,
		 bool cached_only, char *ret, size_t size,
		 struct aegis_error *err)
{
	char clean[HOSTPATH_MAX];
	int r;

	if (path[0] != '/')
		return refuse(err, -EINVAL, path, "not an absolute path");
	if (strlen(path) >= sizeof(clean))
		return refuse(err, -ENAMETOOLONG, path, reason(-ENAMETOOLONG));
	hostpath_clean(path, clean);
	r = has_no_link(root, clean, cached_only)
		    ? copy(clean, ret, size)
		    : follow_links(root, clean, cached_only, ret, size);
	if (r < 0)
		return refuse(err, r, path, reason(r));
	if (is_in_process(ret))
		return refuse(err, -ELOOP, path,
			      "a process' own part of /proc");
	return has_dotdot(path)
		       ? check_dotdot(root, path, cached_only, ret, err)
		       : 0;
}

/* --- turns -------------------------------------------------------------------- */

/* A walk in text: at has no links behind it, rest is still to go. */
struct turning {
	char at[HOSTPATH_MAX], buf[HOSTPATH_MAX];
	char *rest;
	int turns;
};

static void
keep_turn(struct turning *t, struct buf *out)
{
	buf_add(out, t->at, strlen(t->at) + 1);
	t->turns++;
}

static void
go_up(struct turning *t)
{
	char *slash = strrchr(t->at, '/');

	slash[slash == t->at ? 1 : 0] = '\0';
}

/* t->at is what a step led to.  Returns 1 if it is not there. */
static int
turn_at_link(const struct hostpath_root *root, struct turning *t,
	     struct buf *out)
{
	_cleanup_close_ int fd = open_path(root->fd, t->at, O_NOFOLLOW, false);
	struct stat st;
	int r;

	if (fd == -ENOENT)
		return 1;
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISLNK(st.st_mode))
		return 0;
	if (t->turns == LINKS_MAX)
		return -ELOOP;
	keep_turn(t, out);
	r = read_link(fd, t->buf, &t->rest);
	if (r < 0)
		return r;
	go_up(t);
	if (t->rest[0] == '/')
		t->at[1] = '\0';
	return 0;
}

int
hostpath_turns(const struct hostpath_root *root, const char *path,
	       struct buf *out)
{
	struct turning t = {.at = "/", .rest = t.buf};
	size_t len;
	int r = 0;

	if (path[0] != '/' || strlen(path) >= sizeof(t.buf))
		return path[0] != '/' ? -EINVAL : -ENAMETOOLONG;
	hostpath_clean(path, t.buf);
	for (; r == 0; t.rest += len) {
		const size_t used = strcmp(t.at, "/") ? strlen(t.at) : 0;

		t.rest += strspn(t.rest, "/");
		len = strcspn(t.rest, "/");
		if (len == 0)
			break;
		if (len == 1 && t.rest[0] == '.')
			continue;
		if (len == 2 && !memcmp(t.rest, "..", 2)) {
			keep_turn(&t, out);
			go_up(&t);
			continue;
		}
		if (used + 1 + len >= sizeof(t.at))
			return -ENAMETOOLONG;
		t.at[used] = '/';
		memcpy(t.at + used + 1, t.rest, len);
		t.at[used + 1 + len] = '\0';
		t.rest += len;
		len = 0;
		r = turn_at_link(root, &t, out);
	}
	if (r < 0)
		return r;
	return buf_error(out) ? buf_error(out) : t.turns;
}
