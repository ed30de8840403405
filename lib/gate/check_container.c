/*
 * Container rules: everything in Docker's HostConfig and Config that weakens
 * isolation, mounts excepted (check_mounts.c).  The profiles follow Kubernetes'
 * Pod Security Standards; what Docker has beyond them is judged in their spirit
 * (research/authz.md section 2.4).
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/gate/judge.h"
#include "lib/glob.h"
#include "lib/text.h"

static const struct json_node *
host_field(const struct judge *j, enum host_field f)
{
	return j->spec->host[f];
}

static const char *
host_text(const struct judge *j, enum host_field f)
{
	return field_string(j->spec->host[f]);
}

/* --- capabilities ------------------------------------------------------------ */

#define CAP_NAME_LEN 32

/* "cap_net_admin" and "NET_ADMIN" are one (moby oci/caps/utils.go). */
static void
normalise_cap(const char *text, char out[CAP_NAME_LEN])
{
	size_t i;

	if (!strncasecmp(text, "CAP_", 4))
		text += 4;
	for (i = 0; text[i] && i + 1 < CAP_NAME_LEN; i++)
		out[i] = (char)toupper((unsigned char)text[i]);
	out[i] = '\0';
}

static bool
cap_allowed(const struct policy_list *allowed, const char *cap)
{
	if (policy_list_has_word(allowed, "ALL"))
		return true;
	return strcmp(cap, "ALL") != 0 && policy_list_has_word(allowed, cap);
}

static void
check_cap_list(struct judge *j, enum host_field f, const char *field)
{
	char cap[CAP_NAME_LEN];

	field_strings(n, host_field(j, f)) {
		normalise_cap(n->str, cap);
		if (!cap_allowed(&j->policy->containers.cap_add, cap))
			judge_find(j, RULE_CT_CAPS, field,
				   "%s is not among the capabilities that may "
				   "be added",
				   cap);
	}
}

static void
check_capabilities(struct judge *j)
{
	char cap[CAP_NAME_LEN];
	bool drops_all = false;

	check_cap_list(j, HOST_CAP_ADD, "HostConfig.CapAdd");
	/* A 20.10 prototype field: the exact set instead of add and drop. */
	check_cap_list(j, HOST_CAPABILITIES, "HostConfig.Capabilities");
	field_strings(n, host_field(j, HOST_CAP_DROP)) {
		normalise_cap(n->str, cap);
		drops_all |= !strcmp(cap, "ALL");
	}
	if (j->policy->containers.require_cap_drop_all && !drops_all)
		judge_find(j, RULE_CT_CAP_DROP, "HostConfig.CapDrop",
			   "the policy wants ALL dropped");
}

/* --- devices ----------------------------------------------------------------- */

enum { DEVICE_HOST, DEVICE_CONTAINER, DEVICE_PERMISSIONS, DEVICE_MAX };
static const struct field device_fields[] = {
	FIELD_ROW("PathOnHost", FIELD_STRING),
	FIELD_ROW("PathInContainer", FIELD_STRING),
	FIELD_ROW("CgroupPermissions", FIELD_STRING),
};
static const struct field_table device_table = {"Devices", device_fields,
						DEVICE_MAX};

/* dockerd takes a path as it is, follows links, and of a folder takes every device
 * in it: a pattern is for paths in which only root makes links, as in /dev. */
static bool
device_allowed(const struct policy_list *allowed, const char *path)
{
	return path[0] == '/' && policy_list_has_path(allowed, path);
}

static void
check_devices(struct judge *j)
{
	const struct policy_containers *p = &j->policy->containers;
	const struct json_node *devices = host_field(j, HOST_DEVICES);
	const struct json_node *f[DEVICE_MAX];
	struct aegis_error err = {0};

	if (devices)
		json_foreach(n, devices) {
			if (fields_read(&device_table, n, f, NULL, &err) < 0) {
				judge_find(j, RULE_GATE_BODY, "", "%s",
					   err.text);
				continue;
			}
			if (!device_allowed(&p->devices,
					    field_string(f[DEVICE_HOST])))
				judge_find(j, RULE_CT_DEVICES,
					   "HostConfig.Devices",
					   "\"%.100s\" is not among the allowed "
					   "devices",
					   field_string(f[DEVICE_HOST]));
		}
	field_strings(n, host_field(j, HOST_DEVICE_CGROUP_RULES))
		if (!policy_list_has_glob(&p->devices, "/dev/**"))
			judge_find(j, RULE_CT_DEVICES,
				   "HostConfig.DeviceCgroupRules",
				   "\"%.60s\" opens devices by number", n->str);
	if (host_field(j, HOST_DEVICE_REQUESTS) &&
	    host_field(j, HOST_DEVICE_REQUESTS)->count && !p->device_requests)
		judge_find(j, RULE_CT_DEVICES, "HostConfig.DeviceRequests",
			   "device drivers (GPU, CDI) are not allowed");
}

/* --- security options ---------------------------------------------------------- */

#define SECURITY_OPT_LEN 256

/* dockerd splits at the first '=' and, if there is none, at the first ':';
 * "disable" alone is an SELinux label (moby daemon/daemon_unix.go). */
static void
normalise_security_opt(const char *text, char *out, size_t size)
{
	char *colon;

	text_copy(out, size, text);
	colon = strchr(out, ':');
	if (colon && !strchr(out, '='))
		*colon = '=';
}

static bool
is_no_new_privileges(const char *opt)
{
	return !strcmp(opt, "no-new-privileges") ||
	       !strcmp(opt, "no-new-privileges=true");
}

/* What dockerd adds by itself to a container that shares the host's processes
 * (moby daemon/create.go, generateSecurityOpt). */
static bool
is_dockerds_own(const struct judge *j, const char *opt)
{
	return j->spec->kind == SPEC_INSPECT && !strcmp(opt, "label=disable") &&
	       (field_bool(host_field(j, HOST_PRIVILEGED)) ||
		!strcmp(host_text(j, HOST_PID_MODE), "host") ||
		!strcmp(host_text(j, HOST_IPC_MODE), "host"));
}

static void
check_security_opt(struct judge *j)
{
	const struct policy_containers *p = &j->policy->containers;
	char opt[SECURITY_OPT_LEN];
	bool no_new_privileges = false, taken_back = false;

	field_strings(n, host_field(j, HOST_SECURITY_OPT)) {
		normalise_security_opt(n->str, opt, sizeof(opt));
		if (is_no_new_privileges(opt)) {
			no_new_privileges = true;
			continue;
		}
		if (is_dockerds_own(j, opt))
			continue;
		taken_back |= !strncmp(opt, "no-new-privileges", 17);
		/* A profile pasted in as JSON is cut by the buffer; a cut text
		 * must not match a pattern that its whole would not. */
		if (strlen(n->str) >= sizeof(opt) ||
		    !policy_list_has_glob(&p->security_opt, opt))
			judge_find(j, RULE_CT_SECURITY_OPT,
				   "HostConfig.SecurityOpt",
				   "\"%.60s\" is not among the allowed options",
				   opt);
	}
	if (p->require_no_new_privileges && (!no_new_privileges || taken_back))
		judge_find(j, RULE_CT_NO_NEW_PRIVS, "HostConfig.SecurityOpt",
			   "the policy wants no-new-privileges");
}

static bool
strings_have(const struct json_node *slot, const char *text)
{
	field_strings(n, slot)
		if (!strcmp(n->str, text))
			return true;
	return false;
}

/* What moby oci/defaults.go masks and protects in every version since 20.10;
 * each of them was a way out once (/proc/scsi: CVE-2017-16539). */
static const char *const masked_core[] = {
	"/proc/acpi",	     "/proc/asound",	  "/proc/kcore",
	"/proc/keys",	     "/proc/latency_stats", "/proc/sched_debug",
	"/proc/scsi",	     "/proc/timer_list",  "/proc/timer_stats",
	"/sys/firmware",
};
static const char *const readonly_core[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

static void
check_path_list(struct judge *j, enum host_field f, const char *const *core,
		size_t count, const char *field)
{
	const struct json_node *list = host_field(j, f);

	/* Absent or null is dockerd's default list. */
	for (size_t i = 0; list && i < count; i++) {
		if (strings_have(list, core[i]))
			continue;
		judge_find(j, RULE_CT_PROC, field,
			   "leaves %s of the host open", core[i]);
		return;
	}
}

static void
check_proc_paths(struct judge *j)
{
	if (j->policy->containers.unmasked_proc)
		return;
	check_path_list(j, HOST_MASKED_PATHS, masked_core,
			sizeof(masked_core) / sizeof(masked_core[0]),
			"HostConfig.MaskedPaths");
	check_path_list(j, HOST_READONLY_PATHS, readonly_core,
			sizeof(readonly_core) / sizeof(readonly_core[0]),
			"HostConfig.ReadonlyPaths");
}

void
check_sysctl(struct judge *j, const char *field, const char *name)
{
	if (!policy_list_has_glob(&j->policy->containers.sysctls, name))
		judge_find(j, RULE_CT_SYSCTLS, field,
			   "\"%.80s\" is not among the allowed sysctls", name);
}

static void
check_sysctls(struct judge *j)
{
	const struct json_node *sysctls = host_field(j, HOST_SYSCTLS);

	if (sysctls)
		json_foreach(n, sysctls)
			check_sysctl(j, "HostConfig.Sysctls", n->key);
}

/* They reach the OCI runtime, and some tell it to do what HostConfig may not. */
static void
check_annotations(struct judge *j)
{
	const struct json_node *annotations = host_field(j, HOST_ANNOTATIONS);

	if (!annotations)
		return;
	json_foreach(n, annotations)
		if (!policy_list_has_glob(
			    &j->policy->containers.annotations, n->key))
			judge_find(j, RULE_CT_ANNOTATIONS,
				   "HostConfig.Annotations",
				   "\"%.80s\" is not among the allowed "
				   "annotations",
				   n->key);
}

/* --- what else reaches out of a container ----------------------------------------- */

static void
check_runtime(struct judge *j)
{
	const struct policy_containers *p = &j->policy->containers;
	const char *runtime = host_text(j, HOST_RUNTIME);
	const char *parent = host_text(j, HOST_CGROUP_PARENT);

	if (runtime[0] && !policy_list_has_glob(&p->runtimes, runtime))
		judge_find(j, RULE_CT_RUNTIME, "HostConfig.Runtime",
			   "\"%.80s\" is not among the allowed runtimes",
			   runtime);
	if (parent[0] && !policy_list_has_path(&p->cgroup_parents, parent))
		judge_find(j, RULE_CT_CGROUP_PARENT, "HostConfig.CgroupParent",
			   "\"%.80s\" is not among the allowed cgroups", parent);
}

enum { ULIMIT_NAME, ULIMIT_HARD, ULIMIT_SOFT, ULIMIT_MAX };
static const struct field ulimit_fields[] = {
	FIELD_ROW("Name", FIELD_STRING), FIELD_ROW("Hard", FIELD_INT), FIELD_ROW("Soft", FIELD_INT)};
static const struct field_table ulimit_table = {"Ulimits", ulimit_fields,
						ULIMIT_MAX};

static void
check_ulimit(struct judge *j, const char *name, int64_t hard)
{
	const struct policy_containers *p = &j->policy->containers;
	int64_t max = p->ulimits_any ? POLICY_UNLIMITED : 0;

	if (!strcmp(name, "nofile"))
		max = p->ulimit_nofile_max;
	else if (!strcmp(name, "nproc"))
		max = p->ulimit_nproc_max;
	else if (!strcmp(name, "core"))
		max = POLICY_UNLIMITED; /* writes below the container's root */
	if (max == POLICY_UNLIMITED || (hard >= 0 && hard <= max))
		return;
	judge_find(j, RULE_CT_ULIMITS, "HostConfig.Ulimits",
		   "%.32s=%lld is above what the policy allows", name,
		   (long long)hard);
}

static void
check_ulimits(struct judge *j)
{
	const struct json_node *ulimits = host_field(j, HOST_ULIMITS);
	const struct json_node *f[ULIMIT_MAX];
	struct aegis_error err = {0};

	if (!ulimits)
		return;
	json_foreach(n, ulimits) {
		if (fields_read(&ulimit_table, n, f, NULL, &err) < 0)
			judge_find(j, RULE_GATE_BODY, "", "%s", err.text);
		else
			check_ulimit(j, field_string(f[ULIMIT_NAME]),
				     field_int(f[ULIMIT_HARD]));
	}
}

static void
check_oom(struct judge *j)
{
	const struct policy_containers *p = &j->policy->containers;
	int64_t adj = field_int(host_field(j, HOST_OOM_SCORE_ADJ));

	if (adj < p->oom_score_adj_min)
		judge_find(j, RULE_CT_OOM, "HostConfig.OomScoreAdj",
			   "%lld makes the kernel kill others first",
			   (long long)adj);
	if (field_bool(host_field(j, HOST_OOM_KILL_DISABLE)) &&
	    !p->oom_kill_disable)
		judge_find(j, RULE_CT_OOM, "HostConfig.OomKillDisable",
			   "true: a container without an OOM killer can stop "
			   "the host");
}

/* Is the user surely not root?  A name can stand for any number in the image's
 * /etc/passwd, so that only a number tells, as for Kubernetes' runAsNonRoot; Go
 * reads it with or without a sign (strconv.Atoi). */
static bool
user_is_not_root(const char *user)
{
	const size_t sign = user[0] == '+' || user[0] == '-';
	const size_t len = strcspn(user, ":");

	return len > sign &&
	       strspn(user + sign, "0123456789") >= len - sign &&
	       strspn(user + sign, "0") < len - sign;
}

static bool
group_allowed(const struct policy_containers *p, const char *group)
{
	char *end;
	long long number = strtoll(group, &end, 10);

	if (policy_list_has_glob(&p->group_add, group))
		return true;
	return group[0] >= '0' && group[0] <= '9' && !*end &&
	       number >= p->group_add_min;
}

/* Who names no user gets the image's.  A create of an image that is not here yet
 * is dockerd's to refuse. */
static const char *
effective_user(const struct judge *j)
{
	const char *user = field_string(j->spec->config[CONFIG_USER]);
	const char *of_image;

	if ((user[0] && user[0] != ':') || j->spec->kind != SPEC_CREATE)
		return user;
	if (!j->facts->image)
		return NULL;
	of_image = json_get_string(json_get(j->facts->image, "Config"), "User");
	return of_image ? of_image : "";
}

static void
check_user(struct judge *j)
{
	const struct policy_containers *p = &j->policy->containers;
	const char *user = effective_user(j);

	if (p->require_non_root && user && !user_is_not_root(user))
		judge_find(j, RULE_CT_USER, "User",
			   "\"%.60s\": the policy wants a user other than root, "
			   "by number",
			   user);
	field_strings(n, host_field(j, HOST_GROUP_ADD))
		if (!group_allowed(p, n->str))
			judge_find(j, RULE_CT_GROUP_ADD, "HostConfig.GroupAdd",
				   "\"%.60s\" is not among the allowed groups",
				   n->str);
	if (p->require_read_only &&
	    !field_bool(host_field(j, HOST_READONLY_ROOTFS)))
		judge_find(j, RULE_CT_READ_ONLY, "HostConfig.ReadonlyRootfs",
			   "the policy wants a read-only root file system");
}

static void
check_limits_required(struct judge *j)
{
	const struct policy_containers *p = &j->policy->containers;

	if (p->require_memory && field_int(host_field(j, HOST_MEMORY)) <= 0)
		judge_find(j, RULE_CT_RESOURCES, "HostConfig.Memory",
			   "the policy wants a memory limit");
	if (p->require_pids && field_int(host_field(j, HOST_PIDS_LIMIT)) <= 0)
		judge_find(j, RULE_CT_RESOURCES, "HostConfig.PidsLimit",
			   "the policy wants a limit of processes");
	if (p->require_cpu && field_int(host_field(j, HOST_NANO_CPUS)) <= 0 &&
	    field_int(host_field(j, HOST_CPU_QUOTA)) <= 0)
		judge_find(j, RULE_CT_RESOURCES, "HostConfig.NanoCpus",
			   "the policy wants a CPU limit");
}

/* In an update zero leaves a limit as it is, but for the limit of processes, which
 * is a pointer in Go (moby container/container_unix.go, UpdateContainer): there
 * null does. */
static bool
takes_limit_away(const struct judge *j, enum host_field f)
{
	const struct json_node *n = host_field(j, f);

	return n && (field_int(n) < 0 ||
		     (f == HOST_PIDS_LIMIT && field_int(n) == 0));
}

static void
check_limits_stay(struct judge *j)
{
	const struct policy_containers *p = &j->policy->containers;
	const struct {
		bool wanted;
		enum host_field field;
		const char *name;
	} limits[] = {
		{p->require_memory, HOST_MEMORY, "Memory"},
		{p->require_pids, HOST_PIDS_LIMIT, "PidsLimit"},
		{p->require_cpu, HOST_NANO_CPUS, "NanoCpus"},
		{p->require_cpu, HOST_CPU_QUOTA, "CpuQuota"},
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (limits[i].wanted && takes_limit_away(j, limits[i].field))
			judge_find(j, RULE_CT_RESOURCES, limits[i].name,
				   "%lld takes away a limit that the policy "
				   "wants",
				   (long long)field_int(host_field(
					   j, limits[i].field)));
}

static void
check_memory_max(struct judge *j)
{
	const int64_t max = j->policy->containers.memory_max;
	const int64_t memory = field_int(host_field(j, HOST_MEMORY));
	/* In an update zero, which the docker command always writes, leaves the
	 * limit as it is. */
	const bool unlimited =
		memory < 0 || (memory == 0 && j->spec->kind != SPEC_UPDATE);

	if (max != POLICY_UNLIMITED && (memory > max || unlimited))
		judge_find(j, RULE_CT_RESOURCES, "HostConfig.Memory",
			   "%lld bytes are above containers.memory_max%s",
			   (long long)memory, unlimited ? ": no limit" : "");
	if (field_int(host_field(j, HOST_CPU_RT_RUNTIME)) > 0 &&
	    j->policy->containers.profile != POLICY_PRIVILEGED)
		judge_find(j, RULE_CT_RESOURCES,
			   "HostConfig.CpuRealtimeRuntime",
			   "real-time scheduling can starve the host");
}

static void
check_restart(struct judge *j)
{
	const struct policy_list *allowed =
		&j->policy->containers.restart_policies;
	const char *name = "no";
	const struct json_node *policy = host_field(j, HOST_RESTART_POLICY);

	if (policy)
		json_foreach(n, policy)
			if (json_key_is(n, "Name") && n->type == JSON_STRING &&
			    n->str_len)
				name = n->str;
	if (allowed->set && !policy_list_has_word(allowed, name))
		judge_find(j, RULE_CT_RESTART, "HostConfig.RestartPolicy",
			   "\"%.40s\" is not among the allowed policies", name);
}

void
check_log_driver(struct judge *j, const char *field,
		 const struct json_node *log, const char *key)
{
	const struct policy_list *allowed = &j->policy->containers.log_drivers;
	const char *type = "";

	if (log)
		json_foreach(n, log)
			if (json_key_is(n, key) && n->type == JSON_STRING)
				type = n->str;
	if (type[0] && allowed->set && !policy_list_has_word(allowed, type))
		judge_find(j, RULE_CT_LOG, field,
			   "\"%.40s\" is not among the allowed log drivers",
			   type);
}

/* --- ports ---------------------------------------------------------------------- */

static void
check_host_port(struct judge *j, const char *ip, const char *port,
		const char *field)
{
	const struct policy_containers *p = &j->policy->containers;
	const bool everywhere = !ip[0] || !strcmp(ip, "0.0.0.0") ||
				!strcmp(ip, "::") || !strcmp(ip, "[::]");
	long first = strtol(port, NULL, 10);

	if (everywhere && !p->ports_all_interfaces)
		judge_find(j, RULE_CT_PORTS, field,
			   "port %.20s is published on all interfaces", port);
	if (first > 0 && first < 1024 && !p->ports_privileged)
		judge_find(j, RULE_CT_PORTS, field,
			   "host port %.20s is below 1024", port);
}

enum { PORT_IP, PORT_PORT, PORT_MAX };
static const struct field port_fields[] = {FIELD_ROW("HostIp", FIELD_STRING),
					   FIELD_ROW("HostPort", FIELD_STRING)};
static const struct field_table port_table = {"PortBindings", port_fields,
					      PORT_MAX};

static void
check_port_binding(struct judge *j, const struct json_node *binding)
{
	const struct json_node *f[PORT_MAX];
	struct aegis_error err = {0};

	if (fields_read(&port_table, binding, f, NULL, &err) < 0)
		judge_find(j, RULE_GATE_BODY, "", "%s", err.text);
	else
		check_host_port(j, field_string(f[PORT_IP]),
				field_string(f[PORT_PORT]),
				"HostConfig.PortBindings");
}

static void
check_ports(struct judge *j)
{
	const struct json_node *bindings = host_field(j, HOST_PORT_BINDINGS);

	if (bindings)
		json_foreach(port, bindings) {
			if (port->type != JSON_ARRAY)
				continue; /* null: the port is not bound */
			json_foreach(binding, port)
				check_port_binding(j, binding);
		}
	if (field_bool(host_field(j, HOST_PUBLISH_ALL_PORTS)))
		check_host_port(j, "", "0", "HostConfig.PublishAllPorts");
	/* A service's ports are always on all interfaces. */
	if (j->spec->ports && j->spec->ports->count)
		check_host_port(j, "", "0", "EndpointSpec.Ports");
}

/* --- Swarm's own spelling of security options --------------------------------------- */

enum {
	PRIV_SECCOMP, PRIV_APPARMOR, PRIV_SELINUX, PRIV_CREDENTIAL, PRIV_NNP,
	PRIV_MAX
};
static const struct field privilege_fields[] = {
	FIELD_ROW("Seccomp", FIELD_STRUCT),         FIELD_ROW("AppArmor", FIELD_STRUCT),
	FIELD_ROW("SELinuxContext", FIELD_STRUCT),  FIELD_ROW("CredentialSpec", FIELD_STRUCT),
	FIELD_ROW("NoNewPrivileges", FIELD_BOOL),
};
static const struct field_table privilege_table = {"Privileges",
						   privilege_fields, PRIV_MAX};

/* The value of a field that Go would find under any case; "" if none. */
static const char *
text_of(const struct json_node *object, const char *name)
{
	if (object)
		json_foreach(n, object)
			if (json_key_is(n, name) && n->type == JSON_STRING)
				return n->str;
	return "";
}

static void
check_service_privileges(struct judge *j)
{
	const struct json_node *f[PRIV_MAX];
	struct aegis_error err = {0};
	const char *seccomp, *apparmor;

	if (!j->spec->privileges)
		return;
	if (fields_read(&privilege_table, j->spec->privileges, f, NULL, &err) <
	    0) {
		judge_find(j, RULE_GATE_BODY, "", "%s", err.text);
		return;
	}
	seccomp = text_of(f[PRIV_SECCOMP], "Mode");
	apparmor = text_of(f[PRIV_APPARMOR], "Mode");
	if (j->policy->containers.profile == POLICY_PRIVILEGED)
		return;
	if (seccomp[0] && strcmp(seccomp, "default") != 0)
		judge_find(j, RULE_CT_SECURITY_OPT, "Privileges.Seccomp",
			   "\"%.40s\" is not the default profile", seccomp);
	if (apparmor[0] && strcmp(apparmor, "default") != 0)
		judge_find(j, RULE_CT_SECURITY_OPT, "Privileges.AppArmor",
			   "\"%.40s\" is not the default profile", apparmor);
	if (f[PRIV_SELINUX] && !fields_is_zero(f[PRIV_SELINUX]))
		judge_find(j, RULE_CT_SECURITY_OPT, "Privileges.SELinuxContext",
			   "changes the SELinux label");
}

/* ------------------------------------------------------------------------------------- */

static void
check_unknown(struct judge *j)
{
	if (j->spec->unknown && !j->policy->containers.unknown_fields)
		judge_find(j, RULE_CT_UNKNOWN,
			   j->spec->kind == SPEC_SERVICE ? "service"
							 : "HostConfig",
			   "\"%.60s\" is a field this version of AEGIS does not "
			   "know",
			   j->spec->unknown->key);
}

void
check_container(struct judge *j)
{
	if (field_bool(host_field(j, HOST_PRIVILEGED)) &&
	    !j->policy->containers.privileged)
		judge_find(j, RULE_CT_PRIVILEGED, "HostConfig.Privileged",
			   "true: the profile %s forbids it",
			   policy_profile_name(
				   j->policy->containers.profile));
	check_unknown(j);
	check_namespaces(j);
	check_capabilities(j);
	check_devices(j);
	check_security_opt(j);
	check_service_privileges(j);
	check_proc_paths(j);
	check_sysctls(j);
	check_annotations(j);
	check_runtime(j);
	check_ulimits(j);
	check_oom(j);
	check_user(j);
	check_limits_required(j);
	check_memory_max(j);
	check_restart(j);
	check_ports(j);
	if (j->spec->kind == SPEC_SERVICE)
		check_log_driver(j, "TaskTemplate.LogDriver",
				 host_field(j, HOST_LOG_CONFIG), "Name");
	else
		check_log_driver(j, "HostConfig.LogConfig",
				 host_field(j, HOST_LOG_CONFIG), "Type");
}

void
check_update(struct judge *j)
{
	check_unknown(j);
	check_devices(j);
	check_ulimits(j);
	check_oom(j);
	check_limits_stay(j);
	check_memory_max(j);
	if (host_field(j, HOST_RESTART_POLICY))
		check_restart(j);
}

void
check_exec(struct judge *j)
{
	const struct policy_exec *p = &j->policy->exec;
	const struct spec *s = j->spec;

	if (s->exec_privileged && !p->privileged)
		judge_find(j, RULE_EXEC_PRIVILEGED, "Privileged",
			   "true: gives the process every capability");
	if (j->policy->api[ENDPOINT_CLASS_EXEC] == POLICY_API_ALLOW)
		return;
	if (s->exec_user[0] && !p->user)
		judge_find(j, RULE_EXEC_USER, "User",
			   "\"%.60s\" is another user than the container's",
			   s->exec_user);
	field_strings(n, s->exec_env) {
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(n->str, "="),
			 n->str);
		if (policy_list_has_glob(&p->deny_env, name))
			judge_find(j, RULE_EXEC_ENV, "Env",
				   "the variable \"%s\" is forbidden", name);
	}
}
