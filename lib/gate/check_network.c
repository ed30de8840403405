/*
 * Networks: may a container be in them, and with what options?
 */
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

void
check_networks(struct judge *j)
{
	struct spec_networks networks;
	struct aegis_error err = {0};

	if (spec_networks(j->spec, &networks, &err) < 0) {
		judge_find(j, RULE_GATE_BODY, "", "%s", err.text);
		return;
	}
	for (unsigned i = 0; i < networks.count; i++)
		check_host_network(j, &networks.v[i]);
}
