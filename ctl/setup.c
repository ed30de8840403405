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
#include "ctl/dockerd.h"
#include "ctl/plugins.h"
#include "lib/gate/host.h"

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
	bool is_default;       /* that dockerd reads without being told */
	bool existed;
	mode_t mode;
	struct buf before, after;
	bool changed;
	char pidfile[PATH_MAX];
	struct dockerd dockerd;
};

/* --- the file ---------------------------------------------------------------------- */

/* A link that leads nowhere: to write there is not what was asked. */
static int
check_link(const char *file)
{
	char target[PATH_MAX];
	ssize_t n = readlink(file, target, sizeof(target) - 1);

	if (n < 0 || !access(file, F_OK))
		return CTL_OK;
	target[n] = '\0';
	return ctl_error(CTL_NOT_FOUND, "%s is a link to %s, which is not there",
			 file, target);
}

/* Only the file that dockerd reads without being told is made; of any other name
 * one may be misspelt. */
static int
read_daemon_json(struct setup *s)
{
	const char *file = s->ctl->opt[OPT_DAEMON_JSON];
	struct aegis_error err = {0};
	struct stat st;
	int r;

	if (!file)
		file = DAEMON_JSON_DEFAULT;
	s->is_default = !strcmp(file, DAEMON_JSON_DEFAULT);
	if (!realpath(file, s->file))
		snprintf(s->file, sizeof(s->file), "%s", file);
	s->mode = 0644;
	r = check_link(file);
	if (r)
		return r;
	r = file_read(s->file, &s->before, &err);
	if (r && (r != -ENOENT || !s->is_default))
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

/* A file that held our name and nothing else goes as it came. */
static bool
is_left_empty(const struct setup *s)
{
	return s->remove && s->is_default &&
	       daemon_json_is_empty(buf_str(&s->after), s->after.len);
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

	if (!s->existed || is_left_empty(s))
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
	if (is_left_empty(s))
		r = unlink(s->file) ? -errno : 0;
	else
		r = replace_file(s->file, &s->after, s->mode);
	if (r)
		return ctl_error(CTL_FAILED, "%s: %s; nothing was changed",
				 s->file, strerror(-r));
	return CTL_OK;
}

/* --- dockerd ------------------------------------------------------------------------- */

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
		snprintf(s->pidfile, sizeof(s->pidfile),
			 DOCKERD_PIDFILE_DEFAULT);
	return CTL_OK;
}

static int
find_dockerd(struct setup *s)
{
	struct aegis_error err = {0};
	int r = find_pidfile(s);

	if (r)
		return r;
	return dockerd_from_pidfile(&s->dockerd, s->pidfile, &err)
		       ? ctl_failed(&err)
		       : CTL_OK;
}

/* It must be the file that this dockerd reads. */
static int
check_config_file(const struct setup *s)
{
	const char *reads = dockerd_config(&s->dockerd);
	char real[PATH_MAX];

	if (!s->dockerd.pid)
		return CTL_OK;
	if (!realpath(reads, real))
		snprintf(real, sizeof(real), "%s", reads);
	if (strcmp(real, s->file))
		return ctl_error(CTL_FAILED,
				 "dockerd (pid %d of %s) reads %s, not %s; give "
				 "its file (--daemon-json) or its pid file "
				 "(--pidfile)",
				 (int)s->dockerd.pid, s->pidfile, reads,
				 s->file);
	return CTL_OK;
}

/* A name in both places makes dockerd refuse the file; and what its command line
 * names, no file takes out. */
static int
check_flag(const struct setup *s)
{
	const char *flag = s->dockerd.pid ? dockerd_flag(&s->dockerd,
							 "--authorization-"
							 "plugin")
					  : NULL;
	bool ours = flag && !strcmp(flag, s->plugin);

	if (!flag || (s->remove && !ours))
		return CTL_OK;
	if (ours)
		return ctl_error(CTL_FAILED,
				 "dockerd (pid %d) is gated by its command "
				 "line, --authorization-plugin=%s; %s, take "
				 "that out of its unit and restart it",
				 (int)s->dockerd.pid, s->plugin,
				 s->remove ? "to unwire it"
					   : "to use daemon.json instead");
	return ctl_error(CTL_FAILED,
			 "dockerd runs with --authorization-plugin=%s, and "
			 "refuses to have the key in %s too; take the flag out "
			 "of its unit and restart it, then run this again",
			 flag, s->file);
}

/* Asking first and failing then would be late. */
static int
check_rights(const struct setup *s)
{
	char folder[PATH_MAX];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", s->file);
	slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = '\0';
	if (!geteuid() ||
	    (!access(slash ? folder : ".", W_OK) &&
	     (!s->dockerd.pid || !kill(s->dockerd.pid, 0))))
		return CTL_OK;
	return ctl_error(CTL_FAILED,
			 "needs root: sudo aegis-ctl setup docker%s",
			 s->remove ? " --remove" : "");
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

static struct plugin_search
plugin_search(const struct setup *s)
{
	const char *root = s->dockerd.pid
				   ? dockerd_flag(&s->dockerd, "--exec-root")
				   : NULL;

	return (struct plugin_search){
		.docker = s->dockerd.pid ? s->settings.docker : NULL,
		.exec_root = root ? root : DOCKERD_EXEC_ROOT_DEFAULT,
		.timeout_ms = ASK_TIMEOUT_MS,
	};
}

/* A managed plugin of the name hides the socket. */
static int
check_gate(const struct setup *s)
{
	struct plugin_search where = plugin_search(s);
	struct plugin_found found;
	struct aegis_error err = {0};

	plugin_find(&where, s->plugin, &found, &err);
	if (found.managed && found.state == PLUGIN_ANSWERS)
		return CTL_OK;
	if (found.managed)
		return ctl_error(CTL_UNREACHABLE,
				 "%s; dockerd would exit without it, so nothing "
				 "was changed",
				 err.text);
	if (plugin_answers(s->settings.gate.socket, ASK_TIMEOUT_MS, &err))
		return ctl_error(CTL_UNREACHABLE,
				 "%s; dockerd would exit without it, so nothing "
				 "was changed (systemctl start aegis-authz, or "
				 "aegis-ctl up)",
				 err.text);
	return check_place(s);
}

/* One that dockerd would look for beside the gate.  Returns 0 or an exit code. */
static int
check_other(const char *name, void *ctx)
{
	struct setup *s = ctx;
	struct plugin_search where = plugin_search(s);
	struct plugin_found found;
	struct aegis_error err = {0};
	size_t len = strlen(s->plugin);

	if (!strncmp(name, s->plugin, len) &&
	    (!name[len] || name[len] == ':'))
		return 0;
	plugin_find(&where, name, &found, &err);
	if (found.state == PLUGIN_ANSWERS)
		return 0;
	if (found.state == PLUGIN_UNKNOWN && !s->dockerd.pid) {
		ctl_note("%s also names the plugin \"%s\", which was not "
			 "found; unless it is a managed one, dockerd will not "
			 "start",
			 s->file, name);
		return 0;
	}
	if (found.state == PLUGIN_UNKNOWN)
		return ctl_error(CTL_UNREACHABLE,
				 "%s also names the plugin \"%s\", and dockerd, "
				 "which would exit on the reload without it, "
				 "does not say whether it has it; nothing was "
				 "changed (start the gate first: systemctl "
				 "start aegis-authz, or aegis-ctl up)",
				 s->file, name);
	return ctl_error(CTL_UNREACHABLE,
			 "%s also names the plugin \"%s\", and dockerd would "
			 "%s without it, so nothing was changed: %s; bring it "
			 "back, or take it out of the file",
			 s->file, name,
			 s->dockerd.pid ? "exit on the reload" : "not start",
			 err.text);
}

/* A reload is for the whole list: one dead plugin in it ends dockerd. */
static int
check_others(struct setup *s)
{
	bool key;
	int r = daemon_json_each(buf_str(&s->after), s->after.len, &key,
				 check_other, s, NULL);

	return r < 0 ? CTL_DATA : r;
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
		if (kill(s->dockerd.pid, 0))
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
	if (s->dockerd.pid)
		kill(s->dockerd.pid, SIGHUP);
	return ctl_error(CTL_TIMEOUT, "%s; %s is as it was; see dockerd's log",
			 why, s->file);
}

static int
reload(struct setup *s)
{
	int r;

	if (kill(s->dockerd.pid, SIGHUP))
		return restore(s, "dockerd could not be signalled");
	r = wait_for_dockerd(s);
	if (r == -ESRCH) {
		s->dockerd.pid = 0;
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
		 s->dockerd.pid ? " and reload dockerd" : "");
	if (!fgets(answer, sizeof(answer), stdin) ||
	    (answer[0] != 'y' && answer[0] != 'Y'))
		return ctl_error(CTL_FAILED, "nothing was changed");
	return CTL_OK;
}

static int
apply(struct setup *s)
{
	int r = CTL_OK;

	if (!s->changed && (!s->dockerd.pid || is_in_force(s))) {
		ctl_text(stdout, "%s: nothing to do\n", s->file);
		return CTL_OK;
	}
	r = confirm(s);
	if (!r && s->changed)
		r = write_daemon_json(s);
	if (!r && s->dockerd.pid)
		r = reload(s);
	if (r)
		return r;
	ctl_text(stdout, "%s: %s\n", s->file,
		 s->remove ? "dockerd no longer asks the gate"
		 : s->dockerd.pid ? "dockerd asks the gate about every call"
			      : "dockerd will ask the gate");
	if (s->changed && is_left_empty(s))
		ctl_text(stdout, "%s held nothing else and is gone\n",
			 s->file);
	if (s->backup[0])
		ctl_text(stdout, "the old file is %s\n", s->backup);
	if (!s->dockerd.pid)
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
	return r ? r : check_flag(s);
}

static void
setup_release(struct setup *s)
{
	buf_release(&s->before);
	buf_release(&s->after);
	dockerd_release(&s->dockerd);
}

int
setup_docker(struct ctl *ctl)
{
	_cleanup_(setup_release) struct setup s = {
		.ctl = ctl,
		.remove = ctl->opt[OPT_REMOVE],
		.before = BUF_INIT(DAEMON_JSON_MAX),
		.after = BUF_INIT(DAEMON_JSON_MAX + 4096),
		.dockerd = DOCKERD_INIT,
	};
	int r = look(&s);

	if (r)
		return r;
	if (ctl->opt[OPT_DRY_RUN]) {
		fputs(buf_str(&s.after), stdout);
		return CTL_OK;
	}
	r = check_rights(&s);
	if (!r && !s.remove)
		r = check_gate(&s);
	if (!r)
		r = check_others(&s);
	return r ? r : apply(&s);
}
