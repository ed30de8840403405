#include <linux/capability.h>
#include <linux/sched.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "lib/log.h"
#include "lib/sandbox.h"

#define GROUPS_MAX 16
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* A sanitizer's runtime starts processes and traces itself: filters of such a
 * build log what they would refuse. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

/* --- the user -------------------------------------------------------------------- */

static int
find_user(const char *name, struct sandbox_user *ret)
{
	const struct passwd *pw;

	errno = 0;
	pw = getpwnam(name);
	if (!pw)
		return errno && errno != ENOENT ? -errno : -ENOENT;
	*ret = (struct sandbox_user){.uid = pw->pw_uid, .gid = pw->pw_gid};
	snprintf(ret->name, sizeof(ret->name), "%s", pw->pw_name);
	return 0;
}

int
sandbox_user_find(const char *name, bool fallback_ok, struct sandbox_user *ret,
		  struct aegis_error *err)
{
	int r = find_user(name, ret);

	if (r == -ENOENT && fallback_ok && find_user("nobody", ret) == 0) {
		log_warn("there is no user %s, running as nobody; make it "
			 "with: useradd --system %s",
			 name, name);
		return 0;
	}
	if (r == -ENOENT)
		return aegis_error_setx(err, r,
					"there is no user %s; make it with: "
					"useradd --system %s",
					name, name);
	return r < 0 ? aegis_error_set(err, r, "look up the user %s", name) : 0;
}

static int
set_groups(const struct sandbox_user *user, const gid_t *groups, size_t count)
{
	gid_t list[GROUPS_MAX] = {user->gid};
	size_t used = 1;

	for (size_t i = 0; i < count; i++) {
		if (groups[i] == (gid_t)-1)
			continue;
		if (used == GROUPS_MAX)
			return -E2BIG;
		list[used++] = groups[i];
	}
	return setgroups(used, list) < 0 ? -errno : 0;
}

static bool
is_kept(int cap, const int *keep, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (keep[i] == cap)
			return true;
	return false;
}

/* What is not in the bounding set cannot come back through any file. */
static int
drop_bounding(const int *keep, size_t count)
{
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!is_kept(cap, keep, count) &&
		    prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return -errno;
	return 0;
}

static int
keep_capabilities(const int *keep, size_t count)
{
	cap_t caps = cap_init();
	int r = 0;

	if (!caps)
		return -ENOMEM;
	if (count && (cap_set_flag(caps, CAP_PERMITTED, (int)count, keep,
				   CAP_SET) < 0 ||
		      cap_set_flag(caps, CAP_EFFECTIVE, (int)count, keep,
				   CAP_SET) < 0))
		r = -errno;
	if (r == 0 && cap_set_proc(caps) < 0)
		r = -errno;
	cap_free(caps);
	return r;
}

static int
become(const struct sandbox_user *user)
{
	uid_t ruid, euid, suid;

	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 ||
	    setresgid(user->gid, user->gid, user->gid) < 0 ||
	    setresuid(user->uid, user->uid, user->uid) < 0 ||
	    getresuid(&ruid, &euid, &suid) < 0)
		return -errno;
	return ruid == user->uid && euid == user->uid && suid == user->uid
		       ? 0
		       : -EPERM;
}

int
sandbox_drop(const struct sandbox_user *user, const gid_t *groups,
	     size_t group_count, const int *keep, size_t keep_count,
	     struct aegis_error *err)
{
	int r = set_groups(user, groups, group_count);

	if (r < 0)
		return aegis_error_set(err, r, "set the groups of %s",
				       user->name);
	r = drop_bounding(keep, keep_count);
	if (r == 0)
		r = become(user);
	if (r < 0)
		return aegis_error_set(err, r, "become %s", user->name);
	r = keep_capabilities(keep, keep_count);
	if (r < 0)
		return aegis_error_set(err, r, "drop capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return aegis_error_set(err, -errno, "give up new privileges");
	return 0;
}

/* --- the filter -------------------------------------------------------------------- */

#define S(name) SCMP_SYS(name)

static const int stdio_calls[] = {
	S(read), S(write), S(readv), S(writev), S(pread64), S(pwrite64),
	S(preadv), S(pwritev), S(close), S(close_range), S(dup), S(dup2), S(dup3), S(fcntl),
	S(fstat), S(lseek), S(pipe2), S(poll), S(ppoll), S(select),
	S(pselect6), S(epoll_create), S(epoll_create1), S(epoll_ctl), S(epoll_wait),
	S(epoll_pwait), S(eventfd2), S(timerfd_create), S(timerfd_settime),
	S(signalfd4), S(brk), S(mmap), S(munmap), S(mremap), S(mprotect),
	S(madvise), S(membarrier), S(futex), S(set_robust_list), S(rseq),
	S(sched_yield), S(sched_getaffinity), S(rt_sigaction),
	S(rt_sigprocmask), S(rt_sigreturn), S(rt_sigtimedwait),
	S(rt_sigpending), S(sigaltstack), S(restart_syscall), S(gettimeofday),
	S(clock_gettime), S(clock_getres), S(clock_nanosleep), S(nanosleep),
	S(time), S(times), S(getrusage), S(getpid), S(getppid), S(gettid),
	S(getuid), S(geteuid), S(getgid), S(getegid), S(getresuid),
	S(getresgid), S(getrandom), S(getrlimit), S(prlimit64), S(sysinfo),
	S(uname), S(exit), S(exit_group), S(getcpu),
};

static const int file_calls[] = {
	S(open), S(openat), S(openat2), S(stat), S(lstat), S(newfstatat),
	S(statx), S(access), S(faccessat), S(faccessat2), S(readlink),
	S(readlinkat), S(rename), S(renameat), S(renameat2), S(unlink),
	S(unlinkat), S(mkdir), S(mkdirat), S(rmdir), S(fsync), S(fdatasync),
	S(sync_file_range), S(ftruncate), S(fallocate), S(flock),
	S(getdents64), S(getcwd), S(statfs), S(fstatfs), S(fchmod),
	S(fchown), S(utimensat), S(umask), S(fadvise64),
};

static const int socket_calls[] = {
	S(connect), S(accept), S(accept4), S(bind), S(listen), S(sendto),
	S(sendmsg), S(sendmmsg), S(recvfrom), S(recvmsg), S(recvmmsg),
	S(getsockname), S(getpeername), S(getsockopt), S(setsockopt),
	S(shutdown), S(socketpair),
};

static const int inotify_calls[] = {
	S(inotify_init1), S(inotify_add_watch), S(inotify_rm_watch),
};

/* Nothing of ours calls these: whoever does has taken the process over. */
static const int deadly_calls[] = {
	S(execve), S(execveat), S(ptrace), S(process_vm_readv),
	S(process_vm_writev), S(mount), S(umount2), S(move_mount),
	S(open_tree), S(fsopen), S(fsmount), S(fsconfig), S(fspick),
	S(mount_setattr), S(pivot_root), S(chroot), S(bpf), S(init_module),
	S(finit_module), S(delete_module), S(kexec_load),
	S(kexec_file_load), S(setns), S(unshare), S(keyctl), S(add_key),
	S(request_key), S(perf_event_open), S(userfaultfd),
	S(io_uring_setup), S(io_uring_enter), S(io_uring_register),
	S(open_by_handle_at), S(pidfd_getfd), S(reboot), S(swapon),
	S(swapoff), S(settimeofday), S(clock_settime), S(iopl), S(ioperm),
	S(acct), S(quotactl), S(fork), S(vfork),
};

#undef S

static const struct promise {
	unsigned promises; /* any of them */
	const int *calls;
	size_t count;
} promised[] = {
	{SANDBOX_STDIO, stdio_calls, LENGTH(stdio_calls)},
	{SANDBOX_FILES, file_calls, LENGTH(file_calls)},
	{SANDBOX_UNIX | SANDBOX_INET, socket_calls, LENGTH(socket_calls)},
	{SANDBOX_INOTIFY, inotify_calls, LENGTH(inotify_calls)},
};

/* A call that this architecture does not have needs no rule. */
static int
add_calls(scmp_filter_ctx ctx, uint32_t action, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const int r = calls[i] < 0 ? 0
					   : seccomp_rule_add(ctx, action,
							      calls[i], 0);

		if (r < 0)
			return r;
	}
	return 0;
}

static int
allow_if(scmp_filter_ctx ctx, int call, unsigned arg, scmp_datum_t value)
{
	const struct scmp_arg_cmp is = {arg, SCMP_CMP_EQ, value, 0};

	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, call, 1, &is);
}

/* Threads but no processes, signals to itself but no others. */
static int
allow_by_argument(scmp_filter_ctx ctx, unsigned promises)
{
	static const struct scmp_arg_cmp makes_thread = {
		0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD};
	const struct {
		unsigned promises;
		int call;
		unsigned arg;
		scmp_datum_t value;
	} allowed[] = {
		{SANDBOX_STDIO, SCMP_SYS(tgkill), 0, (scmp_datum_t)getpid()},
		{SANDBOX_STDIO, SCMP_SYS(prctl), 0, PR_SET_NAME},
		{SANDBOX_STDIO, SCMP_SYS(ioctl), 1, FIONBIO},
		{SANDBOX_STDIO, SCMP_SYS(ioctl), 1, FIONREAD},
		{SANDBOX_UNIX, SCMP_SYS(socket), 0, AF_UNIX},
		{SANDBOX_INET, SCMP_SYS(socket), 0, AF_INET},
		{SANDBOX_INET, SCMP_SYS(socket), 0, AF_INET6},
	};
	int r = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				       &makes_thread);

	/* glibc goes back to clone(), whose flags a filter can see. */
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS),
				     SCMP_SYS(clone3), 0);
	for (size_t i = 0; r == 0 && i < LENGTH(allowed); i++)
		if (promises & allowed[i].promises)
			r = allow_if(ctx, allowed[i].call, allowed[i].arg,
				     allowed[i].value);
	return r;
}

static int
fill(scmp_filter_ctx ctx, unsigned promises, bool log_only)
{
	int r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);

	if (r == 0 && !log_only)
		r = add_calls(ctx, SCMP_ACT_KILL_PROCESS, deadly_calls,
			      LENGTH(deadly_calls));
	for (size_t i = 0; r == 0 && i < LENGTH(promised); i++)
		if (promises & promised[i].promises)
			r = add_calls(ctx, SCMP_ACT_ALLOW, promised[i].calls,
				      promised[i].count);
	return r == 0 ? allow_by_argument(ctx, promises) : r;
}

bool
sandbox_only_logs(void)
{
	const char *env = getenv("AEGIS_SANDBOX");

	return SANITIZED || (env && strcmp(env, "log") == 0);
}

int
sandbox_enter(unsigned promises, struct aegis_error *err)
{
	const bool log_only = sandbox_only_logs();
	scmp_filter_ctx ctx =
		seccomp_init(log_only ? SCMP_ACT_LOG : SCMP_ACT_ERRNO(EPERM));
	int r;

	if (!ctx)
		return aegis_error_set(err, -ENOMEM, "make the seccomp filter");
	r = fill(ctx, promises, log_only);
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	if (r < 0)
		return aegis_error_set(err, r, "install the seccomp filter");
	if (log_only)
		log_warn("the seccomp filter only logs (%s)",
			 SANITIZED ? "a sanitizer build" : "AEGIS_SANDBOX=log");
	return 0;
}
