#include "ctl/trial.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

#include "ctl/daemon_json.h"
#include "lib/docker.h"

#define LOOKUP_TIMEOUT_MS 10000
#define PING_TIMEOUT_MS 2000

/* --- the host, as the gate would see it --------------------------------------- */

/* Without links, as far as the path exists: a file yet to be made is found
 * through its folder. */
static void
resolve(const char *path, char *ret)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	size_t len;

	if (realpath(path, ret))
		return;
	snprintf(folder, sizeof(folder), "%.*s",
		 slash ? (int)(slash - path) : 0, path);
	if (!*folder || !realpath(folder, ret)) {
		snprintf(ret, PATH_MAX, "%s", path);
		return;
	}
	len = strlen(ret);
	snprintf(ret + len, PATH_MAX - len, "%s", slash);
}

static void
own_path(struct trial *t, const char *path)
{
	char *ret = t->own_paths[t->host.own_path_count];

	resolve(path, ret);
	t->host.own_paths[t->host.own_path_count++] = ret;
}

static bool
cgroup_is_v1(void)
{
	struct statfs fs;

	return !statfs("/sys/fs/cgroup", &fs) &&
	       fs.f_type != CGROUP2_SUPER_MAGIC;
}

/* The same list as aegis-authz has (authz-plugin/host.c). */
static void
describe_host(struct trial *t, const char *config)
{
	const struct settings *s = &t->settings;
	char wal[PATH_MAX + 8], shm[PATH_MAX + 8];
	const char *const paths[TRIAL_OWN_PATHS] = {
		s->store,
		wal,
		shm,
		s->gate.policy,
		s->gate.socket,
		config ? config : SETTINGS_DEFAULT_PATH,
		"/etc/aegis",
		"/var/lib/aegis",
		"/run/aegis",
		"/run/docker/plugins",
		"/etc/docker",
	};

	snprintf(wal, sizeof(wal), "%s-wal", s->store);
	snprintf(shm, sizeof(shm), "%s-shm", s->store);
	for (size_t i = 0; i < TRIAL_OWN_PATHS; i++)
		own_path(t, paths[i]);
	resolve(s->docker, t->docker_socket);
	plugin_name(s, t->plugin, sizeof(t->plugin));
	t->host.docker_socket = t->docker_socket;
	t->host.plugin_name = t->plugin;
	t->host.cgroup_v1 = cgroup_is_v1();
}

int
trial_init(struct trial *t, const struct ctl *ctl)
{
	const char *config = ctl->opt[OPT_CONFIG];
	int r;

	*t = (struct trial){.root_fd = -1, .call = GATE_CALL_INIT};
	r = ctl_settings(ctl, &t->settings);
	if (r)
		return r;
	describe_host(t, config ? config : getenv("AEGIS_CONFIG"));
	t->root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (t->root_fd < 0 || lookup_new(&t->lookup))
		return ctl_error(CTL_FAILED, "prepare look-ups: %s",
				 strerror(errno));
	return CTL_OK;
}

void
trial_release(struct trial *t)
{
	gate_call_release(&t->call);
	lookup_free(t->lookup);
	cleanup_close(&t->root_fd);
}

int
trial_policy(const struct ctl *ctl, const struct settings *settings,
	     struct policy **ret)
{
	const char *file = ctl->opt[OPT_POLICY];
	struct aegis_error err = {0};

	if (policy_load(ret, file ? file : settings->gate.policy, &err))
		return ctl_failed(&err);
	return CTL_OK;
}

/* --- judging --------------------------------------------------------------------- */

/* Once: whether dockerd answers decides how much can be known. */
static bool
dockerd_answers(struct trial *t)
{
	_cleanup_buf_ struct buf body = BUF_INIT(65536);
	struct docker_call call = {
		.socket = t->settings.docker,
		.method = "GET",
		.path = "/_ping",
		.user_agent = "aegis-ctl",
		.timeout_ms = PING_TIMEOUT_MS,
	};
	unsigned status;

	if (!t->dockerd_asked)
		t->dockerd_answers = !docker_call(&call, &status, &body, NULL);
	t->dockerd_asked = true;
	return t->dockerd_answers;
}

static const struct gate_facts *
get_facts(struct trial *t, const struct policy *policy, enum trial_facts how,
	  const char *facts, struct trial_result *ret)
{
	static const struct gate_facts none = {0};
	struct lookup_source source = {
		.docker = t->settings.docker,
		.user_agent = "aegis-ctl",
		.root_fd = t->root_fd,
		.timeout_ms = LOOKUP_TIMEOUT_MS,
	};

	if (how == TRIAL_RECORDED) {
		const struct gate_facts *f = &none;

		if (facts && !lookup_load(t->lookup, facts, strlen(facts),
					  NULL))
			f = lookup_facts(t->lookup);
		ret->incomplete = gate_need(&t->call, f, policy) != 0;
		return f;
	}
	/* Paths need no dockerd; all else is then as if dockerd had nothing. */
	if (how == TRIAL_HOST || !dockerd_answers(t))
		t->call.lookups &= GATE_LOOKUP_PATHS;
	return lookup_run(t->lookup, &source, &t->call, policy);
}

void
trial_judge(struct trial *t, const struct policy *policy,
	    const struct envelope *e, enum trial_facts how, const char *facts,
	    int64_t now_ms, struct trial_result *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (!gate_read(&t->call, e, policy, &t->host, &ret->verdict)) {
		const struct gate_facts *f =
			get_facts(t, policy, how, facts, ret);

		gate_judge(&t->call, f, policy, &t->host, now_ms,
			   &ret->verdict);
	}
	ret->endpoint = t->call.match.endpoint;
	snprintf(ret->subject, sizeof(ret->subject), "%s", t->call.subject);
}

const char *
trial_verdict_name(const struct gate_verdict *v)
{
	if (!v->allow)
		return "deny";
	return v->audited ? "audit" : "allow";
}

const char *
trial_rule_name(const struct gate_verdict *v)
{
	return v->rule == RULE_NONE ? NULL : rule_get(v->rule)->name;
}

/* --- requests from files ------------------------------------------------------------ */

int
trial_request_load(struct envelope *ret, const char *file,
		   struct aegis_error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT(ENVELOPE_MAX);
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
	const struct json_node *request;
	const char *at;
	size_t len;
	int r = file_read(file, &text, err);

	if (r)
		return r;
	r = json_parse(&doc, buf_str(&text), text.len, err);
	if (r)
		return aegis_error_wrap(err, r, "%s", file);
	at = buf_str(&text);
	len = text.len;
	request = json_get(doc.root, "request");
	if (request && request->type == JSON_OBJECT) {
		at += request->offset;
		len = json_text_end(buf_str(&text), request->offset) -
		      request->offset;
	}
	r = envelope_parse(ret, at, len, err);
	return r ? aegis_error_wrap(err, r, "%s", file) : 0;
}
