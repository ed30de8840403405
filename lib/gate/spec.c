#include "lib/gate/spec.h"

#include <string.h>
#include <strings.h>

#include "lib/gate/fields.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static const struct field host_fields[] = {
#define FIELD(id, name, type) FIELD_ROW(name, type),
#include "lib/gate/hostconfig.def"
#undef FIELD
};
static const struct field_table host_table = {"HostConfig", host_fields,
					      ARRAY_LEN(host_fields)};

/* Beside the fields of Config, a create body has two more. */
enum {
	CREATE_HOST_CONFIG = CONFIG_MAX,
	CREATE_NETWORKING,
	CREATE_MAX,
};
static const struct field create_fields[] = {
#define FIELD(id, name, type) FIELD_ROW(name, type),
#include "lib/gate/config.def"
#undef FIELD
	FIELD_ROW("HostConfig", FIELD_STRUCT),
	FIELD_ROW("NetworkingConfig", FIELD_STRUCT),
};
static const struct field_table create_table = {"body", create_fields,
						CREATE_MAX};
static const struct field_table config_table = {"Config", create_fields,
						CONFIG_MAX};

static const struct field networking_fields[] = {
	FIELD_ROW("EndpointsConfig", FIELD_MAP),
};
static const struct field_table networking_table = {"NetworkingConfig",
						    networking_fields, 1};

/* An empty list of masked paths is a value: it masks none. */
static bool
is_value_when_empty(const struct json_node *n)
{
	return n->type == JSON_ARRAY && (json_key_is(n, "MaskedPaths") ||
					 json_key_is(n, "ReadonlyPaths"));
}

/*
 * Engines before 27 embed a second HostConfig at the top level of the body and
 * honour it where the real one is absent (research/authz.md 0.5).  No client of
 * today sends one, so a value there is refused rather than read.
 */
static int
check_top_level(const struct json_node *body, struct aegis_error *err)
{
	json_foreach(n, body)
		if ((!fields_is_zero(n) || is_value_when_empty(n)) &&
		    fields_find(&host_table, n) < HOST_MAX)
			return aegis_error_setx(
				err, -EBADMSG,
				"%s: a HostConfig field at the top level of the "
				"body, which old engines honour",
				n->key);
	return 0;
}

static bool
has_empty_masks(const struct json_node *body)
{
	json_foreach(n, body)
		if (is_value_when_empty(n))
			return true;
	return false;
}

int
spec_from_create(struct spec *s, const struct json_node *body,
		 struct aegis_error *err)
{
	const struct json_node *slots[CREATE_MAX], *net[1];
	const struct json_node *unknown;
	int r;

	*s = (struct spec){.kind = SPEC_CREATE};
	r = fields_read(&create_table, body, slots, &unknown, err);
	if (r == 0 && (unknown || has_empty_masks(body)))
		r = check_top_level(body, err);
	if (r < 0)
		return r;
	memcpy(s->config, slots, sizeof(s->config));
	r = fields_read(&host_table, slots[CREATE_HOST_CONFIG], s->host,
			&s->unknown, err);
	if (r < 0)
		return r;
	r = fields_read(&networking_table, slots[CREATE_NETWORKING], net, NULL,
			err);
	s->networks = net[0];
	return r;
}

int
spec_from_inspect(struct spec *s, const struct json_node *inspect,
		  struct aegis_error *err)
{
	const char *name = json_get_string(inspect, "Name");
	int r;

	*s = (struct spec){.kind = SPEC_NONE};
	r = fields_read(&config_table, json_get(inspect, "Config"), s->config,
			NULL, err);
	if (r < 0)
		return r;
	/* A newer engine may report what we do not know; the create that asked
	 * for it was refused in ring 1, so an unknown field is no finding here. */
	r = fields_read(&host_table, json_get(inspect, "HostConfig"), s->host,
			NULL, err);
	if (r < 0)
		return r;
	s->name = name ? name + (name[0] == '/') : "";
	s->id = json_get_string(inspect, "Id");
	s->image_id = json_get_string(inspect, "Image");
	s->mounts = json_get(inspect, "Mounts");
	if (!s->id || !s->image_id || !json_get(inspect, "HostConfig"))
		return aegis_error_setx(err, -EBADMSG,
					"inspect: no Id, Image or HostConfig");
	/* Only now: half a description must not be judged as a whole one. */
	s->kind = SPEC_INSPECT;
	return 0;
}

const enum host_field spec_join_modes[SPEC_JOINED_MAX] = {
	HOST_NETWORK_MODE, HOST_IPC_MODE, HOST_CGROUP, HOST_PID_MODE};

const char *
spec_joined(const struct spec *s, enum host_field mode)
{
	static const char prefix[] = "container:";
	const char *text = field_string(s->host[mode]);

	/* Docker compares exactly, and nobody else writes it in another case. */
	return strncasecmp(text, prefix, strlen(prefix))
		       ? NULL
		       : text + strlen(prefix);
}

int
spec_from_update(struct spec *s, const struct json_node *body,
		 struct aegis_error *err)
{
	*s = (struct spec){.kind = SPEC_UPDATE};
	return fields_read(&host_table, body, s->host, &s->unknown, err);
}

/* --- exec ----------------------------------------------------------------- */

/* A field may stand under any case; the exec documents are too small for a
 * table of their own to pay. */
enum { EXEC_PRIVILEGED, EXEC_USER, EXEC_ENV, EXEC_MAX };
static const struct field exec_fields[] = {
	FIELD_ROW("Privileged", FIELD_BOOL),
	FIELD_ROW("User", FIELD_STRING),
	FIELD_ROW("Env", FIELD_STRINGS),
};
static const struct field_table exec_table = {"exec", exec_fields, EXEC_MAX};

static int
read_exec(struct spec *s, const struct json_node *object,
	  struct aegis_error *err)
{
	const struct json_node *f[EXEC_MAX];
	int r;

	*s = (struct spec){.kind = SPEC_EXEC};
	r = fields_read(&exec_table, object, f, NULL, err);
	if (r < 0)
		return r;
	s->exec_privileged = field_bool(f[EXEC_PRIVILEGED]);
	s->exec_user = field_string(f[EXEC_USER]);
	s->exec_env = f[EXEC_ENV];
	return 0;
}

int
spec_from_exec(struct spec *s, const struct json_node *body,
	       struct aegis_error *err)
{
	return read_exec(s, body, err);
}

int
spec_from_exec_inspect(struct spec *s, const struct json_node *inspect,
		       struct aegis_error *err)
{
	const struct json_node *process = json_get(inspect, "ProcessConfig");
	int r = read_exec(s, process, err);

	if (r < 0)
		return r;
	s->id = json_get_string(inspect, "ContainerID");
	return process && s->id ? 0
				: aegis_error_setx(err, -EBADMSG,
						   "exec inspect: no "
						   "ProcessConfig or ContainerID");
}

/* --- Swarm services --------------------------------------------------------- */

/* moby api/types/swarm/service.go, all fields, 20.10 to 29. */
enum {
	SERVICE_NAME, SERVICE_LABELS, SERVICE_TASK, SERVICE_MODE,
	SERVICE_UPDATE_CONFIG, SERVICE_ROLLBACK, SERVICE_NETWORKS,
	SERVICE_ENDPOINT, SERVICE_MAX
};
static const struct field service_fields[] = {
	FIELD_ROW("Name", FIELD_STRING),         FIELD_ROW("Labels", FIELD_MAP),
	FIELD_ROW("TaskTemplate", FIELD_STRUCT), FIELD_ROW("Mode", FIELD_STRUCT),
	FIELD_ROW("UpdateConfig", FIELD_STRUCT), FIELD_ROW("RollbackConfig", FIELD_STRUCT),
	FIELD_ROW("Networks", FIELD_STRUCTS),    FIELD_ROW("EndpointSpec", FIELD_STRUCT),
};
static const struct field_table service_table = {"service", service_fields,
						 SERVICE_MAX};

/* moby api/types/swarm/task.go, the same. */
enum {
	TASK_CONTAINER, TASK_PLUGIN, TASK_ATTACHMENT, TASK_RESOURCES,
	TASK_RESTART, TASK_PLACEMENT, TASK_NETWORKS, TASK_LOG, TASK_FORCE,
	TASK_RUNTIME, TASK_MAX
};
static const struct field task_fields[] = {
	FIELD_ROW("ContainerSpec", FIELD_STRUCT), FIELD_ROW("PluginSpec", FIELD_STRUCT),
	FIELD_ROW("NetworkAttachmentSpec", FIELD_STRUCT), FIELD_ROW("Resources", FIELD_STRUCT),
	FIELD_ROW("RestartPolicy", FIELD_STRUCT), FIELD_ROW("Placement", FIELD_STRUCT),
	FIELD_ROW("Networks", FIELD_STRUCTS),     FIELD_ROW("LogDriver", FIELD_STRUCT),
	FIELD_ROW("ForceUpdate", FIELD_ANY),      FIELD_ROW("Runtime", FIELD_STRING),
};
static const struct field_table task_table = {"TaskTemplate", task_fields,
					      TASK_MAX};

static const struct field attachment_fields[] = {
	FIELD_ROW("ContainerID", FIELD_STRING)};
static const struct field_table attachment_table = {"NetworkAttachmentSpec",
						    attachment_fields, 1};

static const struct field resource_fields[] = {FIELD_ROW("Limits", FIELD_STRUCT)};
static const struct field_table resource_table = {"Resources", resource_fields,
						  1};

enum { LIMIT_CPUS, LIMIT_MEMORY, LIMIT_PIDS, LIMIT_MAX };
static const struct field limit_fields[] = {
	FIELD_ROW("NanoCPUs", FIELD_INT),
	FIELD_ROW("MemoryBytes", FIELD_INT),
	FIELD_ROW("Pids", FIELD_INT),
};
static const struct field_table limit_table = {"Limits", limit_fields,
					       LIMIT_MAX};

static const struct field endpoint_fields[] = {FIELD_ROW("Ports", FIELD_STRUCTS)};
static const struct field_table endpoint_table = {"EndpointSpec",
						  endpoint_fields, 1};

/* moby api/types/swarm/container.go, all fields, 20.10 to 29, and the slot each
 * one has in a container's own documents. */
#define SLOT_NONE (-1)
#define SERVICE_CONTAINER_FIELDS(X)                                            \
	X("Image", FIELD_STRING, CONFIG_IMAGE, SLOT_NONE)                      \
	X("Labels", FIELD_MAP, CONFIG_LABELS, SLOT_NONE)                       \
	X("Command", FIELD_STRINGS, CONFIG_ENTRYPOINT, SLOT_NONE)              \
	X("Args", FIELD_STRINGS, CONFIG_CMD, SLOT_NONE)                        \
	X("Hostname", FIELD_STRING, CONFIG_HOSTNAME, SLOT_NONE)                \
	X("Env", FIELD_STRINGS, CONFIG_ENV, SLOT_NONE)                         \
	X("Dir", FIELD_STRING, CONFIG_WORKING_DIR, SLOT_NONE)                  \
	X("User", FIELD_STRING, CONFIG_USER, SLOT_NONE)                        \
	X("StopSignal", FIELD_STRING, CONFIG_STOP_SIGNAL, SLOT_NONE)           \
	X("TTY", FIELD_BOOL, CONFIG_TTY, SLOT_NONE)                            \
	X("OpenStdin", FIELD_BOOL, CONFIG_OPEN_STDIN, SLOT_NONE)               \
	X("Healthcheck", FIELD_STRUCT, CONFIG_HEALTHCHECK, SLOT_NONE)          \
	X("Groups", FIELD_STRINGS, SLOT_NONE, HOST_GROUP_ADD)                  \
	X("Init", FIELD_BOOL, SLOT_NONE, HOST_INIT)                            \
	X("ReadOnly", FIELD_BOOL, SLOT_NONE, HOST_READONLY_ROOTFS)             \
	X("Mounts", FIELD_STRUCTS, SLOT_NONE, HOST_MOUNTS)                     \
	X("Hosts", FIELD_STRINGS, SLOT_NONE, HOST_EXTRA_HOSTS)                 \
	X("Isolation", FIELD_STRING, SLOT_NONE, HOST_ISOLATION)                \
	X("Sysctls", FIELD_MAP, SLOT_NONE, HOST_SYSCTLS)                       \
	X("CapabilityAdd", FIELD_STRINGS, SLOT_NONE, HOST_CAP_ADD)             \
	X("CapabilityDrop", FIELD_STRINGS, SLOT_NONE, HOST_CAP_DROP)           \
	X("Ulimits", FIELD_STRUCTS, SLOT_NONE, HOST_ULIMITS)                   \
	X("OomScoreAdj", FIELD_INT, SLOT_NONE, HOST_OOM_SCORE_ADJ)             \
	X("Privileges", FIELD_STRUCT, SLOT_NONE, SLOT_NONE)                    \
	X("StopGracePeriod", FIELD_INT, SLOT_NONE, SLOT_NONE)                  \
	X("DNSConfig", FIELD_STRUCT, SLOT_NONE, SLOT_NONE)                     \
	X("Secrets", FIELD_STRUCTS, SLOT_NONE, SLOT_NONE)                      \
	X("Configs", FIELD_STRUCTS, SLOT_NONE, SLOT_NONE)

static const struct field container_fields[] = {
#define X(name, type, config, host) FIELD_ROW(name, type),
	SERVICE_CONTAINER_FIELDS(X)
#undef X
};
static const struct {
	int config, host;
} container_slots[] = {
#define X(name, type, config, host) {config, host},
	SERVICE_CONTAINER_FIELDS(X)
#undef X
};
static const struct field_table container_table = {
	"ContainerSpec", container_fields, ARRAY_LEN(container_fields)};

static void
map_container_spec(struct spec *s, const struct json_node *const *f)
{
	for (size_t i = 0; i < ARRAY_LEN(container_fields); i++) {
		if (container_slots[i].config != SLOT_NONE)
			s->config[container_slots[i].config] = f[i];
		else if (container_slots[i].host != SLOT_NONE)
			s->host[container_slots[i].host] = f[i];
		else if (!strcmp(container_fields[i].name, "Privileges"))
			s->privileges = f[i];
	}
}

/* A field that tells nothing to us may tell something to a newer engine. */
static void
keep_unknown(struct spec *s, const struct json_node *unknown)
{
	if (!s->unknown)
		s->unknown = unknown;
}

static int
read_limits(struct spec *s, const struct json_node *resources,
	    struct aegis_error *err)
{
	const struct json_node *limits, *f[LIMIT_MAX];
	int r = fields_read(&resource_table, resources, &limits, NULL, err);

	if (r == 0)
		r = fields_read(&limit_table, limits, f, NULL, err);
	if (r < 0)
		return r;
	s->host[HOST_NANO_CPUS] = f[LIMIT_CPUS];
	s->host[HOST_MEMORY] = f[LIMIT_MEMORY];
	s->host[HOST_PIDS_LIMIT] = f[LIMIT_PIDS];
	return 0;
}

static int
read_task(struct spec *s, const struct json_node *template,
	  struct aegis_error *err)
{
	const struct json_node *task[TASK_MAX], *attachment[1], *unknown;
	const struct json_node *f[ARRAY_LEN(container_fields)];
	int r = fields_read(&task_table, template, task, &unknown, err);

	if (r < 0)
		return r;
	keep_unknown(s, unknown);
	r = fields_read(&container_table, task[TASK_CONTAINER], f, &unknown,
			err);
	if (r < 0)
		return r;
	keep_unknown(s, unknown);
	map_container_spec(s, f);
	r = fields_read(&attachment_table, task[TASK_ATTACHMENT], attachment,
			&unknown, err);
	if (r < 0)
		return r;
	keep_unknown(s, unknown);
	s->task_networks = task[TASK_NETWORKS];
	s->host[HOST_LOG_CONFIG] = task[TASK_LOG];
	s->plugin_runtime = task[TASK_PLUGIN] ||
			    strcmp(field_string(task[TASK_RUNTIME]), "plugin") ==
				    0;
	return read_limits(s, task[TASK_RESOURCES], err);
}

int
spec_from_service(struct spec *s, const struct json_node *body,
		  struct aegis_error *err)
{
	const struct json_node *service[SERVICE_MAX], *ports[1], *unknown;
	int r;

	*s = (struct spec){.kind = SPEC_SERVICE};
	r = fields_read(&service_table, body, service, &unknown, err);
	if (r < 0)
		return r;
	keep_unknown(s, unknown);
	r = read_task(s, service[SERVICE_TASK], err);
	if (r == 0)
		r = fields_read(&endpoint_table, service[SERVICE_ENDPOINT],
				ports, NULL, err);
	if (r < 0)
		return r;
	s->ports = ports[0];
	s->service_networks = service[SERVICE_NETWORKS];
	return 0;
}
