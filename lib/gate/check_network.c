/*
 * Networks: may a container be in them, and with what options?
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/gate/judge.h"

static const struct gate_network *
find_network(const struct judge *j, const char *target)
{
	for (unsigned i = 0; i < j->facts->network_count; i++)
		if (!strcmp(j->facts->networks[i].target, target))
			return &j->facts->networks[i];
	return NULL;
}

static bool
may_be_local_id(const char *target)
{
	return strspn(target, "0123456789abcdefABCDEF") == strlen(target);
}

/*
 * A service names a network by name, id or the beginning of an id, of the swarm
 * first and of this host then (moby daemon/cluster/services.go,
 * populateNetworkID).  What it is to the swarm was asked; the docker command
 * itself sends ids.
 */
static void
check_host_network(struct judge *j, const struct spec_network *n)
{
	const struct gate_network *known = find_network(j, n->name);
	const char *name = known && known->name ? known->name : NULL;

	if (j->policy->containers.host_namespaces & POLICY_NS_NETWORK)
		return;
	if (!strcasecmp(name ? name : n->name, "host"))
		judge_find(j, RULE_CT_NETWORK, n->field,
			   "\"%.80s\" is the host's own network", n->name);
	else if (j->spec->kind == SPEC_SERVICE && !name &&
		 may_be_local_id(n->name))
		judge_find(j, RULE_CT_NETWORK, n->field,
			   "\"%.80s\" can be the id of the host's own network; "
			   "give the network by its name",
			   n->name);
}

/* Engines since 28 set the sysctls of one interface so, "IFNAME" standing for its
 * name: "net.ipv4.conf.IFNAME.log_martians=1,..." (libnetwork/netlabel). */
#define ENDPOINT_SYSCTLS "com.docker.network.endpoint.sysctls"
#define SYSCTL_LEN 256

/* One of the list, up to its comma. */
static void
check_endpoint_sysctl(struct judge *j, const char *field, const char *text)
{
	const size_t len = strcspn(text, "=,");
	char name[SYSCTL_LEN];

	if (len >= sizeof(name)) /* no pattern is held against a part of it */
		judge_find(j, RULE_CT_SYSCTLS, field,
			   "\"%.80s...\" is no name of a sysctl", text);
	else if (len) {
		snprintf(name, sizeof(name), "%.*s", (int)len, text);
		check_sysctl(j, field, name);
	}
}

static void
check_endpoint_options(struct judge *j, const char *field,
		       const struct json_node *options)
{
	const struct json_node *sysctls =
		options ? json_get(options, ENDPOINT_SYSCTLS) : NULL;

	if (!sysctls || sysctls->type != JSON_STRING)
		return;
	for (const char *p = sysctls->str; *p; p += *p == ',') {
		check_endpoint_sysctl(j, field, p);
		p += strcspn(p, ",");
	}
}

enum { CONNECT_ENDPOINT, CONNECT_MAX };
static const struct field connect_fields[] = {
	FIELD_ROW("EndpointConfig", FIELD_STRUCT),
};
static const struct field_table connect_table = {"body", connect_fields,
						 CONNECT_MAX};

void
check_network_connect(struct judge *j)
{
	const struct json_node *f[CONNECT_MAX], *options;
	struct aegis_error err = {0};

	if (j->call->match.endpoint->id != ENDPOINT_NETWORK_CONNECT)
		return;
	if (fields_read(&connect_table, j->call->body.root, f, NULL, &err) < 0 ||
	    spec_endpoint_options(f[CONNECT_ENDPOINT], &options, &err) < 0)
		judge_find(j, RULE_GATE_BODY, "", "%s", err.text);
	else
		check_endpoint_options(j, "EndpointConfig.DriverOpts", options);
}

void
check_networks(struct judge *j)
{
	struct spec_networks networks;
	struct aegis_error err = {0};

	if (spec_networks(j->spec, &networks, &err) < 0) {
		judge_find(j, RULE_GATE_BODY, "", "%s", err.text);
		return;
	}
	for (unsigned i = 0; i < networks.count; i++) {
		check_host_network(j, &networks.v[i]);
		check_endpoint_options(j, networks.v[i].field,
				       networks.v[i].driver_options);
	}
}
