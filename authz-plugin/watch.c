#include "authz-plugin/watch.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authz-plugin/docker_socket.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/notify.h"

/* An editor writes in several steps; the last one counts, if it comes soon. */
#define SETTLE_MS 100
#define SETTLE_MAX_MS 1000

/* Which text a path leads to, without reading it. */
struct version {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed;
};

struct watch {
	const char *file;
	char folder[PATH_MAX];
	int signals, changes;
	int descriptor; /* inotify's, of the folder; -1: none */
	struct version seen; /* when it was last read */
	uint64_t changed_first_ms, changed_last_ms; /* 0: nothing to read */
	uint64_t look_at_ms;
	char revision[POLICY_REVISION_LEN + 1]; /* last seen, good or bad */
	struct docker_socket docker;
	bool docker_refused; /* said so */
};

/* A swap on its way to the loop. */
struct swap {
	struct plugin *plugin;
	struct policy_ref *policy; /* NULL: the new one was bad */
	char error[AEGIS_ERROR_TEXT_LEN];
};

/* Again and again: the folder may have been renamed and made anew. */
static int
watch_folder(struct watch *w)
{
	int d = inotify_add_watch(w->changes, w->folder,
				  IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE |
					  IN_MOVE_SELF | IN_DELETE_SELF |
					  IN_ONLYDIR);

	if (d != w->descriptor && w->descriptor >= 0)
		(void)inotify_rm_watch(w->changes, w->descriptor);
	w->descriptor = d;
	return d < 0 ? -errno : 0;
}

int
watch_new(struct watch **ret, const struct settings *settings, bool was_root,
	  struct aegis_error *err)
{
	char path[PATH_MAX];
	struct watch *w = calloc(1, sizeof(*w));
	sigset_t set;

	if (!w)
		return aegis_error_set(err, -ENOMEM, "watch");
	w->file = settings->gate.policy;
	w->descriptor = -1;
	docker_socket_init(&w->docker, settings->docker, was_root);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	w->changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	snprintf(path, sizeof(path), "%s", w->file);
	snprintf(w->folder, sizeof(w->folder), "%s", dirname(path));
	if (w->signals < 0 || w->changes < 0 || watch_folder(w) < 0) {
		int r = aegis_error_set(err, -errno, "watch %s", w->file);

		watch_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

void
watch_free(struct watch *w)
{
	if (!w)
		return;
	if (w->signals >= 0)
		close(w->signals);
	if (w->changes >= 0)
		close(w->changes);
	free(w);
}

void
watch_note_policy(struct recorder *rec, const struct policy *policy,
		  const char *error)
{
	recorder_meta(rec, "gate.policy_error", error ? error : "");
	if (!policy)
		return;
	recorder_meta(rec, "gate.revision", policy->revision);
	recorder_meta(rec, "gate.policy_file", policy->file);
	recorder_meta(rec, "gate.mode",
		      policy->mode == POLICY_AUDIT ? "audit" : "enforce");
	recorder_policy(rec, policy->revision, policy->text);
}

/* In the loop. */
static void
do_swap(void *arg)
{
	struct swap *swap = arg;

	if (swap->policy) {
		plugin_set_policy(swap->plugin, swap->policy);
		watch_note_policy(swap->plugin->recorder, swap->policy->policy,
				  NULL);
	} else {
		watch_note_policy(swap->plugin->recorder, NULL, swap->error);
	}
	free(swap);
}

static void
post_swap(struct plugin *plugin, struct policy_ref *policy, const char *error)
{
	struct swap *swap = calloc(1, sizeof(*swap));

	if (!swap) {
		log_error("out of memory; the policy in force stays");
		policy_ref_put(policy);
		return;
	}
	swap->plugin = plugin;
	swap->policy = policy;
	snprintf(swap->error, sizeof(swap->error), "%s", error);
	if (httpd_post(plugin->httpd, do_swap, swap) < 0) {
		policy_ref_put(policy);
		free(swap);
	}
}

static struct version
version_of(const char *file)
{
	struct version v = {0};
	struct stat st;

	if (stat(file, &st) == 0)
		v = (struct version){st.st_dev, st.st_ino, st.st_size,
				     st.st_mtim};
	return v;
}

static bool
is_same_version(const struct version *a, const struct version *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}

static void
reload(struct watch *w, struct plugin *plugin, bool asked)
{
	struct aegis_error err = {0};
	struct policy *policy = NULL;
	struct policy_ref *ref;

	w->changed_first_ms = 0;
	/* Before it is read: what changes meanwhile is seen by the next look. */
	w->seen = version_of(w->file);
	if (policy_load(&policy, w->file, &err) < 0) {
		log_error("%s; the policy in force stays", err.text);
		post_swap(plugin, NULL, err.text);
		w->revision[0] = '\0';
		return;
	}
	if (!asked && !strcmp(policy->revision, w->revision)) {
		policy_free(policy);
		return;
	}
	snprintf(w->revision, sizeof(w->revision), "%s", policy->revision);
	log_info("policy %s revision %s is in force", w->file,
		 policy->revision);
	ref = policy_ref_new(policy);
	if (ref)
		post_swap(plugin, ref, "");
	else
		log_error("out of memory; the policy in force stays");
}

/* --- changes ------------------------------------------------------------------ */

static void
note_change(struct watch *w)
{
	w->changed_last_ms = clock_monotonic_ms();
	if (!w->changed_first_ms)
		w->changed_first_ms = w->changed_last_ms;
}

static bool
concerns(const struct watch *w, const struct inotify_event *e)
{
	const char *slash = strrchr(w->file, '/');

	if (e->mask & (IN_Q_OVERFLOW | IN_MOVE_SELF | IN_DELETE_SELF))
		return true;
	return e->wd == w->descriptor && e->len &&
	       !strcmp(e->name, slash ? slash + 1 : w->file);
}

static void
take_changes(struct watch *w)
{
	_Alignas(struct inotify_event) char events[4096];
	ssize_t n;

	while ((n = read(w->changes, events, sizeof(events))) > 0)
		for (const char *at = events; at < events + n;) {
			const struct inotify_event *e = (const void *)at;

			if (concerns(w, e))
				note_change(w);
			if (e->mask & (IN_MOVE_SELF | IN_DELETE_SELF))
				w->look_at_ms = 0;
			at += sizeof(*e) + e->len;
		}
}

/* When what changed is to be read. */
static uint64_t
settled_at_ms(const struct watch *w)
{
	const uint64_t soon = w->changed_last_ms + SETTLE_MS;
	const uint64_t latest = w->changed_first_ms + SETTLE_MAX_MS;

	return soon < latest ? soon : latest;
}

/* --- now and then ------------------------------------------------------------- */

/* In the loop, so that it tells that the loop runs. */
static void
say_alive(void *arg)
{
	(void)arg;
	(void)notify_send("WATCHDOG=1");
}

struct note {
	struct recorder *recorder;
	char text[AEGIS_ERROR_TEXT_LEN];
};

static void
write_note(void *arg)
{
	struct note *note = arg;

	recorder_meta(note->recorder, "gate.docker_error", note->text);
	free(note);
}

static void
note_docker(struct plugin *plugin, const char *text)
{
	struct note *note = calloc(1, sizeof(*note));

	if (!note)
		return;
	note->recorder = plugin->recorder;
	snprintf(note->text, sizeof(note->text), "%s", text);
	if (httpd_post(plugin->httpd, write_note, note) < 0)
		free(note);
}

/* -EACCES: end, and be started again. */
static int
look_at_docker(struct watch *w, struct plugin *plugin, struct aegis_error *err)
{
	int r = docker_socket_check(&w->docker, err);

	if (r < 0 && w->docker.restart_helps && notify_is_wanted())
		return r;
	if (r < 0 && !w->docker_refused)
		log_error("%s", err->text);
	if ((r < 0) != w->docker_refused)
		note_docker(plugin, r < 0 ? err->text : "");
	w->docker_refused = r < 0;
	return 0;
}

static int
look(struct watch *w, struct plugin *plugin, struct aegis_error *err)
{
	struct version now;

	/* A folder that is not there yet is looked for again. */
	(void)watch_folder(w);
	now = version_of(w->file);
	if (!is_same_version(&now, &w->seen))
		note_change(w);
	if (notify_is_wanted())
		(void)httpd_post(plugin->httpd, say_alive, NULL);
	return look_at_docker(w, plugin, err);
}

/* Returns false when it is time to stop. */
static bool
take_signals(struct watch *w, struct plugin *plugin)
{
	struct signalfd_siginfo info;

	while (read(w->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGHUP)
			return false;
		reload(w, plugin, true);
	}
	return true;
}

static int
wait_ms(const struct watch *w)
{
	const uint64_t now = clock_monotonic_ms();
	uint64_t until = w->look_at_ms;

	if (w->changed_first_ms && settled_at_ms(w) < until)
		until = settled_at_ms(w);
	return until > now ? (int)(until - now) : 0;
}

static int
do_what_is_due(struct watch *w, struct plugin *plugin, struct aegis_error *err)
{
	const uint64_t now = clock_monotonic_ms();

	if (w->changed_first_ms && now >= settled_at_ms(w))
		reload(w, plugin, false);
	if (now < w->look_at_ms)
		return 0;
	w->look_at_ms = now + WATCH_LOOK_MS;
	return look(w, plugin, err);
}

int
watch_run(struct watch *w, struct plugin *plugin, struct aegis_error *err)
{
	struct pollfd fds[] = {
		{.fd = w->signals, .events = POLLIN},
		{.fd = w->changes, .events = POLLIN},
	};
	int r = 0;

	/* What an earlier run had to say is past. */
	note_docker(plugin, "");
	/* The policy may have changed between its load and the watch. */
	reload(w, plugin, false);
	(void)notify_send("READY=1");
	while (r == 0) {
		int n = poll(fds, 2, wait_ms(w));

		if (n < 0 && errno != EINTR)
			return aegis_error_set(err, -errno, "poll");
		if (n > 0 && fds[0].revents && !take_signals(w, plugin))
			return 0;
		if (n > 0 && fds[1].revents)
			take_changes(w);
		r = do_what_is_due(w, plugin, err);
	}
	return r;
}
