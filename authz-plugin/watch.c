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
#include <unistd.h>

#include "lib/log.h"

/* An editor writes in several steps; the last one counts. */
#define SETTLE_MS 100

struct watch {
	const char *file;
	int signals, changes;
	char revision[POLICY_REVISION_LEN + 1]; /* last seen, good or bad */
};

/* A swap on its way to the loop. */
struct swap {
	struct plugin *plugin;
	struct policy_ref *policy; /* NULL: the new one was bad */
	char error[AEGIS_ERROR_TEXT_LEN];
};

int
watch_new(struct watch **ret, const char *policy_file, struct aegis_error *err)
{
	char path[PATH_MAX];
	struct watch *w = calloc(1, sizeof(*w));
	sigset_t set;

	if (!w)
		return aegis_error_set(err, -ENOMEM, "watch");
	w->file = policy_file;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	w->changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	snprintf(path, sizeof(path), "%s", policy_file);
	if (w->signals < 0 || w->changes < 0 ||
	    inotify_add_watch(w->changes, dirname(path),
			      IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE) < 0) {
		int r = aegis_error_set(err, -errno, "watch %s", policy_file);

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

static void
reload(struct watch *w, struct plugin *plugin, bool asked)
{
	struct aegis_error err = {0};
	struct policy *policy = NULL;
	struct policy_ref *ref;

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

static bool
drain_changes(int fd)
{
	char events[4096];
	bool any = false;

	while (read(fd, events, sizeof(events)) > 0)
		any = true;
	return any;
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

int
watch_run(struct watch *w, struct plugin *plugin, struct aegis_error *err)
{
	struct pollfd fds[] = {
		{.fd = w->signals, .events = POLLIN},
		{.fd = w->changes, .events = POLLIN},
	};
	bool pending = false;

	/* The policy may have changed between its load and the watch. */
	reload(w, plugin, false);
	for (;;) {
		int n = poll(fds, 2, pending ? SETTLE_MS : -1);

		if (n < 0 && errno != EINTR)
			return aegis_error_set(err, -errno, "poll");
		if (n > 0 && fds[0].revents && !take_signals(w, plugin))
			return 0;
		if (n > 0 && fds[1].revents)
			pending |= drain_changes(w->changes);
		if (n == 0 && pending) {
			pending = false;
			reload(w, plugin, false);
		}
	}
}
