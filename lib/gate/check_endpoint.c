/*
 * What is particular to one endpoint: queries, small bodies, and what the gate
 * protects of itself.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/gate/judge.h"
#include "lib/gate/redact.h"
#include "lib/glob.h"

static const char *
query(const struct judge *j, const char *key)
{
	const char *value = uri_query(&j->call->uri, key);

	return value ? value : "";
}

/* --- images -------------------------------------------------------------- */

/* dockerd fetches what a build or an import is made of: any address it reaches. */
static void
check_fetched(struct judge *j, const char *field, const char *url)
{
	char shown[101];

	if (j->policy->build.remote)
		return;
	redact_shown(url, shown, sizeof(shown));
	judge_find(j, RULE_BUILD_REMOTE, field,
		   "\"%s\" is fetched by dockerd, unseen", shown);
}

static void
check_image_create(struct judge *j)
{
	const char *source = query(j, "fromSrc");

	if (j->call->image[0] && query(j, "fromImage")[0]) {
		check_image(j, j->call->image, IMAGE_PULL, "fromImage", NULL);
		return;
	}
	if (!j->policy->images.import)
		judge_find(j, RULE_IMAGES_IMPORT, "fromSrc",
			   "an imported image has no origin that could be "
			   "checked");
	if (source[0] && strcmp(source, "-") != 0)
		check_fetched(j, "fromSrc", source);
	if (j->call->image[0])
		check_image(j, j->call->image, IMAGE_MAKE, "repo", NULL);
}

static void
check_made_image(struct judge *j, const char *field)
{
	if (j->call->image[0])
		check_image(j, j->call->image, IMAGE_MAKE, field, NULL);
}

/* --- build ----------------------------------------------------------------- */

static void
check_build_network(struct judge *j, const char *mode)
{
	if (strcasecmp(mode, "host") != 0 &&
	    strncasecmp(mode, "container:", strlen("container:")) != 0)
		return;
	if (!j->policy->build.host_network)
		judge_find(j, RULE_BUILD_NETWORK, "networkmode",
			   "\"%.60s\": RUN steps would share that network",
			   mode);
}

enum { OUTPUT_TYPE, OUTPUT_ATTRS, OUTPUT_MAX };
static const struct field output_fields[] = {
	FIELD_ROW("Type", FIELD_STRING),
	FIELD_ROW("Attrs", FIELD_MAP),
};
static const struct field_table output_table = {"outputs", output_fields,
						OUTPUT_MAX};

/* "a:1,b:1": BuildKit's exporters take several names in one. */
static void
check_output_names(struct judge *j, const char *names)
{
	char name[IMAGE_REF_NAME_MAX + IMAGE_REF_DIGEST_MAX + 256];

	for (size_t len; *names; names += len + (names[len] == ',')) {
		len = strcspn(names, ",");
		/* One that is cut is too long for a name, and refused as such. */
		snprintf(name, sizeof(name), "%.*s", (int)len, names);
		if (len)
			check_image(j, name, IMAGE_MAKE, "outputs", NULL);
	}
}

static int
check_output(struct judge *j, const struct json_node *output,
	     struct aegis_error *err)
{
	const struct json_node *f[OUTPUT_MAX];
	int r = fields_read(&output_table, output, f, NULL, err);

	if (r < 0 || !f[OUTPUT_ATTRS])
		return r;
	json_foreach(n, f[OUTPUT_ATTRS]) {
		if (strcmp(n->key, "name") != 0 &&
		    strcmp(n->key, "dangling-name-prefix") != 0)
			continue;
		if (n->type != JSON_STRING || n->has_nul)
			return aegis_error_setx(err, -EBADMSG,
						"outputs.%s: not a name",
						n->key);
		check_output_names(j, n->str);
	}
	return 0;
}

/* What BuildKit makes beside t: [{"Type":"moby","Attrs":{"name":"a:1"}}]. */
static void
check_build_outputs(struct judge *j, const char *text)
{
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
	struct aegis_error err = {0};
	int r = json_parse(&doc, text, strlen(text), &err);

	if (r == 0 && doc.root->type == JSON_ARRAY)
		json_foreach(n, doc.root)
			r = r < 0 ? r : check_output(j, n, &err);
	else if (r == 0 && doc.root->type != JSON_NULL)
		r = aegis_error_setx(&err, -EBADMSG, "outputs: not a list");
	if (r < 0)
		judge_find(j, RULE_BUILD_OPTIONS, "outputs",
			   "cannot be read as dockerd would: %s", err.text);
}

static void
check_build(struct judge *j)
{
	const struct uri *uri = &j->call->uri;

	for (unsigned i = 0; i < uri->query_count; i++) {
		const struct uri_param *p = &uri->query[i];

		if (!strcmp(p->key, "t") && p->value[0])
			check_image(j, p->value, IMAGE_MAKE, "t", NULL);
		else if (!strcmp(p->key, "outputs") && p->value[0])
			check_build_outputs(j, p->value);
		else if (!strcmp(p->key, "networkmode"))
			check_build_network(j, p->value);
		/* "client-session" is how the docker command names the context
		 * it streams to BuildKit. */
		else if (!strcmp(p->key, "remote") && p->value[0] &&
			 strcmp(p->value, "client-session") != 0)
			check_fetched(j, "remote", p->value);
		else if (!strcmp(p->key, "cgroupparent") && p->value[0] &&
			 !policy_list_has_path(
				 &j->policy->containers.cgroup_parents,
				 p->value))
			judge_find(j, RULE_BUILD_OPTIONS, "cgroupparent",
				   "\"%.60s\" is not among the allowed cgroups",
				   p->value);
		else if (!strcmp(p->key, "securityopt") &&
			 strcmp(p->value, "null") != 0 && p->value[0] &&
			 strcmp(p->value, "[]") != 0 &&
			 j->policy->containers.profile != POLICY_PRIVILEGED)
			judge_find(j, RULE_BUILD_OPTIONS, "securityopt",
				   "\"%.60s\" changes the confinement of RUN "
				   "steps",
				   p->value);
	}
}

/* --- networks and volumes ---------------------------------------------------- */

enum { NET_DRIVER, NET_OPTIONS, NET_SCOPE, NET_CONFIG_FROM, NET_MAX };
static const struct field network_fields[] = {
	FIELD_ROW("Driver", FIELD_STRING),
	FIELD_ROW("Options", FIELD_MAP),
	FIELD_ROW("Scope", FIELD_STRING),
	FIELD_ROW("ConfigFrom", FIELD_STRUCT),
};
static const struct field_table network_table = {"network", network_fields,
						 NET_MAX};

/* Options that hand a network the host's own devices. */
static bool
option_reaches_host(const char *key)
{
	return !strcmp(key, "parent") || !strcasecmp(key, "com.docker.network.host_ipv4") ||
	       !strcmp(key, "ipvlan_mode") || !strcmp(key, "macvlan_mode");
}

static void
check_network_create(struct judge *j)
{
	const struct policy_networks *p = &j->policy->networks;
	const struct json_node *f[NET_MAX];
	struct aegis_error err = {0};
	const char *driver;

	if (fields_read(&network_table, j->call->body.root, f, NULL, &err) < 0) {
		judge_find(j, RULE_GATE_BODY, "", "%s", err.text);
		return;
	}
	driver = field_string(f[NET_DRIVER]);
	if (driver[0] && strcmp(driver, "default") != 0 &&
	    !policy_list_has_word(&p->drivers, driver))
		judge_find(j, RULE_NETWORKS_DRIVER, "Driver",
			   "\"%.60s\" is not among the allowed drivers", driver);
	if (f[NET_OPTIONS] && !p->options)
		json_foreach(n, f[NET_OPTIONS])
			if (option_reaches_host(n->key))
				judge_find(j, RULE_NETWORKS_OPTIONS, "Options",
					   "\"%.60s\" reaches devices of the "
					   "host",
					   n->key);
}

enum { VOL_NAME, VOL_DRIVER, VOL_OPTIONS, VOL_MAX };
static const struct field volume_fields[] = {
	FIELD_ROW("Name", FIELD_STRING),
	FIELD_ROW("Driver", FIELD_STRING),
	FIELD_ROW("DriverOpts", FIELD_MAP),
};
static const struct field_table volume_table = {"volume", volume_fields,
						VOL_MAX};

static void
check_volume_create(struct judge *j)
{
	const struct json_node *f[VOL_MAX];
	struct aegis_error err = {0};

	if (fields_read(&volume_table, j->call->body.root, f, NULL, &err) < 0)
		judge_find(j, RULE_GATE_BODY, "", "%s", err.text);
	else
		check_volume_options(j, "DriverOpts",
				     field_string(f[VOL_DRIVER]),
				     f[VOL_OPTIONS]);
}

/* --- checkpoints --------------------------------------------------------------- */

/* dockerd makes, reads and removes DIR/NAME as root, and follows links in it; to
 * list them it makes DIR. */
static void
check_checkpoint_dir(struct judge *j, const char *field, const char *dir)
{
	if (dir[0] && !j->policy->containers.checkpoint_dir)
		judge_find(j, RULE_CT_CHECKPOINT_DIR, field,
			   "\"%.120s\" is a folder of the host", dir);
}

/* A name that is more than one leads out of the container's own folder. */
static void
check_checkpoint_name(struct judge *j, const char *field, const char *name)
{
	if ((strchr(name, '/') || !strcmp(name, "..") || !strcmp(name, ".")) &&
	    !j->policy->containers.checkpoint_dir)
		judge_find(j, RULE_CT_CHECKPOINT_DIR, field,
			   "\"%.120s\" is no name but a path", name);
}

enum { CHECKPOINT_ID, CHECKPOINT_DIR, CHECKPOINT_MAX };
static const struct field checkpoint_fields[] = {
	FIELD_ROW("CheckpointID", FIELD_STRING),
	FIELD_ROW("CheckpointDir", FIELD_STRING),
};
static const struct field_table checkpoint_table = {
	"checkpoint", checkpoint_fields, CHECKPOINT_MAX};

static void
check_checkpoint_create(struct judge *j)
{
	const struct json_node *f[CHECKPOINT_MAX];
	struct aegis_error err = {0};

	if (fields_read(&checkpoint_table, j->call->body.root, f, NULL, &err) <
	    0) {
		judge_find(j, RULE_GATE_BODY, "", "%s", err.text);
		return;
	}
	check_checkpoint_dir(j, "CheckpointDir",
			     field_string(f[CHECKPOINT_DIR]));
	check_checkpoint_name(j, "CheckpointID",
			      field_string(f[CHECKPOINT_ID]));
}

/* --- archive ------------------------------------------------------------------- */

static void
check_archive(struct judge *j)
{
	const struct policy_list *allow = &j->policy->archive.allow;
	const char *path = query(j, "path");

	/* The kernel resolves the path inside the container; a path that climbs
	 * is not what its text says. */
	if (strstr(path, ".."))
		judge_find(j, RULE_ARCHIVE_PATH, "path",
			   "\"%.120s\" climbs with \"..\"", path);
	else if (allow->set && !policy_list_has_glob(allow, path))
		judge_find(j, RULE_ARCHIVE_PATH, "path",
			   "\"%.120s\" is not under archive.allow", path);
}

/* --- AEGIS itself ------------------------------------------------------------------ */

/* The last component of a plugin's name, without tag and digest. */
static bool
names_plugin(const char *text, const char *plugin)
{
	const char *slash = strrchr(text, '/');
	const char *base = slash ? slash + 1 : text;

	return !strncasecmp(base, plugin, strlen(plugin)) &&
	       strcspn(base, ":@") == strlen(plugin);
}

/* A plugin is told by name, id or the beginning of its id; what dockerd says
 * its name is decides for the last two. */
static void
check_own_plugin(struct judge *j)
{
	const char *plugin = j->host->plugin_name;
	const char *named[] = {
		j->call->match.name,
		query(j, "name"),
		query(j, "remote"),
		j->facts->plugin ? json_get_string(j->facts->plugin, "Name")
				 : NULL,
	};

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (named[i] && names_plugin(named[i], plugin)) {
			char shown[81];

			redact_shown(named[i], shown, sizeof(shown));
			judge_find(j, RULE_GATE_SELF, "plugin",
				   "\"%s\" is the gate itself", shown);
			return;
		}
}

static void
check_plugin(struct judge *j)
{
	check_own_plugin(j);
	/* Whoever may write plugins holds the host: a plugin's rootfs runs as
	 * root with what it asks for.  Only a policy that says so allows it. */
	if (j->policy->api[ENDPOINT_CLASS_PLUGINS] != POLICY_API_ALLOW &&
	    j->call->match.endpoint->id != ENDPOINT_PLUGIN_DISABLE &&
	    j->call->match.endpoint->id != ENDPOINT_PLUGIN_DELETE)
		judge_find(j, RULE_PLUGINS_PRIVILEGES, "plugin",
			   "plugins run as root on the host");
}

/* ------------------------------------------------------------------------------------ */

void
check_endpoint(struct judge *j)
{
	switch (j->call->match.endpoint->id) {
	case ENDPOINT_IMAGE_CREATE:
		check_image_create(j);
		break;
	case ENDPOINT_IMAGE_LOAD:
		if (!j->policy->images.import)
			judge_find(j, RULE_IMAGES_IMPORT, "",
				   "a loaded image has no origin that could be "
				   "checked");
		break;
	case ENDPOINT_IMAGE_TAG:
	case ENDPOINT_COMMIT:
		check_made_image(j, "repo");
		break;
	case ENDPOINT_IMAGE_PUSH:
		check_image(j, j->call->image, IMAGE_PUSH, "name", NULL);
		break;
	case ENDPOINT_BUILD:
		check_build(j);
		break;
	case ENDPOINT_NETWORK_CREATE:
		check_network_create(j);
		break;
	case ENDPOINT_VOLUME_CREATE:
		check_volume_create(j);
		break;
	case ENDPOINT_CONTAINER_ARCHIVE_PUT:
	case ENDPOINT_CONTAINER_COPY:
		check_archive(j);
		break;
	case ENDPOINT_CHECKPOINT_CREATE:
		check_checkpoint_create(j);
		break;
	/* The name of one that is removed is a component of the path. */
	case ENDPOINT_CHECKPOINT_DELETE:
	case ENDPOINT_CHECKPOINT_LIST:
		check_checkpoint_dir(j, "dir", query(j, "dir"));
		break;
	case ENDPOINT_CONTAINER_START:
		check_checkpoint_dir(j, "checkpoint-dir",
				     query(j, "checkpoint-dir"));
		check_checkpoint_name(j, "checkpoint", query(j, "checkpoint"));
		break;
	default:
		if (j->call->match.endpoint->class == ENDPOINT_CLASS_PLUGINS)
			check_plugin(j);
		break;
	}
}
