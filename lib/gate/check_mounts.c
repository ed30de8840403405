/*
 * Mounts: what of the host a container would see.
 *
 * Three questions about a host path: is it AEGIS itself, or does it hold it (never
 * allowed), does it hold the Docker socket or a root of the host (only if the
 * policy names exactly that path), is it where the policy lets binds go?
 */
#include <stdio.h>
#include <string.h>

#include "lib/gate/judge.h"
#include "lib/gate/redact.h"
#include "lib/glob.h"

/* Mounting one of these is mounting the host.  A wildcard does not reach them;
 * a policy that means it writes the path out. */
static const char *const host_roots[] = {
	"/",     "/bin",  "/boot", "/dev",  "/etc",	"/home",
	"/lib",  "/lib32", "/lib64", "/proc", "/root", "/run",
	"/sbin", "/sys",  "/usr",  "/var",  "/var/lib", "/var/lib/docker",
	"/var/lib/containerd", "/var/run", "/var/log",
};

/* Is path the same as root, or below it? */
static bool
is_inside(const char *path, const char *root)
{
	size_t len = strlen(root);

	if (len == 1)
		return true;
	return !strncmp(path, root, len) &&
	       (path[len] == '\0' || path[len] == '/');
}

static bool
holds_or_inside(const char *path, const char *other)
{
	return is_inside(path, other) || is_inside(other, path);
}

static bool
names_exactly(const struct policy_list *list, const char *path)
{
	return policy_list_has_word(list, path);
}

/*
 * Trees in which every path is the kernel's or dockerd's own.  A pattern opens a
 * part of one only if it names it: a wildcard above or at the tree's root does not.
 */
static bool
is_closed_in(const char *tree, const struct policy_list *allow, const char *path)
{
	const size_t len = strlen(tree);

	if (!is_inside(path, tree))
		return false;
	for (size_t k = 0; k < allow->n; k++)
		if (is_inside(allow->v[k], tree) && allow->v[k][len] == '/' &&
		    allow->v[k][len + 1] != '*' &&
		    glob_match(allow->v[k], path))
			return false;
	return true;
}

static bool
is_closed_tree(const struct policy_list *allow, const char *path)
{
	static const char *const trees[] = {"/proc", "/sys", "/dev", "/run",
					    "/var/lib/docker",
					    "/var/lib/containerd"};

	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++)
		if (is_inside(path, trees[i]))
			return is_closed_in(trees[i], allow, path);
	return false;
}

/* Does path hold dockerd's own folder, or is it inside? */
static bool
is_of_dockerd(const struct judge *j, const char *path)
{
	const char *root = j->facts->data_root;

	return root &&
	       (is_inside(root, path) ||
		is_closed_in(root, &j->policy->containers.binds_allow, path));
}

static bool
is_host_root(const char *path)
{
	for (size_t i = 0; i < sizeof(host_roots) / sizeof(host_roots[0]); i++)
		if (!strcmp(path, host_roots[i]))
			return true;
	return false;
}

/* What of AEGIS itself path is or lies in; with above, what lies in path. */
static bool
find_own_path(struct judge *j, const struct spec_mount *m, const char *path,
	      bool above)
{
	for (unsigned i = 0; i < j->host->own_path_count; i++) {
		const char *own = j->host->own_paths[i];

		if (!(above ? is_inside(own, path) : is_inside(path, own)))
			continue;
		judge_find(j, RULE_GATE_SELF, m->field,
			   "\"%.120s\" holds files of AEGIS itself (%.120s)",
			   path, own);
		return true;
	}
	return false;
}

/* The pattern of binds.deny that matches path or can match below it: whoever
 * mounts a folder has what is in it.  NULL if there is none. */
static const char *
denied_in(const struct policy_list *deny, const char *path)
{
	for (size_t i = 0; i < deny->n; i++)
		if (glob_reaches(deny->v[i], path))
			return deny->v[i];
	return NULL;
}

static void
check_host_path(struct judge *j, const struct spec_mount *m, const char *path)
{
	const struct policy_containers *p = &j->policy->containers;
	const bool all = p->profile == POLICY_PRIVILEGED && !p->binds_allow.set;
	const char *denied = denied_in(&p->binds_deny, path);

	if (names_exactly(&p->binds_allow, path))
		return;
	if (!all && holds_or_inside(path, j->host->docker_socket))
		judge_find(j, RULE_CT_BINDS, m->field,
			   "\"%.160s\" holds the Docker socket", path);
	else if (!all && (is_host_root(path) ||
			  is_closed_tree(&p->binds_allow, path)))
		judge_find(j, RULE_CT_BINDS, m->field,
			   "\"%.160s\" is a root of the host", path);
	else if (!all && is_of_dockerd(j, path))
		judge_find(j, RULE_CT_BINDS, m->field,
			   "\"%.160s\" holds files of dockerd itself (%.120s)",
			   path, j->facts->data_root);
	else if ((denied = denied_in(&p->binds_deny, path)))
		judge_find(j, RULE_CT_BINDS, m->field,
			   "\"%.160s\" is or holds what containers.binds.deny "
			   "names (%.80s)",
			   path, denied);
	else if (!all && !policy_list_has_glob(&p->binds_allow, path))
		judge_find(j, RULE_CT_BINDS, m->field,
			   "\"%.160s\" is not under containers.binds.allow",
			   path);
}

/* A folder above AEGIS' own is first of all one that the policy keeps closed, and
 * that has a way out; that no policy opens it is said as well. */
static void
check_resolved(struct judge *j, const struct spec_mount *m, const char *path)
{
	if (find_own_path(j, m, path, false))
		return;
	check_host_path(j, m, path);
	find_own_path(j, m, path, true);
}

const struct gate_path *
find_path(const struct gate_facts *facts, const char *source)
{
	for (unsigned i = 0; i < facts->path_count; i++)
		if (!strcmp(facts->paths[i].source, source))
			return &facts->paths[i];
	return NULL;
}

/* Shared propagation lets mounts travel back to the host. */
static void
check_propagation(struct judge *j, const struct spec_mount *m)
{
	static const char *const private_modes[] = {"", "private", "rprivate"};
	static const char *const words[] = {"shared", "rshared", "slave",
					    "rslave", "unbindable",
					    "runbindable"};

	if (j->policy->containers.binds_propagation)
		return;
	for (size_t i = 0; i < 3; i++)
		if (!strcmp(m->mode, private_modes[i]))
			return;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *at = strstr(m->mode, words[i]);

		if (at) {
			judge_find(j, RULE_CT_BINDS, m->field,
				   "propagation \"%s\" shares mounts with the "
				   "host",
				   words[i]);
			return;
		}
	}
}

static void
check_bind(struct judge *j, const struct spec_mount *m)
{
	const struct gate_path *path;

	check_propagation(j, m);
	if (m->source[0] != '/') {
		judge_find(j, RULE_CT_BINDS, m->field,
			   "\"%.120s\" is not an absolute path", m->source);
		return;
	}
	path = find_path(j->facts, m->source);
	if (path && path->resolved) {
		check_resolved(j, m, path->resolved);
		return;
	}
	/* What cannot be followed is judged as nothing: refused, and no exception
	 * for binds should let it pass unseen. */
	judge_find(j, RULE_GATE_LOOKUP, m->field,
		   "\"%.120s\" cannot be resolved on this host: %.160s",
		   m->source, path && path->why ? path->why : "not looked up");
}

/* tmpfs through the local driver stays in memory; its options size, mode, uid
 * and gid reach nothing. */
static bool
options_are_harmless(const struct json_node *options)
{
	bool tmpfs = false;

	json_foreach(n, options) {
		if (n->type != JSON_STRING)
			return false;
		if (!strcmp(n->key, "type"))
			tmpfs = !strcmp(n->str, "tmpfs");
		else if (!strcmp(n->key, "device")) {
			if (strcmp(n->str, "tmpfs") != 0)
				return false;
		} else if (!strcmp(n->key, "o")) {
			if (strstr(n->str, "bind") || strchr(n->str, '/'))
				return false;
		} else if (strcmp(n->key, "size") != 0) {
			return false;
		}
	}
	return tmpfs;
}

void
check_volume_options(struct judge *j, const char *field, const char *driver,
		     const struct json_node *options)
{
	const struct policy_containers *p = &j->policy->containers;
	char shown[41];

	if (driver[0] && strcmp(driver, "local") != 0 &&
	    !policy_list_has_glob(&p->volume_drivers, driver))
		judge_find(j, RULE_CT_VOLUMES, field,
			   "the driver \"%.60s\" is not allowed", driver);
	if (p->volume_options || !options || options->type != JSON_OBJECT ||
	    !options->count || options_are_harmless(options))
		return;
	redact_shown(options->first->key, shown, sizeof(shown));
	judge_find(j, RULE_CT_VOLUMES, field,
		   "driver options can make a volume a mount of the host "
		   "(\"%s\")",
		   shown);
}

/* The volume that dockerd has under this name, with the options it was made
 * with; from before the gate, perhaps. */
static void
check_named_volume(struct judge *j, const struct spec_mount *m)
{
	for (unsigned i = 0; i < j->facts->volume_count; i++) {
		const struct json_node *v = j->facts->volumes[i];
		const char *name = json_get_string(v, "Name");
		const char *driver = json_get_string(v, "Driver");

		if (name && !strcmp(name, m->source))
			check_volume_options(j, m->field, driver ? driver : "",
					     json_get(v, "Options"));
	}
}

/* Exceptions are for the image that runs, not for one that is mounted. */
static void
check_mounted_image(struct judge *j, const struct spec_mount *m)
{
	char runs[sizeof(j->image_name)];

	memcpy(runs, j->image_name, sizeof(runs));
	check_image(j, m->source, IMAGE_RUN, m->field, NULL);
	memcpy(j->image_name, runs, sizeof(runs));
}

static void
check_mount(struct judge *j, const struct spec_mount *m)
{
	if (!strcmp(m->type, "bind")) {
		check_bind(j, m);
	} else if (!strcmp(m->type, "volume")) {
		check_volume_options(j, m->field, m->driver, m->options);
		check_named_volume(j, m);
	} else if (!strcmp(m->type, "image")) {
		check_mounted_image(j, m);
	} else if (strcmp(m->type, "tmpfs") != 0) {
		judge_find(j, RULE_CT_VOLUMES, m->field,
			   "the mount type \"%.40s\" is not allowed", m->type);
	}
}

static bool
has_template(const struct json_node *n)
{
	if (n->type == JSON_STRING)
		return memmem(n->str, n->str_len, "{{", 2);
	if (n->type == JSON_OBJECT || n->type == JSON_ARRAY)
		json_foreach(c, n)
			if (has_template(c))
				return true;
	return false;
}

/*
 * Swarm fills in templates on the node, long after the gate looked: sources,
 * targets, options and labels of mounts (swarmkit template/expand.go).  A bind
 * that nobody can follow is none that an exception could be meant for.
 */
static void
check_template(struct judge *j, const struct spec_mount *m,
	       const struct json_node *text)
{
	if (has_template(text))
		judge_find(j,
			   strcmp(m->type, "volume") ? RULE_GATE_BODY
						     : RULE_CT_VOLUMES,
			   m->field,
			   "\"{{\" begins a template, and what swarm will make "
			   "of it cannot be judged");
}

static void
check_templates(struct judge *j, const struct spec_mounts *mounts)
{
	const struct json_node *list = j->spec->host[HOST_MOUNTS];
	unsigned i = 0;

	/* A service has no other mounts than these. */
	if (list)
		json_foreach(n, list)
			check_template(j, &mounts->v[i++], n);
}

void
check_mounts(struct judge *j)
{
	struct spec_mounts mounts;
	struct aegis_error err = {0};
	const struct spec *s = j->spec;

	if (spec_mounts(s, &mounts, &err) < 0) {
		judge_find(j, RULE_GATE_BODY, "", "%s", err.text);
		return;
	}
	for (unsigned i = 0; i < mounts.count; i++)
		check_mount(j, &mounts.v[i]);
	if (s->kind == SPEC_SERVICE)
		check_templates(j, &mounts);
	check_volume_options(j, "HostConfig.VolumeDriver",
			     field_string(s->host[HOST_VOLUME_DRIVER]), NULL);
	if (s->host[HOST_VOLUMES_FROM] && s->host[HOST_VOLUMES_FROM]->count &&
	    !j->policy->containers.volumes_from)
		judge_find(j, RULE_CT_VOLUMES_FROM, "HostConfig.VolumesFrom",
			   "takes over the mounts of another container");
}
