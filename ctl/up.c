/*
 * up - the daemons of AEGIS in the foreground, for a trial.
 *
 * They die with us: on a signal in reverse order and in peace; if this process
 * is killed, by the guard, a process of its own that does nothing but notice.
 * (PR_SET_PDEATHSIG alone is not enough: the kernel forgets it when a daemon
 * changes its user.)
 */
#include "ctl/ctl.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "ctl/dockerd.h"
#include "lib/gate/host.h"
#include "lib/gate/policy.h"

#define STOP_TIMEOUT_MS 5000
#define START_TIMEOUT_MS 5000
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 5000
/* A daemon that ran so long was well: its backoff starts anew. */
#define WELL_MS 10000

/* In the order of starting; one line makes another daemon part of `up`. */
static const struct daemon_info {
	const char *name;
	size_t socket; /* where in struct settings its address is */
} daemons[] = {
	{"aegis-authz", offsetof(struct settings, gate.socket)},
};
#define DAEMON_COUNT (sizeof(daemons) / sizeof(daemons[0]))

struct daemon {
	const struct daemon_info *info;
	pid_t pid; /* 0: not running */
	int64_t started_ms, start_at_ms;
	unsigned backoff_ms;
};

struct up {
	const char *config; /* -c for the daemons, or NULL */
	struct settings settings;
	struct daemon daemons[DAEMON_COUNT];
	int guard; /* pipe: pids go in, the end of file means we are gone */
	bool greeted; /* all of them came up once */
	int fatal;    /* the exit code: starting again would not help */
	sigset_t signals;
};

/* --- folders ---------------------------------------------------------------------- */

static int
make_parents(char *path, mode_t mode)
{
	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(path, mode) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

/* The folder of a file; *ret is its path, "" if the file needs none.
 * Returns 1 if it was made, 0 if it was there, or an errno. */
static int
make_folder_of(const char *file, mode_t mode, char *ret)
{
	char *slash;
	int r;

	snprintf(ret, PATH_MAX, "%s", file);
	slash = strrchr(ret, '/');
	if (!slash || slash == ret) {
		*ret = '\0';
		return 0;
	}
	*slash = '\0';
	r = make_parents(ret, 0755);
	if (r)
		return r;
	if (mkdir(ret, mode))
		return errno == EEXIST ? 0 : -errno;
	return 1;
}

/* SQLite makes files beside the store, as the daemons' user.  Only a folder
 * that is new is given away: an old one is its owner's. */
static int
give_to_user(const struct settings *s, const char *folder)
{
	const struct passwd *user = getpwnam(s->user);

	if (!user && s->user_is_default)
		user = getpwnam("nobody");
	if (geteuid() || !user) /* the daemon says so, and what to do */
		return 0;
	return chown(folder, user->pw_uid, user->pw_gid) ? -errno : 0;
}

static int
make_folders(const struct settings *s)
{
	char folder[PATH_MAX];
	int r = make_folder_of(s->gate.socket, 0755, folder);

	if (r >= 0 && *folder && access(folder, W_OK))
		r = -errno;
	if (r >= 0)
		r = make_folder_of(s->store, 0750, folder);
	if (r > 0)
		r = give_to_user(s, folder);
	if (r >= 0 && *folder && access(folder, W_OK))
		r = -errno;
	if (r < 0)
		return ctl_error(CTL_FAILED,
				 "%s: %s; run it as root (sudo aegis-ctl up), "
				 "or name other paths in the configuration (-c)",
				 folder, strerror(-r));
	return CTL_OK;
}

/* --- what no restart would mend ---------------------------------------------------- */

/* Said before anything is started: the daemon could only say it again and again. */
static int
check_policy(const struct settings *s)
{
	struct aegis_error err = {0};
	struct policy *policy = NULL;

	if (policy_load(&policy, s->gate.policy, &err))
		return ctl_failed(&err);
	policy_free(policy);
	return CTL_OK;
}

static int
check_socket(const struct settings *s)
{
	const char *socket = s->gate.socket;
	pid_t owner = socket_owner(socket);
	char name[32];

	process_name(owner, name, sizeof(name));
	if (owner == 1)
		return ctl_error(CTL_FAILED,
				 "systemd listens on %s already; stop that "
				 "first: systemctl stop aegis-authz.socket "
				 "aegis-authz.service",
				 socket);
	if (owner)
		return ctl_error(CTL_FAILED,
				 "a gate answers on %s already, process %d (%s); "
				 "stop that first",
				 socket, (int)owner, name);
	return CTL_OK;
}

/* --- the guard ---------------------------------------------------------------------- */

#define GUARD_PIDS_MAX 64

/* Handles, not numbers: a pid may be somebody else's by the time we are gone. */
static void
guard_signal(const int *handles, size_t count, int signo)
{
	for (size_t i = 0; i < count; i++)
		syscall(SYS_pidfd_send_signal, handles[i], signo, NULL, 0);
}

static void
guard_run(int in)
{
	int handles[GUARD_PIDS_MAX];
	size_t count = 0;
	pid_t pid;

	setsid();
	prctl(PR_SET_NAME, "aegis-ctl-guard");
	while (read(in, &pid, sizeof(pid)) == sizeof(pid)) {
		if (count == GUARD_PIDS_MAX) { /* the oldest is long gone */
			close(handles[0]);
			count--;
			memmove(handles, handles + 1,
				count * sizeof(*handles));
		}
		handles[count] = (int)syscall(SYS_pidfd_open, pid, 0);
		count += handles[count] >= 0;
	}
	guard_signal(handles, count, SIGTERM);
	for (size_t i = 0; i < count; i++) {
		struct pollfd gone = {.fd = handles[i], .events = POLLIN};

		poll(&gone, 1, STOP_TIMEOUT_MS);
	}
	guard_signal(handles, count, SIGKILL);
	_exit(0);
}

static int
guard_start(struct up *up)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		close(ends[1]);
		guard_run(ends[0]);
	}
	close(ends[0]);
	up->guard = ends[1];
	return 0;
}

/* --- daemons ------------------------------------------------------------------------ */

/* The program beside this one, else from PATH. */
static void
program_path(const char *name, char *ret, size_t size)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash) {
		snprintf(ret, size, "%.*s/%s", (int)(slash - self), self, name);
		if (!access(ret, X_OK))
			return;
	}
	snprintf(ret, size, "%s", name);
}

static void
child_run(const struct up *up, const struct daemon *d, pid_t parent)
{
	char path[2 * PATH_MAX];
	sigset_t none;

	/* A group of its own: Ctrl-C reaches us, and we stop them in order. */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(CTL_FAILED);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	program_path(d->info->name, path, sizeof(path));
	execlp(path, d->info->name, up->config ? "-c" : (char *)NULL,
	       up->config, (char *)NULL);
	ctl_error(0, "%s: %s; build it, or put it beside aegis-ctl", path,
		  strerror(errno));
	_exit(127);
}

static void
daemon_start(struct up *up, struct daemon *d)
{
	pid_t parent = getpid(), pid = fork();

	d->started_ms = ctl_monotonic_ms();
	if (pid < 0) {
		ctl_error(0, "start %s: %s", d->info->name, strerror(errno));
		d->start_at_ms = d->started_ms + BACKOFF_MAX_MS;
		return;
	}
	if (!pid)
		child_run(up, d, parent);
	d->pid = pid;
	if (write(up->guard, &pid, sizeof(pid)) < 0)
		ctl_error(0, "the guard is gone: %s outlives a kill -9",
			  d->info->name);
}

/* An error of configuration stays one, and so does what went wrong before
 * anything had come up. */
static int
fatal_code(const struct up *up, int status, int64_t ran_ms)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : CTL_FAILED;

	if (code == CTL_USAGE || code == CTL_DATA)
		return code;
	return up->greeted || ran_ms > WELL_MS ? 0 : CTL_FAILED;
}

static void
daemon_died(struct up *up, struct daemon *d, int status)
{
	int64_t now = ctl_monotonic_ms();
	char how[64];

	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "killed by signal %d",
			 WTERMSIG(status));
	else
		snprintf(how, sizeof(how), "exit code %d",
			 WEXITSTATUS(status));
	if (!d->backoff_ms || now - d->started_ms > WELL_MS)
		d->backoff_ms = BACKOFF_MIN_MS;
	else
		d->backoff_ms = 2 * d->backoff_ms < BACKOFF_MAX_MS
					? 2 * d->backoff_ms
					: BACKOFF_MAX_MS;
	d->pid = 0;
	d->start_at_ms = now + d->backoff_ms;
	up->fatal = fatal_code(up, status, now - d->started_ms);
	if (up->fatal)
		ctl_error(0, "%s does not start (%s), for the reason above",
			  d->info->name, how);
	else
		ctl_error(0, "%s died (%s); starting it again in %.1f s",
			  d->info->name, how, d->backoff_ms / 1000.0);
}

/* Children that ended; in their table only if they are daemons: the guard is a
 * child too. */
static void
reap(struct up *up, bool restart)
{
	int status;

	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		for (size_t i = 0; i < DAEMON_COUNT; i++) {
			if (up->daemons[i].pid != pid)
				continue;
			if (restart)
				daemon_died(up, &up->daemons[i], status);
			up->daemons[i].pid = 0;
		}
}

/* --- the loop ------------------------------------------------------------------------ */

/* The next signal, or 0 after timeout_ms. */
static int
wait_signal(const struct up *up, int64_t timeout_ms)
{
	struct timespec t;
	int r;

	if (timeout_ms < 0)
		timeout_ms = 0;
	t.tv_sec = timeout_ms / 1000;
	t.tv_nsec = timeout_ms % 1000 * 1000000;
	r = sigtimedwait(&up->signals, NULL, &t);
	return r < 0 ? 0 : r;
}

/* Start what is due; how long until the next is. */
static int64_t
start_due(struct up *up)
{
	int64_t now = ctl_monotonic_ms(), next = 3600 * 1000;

	for (size_t i = 0; i < DAEMON_COUNT; i++) {
		struct daemon *d = &up->daemons[i];

		if (!d->pid && d->start_at_ms <= now)
			daemon_start(up, d);
		else if (!d->pid && d->start_at_ms - now < next)
			next = d->start_at_ms - now;
	}
	return next;
}

static void
stop_one(struct up *up, struct daemon *d)
{
	int64_t until = ctl_monotonic_ms() + STOP_TIMEOUT_MS;

	if (!d->pid)
		return;
	kill(d->pid, SIGTERM);
	while (d->pid && ctl_monotonic_ms() < until) {
		wait_signal(up, until - ctl_monotonic_ms());
		reap(up, false);
	}
	if (!d->pid)
		return;
	ctl_error(0, "%s did not stop in %d s; killed", d->info->name,
		  STOP_TIMEOUT_MS / 1000);
	kill(d->pid, SIGKILL);
	waitpid(d->pid, NULL, 0);
	d->pid = 0;
}

/* --- what is said at the start --------------------------------------------------------- */

static int
print_daemons(const struct ctl *ctl, const struct up *up)
{
	static const struct table_column columns[] = {
		{.title = "PROGRAM"},
		{.title = "PID", .right = true},
		{.title = "ADDRESS"},
	};
	_cleanup_table_ struct table t;

	table_init(&t, columns, 3);
	for (size_t i = 0; i < DAEMON_COUNT; i++) {
		const struct daemon *d = &up->daemons[i];

		table_add(&t, d->info->name, TABLE_PLAIN);
		table_addf(&t, TABLE_PLAIN, "%d", (int)d->pid);
		table_add(&t,
			  (const char *)&up->settings + d->info->socket,
			  TABLE_PLAIN);
	}
	return ctl_table(ctl, &t);
}

static void
print_next(const struct up *up)
{
	char plugin[GATE_PLUGIN_NAME_LEN], with[PATH_MAX + 8] = "";
	bool gated = false;

	gate_plugin_name(&up->settings, plugin);
	if (up->config)
		snprintf(with, sizeof(with), " -c %s", up->config);
	ctl_text(stdout, "\npolicy   %s\nstore    %s\n",
		 up->settings.gate.policy, up->settings.store);
	if (docker_gated(&up->settings, plugin, 2000, &gated, NULL))
		ctl_text(stdout, "dockerd  %s: does not answer\n",
			 up->settings.docker);
	else
		ctl_text(stdout, "dockerd  %s: %s\n", up->settings.docker,
			 gated ? "asks the gate" : "does not ask the gate yet");
	ctl_text(stdout,
		 "\nTry in another terminal:\n"
		 "  aegis-ctl%s status\n"
		 "  aegis-ctl%s policy explain -- docker run --privileged "
		 "nginx:1.27\n",
		 with, with);
	if (!gated)
		ctl_text(stdout,
			 "  aegis-ctl%s setup docker      # wire the gate into "
			 "dockerd\n",
			 with);
	ctl_text(stdout, "  aegis-ctl%s decisions\nCtrl-C stops everything.\n",
		 with);
	ctl_flush();
}

/* What answers is ours: another gate may have taken the socket meanwhile. */
static bool
is_up(const struct up *up, struct aegis_error *err)
{
	const char *socket = up->settings.gate.socket;

	return !plugin_answers(socket, 1000, err) &&
	       socket_owner(socket) == up->daemons[0].pid;
}

/* The summary waits for the gate, but no signal waits for the summary.
 * Returns the signal that ended it, or 0. */
static int
greet(const struct ctl *ctl, struct up *up)
{
	int64_t until = ctl_monotonic_ms() + START_TIMEOUT_MS;
	struct aegis_error err = {0};
	int signo = 0;

	while (ctl_monotonic_ms() < until && !up->fatal) {
		if (is_up(up, &err)) {
			up->greeted = true;
			print_daemons(ctl, up);
			print_next(up);
			return 0;
		}
		start_due(up);
		signo = wait_signal(up, 50);
		if (signo == SIGCHLD)
			reap(up, true);
		else if (signo)
			return signo;
	}
	if (!up->fatal)
		ctl_error(0, "the gate does not answer yet: %s", err.text);
	return 0;
}

/* The gate has no right to remove its socket any more.  One that nobody listens
 * on costs every dockerd of the host 15 s whenever it looks through its plugins
 * for the driver of a volume. */
static void
remove_sockets(const struct up *up)
{
	const char *socket = up->settings.gate.socket;
	struct aegis_error err = {0};

	if (plugin_answers(socket, 1000, &err) == 0)
		return; /* somebody else's by now */
	if (unlink(socket) < 0 && errno != ENOENT)
		ctl_error(0, "remove %s: %s", socket, strerror(errno));
}

static int
up_loop(const struct ctl *ctl, struct up *up)
{
	int signo;

	start_due(up);
	signo = greet(ctl, up);
	while ((!signo || signo == SIGCHLD) && !up->fatal) {
		int64_t next = start_due(up);

		signo = wait_signal(up, next);
		reap(up, true);
	}
	for (size_t i = DAEMON_COUNT; i-- > 0;)
		stop_one(up, &up->daemons[i]);
	remove_sockets(up);
	return up->fatal;
}

int
up_run(struct ctl *ctl)
{
	struct up up = {.config = ctl->opt[OPT_CONFIG], .guard = -1};
	int r;

	if (!up.config)
		up.config = getenv("AEGIS_CONFIG");
	r = ctl_settings(ctl, &up.settings);
	r = r ? r : make_folders(&up.settings);
	r = r ? r : check_policy(&up.settings);
	r = r ? r : check_socket(&up.settings);
	if (r)
		return r;
	sigemptyset(&up.signals);
	sigaddset(&up.signals, SIGINT);
	sigaddset(&up.signals, SIGTERM);
	sigaddset(&up.signals, SIGHUP);
	sigaddset(&up.signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &up.signals, NULL);
	for (size_t i = 0; i < DAEMON_COUNT; i++)
		up.daemons[i].info = &daemons[i];
	r = guard_start(&up);
	if (r)
		return ctl_error(CTL_FAILED, "start the guard: %s",
				 strerror(-r));
	r = up_loop(ctl, &up);
	close(up.guard);
	return r;
}
