#include "lib/gate/lookup.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/docker.h"
#include "lib/gate/data_root.h"
#include "lib/gate/facts.h"

/* An inspect of a container asks for its image, volumes and paths; more rounds
 * than a few mean that the questions do not settle. */
#define ROUNDS_MAX 6
/* A name of ENDPOINT_NAME_MAX, every byte of it as %XX. */
#define REQUEST_PATH_MAX (3 * ENDPOINT_NAME_MAX + 64)
/* Source and answer of every path. */
#define TEXT_MAX (GATE_PATHS_MAX * 2 * (HOSTPATH_MAX + 16))
#define SHOWN_LEN 160
_Static_assert(LOOKUP_ANSWERS_MAX == 8 * 1024 * 1024, "get() says so");

struct lookup {
	struct gate_facts facts;
	struct json_doc container, exec, image, plugin;
	struct json_doc volumes[GATE_VOLUMES_MAX]; /* the first ones are in use */
	struct json_doc whole; /* an answer of which a part is kept */
	struct json_doc networks[SPEC_NETWORKS_MAX];
	struct json_doc joined[SPEC_JOINED_MAX];
	struct json_doc containers, info;
	struct json_doc record; /* lookup_load() */
	struct buf answer, request;
	struct buf text; /* what facts.paths point to, NUL after each */
	struct buf others; /* what facts.others point to, NUL after each */
	size_t other_at[GATE_OTHERS_MAX];
	struct buf turns, own_turns; /* the latter: facts.paths point to it */
	char data_root[HOSTPATH_MAX];
	struct spec_mounts mounts;
	char failed[SHOWN_LEN + 2 + AEGIS_ERROR_TEXT_LEN];
	/* of the run under way */
	const struct lookup_source *source;
	uint64_t deadline_ms; /* CLOCK_MONOTONIC */
	size_t answered; /* bytes */
	bool cached_only;
};

int
lookup_new(struct lookup **ret)
{
	struct lookup *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->answer = BUF_INIT(DOCKER_ANSWER_MAX);
	l->request = BUF_INIT(REQUEST_PATH_MAX);
	l->text = BUF_INIT(TEXT_MAX);
	l->others = BUF_INIT(GATE_OTHERS_MAX * HOSTPATH_MAX);
	l->turns = BUF_INIT(TEXT_MAX);
	l->own_turns = BUF_INIT(TEXT_MAX);
	*ret = l;
	return 0;
}

static void
release_volumes(struct lookup *l)
{
	for (size_t i = 0; i < GATE_VOLUMES_MAX && l->volumes[i].nodes; i++)
		json_doc_release(&l->volumes[i]);
}

void
lookup_free(struct lookup *l)
{
	if (!l)
		return;
	json_doc_release(&l->container);
	json_doc_release(&l->exec);
	json_doc_release(&l->image);
	json_doc_release(&l->plugin);
	json_doc_release(&l->whole);
	for (size_t i = 0; i < SPEC_NETWORKS_MAX; i++)
		json_doc_release(&l->networks[i]);
	for (size_t i = 0; i < SPEC_JOINED_MAX; i++)
		json_doc_release(&l->joined[i]);
	json_doc_release(&l->containers);
	json_doc_release(&l->info);
	json_doc_release(&l->record);
	release_volumes(l);
	buf_release(&l->answer);
	buf_release(&l->request);
	buf_release(&l->text);
	buf_release(&l->others);
	buf_release(&l->turns);
	buf_release(&l->own_turns);
	free(l);
}

const struct gate_facts *
lookup_facts(const struct lookup *l)
{
	return &l->facts;
}

static void
reset(struct lookup *l)
{
	l->facts = (struct gate_facts){0};
	l->answered = 0;
	buf_clear(&l->text);
	buf_clear(&l->others);
	release_volumes(l);
}

static void
trim_docs(struct json_doc *docs, size_t count, size_t keep_bytes)
{
	for (size_t i = 0; i < count; i++)
		json_doc_trim(&docs[i], keep_bytes);
}

void
lookup_trim(struct lookup *l, size_t keep_bytes)
{
	struct json_doc *const docs[] = {
		&l->container, &l->exec,       &l->image, &l->plugin,
		&l->whole,     &l->containers, &l->info,  &l->record};
	struct buf *const bufs[] = {&l->answer, &l->text, &l->others, &l->turns,
				    &l->own_turns};

	for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++)
		buf_trim(bufs[i], keep_bytes);
	/* Most calls ask dockerd nothing. */
	if (!l->answered)
		return;
	reset(l);
	for (size_t i = 0; i < sizeof(docs) / sizeof(docs[0]); i++)
		json_doc_trim(docs[i], keep_bytes);
	trim_docs(l->networks, SPEC_NETWORKS_MAX, keep_bytes);
	trim_docs(l->joined, SPEC_JOINED_MAX, keep_bytes);
}

static void
begin(struct lookup *l, const struct lookup_source *source, bool cached_only)
{
	reset(l);
	l->source = source;
	l->cached_only = cached_only;
	l->deadline_ms = clock_monotonic_ms() + source->timeout_ms;
}

/* Nothing that follows can be judged; the reason is for the client, and escaped
 * by the judge. */
static int
fail(struct lookup *l, int code, const char *what, const char *why)
{
	snprintf(l->failed, sizeof(l->failed), "%.*s: %s", SHOWN_LEN, what,
		 why);
	l->facts.failed = l->failed;
	return code;
}

/* --- dockerd ------------------------------------------------------------------ */

struct question {
	const char *before, *name, *after; /* of the path: /containers/ x /json */
	/* dockerd says 400 to a name that no image can have. */
	bool bad_name_is_absent;
	bool answer_is_list;
};

static int
get(struct lookup *l, unsigned *ret_status)
{
	const uint64_t now_ms = clock_monotonic_ms();
	const char *path = buf_str(&l->request);
	struct aegis_error err = {0};
	int r;

	if (now_ms >= l->deadline_ms)
		return fail(l, -ETIMEDOUT, path, "no time left to ask dockerd");
	buf_clear(&l->answer);
	l->answer.max = LOOKUP_ANSWERS_MAX - l->answered;
	r = docker_call(
		&(struct docker_call){
			.socket = l->source->docker,
			.method = "GET",
			.path = path,
			.user_agent = l->source->user_agent,
			.timeout_ms = (unsigned)(l->deadline_ms - now_ms),
		},
		ret_status, &l->answer, &err);
	l->answered += l->answer.len;
	if (r == -EMSGSIZE)
		return fail(l, r, path,
			    "what dockerd answers about this call is over "
			    "8 MiB");
	return r < 0 ? fail(l, r, path, err.text[0] ? err.text : strerror(-r))
		     : 0;
}

/* dockerd's own words for a status nobody expected. */
static int
refused(struct lookup *l, struct json_doc *doc, unsigned status)
{
	const char *message = NULL;
	char why[SHOWN_LEN + 40];

	if (json_parse(doc, buf_str(&l->answer), l->answer.len, NULL) == 0)
		message = json_get_string(doc->root, "message");
	snprintf(why, sizeof(why), "dockerd answered %u: %.*s", status,
		 SHOWN_LEN, message ? message : "no reason");
	return fail(l, -EPROTO, buf_str(&l->request), why);
}

/* A path outside dockerd's routes is a 404 too, but says nothing of the name. */
static bool
is_absent(const struct lookup *l, const struct question *q, unsigned status)
{
	if (status == 400)
		return q->bad_name_is_absent;
	return status == 404 && !strstr(buf_str(&l->answer), "page not found");
}

/* Returns 0 with *ret NULL if dockerd knows no such thing. */
static int
ask(struct lookup *l, const struct question *q, struct json_doc *doc,
    const struct json_node **ret)
{
	struct aegis_error err = {0};
	unsigned status = 0;
	int r;

	*ret = NULL;
	buf_clear(&l->request);
	buf_adds(&l->request, q->before);
	docker_path_escape(&l->request, q->name);
	buf_adds(&l->request, q->after);
	if (buf_error(&l->request))
		return fail(l, buf_error(&l->request), q->before,
			    "the name is too long to ask for");
	r = get(l, &status);
	if (r < 0 || is_absent(l, q, status))
		return r;
	if (status != 200)
		return refused(l, doc, status);
	if (json_parse(doc, buf_str(&l->answer), l->answer.len, &err) < 0)
		return fail(l, -EBADMSG, buf_str(&l->request), err.text);
	if (doc->root->type != (q->answer_is_list ? JSON_ARRAY : JSON_OBJECT))
		return fail(l, -EBADMSG, buf_str(&l->request),
			    q->answer_is_list ? "dockerd's answer is no list"
					      : "dockerd's answer is not an "
						"object");
	*ret = doc->root;
	return 0;
}

static int
ask_container(struct lookup *l, const char *name)
{
	const struct question q = {"/containers/", name, "/json", false, false};

	return ask(l, &q, &l->container, &l->facts.container);
}

/* An exec is judged with the container it runs in. */
static int
ask_exec(struct lookup *l, const char *id)
{
	const struct question q = {"/exec/", id, "/json", false, false};
	const char *container;
	int r = ask(l, &q, &l->exec, &l->facts.exec);

	if (r < 0 || !l->facts.exec)
		return r;
	container = json_get_string(l->facts.exec, "ContainerID");
	if (!container || !container[0])
		return fail(l, -EBADMSG, buf_str(&l->request),
			    "dockerd names no container");
	return ask_container(l, container);
}

static int
ask_image(struct lookup *l, const char *reference)
{
	const struct question q = {"/images/", reference, "/json", true, false};

	return reference[0] ? ask(l, &q, &l->image, &l->facts.image) : 0;
}

static int
ask_plugin(struct lookup *l, const char *name)
{
	const struct question q = {"/plugins/", name, "/json", false, false};

	return ask(l, &q, &l->plugin, &l->facts.plugin);
}

/* --- containers whose namespaces are joined ---------------------------------------- */

static bool
has_joined(const struct gate_facts *facts, const char *name)
{
	for (unsigned i = 0; i < facts->joined_count; i++)
		if (!strcmp(facts->joined[i].name, name))
			return true;
	return false;
}

static int
ask_joined(struct lookup *l, const struct gate_call *call)
{
	struct gate_facts *f = &l->facts;
	int r = 0;

	for (size_t i = 0; r == 0 && i < SPEC_JOINED_MAX; i++) {
		const char *name = spec_joined(gate_call_mounted(call),
					       spec_join_modes[i]);
		const struct question q = {"/containers/", name, "/json", false, false};
		struct gate_joined *joined = &f->joined[f->joined_count];

		if (!name || !name[0] || has_joined(f, name))
			continue;
		joined->name = name;
		r = ask(l, &q, &l->joined[f->joined_count++],
			&joined->container);
		if (r == 0 && joined->container &&
		    !json_get(joined->container, "HostConfig"))
			r = fail(l, -EBADMSG, buf_str(&l->request),
				 "the answer describes no container");
	}
	return r;
}

/* --- networks ------------------------------------------------------------------- */

/* Asked for in the swarm's scope, dockerd resolves a network as it will for the
 * service. */
static int
ask_networks(struct lookup *l, const struct gate_call *call)
{
	struct gate_facts *f = &l->facts;
	struct aegis_error err = {0};
	struct spec_networks networks;
	int r = spec_networks(&call->spec, &networks, &err);

	if (r < 0)
		return fail(l, r, "networks", err.text);
	for (unsigned i = 0; r == 0 && i < networks.count; i++) {
		const char *target = networks.v[i].name;
		const struct question q = {"/networks/", target, "?scope=swarm",
					   false, false};
		struct json_doc *doc = &l->networks[f->network_count];
		const struct json_node *network;

		if (!target[0])
			continue;
		r = ask(l, &q, doc, &network);
		if (r == 0)
			f->networks[f->network_count++] = (struct gate_network){
				.target = target,
				.name = json_get_string(network, "Name")};
	}
	return r;
}

/* --- mounts --------------------------------------------------------------------- */

static int
read_mounts(struct lookup *l, const struct gate_call *call)
{
	struct aegis_error err = {0};
	int r = spec_mounts(gate_call_mounted(call), &l->mounts, &err);

	return r < 0 ? fail(l, r, "mounts", err.text) : 0;
}

static bool
has_volume(const struct gate_facts *facts, const char *name)
{
	for (unsigned i = 0; i < facts->volume_count; i++) {
		const char *known = json_get_string(facts->volumes[i], "Name");

		if (known && !strcmp(known, name))
			return true;
	}
	return false;
}

/* Its labels can be much, and nobody judges them. */
static int
keep_volume(struct lookup *l, const struct json_node *volume)
{
	static const char *const keys[] = {"Name", "Driver", "Options", NULL};
	struct gate_facts *f = &l->facts;
	struct json_doc *doc = &l->volumes[f->volume_count];
	int r = json_pick(doc, volume, keys);

	if (r < 0)
		return fail(l, r, buf_str(&l->request), strerror(-r));
	f->volumes[f->volume_count++] = doc->root;
	return 0;
}

/* Also a volume with options in the request: where one of that name exists,
 * dockerd takes it and ignores them. */
static int
ask_volumes(struct lookup *l, const struct gate_call *call)
{
	struct gate_facts *f = &l->facts;
	int r = read_mounts(l, call);

	for (unsigned i = 0; r == 0 && i < l->mounts.count; i++) {
		const struct spec_mount *m = &l->mounts.v[i];
		const struct question q = {"/volumes/", m->source, "", false, false};
		const struct json_node *volume;

		if (strcmp(m->type, "volume") != 0 || !m->source[0] ||
		    has_volume(f, m->source))
			continue;
		if (f->volume_count == GATE_VOLUMES_MAX)
			return fail(l, -E2BIG, "volumes", "too many to ask for");
		r = ask(l, &q, &l->whole, &volume);
		if (r == 0 && volume)
			r = keep_volume(l, volume);
	}
	return r;
}

static size_t
keep_text(struct lookup *l, const char *text)
{
	size_t at = l->text.len;

	buf_add(&l->text, text, strlen(text) + 1);
	return at;
}

static bool
has_path(const struct lookup *l, const size_t *sources, unsigned count,
	 const char *source)
{
	for (unsigned i = 0; i < count; i++)
		if (!strcmp(l->text.data + sources[i], source))
			return true;
	return false;
}

static int
fail_hanging(struct lookup *l, const char *source)
{
	return fail(l, -EAGAIN, source,
		    "too many look-ups hang on the host's file systems");
}

/* The answer, or the reason why there is none, goes to l->text.
 * Returns -EAGAIN if only a worker may find out. */
static int
resolve(struct lookup *l, const char *source, bool *ret_resolved,
	size_t *ret_text)
{
	struct aegis_error err = {0};
	char resolved[HOSTPATH_MAX];
	int r = hostpath_resolve(l->source->root, source,
				 l->cached_only || l->source->cached_paths,
				 resolved, sizeof(resolved), &err);

	if (r == -EAGAIN && l->cached_only)
		return r;
	if (r == -EAGAIN && l->source->cached_paths)
		return fail_hanging(l, source);
	*ret_resolved = r == 0;
	*ret_text = keep_text(l, r == 0 ? resolved : err.text);
	return 0;
}

static int
resolve_paths(struct lookup *l, const struct gate_call *call)
{
	size_t source[GATE_PATHS_MAX], text[GATE_PATHS_MAX];
	bool resolved[GATE_PATHS_MAX];
	struct gate_facts *f = &l->facts;
	unsigned n = 0;
	int r = read_mounts(l, call);

	for (unsigned i = 0; r == 0 && i < l->mounts.count; i++) {
		const struct spec_mount *m = &l->mounts.v[i];

		if (strcmp(m->type, "bind") != 0 ||
		    has_path(l, source, n, m->source))
			continue;
		if (n == GATE_PATHS_MAX)
			return fail(l, -E2BIG, "bind sources",
				    "too many to resolve");
		source[n] = keep_text(l, m->source);
		r = resolve(l, m->source, &resolved[n], &text[n]);
		n++;
		if (r == 0 && clock_monotonic_ms() >= l->deadline_ms)
			return fail(l, -ETIMEDOUT, "bind sources",
				    "no time left to resolve them");
	}
	if (r < 0)
		return r;
	if (buf_error(&l->text))
		return fail(l, buf_error(&l->text), "bind sources", "too long");
	/* Only now does the text stay where it is. */
	for (unsigned i = 0; i < n; i++) {
		const char *at = l->text.data + text[i];

		f->paths[i] = (struct gate_path){
			.source = l->text.data + source[i],
			.resolved = resolved[i] ? at : NULL,
			.why = resolved[i] ? NULL : at,
		};
	}
	f->path_count = n;
	return 0;
}

/* --- binds of the others -------------------------------------------------------------- */

static void
keep_other(struct lookup *l, const char *name, const char *source,
	   bool read_write)
{
	struct gate_facts *f = &l->facts;
	const struct gate_other other = {name, source, read_write};

	if (f->other_count == GATE_OTHERS_MAX ||
	    !gate_nests(&l->mounts, f, &other))
		return;
	l->other_at[f->other_count] = l->others.len;
	buf_add(&l->others, source, strlen(source) + 1);
	f->others[f->other_count++] = other;
}

/* As it is written, the links on its way, and as it resolves; the first alone
 * where it is gone.  A way that cannot be read closes nobody else's: its own
 * container does not start. */
static int
look_at_bind(struct lookup *l, const char *name, const struct json_node *mount)
{
	const char *type = json_get_string(mount, "Type");
	const char *source = json_get_string(mount, "Source");
	const struct json_node *rw = json_get(mount, "RW");
	const bool read_write = !rw || rw->boolean;
	char resolved[HOSTPATH_MAX];
	int turns, r;

	if (!type || !source || strcmp(type, "bind") != 0)
		return 0;
	if (clock_monotonic_ms() >= l->deadline_ms)
		return fail(l, -ETIMEDOUT, source, "no time left to resolve it");
	keep_other(l, name, source, read_write);
	r = hostpath_resolve(l->source->root, source, l->source->cached_paths,
			     resolved, sizeof(resolved), NULL);
	if (r == -EAGAIN && l->source->cached_paths)
		return fail_hanging(l, source);
	if (r < 0 || !strcmp(source, resolved))
		return 0;
	keep_other(l, name, resolved, read_write);
	buf_clear(&l->turns);
	turns = hostpath_turns(l->source->root, source, &l->turns);
	for (const char *at = l->turns.data; turns > 0;
	     turns--, at += strlen(at) + 1)
		keep_other(l, name, at, read_write);
	return 0;
}

/* The links on the way of the call's own binds. */
static int
find_turns(struct lookup *l)
{
	struct gate_facts *f = &l->facts;
	int count[GATE_PATHS_MAX];
	const char *at;

	buf_clear(&l->own_turns);
	for (unsigned i = 0; i < f->path_count; i++) {
		const struct gate_path *p = &f->paths[i];

		count[i] = p->resolved && strcmp(p->source, p->resolved) != 0
				   ? hostpath_turns(l->source->root, p->source,
						    &l->own_turns)
				   : 0;
		if (count[i] < 0)
			return fail(l, count[i], p->source,
				    "the links on its way cannot be read");
		if (count[i] > GATE_TURNS_MAX)
			return fail(l, -ELOOP, p->source,
				    "too many links on its way; mount what it "
				    "leads to");
	}
	/* Only now does the text stay where it is. */
	at = buf_str(&l->own_turns);
	for (unsigned i = 0; i < f->path_count; i++)
		for (; f->paths[i].turn_count < (unsigned)count[i];
		     at += strlen(at) + 1)
			f->paths[i].turns[f->paths[i].turn_count++] = at;
	return 0;
}

static const char *
first_name(const struct json_node *container)
{
	const struct json_node *names = json_get(container, "Names");
	const struct json_node *first =
		names && names->type == JSON_ARRAY ? names->first : NULL;
	const char *id = json_get_string(container, "Id");

	if (first && first->type == JSON_STRING && !first->has_nul)
		return first->str + (first->str[0] == '/');
	return id ? id : "";
}

/* Does it count?  One that never ran could swap nothing yet, and whatever lets it is
 * judged beside all others; if it counted, making one would keep others from
 * starting. */
static bool
has_run(const struct json_node *container)
{
	const char *state = json_get_string(container, "State");

	return !state || strcmp(state, "created") != 0;
}

static int
ask_others(struct lookup *l, const struct gate_call *call)
{
	const struct question q = {"/containers/json?all=1", "", "", false, true};
	const char *own = call->container.kind ? call->container.id : "";
	const struct json_node *list = NULL;
	int r = read_mounts(l, call);

	if (r == 0)
		r = find_turns(l);
	if (r == 0)
		r = ask(l, &q, &l->containers, &list);
	if (r < 0)
		return r;
	if (!list)
		return fail(l, -EBADMSG, q.before, "dockerd has no list of them");
	if (list->count > GATE_CONTAINERS_MAX)
		return fail(l, -E2BIG, "containers",
			    "there are too many to look through their binds; "
			    "remove those that are not needed, or mount volumes");
	json_foreach(c, list) {
		const struct json_node *mounts = json_get(c, "Mounts");
		const char *id = json_get_string(c, "Id");

		if (!mounts || mounts->type != JSON_ARRAY || !has_run(c) ||
		    (id && !strcmp(id, own)))
			continue;
		json_foreach(m, mounts) {
			r = look_at_bind(l, first_name(c), m);
			if (r < 0)
				return r;
		}
	}
	if (buf_error(&l->others))
		return fail(l, buf_error(&l->others), "binds", "too long");
	for (unsigned i = 0; i < l->facts.other_count; i++)
		l->facts.others[i].source = l->others.data + l->other_at[i];
	return 0;
}

/* --- dockerd's own folder ---------------------------------------------------------------- */

/* The inspect tells for nothing; GET /info runs programs to tell their versions. */
static int
ask_data_root(struct lookup *l)
{
	const struct question q = {"/info", "", "", false, false};
	const struct json_node *info;
	const char *root;
	int r;

	if (data_root_from_inspect(l->facts.container, l->data_root,
				   sizeof(l->data_root))) {
		l->facts.data_root = l->data_root;
		return 0;
	}
	r = ask(l, &q, &l->info, &info);
	if (r < 0)
		return r;
	root = info ? json_get_string(info, "DockerRootDir") : NULL;
	if (!root || root[0] != '/')
		return fail(l, -EBADMSG, buf_str(&l->request),
			    "dockerd names no folder of its own");
	l->facts.data_root = root;
	return 0;
}

/* --- runs ------------------------------------------------------------------------ */

static int
ask_all(struct lookup *l, const struct gate_call *call, unsigned need)
{
	const char *name = call->match.name;
	int r = 0;

	if (need & GATE_LOOKUP_EXEC)
		r = ask_exec(l, name);
	else if (need & GATE_LOOKUP_CONTAINER)
		r = ask_container(l, name);
	if (r == 0 && (need & GATE_LOOKUP_IMAGE))
		r = ask_image(l, call->image);
	if (r == 0 && (need & GATE_LOOKUP_PLUGIN))
		r = ask_plugin(l, name);
	if (r == 0 && (need & GATE_LOOKUP_VOLUMES))
		r = ask_volumes(l, call);
	if (r == 0 && (need & GATE_LOOKUP_PATHS))
		r = resolve_paths(l, call);
	if (r == 0 && (need & GATE_LOOKUP_NETWORKS))
		r = ask_networks(l, call);
	if (r == 0 && (need & GATE_LOOKUP_JOINED))
		r = ask_joined(l, call);
	if (r == 0 && (need & GATE_LOOKUP_OTHERS))
		r = ask_others(l, call);
	if (r == 0 && (need & GATE_LOOKUP_DATA_ROOT))
		r = ask_data_root(l);
	l->facts.asked |= need;
	if (need & GATE_LOOKUP_EXEC)
		l->facts.asked |= GATE_LOOKUP_CONTAINER;
	return r;
}

const struct gate_facts *
lookup_run(struct lookup *l, const struct lookup_source *source,
	   struct gate_call *call, const struct policy *policy)
{
	begin(l, source, false);
	for (int round = 0; round < ROUNDS_MAX; round++) {
		unsigned need = gate_need(call, &l->facts, policy);

		if (!need || ask_all(l, call, need) < 0)
			return &l->facts;
	}
	if (gate_need(call, &l->facts, policy))
		fail(l, -ELOOP, "look-ups", "the questions do not settle");
	return &l->facts;
}

const struct gate_facts *
lookup_try(struct lookup *l, const struct lookup_source *source,
	   struct gate_call *call, const struct policy *policy)
{
	unsigned need;

	begin(l, source, true);
	need = gate_need(call, &l->facts, policy);
	if (need & ~(unsigned)GATE_LOOKUP_PATHS)
		return NULL;
	if (need && ask_all(l, call, need) == -EAGAIN)
		return NULL;
	return gate_need(call, &l->facts, policy) ? NULL : &l->facts;
}

/* --- records --------------------------------------------------------------------- */

int
lookup_load(struct lookup *l, const char *json, size_t len,
	    struct aegis_error *err)
{
	int r;

	reset(l);
	if (len == 0) /* nothing was asked */
		return 0;
	r = json_parse(&l->record, json, len, err);
	if (r < 0)
		return r;
	r = facts_load(&l->facts, l->record.root);
	if (r < 0) {
		l->facts = (struct gate_facts){0};
		return aegis_error_setx(err, r, "not the facts of a record");
	}
	return 0;
}
