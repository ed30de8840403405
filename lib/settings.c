#include "lib/settings.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "lib/conf.h"

#define DAYS_MAX 3650
#define MEGABYTES_MAX (1024 * 1024)

void
settings_default(struct settings *s)
{
	*s = (struct settings){
		.store = "/var/lib/aegis/aegis.db",
		.docker = "/var/run/docker.sock",
		.user = "aegis",
		.user_is_default = true,
		.gate = {.socket = "/run/docker/plugins/aegis.sock",
			 .policy = "/etc/aegis/gatekeeper.yaml",
			 .retention_days = 30,
			 .retention_mb = 512},
		.monitor = {.rules = {"/etc/aegis/rules.d"}, .rules_count = 1},
		.control = {.socket = "/run/aegis/api.sock",
			    .listen = "127.0.0.1:8080",
			    .token = "/etc/aegis/token"},
		.dashboard = {.listen = "127.0.0.1:8081"},
	};
}

/* --- readers of one value; slot is a field of struct settings ---------------- */

static int
copy_text(const struct conf *conf, const struct conf_node *n, char *slot,
	  size_t size, struct aegis_error *err)
{
	const char *text;
	int r = conf_string(conf, n, &text, err);

	if (r < 0)
		return r;
	if (!text[0])
		return conf_error(conf, n, err, "empty; give a value or leave "
						"the key out");
	if (strlen(text) >= size)
		return conf_error(conf, n, err, "longer than %zu bytes",
				  size - 1);
	snprintf(slot, size, "%s", text);
	return 0;
}

static int
read_path(const struct conf *conf, const struct conf_node *n, void *slot,
	  struct aegis_error *err)
{
	int r = copy_text(conf, n, slot, PATH_MAX, err);

	if (r == 0 && *(char *)slot != '/')
		return conf_error(conf, n, err,
				  "\"%s\" is not an absolute path", n->value);
	return r;
}

static int
read_socket(const struct conf *conf, const struct conf_node *n, void *slot,
	    struct aegis_error *err)
{
	int r = read_path(conf, n, slot, err);

	if (r == 0 &&
	    strlen(slot) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return conf_error(conf, n, err,
				  "too long for a Unix socket (%zu bytes)",
				  sizeof(((struct sockaddr_un *)0)->sun_path) -
					  1);
	return r;
}

static int
read_listen(const struct conf *conf, const struct conf_node *n, void *slot,
	    struct aegis_error *err)
{
	const char *colon;
	char *end = NULL;
	long port = 0;
	int r = copy_text(conf, n, slot, 64, err);

	if (r < 0)
		return r;
	colon = strrchr(slot, ':');
	if (colon && colon != (char *)slot)
		port = strtol(colon + 1, &end, 10);
	if (!end || *end || port < 1 || port > 65535)
		return conf_error(conf, n, err,
				  "\"%s\" is not ADDRESS:PORT, for example "
				  "127.0.0.1:8080",
				  n->value);
	return 0;
}

static int
read_user(const struct conf *conf, const struct conf_node *n, void *slot,
	  struct aegis_error *err)
{
	struct settings *s = slot;

	s->user_is_default = false;
	return copy_text(conf, n, s->user, sizeof(s->user), err);
}

static int
read_bounded(const struct conf *conf, const struct conf_node *n, unsigned *slot,
	     int64_t max, struct aegis_error *err)
{
	int64_t v;
	int r = conf_int(conf, n, 1, max, &v, err);

	if (r == 0)
		*slot = (unsigned)v;
	return r;
}

static int
read_days(const struct conf *conf, const struct conf_node *n, void *slot,
	  struct aegis_error *err)
{
	return read_bounded(conf, n, slot, DAYS_MAX, err);
}

static int
read_megabytes(const struct conf *conf, const struct conf_node *n, void *slot,
	       struct aegis_error *err)
{
	return read_bounded(conf, n, slot, MEGABYTES_MAX, err);
}

static int
read_rules(const struct conf *conf, const struct conf_node *n, void *slot,
	   struct aegis_error *err)
{
	struct settings *s = slot;

	s->monitor.rules_count = 0;
	if (n->type != CONF_LIST)
		return conf_error(conf, n, err,
				  "not a list of paths, for example "
				  "[/etc/aegis/rules.d]");
	for (const struct conf_node *c = n->first; c; c = c->next) {
		int r;

		if (s->monitor.rules_count == SETTINGS_RULES_MAX)
			return conf_error(conf, c, err, "more than %d paths",
					  SETTINGS_RULES_MAX);
		r = read_path(conf, c,
			      s->monitor.rules[s->monitor.rules_count++], err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- the sections ----------------------------------------------------------------- */

#define AT(field) offsetof(struct settings, field)
#define SECTION(name, ...)                                                     \
	static const struct conf_key name##_keys[] = {__VA_ARGS__};            \
	static int read_##name(const struct conf *conf,                        \
			       const struct conf_node *n, void *slot,          \
			       struct aegis_error *err)                        \
	{                                                                      \
		return conf_read_map(conf, n, name##_keys,                     \
				     sizeof(name##_keys) /                     \
					     sizeof(name##_keys[0]),           \
				     slot, err);                               \
	}

SECTION(gate, {"socket", read_socket, AT(gate.socket)},
	{"policy", read_path, AT(gate.policy)},
	{"retention_days", read_days, AT(gate.retention_days)},
	{"retention_mb", read_megabytes, AT(gate.retention_mb)})
SECTION(monitor, {"rules", read_rules, 0})
SECTION(control, {"socket", read_socket, AT(control.socket)},
	{"listen", read_listen, AT(control.listen)},
	{"token", read_path, AT(control.token)})
SECTION(dashboard, {"listen", read_listen, AT(dashboard.listen)})
SECTION(root, {"store", read_path, AT(store)},
	{"docker", read_socket, AT(docker)}, {"user", read_user, 0},
	{"gate", read_gate, 0}, {"monitor", read_monitor, 0},
	{"control", read_control, 0}, {"dashboard", read_dashboard, 0})

int
settings_load(struct settings *ret, const char *path, struct aegis_error *err)
{
	_cleanup_conf_ struct conf conf = CONF_INIT;
	struct settings s;
	bool by_default;
	int r;

	if (!path)
		path = getenv("AEGIS_CONFIG");
	by_default = !path;
	if (by_default)
		path = SETTINGS_DEFAULT_PATH;
	settings_default(&s);
	r = conf_load(&conf, path, err);
	if (r == -ENOENT && by_default)
		r = 0;
	else if (r == 0 && conf.root->type != CONF_NULL)
		r = read_root(&conf, conf.root, &s, err);
	if (r == 0)
		*ret = s;
	return r;
}
