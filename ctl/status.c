/*
 * status - is the gate answering, wired into dockerd, and in force?
 */
#include "ctl/ctl.h"

#include <string.h>

#include "ctl/diagnose.h"
#include "ctl/dockerd.h"
#include "ctl/plugins.h"
#include "lib/gate/host.h"
#include "lib/gate/policy.h"
#include "lib/store/store.h"

#define ASK_TIMEOUT_MS 2000
#define DAY_MS (24 * 3600 * 1000LL)
#define NOTES_MAX 3

/* What the gate writes into the store's meta table about itself. */
#define GATE_META(X)                                                           \
	X(pid, 32)                                                             \
	X(started_ms, 32)                                                      \
	X(revision, 64)                                                        \
	X(policy_file, 512)                                                    \
	X(mode, 32)                                                            \
	X(policy_error, 512)                                                   \
	X(dropped, 32)                                                         \
	X(stuck, 16)                                                           \
	X(store_lost, 512)                                                     \
	X(store_error, 512)                                                    \
	X(docker_error, 512)                                                   \
	X(sandbox, 64)

struct gate_meta {
#define X(name, size) char name[size];
	GATE_META(X)
#undef X
};

struct status {
	struct settings settings;
	char plugin[GATE_PLUGIN_NAME_LEN];
	struct dockerd dockerd;
	struct plugin_found managed;
	struct docker_info docker;
	struct evidence evidence;
	struct diagnosis diagnosis;
	struct gate_meta meta;
	int policy_code; /* of reading its file */
	struct aegis_error policy_error;
	char policy_revision[POLICY_REVISION_LEN + 1];
	int64_t store_bytes;
	struct decision_counts counts;
	char notes[NOTES_MAX][PROBLEM_LEN];
	unsigned note_count;
};

/* --- looking --------------------------------------------------------------------- */

static void
look_at_gate(struct status *st)
{
	struct evidence *e = &st->evidence;

	e->gate_socket = st->settings.gate.socket;
	e->gate.code = plugin_answers(e->gate_socket, ASK_TIMEOUT_MS, &e->gate);
}

/* Holes of the engine itself that the gate cannot close but should name. */
static void
note_engine_holes(struct status *st)
{
	unsigned major = 0, minor = 0, patch = 0;
	unsigned long version;
	const char *text = st->docker.version;

	if (sscanf(text, "%3u.%3u.%3u", &major, &minor, &patch) < 2)
		return;
	version = major * 1000000UL + minor * 1000 + patch;
	if (version < 29003001 && !(version >= 25000016 && version < 25001000))
		snprintf(st->notes[st->note_count++], PROBLEM_LEN,
			 "dockerd %.60s hides request bodies over 1 MiB from "
			 "plugins (CVE-2026-34040); the gate denies calls "
			 "whose body is missing",
			 text);
	if (version >= 29002000)
		snprintf(st->notes[st->note_count++], PROBLEM_LEN,
			 "dockerd %.60s does not show gRPC on its socket to any "
			 "plugin (BuildKit); keep docker.sock to trusted users",
			 text);
}

/* Whether the gate is a managed plugin only dockerd knows. */
static void
look_for_managed(struct status *st)
{
	const char *root = dockerd_flag(&st->dockerd, "--exec-root");
	struct plugin_search where = {
		.docker = st->settings.docker,
		.exec_root = root ? root : DOCKERD_EXEC_ROOT_DEFAULT,
		.timeout_ms = ASK_TIMEOUT_MS,
	};
	struct evidence *e = &st->evidence;
	struct aegis_error why = {0};

	plugin_find(&where, st->plugin, &st->managed, &why);
	if (!st->managed.managed)
		return;
	e->managed = true;
	e->managed_off = st->managed.state == PLUGIN_DISABLED;
	e->gate_socket = st->managed.address;
	e->gate = st->managed.state == PLUGIN_ANSWERS ? (struct aegis_error){0}
						      : why;
}

static void
look_at_dockerd(struct status *st)
{
	struct evidence *e = &st->evidence;
	struct docker_probe probe;

	dockerd_from_socket(&st->dockerd, st->settings.docker);
	e->wired = dockerd_wiring(&st->dockerd, st->plugin);
	e->config = dockerd_config(&st->dockerd);
	e->dockerd.code = docker_probe(&st->settings, st->plugin,
				       ASK_TIMEOUT_MS, &probe, &e->dockerd);
	if (e->dockerd.code)
		return;
	e->recorded = probe.recorded;
	e->dockerd_blames = probe.blames;
	e->dockerd.code = docker_info(st->settings.docker, st->plugin,
				      ASK_TIMEOUT_MS, &st->docker, &e->dockerd);
	if (e->dockerd.code)
		return;
	e->listed = st->docker.listed;
	if (e->gate.code || e->recorded != 1)
		look_for_managed(st);
	note_engine_holes(st);
}

static void
read_meta(struct status *st, struct store *store)
{
#define X(name, size)                                                          \
	if (store_meta_get(store, "gate." #name, st->meta.name, size, NULL))   \
		st->meta.name[0] = '\0';
	GATE_META(X)
#undef X
}

static void
look_at_store(struct status *st)
{
	_cleanup_store_ struct store *store = NULL;
	struct evidence *e = &st->evidence;
	int r = store_open(&store, st->settings.store, STORE_READ, &e->store);

	st->store_bytes = store_size(st->settings.store);
	if (!r)
		r = store_decision_counts(store, ctl_now_ms() - DAY_MS,
					  &st->counts, &e->store);
	e->store.code = r;
	if (!r)
		read_meta(st, store);
}

/* After our own connection is closed: its locks would be let go with it. */
static void
look_at_lock(struct status *st)
{
	struct evidence *e = &st->evidence;
	unsigned long gate = 0;

	if (e->recorded == 1 && !e->store.code)
		return;
	e->lock_pid = store_lock_holder(st->settings.store);
	number_parse(st->meta.pid, INT_MAX, &gate);
	if (e->lock_pid == (pid_t)gate)
		e->lock_pid = 0;
	if (e->lock_pid)
		process_name(e->lock_pid, e->lock_name, sizeof(e->lock_name));
}

static void
look_at_policy(struct status *st)
{
	struct policy *policy = NULL;

	st->policy_code = policy_load(&policy, st->settings.gate.policy,
				      &st->policy_error);
	if (st->policy_code)
		return;
	snprintf(st->policy_revision, sizeof(st->policy_revision), "%s",
		 policy->revision);
	policy_free(policy);
}

/* --- judging what the gate says of itself --------------------------------------------- */

static const char *
policy_state(const struct status *st)
{
	bool answers = st->diagnosis.answering != SEEN_NOT;

	switch (st->policy_code) {
	case 0:
		break;
	case -EACCES:
	case -EPERM: /* for the gate's eyes: not a fault of the gate */
		return st->meta.policy_error[0] ? "refused" : "not known";
	case -ENOENT:
		return "missing";
	default:
		return "refused";
	}
	if (!answers)
		return "valid";
	if (!st->meta.revision[0])
		return "not known";
	return strcmp(st->meta.revision, st->policy_revision) ? "not in force"
							      : "in force";
}

/* What the file is now counts; the gate's own word of it may be an old one. */
static void
judge_policy(struct status *st)
{
	const char *state = policy_state(st), *file = st->settings.gate.policy;
	const char *revision = st->meta.revision;
	char stays[128] = "";

	if (st->diagnosis.answering != SEEN_NOT && revision[0])
		snprintf(stays, sizeof(stays), "; revision %s stays in force",
			 revision);
	if (!strcmp(state, "missing"))
		diagnosis_add(&st->diagnosis, CTL_DEGRADED,
			      "policy: %s is not there%s, and without it the "
			      "gate cannot start again",
			      file, stays);
	else if (!strcmp(state, "refused"))
		diagnosis_add(&st->diagnosis, CTL_DEGRADED, "policy: %s%s",
			      st->policy_code != -EACCES ? st->policy_error.text
							 : st->meta.policy_error,
			      stays);
	else if (!strcmp(state, "not in force"))
		diagnosis_add(&st->diagnosis, CTL_DEGRADED,
			      "policy: %s is revision %s, but %s is in force; "
			      "reload the gate: systemctl reload aegis-authz",
			      file, st->policy_revision, revision);
}

static void
judge_gate(struct status *st)
{
	const struct evidence *e = &st->evidence;

	if (st->diagnosis.answering == SEEN_NOT || e->store.code)
		return;
	if (!st->meta.revision[0])
		diagnosis_add(&st->diagnosis, CTL_DEGRADED,
			      "store: no gate has written to %s; is it the "
			      "gate's store?",
			      st->settings.store);
	if (st->meta.dropped[0] && strcmp(st->meta.dropped, "0"))
		diagnosis_add(&st->diagnosis, CTL_DEGRADED,
			      "gate: %s records lost", st->meta.dropped);
	if (st->meta.stuck[0] && strcmp(st->meta.stuck, "0"))
		diagnosis_add(&st->diagnosis, CTL_DEGRADED,
			      "gate: %s look-ups hang on a file system that does "
			      "not answer",
			      st->meta.stuck);
	if (st->meta.store_lost[0])
		diagnosis_add(&st->diagnosis, CTL_DEGRADED,
			      "gate: since its start it lost its store: %s",
			      st->meta.store_lost);
	if (st->meta.store_error[0])
		diagnosis_add(&st->diagnosis, CTL_DEGRADED,
			      "gate: it cannot look after its store: %s",
			      st->meta.store_error);
	if (st->meta.docker_error[0])
		diagnosis_add(&st->diagnosis, CTL_DEGRADED,
			      "gate: it cannot ask dockerd: %s",
			      st->meta.docker_error);
	if (!strcmp(st->meta.sandbox, "log"))
		diagnosis_add(&st->diagnosis, CTL_DEGRADED,
			      "gate: its sandbox only logs (AEGIS_SANDBOX=log)");
}

/* --- showing --------------------------------------------------------------------- */

static const char *
gate_state(const struct status *st)
{
	static const char *const words[] = {
		[SEEN_NOT] = "not answering",
		[SEEN_YES] = "answering",
		[SEEN_UNKNOWN] = "not known",
	};

	return words[st->diagnosis.answering];
}

static const char *
dockerd_state(const struct status *st)
{
	const struct diagnosis *d = &st->diagnosis;

	if (d->up == SEEN_NOT)
		return st->dockerd.pid ? "not answering" : "not running";
	if (d->up == SEEN_UNKNOWN || d->gated == SEEN_UNKNOWN)
		return "not known";
	return d->gated == SEEN_YES ? "gated" : "not gated";
}

static enum table_color
state_color(const char *state, const char *good)
{
	if (!strcmp(state, good))
		return TABLE_GREEN;
	return strcmp(state, "not known") && strcmp(state, "valid")
		       ? TABLE_RED
		       : TABLE_YELLOW;
}

static void
add_gate(const struct status *st, struct table *t)
{
	char age[16];
	unsigned long started = 0;

	number_parse(st->meta.started_ms, INT64_MAX, &started);
	time_age((int64_t)started, ctl_now_ms(), age, sizeof(age));
	table_add(t, "gate", TABLE_PLAIN);
	table_add(t, gate_state(st), state_color(gate_state(st), "answering"));
	if (st->evidence.managed)
		table_addf(t, TABLE_PLAIN, "managed plugin %s", st->plugin);
	else if (st->diagnosis.answering == SEEN_YES && st->meta.pid[0])
		table_addf(t, TABLE_PLAIN, "%s, pid %s, up %s",
			   st->settings.gate.socket, st->meta.pid, age);
	else
		table_add(t, st->settings.gate.socket, TABLE_PLAIN);
}

static void
add_dockerd(const struct status *st, struct table *t)
{
	table_add(t, "dockerd", TABLE_PLAIN);
	table_add(t, dockerd_state(st),
		  state_color(dockerd_state(st), "gated"));
	table_addf(t, TABLE_PLAIN, "%s%s%s", st->settings.docker,
		   st->docker.version[0] ? ", version " : "",
		   st->docker.version);
}

static void
add_policy(const struct status *st, struct table *t)
{
	const char *state = policy_state(st);
	bool known = st->diagnosis.answering != SEEN_NOT &&
		     st->meta.revision[0];
	const char *revision = known ? st->meta.revision : st->policy_revision;

	table_add(t, "policy", TABLE_PLAIN);
	table_add(t, state, state_color(state, "in force"));
	table_addf(t, TABLE_PLAIN, "%s%s%s%s%s", st->settings.gate.policy,
		   revision[0] ? ", revision " : "", revision,
		   known ? ", mode " : "", known ? st->meta.mode : "");
}

static void
add_store(const struct status *st, struct table *t)
{
	const struct decision_counts *c = &st->counts;
	const struct evidence *e = &st->evidence;
	const char *state = e->lock_pid		       ? "locked"
			    : !e->store.code	       ? "open"
			    : e->store.code == -ENOENT ? "missing"
			    : e->store.code == -EACCES ? "not known"
						       : "not readable";

	table_add(t, "store", TABLE_PLAIN);
	table_add(t, state, state_color(state, "open"));
	table_addf(t, TABLE_PLAIN, "%s, %.1f MiB", st->settings.store,
		   (double)(st->store_bytes > 0 ? st->store_bytes : 0) /
			   1048576);
	if (e->store.code)
		return;
	table_add(t, "decisions", TABLE_PLAIN);
	table_addf(t, TABLE_PLAIN, "%lld in 24h",
		   (long long)(c->allow + c->deny + c->audit));
	table_addf(t, TABLE_PLAIN,
		   "%lld allow, %lld deny, %lld audit; latency p50 %lld us, "
		   "p99 %lld us",
		   (long long)c->allow, (long long)c->deny,
		   (long long)c->audit, (long long)c->latency_p50_us,
		   (long long)c->latency_p99_us);
}

static int
print_table(const struct ctl *ctl, const struct status *st)
{
	static const struct table_column columns[] = {
		{.title = "COMPONENT"},
		{.title = "STATE"},
		{.title = "DETAIL"},
	};
	_cleanup_table_ struct table t;
	int r;

	table_init(&t, columns, 3);
	add_gate(st, &t);
	add_dockerd(st, &t);
	add_policy(st, &t);
	add_store(st, &t);
	r = ctl_table(ctl, &t);
	ctl_flush();
	for (unsigned i = 0; i < st->diagnosis.count; i++)
		ctl_text(stderr, "problem: %s\n", st->diagnosis.problems[i]);
	for (unsigned i = 0; i < st->note_count; i++)
		ctl_text(stderr, "note: %s\n", st->notes[i]);
	return r ? r : st->diagnosis.code;
}

static void
json_gate(const struct status *st, struct json_out *o)
{
	unsigned long n;

	json_out_key(o, "gate");
	json_out_object(o);
	json_out_kv_string(o, "socket", st->evidence.gate_socket);
	json_out_kv_string(o, "plugin", st->plugin);
	json_out_kv_bool(o, "managed", st->evidence.managed);
	json_out_kv_string(o, "state", gate_state(st));
	json_out_kv_bool(o, "answering",
			 st->diagnosis.answering == SEEN_YES);
	if (!number_parse(st->meta.pid, INT64_MAX, &n))
		json_out_kv_int(o, "pid", (int64_t)n);
	if (!number_parse(st->meta.started_ms, INT64_MAX, &n)) {
		json_out_key(o, "started");
		json_out_time_ms(o, (int64_t)n);
	}
	if (!number_parse(st->meta.dropped, INT64_MAX, &n))
		json_out_kv_int(o, "dropped", (int64_t)n);
	if (!number_parse(st->meta.stuck, INT64_MAX, &n))
		json_out_kv_int(o, "stuck", (int64_t)n);
	json_out_kv_string(o, "sandbox",
			   st->meta.sandbox[0] ? st->meta.sandbox : NULL);
	json_out_object_end(o);
}

static void
json_dockerd(const struct status *st, struct json_out *o)
{
	static const char *const wired[] = {
		[WIRED_NOT] = NULL,
		[WIRED_UNKNOWN] = NULL,
		[WIRED_FILE] = "file",
		[WIRED_FLAG] = "flag",
	};

	json_out_key(o, "dockerd");
	json_out_object(o);
	json_out_kv_string(o, "socket", st->settings.docker);
	json_out_kv_string(o, "state", dockerd_state(st));
	json_out_kv_bool(o, "answering", st->diagnosis.up == SEEN_YES);
	json_out_kv_bool(o, "gated", st->diagnosis.gated == SEEN_YES);
	json_out_kv_string(o, "wired", wired[st->evidence.wired]);
	json_out_kv_string(o, "config_file", st->evidence.config);
	json_out_kv_string(o, "version",
			   st->docker.version[0] ? st->docker.version : NULL);
	json_out_object_end(o);
}

static void
json_policy(const struct status *st, struct json_out *o)
{
	json_out_key(o, "policy");
	json_out_object(o);
	json_out_kv_string(o, "file", st->settings.gate.policy);
	json_out_kv_string(o, "state", policy_state(st));
	json_out_kv_string(o, "revision",
			   st->meta.revision[0] ? st->meta.revision : NULL);
	json_out_kv_string(o, "file_revision",
			   st->policy_code ? NULL : st->policy_revision);
	json_out_kv_string(o, "mode",
			   st->meta.mode[0] ? st->meta.mode : NULL);
	json_out_kv_string(o, "error",
			   st->policy_code && st->policy_code != -EACCES
				   ? st->policy_error.text
				   : NULL);
	json_out_object_end(o);
}

static void
json_store(const struct status *st, struct json_out *o)
{
	json_out_key(o, "store");
	json_out_object(o);
	json_out_kv_string(o, "file", st->settings.store);
	json_out_kv_bool(o, "readable", !st->evidence.store.code);
	if (st->evidence.lock_pid)
		json_out_kv_int(o, "locked_by", st->evidence.lock_pid);
	json_out_kv_int(o, "bytes", st->store_bytes);
	json_out_object_end(o);
	json_out_key(o, "decisions_24h");
	json_out_object(o);
	json_out_kv_int(o, "allow", st->counts.allow);
	json_out_kv_int(o, "deny", st->counts.deny);
	json_out_kv_int(o, "audit", st->counts.audit);
	json_out_kv_int(o, "latency_p50_us", st->counts.latency_p50_us);
	json_out_kv_int(o, "latency_p99_us", st->counts.latency_p99_us);
	json_out_object_end(o);
}

static int
print_json(const struct status *st)
{
	_cleanup_buf_ struct buf buf = BUF_INIT(1024 * 1024);
	struct json_out o;
	int r;

	json_out_init(&o, &buf);
	json_out_object(&o);
	json_out_kv_string(&o, "state",
			   st->diagnosis.code == CTL_OK ? "ok"
			   : st->diagnosis.code == CTL_DEGRADED ? "degraded"
						      : "unreachable");
	json_gate(st, &o);
	json_dockerd(st, &o);
	json_policy(st, &o);
	json_store(st, &o);
	json_out_key(&o, "problems");
	json_out_array(&o);
	for (unsigned i = 0; i < st->diagnosis.count; i++)
		json_out_string(&o, st->diagnosis.problems[i]);
	json_out_array_end(&o);
	json_out_key(&o, "notes");
	json_out_array(&o);
	for (unsigned i = 0; i < st->note_count; i++)
		json_out_string(&o, st->notes[i]);
	json_out_array_end(&o);
	json_out_object_end(&o);
	r = ctl_json(&o);
	return r ? r : st->diagnosis.code;
}

static void
status_release(struct status *st)
{
	dockerd_release(&st->dockerd);
}

int
status_run(struct ctl *ctl)
{
	_cleanup_(status_release) struct status st = {.dockerd = DOCKERD_INIT};
	int r = ctl_settings(ctl, &st.settings);

	if (r)
		return r;
	gate_plugin_name(&st.settings, st.plugin);
	st.evidence.docker_socket = st.settings.docker;
	st.evidence.store_path = st.settings.store;
	st.evidence.plugin = st.plugin;
	look_at_gate(&st);
	look_at_dockerd(&st);
	look_at_store(&st);
	look_at_lock(&st);
	look_at_policy(&st);
	diagnose(&st.evidence, &st.diagnosis);
	judge_policy(&st);
	judge_gate(&st);
	return ctl->format == FORMAT_JSON ? print_json(&st)
					  : print_table(ctl, &st);
}
