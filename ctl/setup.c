/*
 * setup - wire the gate into dockerd, or take it out.
 *
 * The wiring is one name in daemon.json, which a reload (SIGHUP) makes
 * effective.  dockerd is unforgiving here: a plugin that it cannot find makes
 * it exit, and so does a key that is also a flag (research/authz.md 1.6).  So
 * everything is looked at first, and put back if it did not come true.
 */
#include "ctl/ctl.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "ctl/daemon_json.h"
#include "lib/gate/host.h"

#define DAEMON_JSON_DEFAULT "/etc/docker/daemon.json"
#define PIDFILE_DEFAULT "/var/run/docker.pid"
#define DAEMON_JSON_MAX (1024 * 1024)
#define CMDLINE_MAX (1024 * 1024)
#define RELOAD_TIMEOUT_MS 20000
#define ASK_TIMEOUT_MS 2000
#define POLL_MS 100
#define PLUGIN_FOLDER "/run/docker/plugins"

struct setup {
	struct ctl *ctl;
	struct settings settings;
	bool remove;
	char plugin[GATE_PLUGIN_NAME_LEN];
	char file[PATH_MAX];   /* daemon.json, links resolved */
	char backup[PATH_MAX + 64];
	bool existed;
	mode_t mode;
	struct buf before, after;
	bool changed;
	pid_t dockerd; /* 0: does not run */
	char pidfile[PATH_MAX];
	struct buf cmdline; /* of dockerd, NUL after each argument */
};

/* --- the file ---------------------------------------------------------------------- */

static int
read_daemon_json(struct setup *s)
{
	const char *file = s->ctl->opt[OPT_DAEMON_JSON];
	struct aegis_error err = {0};
	struct stat st;
	int r;

	if (!file)
		file = DAEMON_JSON_DEFAULT;
	if (!realpath(file, s->file))
		snprintf(s->file, sizeof(s->file), "%s", file);
	s->mode = 0644;
	r = file_read(s->file, &s->before, &err);
	if (r && r != -ENOENT)
		return ctl_failed(&err);
	s->existed = !r;
	if (!r && !stat(s->file, &st))
		s->mode = st.st_mode & 07777;
	r = daemon_json_edit(buf_str(&s->before), s->before.len,
			     s->remove ? DAEMON_JSON_REMOVE : DAEMON_JSON_ADD,
			     s->plugin, &s->after, &s->changed, &err);
	if (r)
		return ctl_error(CTL_DATA, "%s:%s; correct it first", s->file,
				 err.text);
	return CTL_OK;
}

static int
write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return fsync(fd) ? -errno : 0;
}

static int
sync_folder(const char *file)
{
	_cleanup_close_ int fd = -1;
	char folder[PATH_MAX];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", file);
	slash = strrchr(folder, '/');
	if (!slash)
		return 0;
	slash[slash == folder] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) ? -errno : 0;
}

/* The whole file or the old one, whatever happens. */
static int
replace_file(const char *file, const struct buf *text, mode_t mode)
{
	char temp[PATH_MAX + 16];
	_cleanup_close_ int fd = -1;
	int r;

	snprintf(temp, sizeof(temp), "%s.XXXXXX", file);
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = write_all(fd, buf_str(text), text->len);
	if (!r && fchmod(fd, mode))
		r = -errno;
	if (!r && rename(temp, file))
		r = -errno;
	if (r)
		unlink(temp);
	return r ? r : sync_folder(file);
}

static int
make_backup(struct setup *s)
{
	_cleanup_close_ int fd = -1;
	time_t now = time(NULL);
	struct tm tm;
	char stamp[32];
	int r;

	if (!s->existed)
		return 0;
	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	/* Twice in a second: the second gets a number. */
	for (unsigned i = 0; i < 100 && fd < 0; i++) {
		snprintf(s->backup, sizeof(s->backup),
			 i ? "%s.aegis-%s.%u" : "%s.aegis-%s", s->file, stamp,
			 i);
		fd = open(s->backup, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			  s->mode & 0777);
		if (fd < 0 && errno != EEXIST)
			return -errno;
	}
	if (fd < 0)
		return -EEXIST;
	r = write_all(fd, buf_str(&s->before), s->before.len);
	if (!r && fchmod(fd, s->mode))
		r = -errno;
	return r;
}

static int
write_daemon_json(struct setup *s)
{
	char folder[PATH_MAX];
	char *slash;
	int r;

	snprintf(folder, sizeof(folder), "%s", s->file);
	slash = strrchr(folder, '/');
	if (slash && slash != folder) {
		*slash = '\0';
		if (mkdir(folder, 0755) && errno != EEXIST)
			return ctl_error(CTL_FAILED, "make %s: %s", folder,
					 strerror(errno));
	}
	r = make_backup(s);
	if (r)
		return ctl_error(CTL_FAILED, "%s: %s; nothing was changed",
				 s->backup, strerror(-r));
	r = replace_file(s->file, &s->after, s->mode);
	if (r)
		return ctl_error(CTL_FAILED, "%s: %s; nothing was changed",
				 s->file, strerror(-r));
	return CTL_OK;
}

/* --- dockerd ------------------------------------------------------------------------- */

static int
read_proc(pid_t pid, const char *name, struct buf *ret)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return file_read(path, ret, NULL);
}

/* Which pid file: the option's, daemon.json's, the usual one. */
static int
find_pidfile(struct setup *s)
{
	const char *option = s->ctl->opt[OPT_PIDFILE];
	struct aegis_error err = {0};

	if (option)
		snprintf(s->pidfile, sizeof(s->pidfile), "%s", option);
	else if (daemon_json_string(buf_str(&s->before), s->before.len,
				    "pidfile", s->pidfile, sizeof(s->pidfile),
				    &err))
		return ctl_error(CTL_DATA, "%s:%s", s->file, err.text);
	if (!s->pidfile[0])
		snprintf(s->pidfile, sizeof(s->pidfile), PIDFILE_DEFAULT);
	return CTL_OK;
}

/* s->dockerd is 0 if none runs.  A pid file may be left over, and its number
 * somebody else's by now. */
static int
find_dockerd(struct setup *s)
{
	_cleanup_buf_ struct buf text = BUF_INIT(4096);
	_cleanup_buf_ struct buf comm = BUF_INIT(4096);
	struct aegis_error err = {0};
	unsigned long pid;
	int r = find_pidfile(s);

	if (r)
		return r;
	r = file_read(s->pidfile, &text, &err);
	if (r == -ENOENT)
		return CTL_OK;
	if (r)
		return ctl_failed(&err);
	if (text.data)
		text.data[strcspn(text.data, " \r\n")] = '\0';
	if (number_parse(buf_str(&text), INT_MAX, &pid) || pid < 2)
		return ctl_error(CTL_DATA, "%s: holds no pid", s->pidfile);
	if (read_proc((pid_t)pid, "comm", &comm) ||
	    strcmp(buf_str(&comm), "dockerd\n") != 0)
		return CTL_OK;
	s->dockerd = (pid_t)pid;
	r = read_proc(s->dockerd, "cmdline", &s->cmdline);
	if (r)
		return ctl_error(CTL_FAILED, "/proc/%lu/cmdline: %s", pid,
				 strerror(-r));
	return CTL_OK;
}

/* The value of "--NAME=VALUE" or "--NAME VALUE", NULL if it is not there. */
static const char *
dockerd_flag(const struct setup *s, const char *name)
{
	const char *at = buf_str(&s->cmdline), *end = at + s->cmdline.len;
	size_t len = strlen(name);

	for (; at < end; at += strlen(at) + 1) {
		if (strncmp(at, name, len))
			continue;
		if (at[len] == '=')
			return at + len + 1;
		if (!at[len])
			return at + len + 1 < end ? at + len + 1 : "";
	}
	return NULL;
}

/* It must be the file that this dockerd reads. */
static int
check_config_file(const struct setup *s)
{
	const char *flag = dockerd_flag(s, "--config-file");
	const char *reads = flag ? flag : DAEMON_JSON_DEFAULT;
	char real[PATH_MAX];

	if (!s->dockerd)
		return CTL_OK;
	if (!realpath(reads, real))
		snprintf(real, sizeof(real), "%s", reads);
	if (strcmp(real, s->file))
		return ctl_error(CTL_FAILED,
				 "dockerd (pid %d of %s) reads %s, not %s; give "
				 "its file (--daemon-json) or its pid file "
				 "(--pidfile)",
				 (int)s->dockerd, s->pidfile, reads, s->file);
	return CTL_OK;
}

static int
check_flag(const struct setup *s)
{
	if (!s->dockerd || !dockerd_flag(s, "--authorization-plugin"))
		return CTL_OK;
	return ctl_error(CTL_FAILED,
			 "dockerd runs with --authorization-plugin, and refuses "
			 "to have it in %s too; take the flag out of its unit "
			 "and restart it, then run this again",
			 s->file);
}

/* dockerd looks for the name in its own folder. */
static int
check_place(const struct setup *s)
{
	char wanted[PATH_MAX];
	struct stat a, b;

	for (int form = 0; form < 2; form++) {
		snprintf(wanted, sizeof(wanted),
			 form ? PLUGIN_FOLDER "/%s/%s.sock"
			      : PLUGIN_FOLDER "/%s.sock",
			 s->plugin, s->plugin);
		if (!stat(wanted, &a) && !stat(s->settings.gate.socket, &b) &&
		    a.st_dev == b.st_dev && a.st_ino == b.st_ino)
			return CTL_OK;
	}
	return ctl_error(CTL_UNREACHABLE,
			 "dockerd looks for plugins in " PLUGIN_FOLDER ", but "
			 "the gate listens on %s, so dockerd would exit; set "
			 "gate.socket to " PLUGIN_FOLDER "/%s.sock",
			 s->settings.gate.socket, s->plugin);
}

static int
check_gate(const struct setup *s)
{
	struct aegis_error err = {0};

	if (plugin_answers(s->settings.gate.socket, ASK_TIMEOUT_MS, &err))
		return ctl_error(CTL_UNREACHABLE,
				 "%s; dockerd would exit without it, so nothing "
				 "was changed (systemctl start aegis-authz, or "
				 "aegis-ctl up)",
				 err.text);
	return check_place(s);
}

/* --- doing it -------------------------------------------------------------------------- */

static void
wait_ms(unsigned ms)
{
	struct timespec t = {.tv_sec = ms / 1000,
			     .tv_nsec = ms % 1000 * 1000000L};

	nanosleep(&t, NULL);
}

static bool
is_in_force(const struct setup *s)
{
	bool gated;

	return !docker_gated(&s->settings, s->plugin, ASK_TIMEOUT_MS, &gated,
			     NULL) &&
	       gated != s->remove;
}

/* Returns 0 when dockerd is (not) gated, -ESRCH if dockerd is gone, or
 * -ETIMEDOUT. */
static int
wait_for_dockerd(const struct setup *s)
{
	int64_t until = ctl_monotonic_ms() + RELOAD_TIMEOUT_MS;

	do {
		if (is_in_force(s))
			return 0;
		if (kill(s->dockerd, 0))
			return -ESRCH;
		wait_ms(POLL_MS);
	} while (ctl_monotonic_ms() < until);
	return -ETIMEDOUT;
}

static int
restore(struct setup *s, const char *why)
{
	int r = 0;

	if (s->changed && s->existed)
		r = replace_file(s->file, &s->before, s->mode);
	else if (s->changed)
		r = unlink(s->file) ? -errno : 0;
	if (r)
		return ctl_error(CTL_FAILED,
				 "%s, and restoring %s failed: %s; the old text "
				 "is in %s",
				 why, s->file, strerror(-r), s->backup);
	if (s->dockerd)
		kill(s->dockerd, SIGHUP);
	return ctl_error(CTL_TIMEOUT, "%s; %s is as it was; see dockerd's log",
			 why, s->file);
}

static int
reload(struct setup *s)
{
	int r;

	if (kill(s->dockerd, SIGHUP))
		return restore(s, "dockerd could not be signalled");
	r = wait_for_dockerd(s);
	if (r == -ESRCH) {
		s->dockerd = 0;
		return restore(s, "dockerd exited on the reload");
	}
	if (r)
		return restore(s, s->remove
					  ? "dockerd still asks the gate"
					  : "dockerd did not take the gate in");
	return CTL_OK;
}

static int
confirm(const struct setup *s)
{
	char answer[16];

	if (s->ctl->opt[OPT_YES])
		return CTL_OK;
	if (!isatty(STDIN_FILENO))
		return ctl_error(CTL_USAGE,
				 "setup docker: no terminal to ask on; give "
				 "-y");
	ctl_text(stderr, "%s '%s' %s authorization-plugins in %s%s? [y/N] ",
		 s->remove ? "Take" : "Put", s->plugin,
		 s->remove ? "out of" : "into", s->file,
		 s->dockerd ? " and reload dockerd" : "");
	if (!fgets(answer, sizeof(answer), stdin) ||
	    (answer[0] != 'y' && answer[0] != 'Y'))
		return ctl_error(CTL_FAILED, "nothing was changed");
	return CTL_OK;
}

static int
apply(struct setup *s)
{
	int r = CTL_OK;

	if (!s->changed && (!s->dockerd || is_in_force(s))) {
		ctl_text(stdout, "%s: nothing to do\n", s->file);
		return CTL_OK;
	}
	r = confirm(s);
	if (!r && s->changed)
		r = write_daemon_json(s);
	if (!r && s->dockerd)
		r = reload(s);
	if (r)
		return r;
	ctl_text(stdout, "%s: %s\n", s->file,
		 s->remove ? "dockerd no longer asks the gate"
		 : s->dockerd ? "dockerd asks the gate about every call"
			      : "dockerd will ask the gate");
	if (s->backup[0])
		ctl_text(stdout, "the old file is %s\n", s->backup);
	if (!s->dockerd)
		ctl_text(stdout, "dockerd does not run (%s); it takes effect "
				 "when it starts\n",
			 s->pidfile);
	return CTL_OK;
}

static int
look(struct setup *s)
{
	int r = ctl_settings(s->ctl, &s->settings);

	if (r)
		return r;
	gate_plugin_name(&s->settings, s->plugin);
	if (!s->plugin[0] || strpbrk(s->plugin, "\"\\"))
		return ctl_error(CTL_DATA, "gate.socket %s: no plugin's name",
				 s->settings.gate.socket);
	r = read_daemon_json(s);
	r = r ? r : find_dockerd(s);
	r = r ? r : check_config_file(s);
	if (!r && !s->remove)
		r = check_flag(s);
	return r;
}

static void
setup_release(struct setup *s)
{
	buf_release(&s->before);
	buf_release(&s->after);
	buf_release(&s->cmdline);
}

int
setup_docker(struct ctl *ctl)
{
	_cleanup_(setup_release) struct setup s = {
		.ctl = ctl,
		.remove = ctl->opt[OPT_REMOVE],
		.before = BUF_INIT(DAEMON_JSON_MAX),
		.after = BUF_INIT(DAEMON_JSON_MAX + 4096),
		.cmdline = BUF_INIT(CMDLINE_MAX),
	};
	int r = look(&s);

	if (r)
		return r;
	if (ctl->opt[OPT_DRY_RUN]) {
		fputs(buf_str(&s.after), stdout);
		return CTL_OK;
	}
	if (!s.remove)
		r = check_gate(&s);
	return r ? r : apply(&s);
}
