#include "lib/gate/facts.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static const struct json_node *
object(const struct json_node *root, const char *key)
{
	const struct json_node *n = json_get(root, key);

	return n && n->type == JSON_OBJECT ? n : NULL;
}

static int
load_volumes(struct gate_facts *f, const struct json_node *list)
{
	json_foreach(n, list) {
		if (n->type != JSON_OBJECT)
			return -EBADMSG;
		if (f->volume_count == GATE_VOLUMES_MAX)
			return -E2BIG;
		f->volumes[f->volume_count++] = n;
	}
	return 0;
}

static int
load_turns(struct gate_path *p, const struct json_node *list)
{
	json_foreach(n, list) {
		if (n->type != JSON_STRING || n->has_nul)
			return -EBADMSG;
		if (p->turn_count == GATE_TURNS_MAX)
			return -E2BIG;
		p->turns[p->turn_count++] = n->str;
	}
	return 0;
}

static int
load_paths(struct gate_facts *f, const struct json_node *list)
{
	json_foreach(n, list) {
		struct gate_path p = {
			.source = json_get_string(n, "source"),
			.resolved = json_get_string(n, "resolved"),
			.why = json_get_string(n, "why"),
		};
		const struct json_node *turns = json_get(n, "turns");
		int r = turns ? load_turns(&p, turns) : 0;

		if (r < 0)
			return r;
		if (!p.source || !p.resolved == !p.why)
			return -EBADMSG;
		if (f->path_count == GATE_PATHS_MAX)
			return -E2BIG;
		f->paths[f->path_count++] = p;
	}
	return 0;
}

static int
load_networks(struct gate_facts *f, const struct json_node *list)
{
	json_foreach(n, list) {
		struct gate_network network = {
			.target = json_get_string(n, "target"),
			.name = json_get_string(n, "name"),
		};

		if (!network.target)
			return -EBADMSG;
		if (f->network_count == SPEC_NETWORKS_MAX)
			return -E2BIG;
		f->networks[f->network_count++] = network;
	}
	return 0;
}

static int
load_joined(struct gate_facts *f, const struct json_node *list)
{
	json_foreach(n, list) {
		struct gate_joined joined = {
			.name = json_get_string(n, "name"),
			.container = object(n, "container"),
		};

		if (!joined.name)
			return -EBADMSG;
		if (f->joined_count == SPEC_JOINED_MAX)
			return -E2BIG;
		f->joined[f->joined_count++] = joined;
	}
	return 0;
}

static int
load_others(struct gate_facts *f, const struct json_node *list)
{
	json_foreach(n, list) {
		const struct json_node *rw = json_get(n, "read_write");
		struct gate_other other = {
			.container = json_get_string(n, "container"),
			.source = json_get_string(n, "source"),
			.read_write = !rw || rw->boolean,
		};

		if (!other.container || !other.source)
			return -EBADMSG;
		if (f->other_count == GATE_OTHERS_MAX)
			return -E2BIG;
		f->others[f->other_count++] = other;
	}
	return 0;
}

int
facts_load(struct gate_facts *f, const struct json_node *root)
{
	const struct json_node *asked = json_get(root, "asked");
	const struct json_node *volumes = json_get(root, "volumes");
	const struct json_node *paths = json_get(root, "paths");
	const struct json_node *networks = json_get(root, "networks");
	const struct json_node *joined = json_get(root, "joined");
	const struct json_node *others = json_get(root, "others");
	int64_t bits;
	int r = 0;

	if (!asked || asked->type != JSON_NUMBER ||
	    json_int64(asked, &bits) < 0 || bits < 0 || bits > UINT32_MAX)
		return -EBADMSG;
	f->asked = (unsigned)bits;
	f->container = object(root, "container");
	f->exec = object(root, "exec");
	f->image = object(root, "image");
	f->plugin = object(root, "plugin");
	f->failed = json_get_string(root, "failed");
	f->data_root = json_get_string(root, "data_root");
	if (volumes)
		r = load_volumes(f, volumes);
	if (r == 0 && paths)
		r = load_paths(f, paths);
	if (r == 0 && networks)
		r = load_networks(f, networks);
	if (r == 0 && joined)
		r = load_joined(f, joined);
	if (r == 0 && others)
		r = load_others(f, others);
	return r;
}
