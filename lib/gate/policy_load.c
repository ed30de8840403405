/*
 * gatekeeper.yaml, read by tables: a key, the reader of its value, its place in
 * struct policy.  Everything a policy points to lives in the conf it came from.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/gate/policy.h"
#include "lib/gate/policy_read.h"
#include "lib/glob.h"

/* A policy and what it lives in, freed together. */
struct loaded {
	struct policy policy;
	struct conf conf;
};

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* --- sections -------------------------------------------------------------------- */

#define SECTION(name, ...)                                                     \
	static const struct conf_key name##_keys[] = {__VA_ARGS__};            \
	static int read_##name(const struct conf *conf,                        \
			       const struct conf_node *n, void *slot,          \
			       struct aegis_error *err)                        \
	{                                                                      \
		return conf_read_map(conf, n, name##_keys,                     \
				     ARRAY_LEN(name##_keys), slot, err);       \
	}

#define IMAGE(field) offsetof(struct policy_images, field)
SECTION(images, {"allow", read_image_globs, IMAGE(allow)},
	{"deny", read_image_globs, IMAGE(deny)},
	{"require_tag", read_bool, IMAGE(require_tag)},
	{"forbid_tags", read_globs, IMAGE(forbid_tags)},
	{"require_digest", read_bool, IMAGE(require_digest)},
	{"forbid_words", read_lower_words, IMAGE(forbid_words)},
	{"unverified_local", read_allow, IMAGE(unverified_local)},
	{"import", read_allow, IMAGE(import)})

#define CT(field) offsetof(struct policy_containers, field)

static int
read_namespaces(const struct conf *conf, const struct conf_node *n, void *slot,
		struct aegis_error *err)
{
	static const char *const names[] = {"network", "pid",  "ipc",
					    "uts",     "user", "cgroup"};
	unsigned set = 0;

	if (n->type != CONF_LIST)
		return conf_error(conf, n, err,
				  "a list is wanted here, for example [network]");
	for (const struct conf_node *c = n->first; c; c = c->next) {
		size_t i;
		int r = conf_enum(conf, c, names, ARRAY_LEN(names), &i, err);

		if (r < 0)
			return r;
		set |= 1u << i;
	}
	*(unsigned *)slot = set;
	return 0;
}

static int
read_limits(const struct conf *conf, const struct conf_node *n, void *slot,
	    struct aegis_error *err)
{
	static const char *const names[] = {"memory", "pids", "cpu"};
	struct policy_containers *c = slot;
	bool *const fields[] = {&c->require_memory, &c->require_pids,
				&c->require_cpu};

	if (n->type != CONF_LIST)
		return conf_error(conf, n, err,
				  "a list is wanted here, for example [memory]");
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		*fields[i] = false;
	for (const struct conf_node *k = n->first; k; k = k->next) {
		size_t i;
		int r = conf_enum(conf, k, names, ARRAY_LEN(names), &i, err);

		if (r < 0)
			return r;
		*fields[i] = true;
	}
	return 0;
}

static int
read_profile(const struct conf *conf, const struct conf_node *n, void *slot,
	     struct aegis_error *err)
{
	static const char *const names[] = {"privileged", "baseline",
					    "restricted"};
	size_t i;
	int r = conf_enum(conf, n, names, ARRAY_LEN(names), &i, err);

	if (r == 0)
		policy_profile_apply(slot, (enum policy_profile)i);
	return r;
}

/* read_containers() has read it before all else. */
static int
skip_profile(const struct conf *conf, const struct conf_node *n, void *slot,
	     struct aegis_error *err)
{
	(void)conf, (void)n, (void)slot, (void)err;
	return 0;
}

SECTION(capabilities, {"add", read_more_capabilities, CT(cap_add)},
	{"require_drop_all", read_bool, CT(require_cap_drop_all)})
SECTION(binds, {"allow", read_path_globs, CT(binds_allow)},
	{"deny", read_path_globs, CT(binds_deny)},
	{"propagation", read_allow, CT(binds_propagation)},
	{"nested", read_allow, CT(binds_nested)})
SECTION(volumes, {"drivers", read_globs, CT(volume_drivers)},
	{"options", read_allow, CT(volume_options)})
SECTION(devices, {"allow", read_path_globs, CT(devices)})
SECTION(security_opt, {"allow", read_globs, CT(security_opt)})
SECTION(sysctls, {"allow", read_more_globs, CT(sysctls)})
SECTION(annotations, {"allow", read_globs, CT(annotations)})
SECTION(runtimes, {"allow", read_globs, CT(runtimes)})
SECTION(cgroup_parent, {"allow", read_globs, CT(cgroup_parents)})
SECTION(group_add, {"allow", read_globs, CT(group_add)},
	{"min_gid", read_count, CT(group_add_min)})
SECTION(ulimits, {"nofile", read_count, CT(ulimit_nofile_max)},
	{"nproc", read_count, CT(ulimit_nproc_max)},
	{"others", read_allow, CT(ulimits_any)})
SECTION(oom, {"score_adj_min", read_oom_score, CT(oom_score_adj_min)},
	{"kill_disable", read_allow, CT(oom_kill_disable)})
SECTION(ports, {"all_interfaces", read_allow, CT(ports_all_interfaces)},
	{"privileged", read_allow, CT(ports_privileged)})

static const struct conf_key container_keys[] = {
	{"profile", skip_profile, 0},
	{"privileged", read_allow, CT(privileged)},
	{"host_namespaces", read_namespaces, CT(host_namespaces)},
	{"join_namespaces", read_namespaces, CT(join_namespaces)},
	{"capabilities", read_capabilities, 0},
	{"binds", read_binds, 0},
	{"volumes", read_volumes, 0},
	{"volumes_from", read_allow, CT(volumes_from)},
	{"devices", read_devices, 0},
	{"device_requests", read_allow, CT(device_requests)},
	{"security_opt", read_security_opt, 0},
	{"require_no_new_privileges", read_bool, CT(require_no_new_privileges)},
	{"unmasked_proc", read_allow, CT(unmasked_proc)},
	{"sysctls", read_sysctls, 0},
	{"runtimes", read_runtimes, 0},
	{"cgroup_parent", read_cgroup_parent, 0},
	{"ulimits", read_ulimits, 0},
	{"oom", read_oom, 0},
	{"group_add", read_group_add, 0},
	{"require_non_root", read_bool, CT(require_non_root)},
	{"require_read_only", read_bool, CT(require_read_only)},
	{"require_limits", read_limits, 0},
	{"memory_max", read_size, CT(memory_max)},
	{"restart_policies", read_words, CT(restart_policies)},
	{"ports", read_ports, 0},
	{"log_drivers", read_words, CT(log_drivers)},
	{"checkpoint_dir", read_allow, CT(checkpoint_dir)},
	{"unknown_fields", read_allow, CT(unknown_fields)},
	{"annotations", read_annotations, 0},
};

/* The profile first, wherever it stands: the other keys override it. */
static int
read_containers(const struct conf *conf, const struct conf_node *n, void *slot,
		struct aegis_error *err)
{
	const struct conf_node *profile = conf_get(n, "profile");
	int r = profile ? read_profile(conf, profile, slot, err) : 0;

	return r < 0 ? r
		     : conf_read_map(conf, n, container_keys,
				     ARRAY_LEN(container_keys), slot, err);
}

#define EXEC(field) offsetof(struct policy_exec, field)
SECTION(exec, {"privileged", read_allow, EXEC(privileged)},
	{"user", read_allow, EXEC(user)},
	{"deny_env", read_globs, EXEC(deny_env)})
SECTION(build, {"remote", read_allow, offsetof(struct policy_build, remote)},
	{"host_network", read_allow,
	 offsetof(struct policy_build, host_network)})
SECTION(networks,
	{"drivers", read_words, offsetof(struct policy_networks, drivers)},
	{"options", read_allow, offsetof(struct policy_networks, options)})
SECTION(archive,
	{"allow", read_path_globs, offsetof(struct policy_archive, allow)})

/* --- maps with names of their own ---------------------------------------------------- */

static int
expect_map(const struct conf *conf, const struct conf_node *n,
	   struct aegis_error *err)
{
	return n->type == CONF_MAP
		       ? 0
		       : conf_error(conf, n, err, "a map of KEY: VALUE is wanted "
						  "here");
}

static int
read_api(const struct conf *conf, const struct conf_node *n, void *slot,
	 struct aegis_error *err)
{
	static const char *const words[] = {"check", "allow", "deny"};
	struct policy *p = slot;
	const char *names[ENDPOINT_CLASS_MAX];
	size_t count = 0, word;

	for (int c = ENDPOINT_CLASS_INVALID + 1; c < ENDPOINT_CLASS_MAX; c++)
		names[count++] = endpoint_class_name((enum endpoint_class)c);
	if (expect_map(conf, n, err) < 0)
		return -EBADMSG;
	for (const struct conf_node *c = n->first; c; c = c->next) {
		enum endpoint_class class = endpoint_class_from_name(c->key);
		const char *near = conf_nearest(c->key, names, count);

		if (class == ENDPOINT_CLASS_INVALID)
			return conf_key_error(
				conf, c, err,
				"\"%s\" is no part of the API%s%s%s", c->key,
				near ? "; did you mean \"" : "",
				near ? near : "", near ? "\"?" : "");
		if (conf_enum(conf, c, words, ARRAY_LEN(words), &word, err) < 0)
			return -EBADMSG;
		p->api[class] = (enum policy_api)word;
	}
	return 0;
}

static const char *
nearest_rule(const char *name)
{
	const char *names[RULE_MAX];

	for (int i = 1; i < RULE_MAX; i++)
		names[i - 1] = rule_get((enum rule_id)i)->name;
	return conf_nearest(name, names, RULE_MAX - 1);
}

/* The rules a name stands for; fixed ones are none that a policy may name. */
static int
find_rules(const struct conf *conf, const struct conf_node *n, const char *name,
	   struct rule_set *set, struct aegis_error *err)
{
	const enum rule_id id = rule_from_name(name);
	const char *near;

	if (id && rule_get(id)->fixed)
		return conf_key_error(conf, n, err,
				      "\"%s\" is part of failing closed and "
				      "cannot be set or waived",
				      name);
	if (rule_set_add_name(set, name))
		return 0;
	near = nearest_rule(name);
	return conf_key_error(conf, n, err, "\"%s\" is no rule%s%s%s", name,
			      near ? "; did you mean \"" : "", near ? near : "",
			      near ? "\"?" : "");
}

static int
read_rules(const struct conf *conf, const struct conf_node *n, void *slot,
	   struct aegis_error *err)
{
	static const char *const words[] = {"enforce", "audit", "off"};
	struct policy *p = slot;
	size_t word;

	if (expect_map(conf, n, err) < 0)
		return -EBADMSG;
	for (const struct conf_node *c = n->first; c; c = c->next) {
		struct rule_set set = {0};

		if (find_rules(conf, c, c->key, &set, err) < 0 ||
		    conf_enum(conf, c, words, ARRAY_LEN(words), &word, err) < 0)
			return -EBADMSG;
		for (int i = 1; i < RULE_MAX; i++)
			if (rule_set_has(&set, (enum rule_id)i))
				p->rule_mode[i] = (enum policy_mode)word;
	}
	return 0;
}

static int
read_groups(const struct conf *conf, const struct conf_node *n, void *slot,
	    struct aegis_error *err)
{
	struct policy *p = slot;

	if (expect_map(conf, n, err) < 0)
		return -EBADMSG;
	p->groups = conf_alloc(conf, (n->count + 1) * sizeof(*p->groups));
	if (!p->groups)
		return aegis_error_set(err, -ENOMEM, "load %s", conf->file);
	for (const struct conf_node *c = n->first; c; c = c->next) {
		struct policy_group *g = &p->groups[p->group_count++];
		int r = read_globs(conf, c, &g->users, err);

		if (r < 0)
			return r;
		g->name = c->key;
	}
	return 0;
}

/* --- exceptions ------------------------------------------------------------------------ */

#define EX(field) offsetof(struct policy_exception, field)

static int
read_waive(const struct conf *conf, const struct conf_node *n, void *slot,
	   struct aegis_error *err)
{
	const char *name;

	if (n->type != CONF_LIST || !n->first)
		return conf_error(conf, n, err,
				  "a list of rules is wanted here, for example "
				  "[containers.devices]");
	for (const struct conf_node *c = n->first; c; c = c->next)
		if (conf_string(conf, c, &name, err) < 0 ||
		    find_rules(conf, c, name, slot, err) < 0)
			return -EBADMSG;
	return 0;
}

SECTION(match, {"user", read_glob, EX(match.user)},
	{"group", read_text, EX(match.group)},
	{"image", read_image_glob, EX(match.image)},
	{"container", read_glob, EX(match.container)},
	{"label", read_text, EX(match.label)})

static const struct conf_key exception_keys[] = {
	{"name", read_text, EX(name)},	   {"owner", read_text, EX(owner)},
	{"reason", read_text, EX(reason)}, {"until", read_until, EX(until_ms)},
	{"match", read_match, 0},	   {"waive", read_waive, EX(waive)},
};

static int
read_exception(const struct conf *conf, const struct conf_node *n,
	       struct policy_exception *e, struct aegis_error *err)
{
	int r = conf_read_map(conf, n, exception_keys,
			      ARRAY_LEN(exception_keys), e, err);

	if (r < 0)
		return r;
	e->line = n->line;
	for (size_t i = 0; i < ARRAY_LEN(exception_keys); i++)
		if (!conf_get(n, exception_keys[i].name))
			return conf_error(conf, n, err,
					  "an exception needs \"%s\"",
					  exception_keys[i].name);
	if (!conf_get(n, "match")->count)
		return conf_error(conf, n, err,
				  "an exception that matches everything; name a "
				  "user, group, image, container or label");
	return 0;
}

static int
read_exceptions(const struct conf *conf, const struct conf_node *n, void *slot,
		struct aegis_error *err)
{
	struct policy *p = slot;

	if (n->type != CONF_LIST)
		return conf_error(conf, n, err, "a list is wanted here");
	p->exceptions =
		conf_alloc(conf, (n->count + 1) * sizeof(*p->exceptions));
	if (!p->exceptions)
		return aegis_error_set(err, -ENOMEM, "load %s", conf->file);
	for (const struct conf_node *c = n->first; c; c = c->next) {
		int r = read_exception(conf, c,
				       &p->exceptions[p->exception_count++],
				       err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* A group that nobody defined would silently never match. */
static int
check_groups(const struct conf *conf, const struct policy *p,
	     struct aegis_error *err)
{
	const struct conf_node *list = conf_get(conf->root, "exceptions");
	const struct conf_node *e = list ? list->first : NULL;

	for (size_t i = 0; i < p->exception_count; i++, e = e->next) {
		const char *group = p->exceptions[i].match.group;
		bool found = !group;

		for (size_t k = 0; k < p->group_count && !found; k++)
			found = !strcmp(p->groups[k].name, group);
		if (!found)
			return conf_error(conf,
					  conf_get(conf_get(e, "match"),
						   "group"),
					  err,
					  "the exception names the group "
					  "\"%s\", which `groups:` does not "
					  "have",
					  group);
	}
	return 0;
}

/* --- the file ----------------------------------------------------------------------------- */

static int
read_version(const struct conf *conf, const struct conf_node *n, void *slot,
	     struct aegis_error *err)
{
	int64_t v;

	(void)slot;
	return conf_int(conf, n, POLICY_VERSION, POLICY_VERSION, &v, err);
}

static int
read_mode(const struct conf *conf, const struct conf_node *n, void *slot,
	  struct aegis_error *err)
{
	static const char *const words[] = {"enforce", "audit"};
	size_t i;
	int r = conf_enum(conf, n, words, ARRAY_LEN(words), &i, err);

	if (r == 0)
		*(enum policy_mode *)slot = (enum policy_mode)i;
	return r;
}

#define TOP(field) offsetof(struct policy, field)
static const struct conf_key top_keys[] = {
	{"version", read_version, 0},
	{"mode", read_mode, TOP(mode)},
	{"rules", read_rules, 0},
	{"images", read_images, TOP(images)},
	{"containers", read_containers, TOP(containers)},
	{"exec", read_exec, TOP(exec)},
	{"build", read_build, TOP(build)},
	{"networks", read_networks, TOP(networks)},
	{"archive", read_archive, TOP(archive)},
	{"api", read_api, 0},
	{"groups", read_groups, 0},
	{"exceptions", read_exceptions, 0},
};

static const char *const default_forbidden_tags[] = {"latest"};
static const char *const default_drivers[] = {"bridge", "overlay", "null",
					      "none"};

/* What a policy is that says nothing: baseline, pinned tags, any registry. */
static void
set_defaults(struct policy *p)
{
	policy_profile_apply(&p->containers, POLICY_BASELINE);
	p->images = (struct policy_images){
		.require_tag = true,
		.forbid_tags = {.v = (const char **)default_forbidden_tags,
				.n = ARRAY_LEN(default_forbidden_tags)},
		.unverified_local = true,
		.import = true,
	};
	p->exec.user = true;
	p->networks.drivers =
		(struct policy_list){.v = (const char **)default_drivers,
				     .n = ARRAY_LEN(default_drivers)};
}

/* Rules without a mode of their own have the policy's.  A file without a version
 * is none: an empty one, or one cut by an editor, would open what it does not
 * close. */
static int
read_top(const struct conf *conf, struct policy *p, struct aegis_error *err)
{
	const struct conf_node *mode = conf_get(conf->root, "mode");
	int r = 0;

	if (conf->root->type != CONF_NULL && expect_map(conf, conf->root, err) < 0)
		return -EBADMSG;
	if (mode)
		r = read_mode(conf, mode, &p->mode, err);
	for (int i = 0; i < RULE_MAX; i++)
		p->rule_mode[i] = p->mode;
	if (r == 0 && conf->root->type == CONF_MAP)
		r = conf_read_map(conf, conf->root, top_keys,
				  ARRAY_LEN(top_keys), p, err);
	if (r == 0)
		r = check_groups(conf, p, err);
	/* Last, so that a mistake is named before what is missing. */
	if (r == 0 && !conf_get(conf->root, "version"))
		r = conf_error(conf, conf->root, err,
			       "\"version\" is missing; begin the policy with "
			       "\"version: %d\"",
			       POLICY_VERSION);
	return r;
}

static int
set_revision(struct policy *p, const struct conf *conf, struct aegis_error *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len;

	if (EVP_Digest(conf->text, conf->text_len, digest, &len, EVP_sha256(),
		       NULL) != 1)
		return aegis_error_setx(err, -EIO, "%s: no SHA-256 of the text",
					conf->file);
	for (size_t i = 0; i < POLICY_REVISION_LEN / 2; i++)
		snprintf(p->revision + 2 * i, 3, "%02x", digest[i]);
	return 0;
}

static int
finish(struct loaded *l, int r, struct policy **ret, struct aegis_error *err)
{
	struct policy *p = &l->policy;

	if (r == 0) {
		p->storage = l;
		p->file = l->conf.file;
		p->text = l->conf.text;
		set_defaults(p);
		r = read_top(&l->conf, p, err);
	}
	if (r == 0)
		r = set_revision(p, &l->conf, err);
	if (r < 0) {
		conf_release(&l->conf);
		free(l);
		return r;
	}
	*ret = p;
	return 0;
}

int
policy_parse(struct policy **ret, const char *file_label, const char *text,
	     size_t len, struct aegis_error *err)
{
	struct loaded *l = calloc(1, sizeof(*l));

	if (!l)
		return aegis_error_set(err, -ENOMEM, "load %s", file_label);
	return finish(l, conf_parse(&l->conf, file_label, text, len, err), ret,
		      err);
}

int
policy_load(struct policy **ret, const char *file, struct aegis_error *err)
{
	struct loaded *l = calloc(1, sizeof(*l));

	if (!l)
		return aegis_error_set(err, -ENOMEM, "load %s", file);
	return finish(l, conf_load(&l->conf, file, err), ret, err);
}

void
policy_free(struct policy *p)
{
	struct loaded *l = p ? p->storage : NULL;

	if (!l)
		return;
	conf_release(&l->conf);
	free(l);
}

bool
policy_in_group(const struct policy *p, const char *user, const char *group)
{
	if (!user || !user[0])
		return false;
	for (size_t i = 0; i < p->group_count; i++) {
		const struct policy_group *g = &p->groups[i];

		if (strcmp(g->name, group) != 0)
			continue;
		for (size_t k = 0; k < g->users.n; k++)
			if (glob_match(g->users.v[k], user))
				return true;
	}
	return false;
}
