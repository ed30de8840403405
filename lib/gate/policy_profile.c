/*
 * The profiles, after Kubernetes' Pod Security Standards
 * (kubernetes.io/docs/concepts/security/pod-security-standards), and what Docker
 * has beyond them, judged in their spirit.  gatekeeper.yaml(5) has the table.
 */
#include "lib/gate/policy.h"

#define LIST(...)                                                              \
	{                                                                      \
		.v = (const char *[]){__VA_ARGS__},                            \
		.n = sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)    \
	}
#define SET_LIST(...)                                                          \
	{                                                                      \
		.v = (const char *[]){__VA_ARGS__},                            \
		.n = sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),   \
		.set = true                                                    \
	}

/* The standard's list, and NET_RAW, which Docker gives to everybody anyway. */
#define BASELINE_CAPS                                                          \
	LIST("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID",       \
	     "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW", "SETFCAP",        \
	     "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT")

/* The standard's safe sysctls, as of Kubernetes 1.32. */
#define SAFE_SYSCTLS                                                           \
	LIST("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range",         \
	     "net.ipv4.ip_unprivileged_port_start",                            \
	     "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",           \
	     "net.ipv4.ip_local_reserved_ports",                               \
	     "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout",        \
	     "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes",  \
	     "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem")

#define RUNTIMES LIST("runc", "io.containerd.runc.v2", "crun")
#define LOG_DRIVERS SET_LIST("json-file", "local", "journald", "none")

/* Numbers below are the system's groups, disk and shadow among them.  Above, a
 * group only counts for host files, and those are bound by other rules. */
#define GROUP_ADD_MIN 100

#define SECURITY_OPT                                                           \
	LIST("apparmor=docker-default", "seccomp=builtin", "writable-cgroups=false")

#define NOFILE_MAX 1048576

static const struct policy_containers privileged = {
	.profile = POLICY_PRIVILEGED,
	.privileged = true,
	.host_namespaces = POLICY_NS_ALL,
	.join_namespaces = POLICY_NS_ALL,
	.cap_add = LIST("ALL"),
	.binds_propagation = true,
	.volume_drivers = LIST("**"),
	.volume_options = true,
	.volumes_from = true,
	.devices = LIST("/**"),
	.device_requests = true,
	.security_opt = LIST("**"),
	.unmasked_proc = true,
	.sysctls = LIST("**"),
	.runtimes = LIST("**"),
	.cgroup_parents = LIST("**"),
	.ulimit_nofile_max = POLICY_UNLIMITED,
	.ulimit_nproc_max = POLICY_UNLIMITED,
	.ulimits_any = true,
	.oom_score_adj_min = -1000,
	.oom_kill_disable = true,
	.group_add = LIST("**"),
	.memory_max = POLICY_UNLIMITED,
	.ports_all_interfaces = true,
	.ports_privileged = true,
	.checkpoint_dir = true,
	.unknown_fields = true,
	.annotations = LIST("**"),
	.binds_nested = true,
};

static const struct policy_containers baseline = {
	.profile = POLICY_BASELINE,
	.join_namespaces = POLICY_NS_NETWORK,
	.cap_add = BASELINE_CAPS,
	.volumes_from = true,
	.security_opt = SECURITY_OPT,
	.sysctls = SAFE_SYSCTLS,
	.runtimes = RUNTIMES,
	.ulimit_nofile_max = NOFILE_MAX,
	.ulimit_nproc_max = POLICY_UNLIMITED,
	.group_add_min = GROUP_ADD_MIN,
	.memory_max = POLICY_UNLIMITED,
	.ports_all_interfaces = true,
	.ports_privileged = true,
	.log_drivers = LOG_DRIVERS,
};

static const struct policy_containers restricted = {
	.profile = POLICY_RESTRICTED,
	.cap_add = LIST("NET_BIND_SERVICE"),
	.require_cap_drop_all = true,
	.security_opt = SECURITY_OPT,
	.require_no_new_privileges = true,
	.sysctls = SAFE_SYSCTLS,
	.runtimes = RUNTIMES,
	.ulimit_nofile_max = NOFILE_MAX,
	.ulimit_nproc_max = POLICY_UNLIMITED,
	.group_add_min = GROUP_ADD_MIN,
	.require_non_root = true,
	.memory_max = POLICY_UNLIMITED,
	.ports_all_interfaces = true,
	.ports_privileged = true,
	.log_drivers = LOG_DRIVERS,
};

const char *
policy_profile_name(enum policy_profile profile)
{
	static const char *const names[] = {
		[POLICY_PRIVILEGED] = "privileged",
		[POLICY_BASELINE] = "baseline",
		[POLICY_RESTRICTED] = "restricted",
	};

	return names[profile];
}

void
policy_profile_apply(struct policy_containers *c, enum policy_profile profile)
{
	switch (profile) {
	case POLICY_PRIVILEGED:
		*c = privileged;
		break;
	case POLICY_BASELINE:
		*c = baseline;
		break;
	case POLICY_RESTRICTED:
		*c = restricted;
		break;
	}
}
