/*
 * Who is in the swarm.  A manager makes every node run what it likes, and none
 * of that passes a plugin: whoever lets a foreign manager in, or this node into a
 * foreign swarm, gives the host away.
 */
#include <string.h>

#include "lib/gate/judge.h"

/* Go's strconv.ParseBool: what is none of its words for false counts as true,
 * even where dockerd will answer 400. */
static bool
query_is_set(const struct judge *j, const char *key)
{
	static const char *const no[] = {"",  "0",     "f",    "F",
					 "false", "FALSE", "False"};
	const char *value = uri_query(&j->call->uri, key);

	for (size_t i = 0; value && i < sizeof(no) / sizeof(no[0]); i++)
		if (!strcmp(value, no[i]))
			return false;
	return value != NULL;
}

static void
find_membership(struct judge *j, const char *field, const char *what)
{
	judge_find(j, RULE_SWARM_MEMBERSHIP, field, "%s", what);
}

enum { SWARM_CA, SWARM_DEFAULTS, SWARM_MAX };
static const struct field swarm_fields[] = {
	FIELD_ROW("CAConfig", FIELD_STRUCT),
	FIELD_ROW("TaskDefaults", FIELD_STRUCT),
};
static const struct field_table swarm_table = {"swarm", swarm_fields,
					       SWARM_MAX};

enum { CA_KEY, CA_EXTERNAL, CA_MAX };
static const struct field ca_fields[] = {
	FIELD_ROW("SigningCAKey", FIELD_STRING),
	FIELD_ROW("ExternalCAs", FIELD_STRUCTS),
};
static const struct field_table ca_table = {"CAConfig", ca_fields, CA_MAX};

enum { DEFAULTS_LOG, DEFAULTS_MAX };
static const struct field defaults_fields[] = {
	FIELD_ROW("LogDriver", FIELD_STRUCT),
};
static const struct field_table defaults_table = {
	"TaskDefaults", defaults_fields, DEFAULTS_MAX};

/* Who signs certificates decides who is a manager; and the log driver of every
 * service that names none is a rule of containers. */
static void
check_swarm_spec(struct judge *j, bool membership)
{
	const struct json_node *swarm[SWARM_MAX], *ca[CA_MAX];
	const struct json_node *defaults[DEFAULTS_MAX];
	struct aegis_error err = {0};

	if (fields_read(&swarm_table, j->call->body.root, swarm, NULL, &err) <
		    0 ||
	    fields_read(&ca_table, swarm[SWARM_CA], ca, NULL, &err) < 0 ||
	    fields_read(&defaults_table, swarm[SWARM_DEFAULTS], defaults, NULL,
			&err) < 0) {
		judge_find(j, RULE_GATE_BODY, "", "%s", err.text);
		return;
	}
	if (membership && (field_string(ca[CA_KEY])[0] ||
			   (ca[CA_EXTERNAL] && ca[CA_EXTERNAL]->count)))
		find_membership(j, "CAConfig",
				"whoever signs the certificates of the swarm "
				"decides who is a manager");
	check_log_driver(j, "TaskDefaults.LogDriver", defaults[DEFAULTS_LOG],
			 "Name");
}

static void
check_swarm_update(struct judge *j, bool membership)
{
	static const char *const rotates[] = {"rotateWorkerToken",
					      "rotateManagerToken",
					      "rotateManagerUnlockKey"};

	for (size_t i = 0; membership && i < sizeof(rotates) / sizeof(rotates[0]);
	     i++)
		if (query_is_set(j, rotates[i]))
			find_membership(j, rotates[i],
					"the answer to it lets nodes in");
	check_swarm_spec(j, membership);
}

void
check_swarm(struct judge *j)
{
	const enum endpoint_id id = j->call->match.endpoint->id;
	const bool membership =
		j->policy->api[ENDPOINT_CLASS_SWARM] != POLICY_API_ALLOW;

	if (id == ENDPOINT_SWARM_UPDATE)
		check_swarm_update(j, membership);
	if (!membership)
		return;
	switch (id) {
	case ENDPOINT_SWARM_INIT:
		find_membership(j, "", "opens this host to other managers");
		break;
	case ENDPOINT_SWARM_JOIN:
		find_membership(j, "",
				"the managers of the other swarm would be root "
				"on this host");
		break;
	case ENDPOINT_SWARM_LEAVE:
	case ENDPOINT_SWARM_UNLOCK:
		find_membership(j, "", "changes whether this host is in a swarm");
		break;
	case ENDPOINT_SWARM_INSPECT:
	case ENDPOINT_SWARM_UNLOCKKEY:
		find_membership(j, "",
				"who has the answer can join as a manager");
		break;
	default:
		break;
	}
}
