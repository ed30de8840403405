/*
 * Namespaces: may a container have the host's, or another container's?
 */
#include <string.h>
#include <strings.h>

#include "lib/gate/judge.h"

static const char *
profile_name(const struct judge *j)
{
	return policy_profile_name(j->policy->containers.profile);
}

static const struct gate_joined *
find_joined(const struct judge *j, const char *name)
{
	for (unsigned i = 0; i < j->facts->joined_count; i++)
		if (!strcmp(j->facts->joined[i].name, name))
			return &j->facts->joined[i];
	return NULL;
}

/* "HostConfig.PidMode" of the joined container, as dockerd describes it. */
static const char *
mode_of_joined(const struct json_node *container, const char *field)
{
	const char *mode = json_get_string(json_get(container, "HostConfig"),
					   strchr(field, '.') + 1);

	return mode ? mode : "";
}

/*
 * Whoever joins a namespace is in what the other is in: the rule is that of the
 * other's mode.  One that itself joins a third is not followed: who may join it may
 * join the third as well.  A container that is not there is dockerd's to refuse.
 */
static void
check_joined(struct judge *j, enum policy_ns ns, enum rule_id rule,
	     const char *field, const char *name)
{
	const struct policy_containers *p = &j->policy->containers;
	const struct gate_joined *joined = find_joined(j, name);
	const char *mode;

	if (!joined || !joined->container)
		return;
	mode = mode_of_joined(joined->container, field);
	if (!strcasecmp(mode, "host") && !(p->host_namespaces & ns))
		judge_find(j, rule, field,
			   "\"container:%.80s\": that container uses the "
			   "host's namespace, which the profile %s keeps from "
			   "containers",
			   name, profile_name(j));
	else if (!strncasecmp(mode, "container:", strlen("container:")))
		judge_find(j, rule, field,
			   "\"container:%.80s\": that container itself joins "
			   "\"%.80s\"; join that one",
			   name, mode);
}

static void
check_namespace(struct judge *j, enum host_field f, enum policy_ns ns,
		enum rule_id rule, const char *field)
{
	const struct policy_containers *p = &j->policy->containers;
	const char *mode = field_string(j->spec->host[f]);
	const char *joined = spec_joined(j->spec, f);

	/* Docker compares "host" exactly, but a mode that differs in case only
	 * is nothing a client sends in good faith. */
	if (!strcasecmp(mode, "host") && !(p->host_namespaces & ns))
		judge_find(j, rule, field,
			   "\"%s\": the profile %s keeps the host's namespace "
			   "from containers",
			   mode, profile_name(j));
	if (joined && !(p->join_namespaces & ns))
		judge_find(j, rule, field,
			   "\"%.100s\": joining another container's namespace is "
			   "not allowed",
			   mode);
	else if (joined)
		check_joined(j, ns, rule, field, joined);
}

void
check_namespaces(struct judge *j)
{
	check_namespace(j, HOST_NETWORK_MODE, POLICY_NS_NETWORK,
			RULE_CT_NETWORK, "HostConfig.NetworkMode");
	check_namespace(j, HOST_PID_MODE, POLICY_NS_PID, RULE_CT_PID,
			"HostConfig.PidMode");
	check_namespace(j, HOST_IPC_MODE, POLICY_NS_IPC, RULE_CT_IPC,
			"HostConfig.IpcMode");
	check_namespace(j, HOST_UTS_MODE, POLICY_NS_UTS, RULE_CT_UTS,
			"HostConfig.UTSMode");
	check_namespace(j, HOST_USERNS_MODE, POLICY_NS_USER, RULE_CT_USERNS,
			"HostConfig.UsernsMode");
	check_namespace(j, HOST_CGROUP, POLICY_NS_CGROUP, RULE_CT_CGROUPNS,
			"HostConfig.Cgroup");
	/* On cgroup v1 dockerd's own default is "host", and inspect shows it for
	 * everybody: only a create tells who asked for it. */
	if (j->spec->kind != SPEC_INSPECT || !j->host->cgroup_v1)
		check_namespace(j, HOST_CGROUPNS_MODE, POLICY_NS_CGROUP,
				RULE_CT_CGROUPNS, "HostConfig.CgroupnsMode");
	check_networks(j);
}
