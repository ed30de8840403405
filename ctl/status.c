/*
 * status - is the gate answering, wired into dockerd, and in force?
 */
#include "ctl/ctl.h"

#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/gate/host.h"
#include "lib/gate/policy.h"
#include "lib/store/store.h"

#define ASK_TIMEOUT_MS 2000
#define DAY_MS (24 * 3600 * 1000LL)
#define PROBLEMS_MAX 12
#define PROBLEM_LEN 640

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
	bool answering;
	bool dockerd_up;
	struct docker_info docker;
	bool gated;
	struct gate_meta meta;
	bool policy_readable;
	char policy_revision[POLICY_REVISION_LEN + 1];
	bool store_open;
	int64_t store_bytes;
	struct decision_counts counts;
	int code;
	char problems[PROBLEMS_MAX][PROBLEM_LEN];
	unsigned problem_count;
	char notes[2][PROBLEM_LEN];
	unsigned note_count;
};

/* The exit code is the worst: unreachable, then degraded. */
__attribute__((format(printf, 3, 4))) static void
problem(struct status *st, int code, const char *format, ...)
{
	va_list ap;

	if (st->code < code)
		st->code = code;
	if (st->problem_count == PROBLEMS_MAX)
		return;
	va_start(ap, format);
	vsnprintf(st->problems[st->problem_count++], PROBLEM_LEN, format, ap);
	va_end(ap);
}

/* --- looking --------------------------------------------------------------------- */

static void
look_at_gate(struct status *st)
{
	struct aegis_error err = {0};
	int r = plugin_answers(st->settings.gate.socket, ASK_TIMEOUT_MS, &err);

	st->answering = !r;
	if (r)
		problem(st, CTL_UNREACHABLE, "gate: %s", err.text);
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

static void
look_at_dockerd(struct status *st)
{
	struct aegis_error err = {0};

	if (docker_info(st->settings.docker, st->plugin, ASK_TIMEOUT_MS,
			&st->docker, &err) ||
	    docker_gated(&st->settings, st->plugin, ASK_TIMEOUT_MS, &st->gated,
			 &err)) {
		problem(st, CTL_DEGRADED, "dockerd: %s", err.text);
		return;
	}
	st->dockerd_up = true;
	if (!st->gated)
		problem(st, CTL_DEGRADED,
			"dockerd: its calls do not reach the gate's record; %s",
			st->docker.listed && st->answering
				? "the gate may be unable to write its store, "
				  "or a reload took it out of dockerd"
				: "wire the gate in: aegis-ctl setup docker");
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
	const char *path = st->settings.store;
	struct aegis_error err = {0};
	int r = store_open(&store, path, STORE_READ, &err);

	st->store_bytes = store_size(path);
	if (!r)
		r = store_decision_counts(store, ctl_now_ms() - DAY_MS,
					  &st->counts, &err);
	if (r) {
		problem(st, CTL_DEGRADED, "store: %s", err.text);
		return;
	}
	st->store_open = true;
	read_meta(st, store);
	if (!st->meta.revision[0])
		problem(st, CTL_DEGRADED,
			"policy: the store knows of none in force; is it the "
			"gate's store?");
	if (st->meta.policy_error[0])
		problem(st, CTL_DEGRADED, "policy: %s",
			st->meta.policy_error);
	if (st->meta.dropped[0] && strcmp(st->meta.dropped, "0"))
		problem(st, CTL_DEGRADED, "gate: %s records lost",
			st->meta.dropped);
	if (st->meta.stuck[0] && strcmp(st->meta.stuck, "0"))
		problem(st, CTL_DEGRADED,
			"gate: %s look-ups hang on a file system that does not "
			"answer",
			st->meta.stuck);
	if (st->meta.store_lost[0])
		problem(st, CTL_DEGRADED,
			"gate: since its start it lost its store: %s",
			st->meta.store_lost);
	if (st->meta.store_error[0])
		problem(st, CTL_DEGRADED,
			"gate: it cannot look after its store: %s",
			st->meta.store_error);
	if (st->meta.docker_error[0])
		problem(st, CTL_DEGRADED, "gate: it cannot ask dockerd: %s",
			st->meta.docker_error);
	if (!strcmp(st->meta.sandbox, "log"))
		problem(st, CTL_DEGRADED,
			"gate: its sandbox only logs (AEGIS_SANDBOX=log)");
}

static void
look_at_policy(struct status *st)
{
	const char *file = st->settings.gate.policy;
	struct aegis_error err = {0};
	struct policy *policy = NULL;
	int r = policy_load(&policy, file, &err);

	if (r == -EACCES) /* for the gate's eyes: not a fault of the gate */
		return;
	if (r) {
		problem(st, CTL_DEGRADED, "policy: %s", err.text);
		return;
	}
	st->policy_readable = true;
	snprintf(st->policy_revision, sizeof(st->policy_revision), "%s",
		 policy->revision);
	policy_free(policy);
	if (st->meta.revision[0] &&
	    strcmp(st->meta.revision, st->policy_revision))
		problem(st, CTL_DEGRADED,
			"policy: %s is revision %s, but %s is in force; reload "
			"the gate (SIGHUP) or see its log",
			file, st->policy_revision, st->meta.revision);
}

/* --- showing --------------------------------------------------------------------- */

static const char *
policy_state(const struct status *st)
{
	if (st->meta.policy_error[0])
		return "refused";
	if (!st->policy_readable)
		return "not read";
	if (!st->meta.revision[0])
		return "not loaded";
	return strcmp(st->meta.revision, st->policy_revision) ? "not in force"
							      : "in force";
}

static void
add_gate(const struct status *st, struct table *t)
{
	char age[16];
	unsigned long started = 0;

	number_parse(st->meta.started_ms, INT64_MAX, &started);
	time_age((int64_t)started, ctl_now_ms(), age, sizeof(age));
	table_add(t, "gate", TABLE_PLAIN);
	table_add(t, st->answering ? "answering" : "not answering",
		  st->answering ? TABLE_GREEN : TABLE_RED);
	if (st->answering && st->meta.pid[0])
		table_addf(t, TABLE_PLAIN, "%s, pid %s, up %s",
			   st->settings.gate.socket, st->meta.pid, age);
	else
		table_add(t, st->settings.gate.socket, TABLE_PLAIN);
}

static void
add_dockerd(const struct status *st, struct table *t)
{
	bool gated = st->dockerd_up && st->gated;

	table_add(t, "dockerd", TABLE_PLAIN);
	table_add(t,
		  gated ? "gated"
			: st->dockerd_up ? "not gated" : "not answering",
		  gated ? TABLE_GREEN : TABLE_RED);
	table_addf(t, TABLE_PLAIN, "%s%s%s", st->settings.docker,
		   st->docker.version[0] ? ", version " : "",
		   st->docker.version);
}

static void
add_policy(const struct status *st, struct table *t)
{
	const char *state = policy_state(st);
	const char *revision = st->meta.revision[0] ? st->meta.revision
						    : st->policy_revision;

	table_add(t, "policy", TABLE_PLAIN);
	table_add(t, state,
		  strcmp(state, "in force") ? TABLE_YELLOW : TABLE_GREEN);
	table_addf(t, TABLE_PLAIN, "%s%s%s%s%s", st->settings.gate.policy,
		   revision[0] ? ", revision " : "", revision,
		   st->meta.mode[0] ? ", mode " : "", st->meta.mode);
}

static void
add_store(const struct status *st, struct table *t)
{
	const struct decision_counts *c = &st->counts;

	table_add(t, "store", TABLE_PLAIN);
	table_add(t, st->store_open ? "open" : "not readable",
		  st->store_open ? TABLE_GREEN : TABLE_RED);
	table_addf(t, TABLE_PLAIN, "%s, %.1f MiB", st->settings.store,
		   (double)(st->store_bytes > 0 ? st->store_bytes : 0) /
			   1048576);
	if (!st->store_open)
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
	fflush(stdout);
	for (unsigned i = 0; i < st->problem_count; i++)
		ctl_text(stderr, "problem: %s\n", st->problems[i]);
	for (unsigned i = 0; i < st->note_count; i++)
		ctl_text(stderr, "note: %s\n", st->notes[i]);
	return r ? r : st->code;
}

static void
json_gate(const struct status *st, struct json_out *o)
{
	unsigned long n;

	json_out_key(o, "gate");
	json_out_object(o);
	json_out_kv_string(o, "socket", st->settings.gate.socket);
	json_out_kv_string(o, "plugin", st->plugin);
	json_out_kv_bool(o, "answering", st->answering);
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
	json_out_key(o, "dockerd");
	json_out_object(o);
	json_out_kv_string(o, "socket", st->settings.docker);
	json_out_kv_bool(o, "answering", st->dockerd_up);
	json_out_kv_bool(o, "gated", st->dockerd_up && st->gated);
	json_out_kv_string(o, "version",
			   st->dockerd_up ? st->docker.version : NULL);
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
			   st->policy_readable ? st->policy_revision : NULL);
	json_out_kv_string(o, "mode",
			   st->meta.mode[0] ? st->meta.mode : NULL);
	json_out_kv_string(o, "error",
			   st->meta.policy_error[0] ? st->meta.policy_error
						    : NULL);
	json_out_object_end(o);
}

static void
json_store(const struct status *st, struct json_out *o)
{
	json_out_key(o, "store");
	json_out_object(o);
	json_out_kv_string(o, "file", st->settings.store);
	json_out_kv_bool(o, "readable", st->store_open);
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
			   st->code == CTL_OK ? "ok"
			   : st->code == CTL_DEGRADED ? "degraded"
						      : "unreachable");
	json_gate(st, &o);
	json_dockerd(st, &o);
	json_policy(st, &o);
	json_store(st, &o);
	json_out_key(&o, "problems");
	json_out_array(&o);
	for (unsigned i = 0; i < st->problem_count; i++)
		json_out_string(&o, st->problems[i]);
	json_out_array_end(&o);
	json_out_key(&o, "notes");
	json_out_array(&o);
	for (unsigned i = 0; i < st->note_count; i++)
		json_out_string(&o, st->notes[i]);
	json_out_array_end(&o);
	json_out_object_end(&o);
	r = ctl_json(&o);
	return r ? r : st->code;
}

int
status_run(struct ctl *ctl)
{
	struct status st = {0};
	int r = ctl_settings(ctl, &st.settings);

	if (r)
		return r;
	gate_plugin_name(&st.settings, st.plugin);
	look_at_gate(&st);
	look_at_dockerd(&st);
	look_at_store(&st);
	look_at_policy(&st);
	return ctl->format == FORMAT_JSON ? print_json(&st)
					  : print_table(ctl, &st);
}
