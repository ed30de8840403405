/*
 * The networks of a container: EndpointsConfig of a create, and a service's two
 * lists of attachments.
 */
#include "lib/gate/spec.h"

#include "lib/gate/fields.h"

static const struct field endpoint_fields[] = {FIELD_ROW("DriverOpts", FIELD_MAP)};
static const struct field_table endpoint_table = {"EndpointConfig",
						  endpoint_fields, 1};

enum { ATTACH_TARGET, ATTACH_OPTIONS, ATTACH_MAX };
static const struct field attach_fields[] = {
	FIELD_ROW("Target", FIELD_STRING),
	FIELD_ROW("DriverOpts", FIELD_MAP),
};
static const struct field_table attach_table = {"Networks", attach_fields,
						ATTACH_MAX};

static struct spec_network *
new_network(struct spec_networks *m, const char *field, struct aegis_error *err)
{
	struct spec_network *n;

	if (m->count == SPEC_NETWORKS_MAX) {
		aegis_error_setx(err, -E2BIG, "%s: more than %d networks",
				 field, SPEC_NETWORKS_MAX);
		return NULL;
	}
	n = &m->v[m->count++];
	*n = (struct spec_network){.name = "", .field = field};
	return n;
}

int
spec_endpoint_options(const struct json_node *settings,
		      const struct json_node **ret, struct aegis_error *err)
{
	return fields_read(&endpoint_table, settings, ret, NULL, err);
}

static int
add_endpoints(struct spec_networks *m, const struct json_node *map,
	      struct aegis_error *err)
{
	json_foreach(n, map) {
		struct spec_network *network = new_network(
			m, "NetworkingConfig.EndpointsConfig", err);
		int r;

		if (!network)
			return -E2BIG;
		network->name = n->key;
		r = spec_endpoint_options(n, &network->driver_options, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
add_attachments(struct spec_networks *m, const struct json_node *list,
		const char *field, struct aegis_error *err)
{
	json_foreach(n, list) {
		struct spec_network *network = new_network(m, field, err);
		const struct json_node *f[ATTACH_MAX];
		int r;

		if (!network)
			return -E2BIG;
		r = fields_read(&attach_table, n, f, NULL, err);
		if (r < 0)
			return r;
		network->name = field_string(f[ATTACH_TARGET]);
		network->driver_options = f[ATTACH_OPTIONS];
	}
	return 0;
}

int
spec_networks(const struct spec *s, struct spec_networks *ret,
	      struct aegis_error *err)
{
	int r = 0;

	ret->count = 0;
	if (s->networks)
		r = add_endpoints(ret, s->networks, err);
	if (r == 0 && s->task_networks)
		r = add_attachments(ret, s->task_networks,
				    "TaskTemplate.Networks", err);
	/* Counts where the task has none. */
	if (r == 0 && s->service_networks)
		r = add_attachments(ret, s->service_networks, "Networks", err);
	return r;
}
