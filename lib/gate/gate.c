#include "lib/gate/gate.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/gate/judge.h"
#include "lib/gate/redact.h"
#include "lib/text.h"

/* --- step one: read ---------------------------------------------------------- */

static int
deny(struct gate_verdict *v, enum rule_id rule, const char *field,
     const char *text)
{
	gate_deny(v, rule, field, "%s", text);
	return -EACCES;
}

static bool
is_write(const struct gate_call *call)
{
	return call->match.endpoint->class != ENDPOINT_CLASS_READ;
}

/* Does a stream follow that plugins are never shown?  An image is created from
 * one only when it is imported; a pull has everything in its query, and is what
 * dockerd takes a call for that names an image to pull, whatever else it names. */
static bool
takes_stream(const struct gate_call *call)
{
	const char *image = uri_query(&call->uri, "fromImage");
	const char *source = uri_query(&call->uri, "fromSrc");

	if (call->match.endpoint->id == ENDPOINT_IMAGE_CREATE)
		return !(image && image[0]) && source && !strcmp(source, "-");
	return call->match.endpoint->body == ENDPOINT_BODY_OPAQUE;
}

/*
 * Can there be a body that we were not shown?  Not where its length is zero.  Nor
 * where neither length nor type is given, as "curl -X POST" does: dockerd reads a
 * form, and JSON where it may be left out, only under their types.
 */
static bool
can_hide_body(const struct envelope *e)
{
	const char *length = envelope_header(e, "Content-Length");

	if (length)
		return strcmp(length, "0") != 0;
	return envelope_header(e, "Content-Type");
}

/* A form in the body overrides the query and is not shown to plugins
 * (research/authz.md 0.9).  The clients of today send "0", or no length at all
 * where a stream follows. */
static int
refuse_hidden_body(const struct gate_call *call, struct gate_verdict *v)
{
	const char *type = envelope_header(call->envelope, "Content-Type");

	if (type && !strncasecmp(type, "application/x-www-form-urlencoded",
				 strlen("application/x-www-form-urlencoded")))
		return deny(v, RULE_GATE_BODY_UNEXPECTED, "Content-Type",
			    "a form in the body can override the query unseen");
	if (takes_stream(call) ||
	    !strcmp(call->envelope->method, "DELETE") ||
	    endpoint_method_is_read(call->envelope->method))
		return 0;
	if (can_hide_body(call->envelope))
		return deny(v, RULE_GATE_BODY_UNEXPECTED, "Content-Length",
			    "this call takes no body, and one came or its length "
			    "is hidden");
	return 0;
}

static bool
is_null_or_empty(const struct json_node *n)
{
	return n->type == JSON_NULL || (n->type == JSON_OBJECT && !n->count);
}

/* Clients write JSON where none is defined.  What we are shown dockerd took for
 * JSON, hence for no form, and does not read.  Start is older than that: it took a
 * HostConfig once. */
static int
read_spare_body(const struct gate_call *call, struct gate_verdict *v)
{
	if (takes_stream(call))
		return deny(v, RULE_GATE_BODY_UNEXPECTED, "body",
			    "this call takes no JSON body");
	if (call->match.endpoint->id == ENDPOINT_CONTAINER_START &&
	    !is_null_or_empty(call->body.root))
		return deny(v, RULE_GATE_BODY_UNEXPECTED, "body",
			    "a start takes no configuration");
	return 0;
}

static bool
takes_any_json(enum endpoint_id id)
{
	return id == ENDPOINT_PLUGIN_PULL || id == ENDPOINT_PLUGIN_UPGRADE ||
	       id == ENDPOINT_PLUGIN_SET;
}

static int
read_shown_body(struct gate_call *call, struct gate_verdict *v)
{
	const struct envelope *e = call->envelope;
	const struct endpoint *endpoint = call->match.endpoint;
	struct aegis_error err = {0};

	if (json_parse(&call->body, e->body, e->body_len, &err) < 0)
		return deny(v, RULE_GATE_BODY, "body", err.text);
	if (endpoint->body == ENDPOINT_BODY_NONE ||
	    endpoint->body == ENDPOINT_BODY_OPAQUE)
		return read_spare_body(call, v);
	/* Older clients write a commit without a configuration so. */
	if (endpoint->body == ENDPOINT_BODY_OPTIONAL &&
	    call->body.root->type == JSON_NULL)
		return 0;
	if (call->body.root->type != JSON_OBJECT &&
	    !takes_any_json(endpoint->id))
		return deny(v, RULE_GATE_BODY, "body",
			    "the body is not a JSON object");
	return 0;
}

static int
read_body(struct gate_call *call, struct gate_verdict *v)
{
	if (call->envelope->body_len)
		return read_shown_body(call, v);
	switch (call->match.endpoint->body) {
	case ENDPOINT_BODY_OPTIONAL:
		if (!can_hide_body(call->envelope))
			return 0;
		/* fallthrough */
	case ENDPOINT_BODY_JSON:
		return deny(v, RULE_GATE_BODY_MISSING, "body",
			    "this call needs a body, and dockerd passed none on");
	case ENDPOINT_BODY_WITHHELD:
		return 0;
	case ENDPOINT_BODY_NONE:
	case ENDPOINT_BODY_OPAQUE:
		break;
	}
	return refuse_hidden_body(call, v);
}

/* The reference that dockerd will put together from name and tag.  A tag in its own
 * parameter replaces the one in the name, and a digest there replaces both (moby
 * api/server/router/image).  What has a '/' behind its '@' is no name to dockerd
 * nor to us, whatever comes behind it. */
static void
compose_image(struct gate_call *call, const char *name, const char *tag)
{
	const char *at = name + strcspn(name, "@"), *slash = strrchr(name, '/');
	const char *last = slash ? slash : name, *colon;

	if (!tag || !tag[0] || !name[0] || last > at) {
		TEXT_COPY(call->image, name);
		return;
	}
	colon = memchr(last, ':', (size_t)(at - last));
	snprintf(call->image, sizeof(call->image), "%.*s%c%s",
		 (int)((colon ? colon : at) - name), name,
		 strchr(tag, ':') ? '@' : ':', tag);
}

static const char *
query(const struct gate_call *call, const char *key)
{
	const char *value = uri_query(&call->uri, key);

	return value ? value : "";
}

static int
read_spec(struct gate_call *call, struct gate_verdict *v)
{
	const struct json_node *body = call->body.root;
	struct aegis_error err = {0};
	int r = 0;

	switch (call->match.endpoint->id) {
	case ENDPOINT_CONTAINER_CREATE:
		r = spec_from_create(&call->spec, body, &err);
		break;
	case ENDPOINT_CONTAINER_UPDATE:
		r = spec_from_update(&call->spec, body, &err);
		break;
	case ENDPOINT_CONTAINER_EXEC:
		r = spec_from_exec(&call->spec, body, &err);
		break;
	case ENDPOINT_SERVICE_CREATE:
	case ENDPOINT_SERVICE_UPDATE:
		r = spec_from_service(&call->spec, body, &err);
		break;
	default:
		break;
	}
	return r < 0 ? deny(v, RULE_GATE_BODY, "body", err.text) : 0;
}

static void
name_image(struct gate_call *call)
{
	switch (call->match.endpoint->id) {
	case ENDPOINT_CONTAINER_CREATE:
	case ENDPOINT_SERVICE_CREATE:
	case ENDPOINT_SERVICE_UPDATE:
		compose_image(call,
			      field_string(call->spec.config[CONFIG_IMAGE]), "");
		break;
	case ENDPOINT_IMAGE_CREATE:
		compose_image(call,
			      query(call, "fromImage")[0]
				      ? query(call, "fromImage")
				      : query(call, "repo"),
			      query(call, "tag"));
		break;
	case ENDPOINT_IMAGE_TAG:
	case ENDPOINT_COMMIT:
		compose_image(call, query(call, "repo"), query(call, "tag"));
		break;
	case ENDPOINT_IMAGE_PUSH:
		compose_image(call, call->match.name, query(call, "tag"));
		break;
	default:
		break;
	}
}

/* A container is called by its name, an image by its reference, which may hold a
 * password for its registry. */
static void
name_subject(struct gate_call *call)
{
	const char *subject = call->match.name;
	const char *name = query(call, "name");

	if (call->match.endpoint->id == ENDPOINT_CONTAINER_CREATE && name[0])
		subject = name;
	else if (call->image[0])
		subject = call->image;
	else if (!subject[0] && call->body.root)
		subject = json_get_string(call->body.root, "Name");
	redact_shown(subject ? subject : "", call->subject,
		     sizeof(call->subject));
}

/* Does the call reach into a container that is there?  Then it is worth what
 * the container is worth, even if nobody judged that when it was made; and
 * dockerd mounts for a copy what a container that never ran would have. */
static bool
reaches_in(const struct gate_call *call)
{
	switch (call->match.endpoint->id) {
	case ENDPOINT_CONTAINER_EXEC:
	case ENDPOINT_EXEC_START:
	case ENDPOINT_CONTAINER_UNPAUSE:
	case ENDPOINT_CONTAINER_ARCHIVE_GET:
	case ENDPOINT_CONTAINER_ARCHIVE_HEAD:
	case ENDPOINT_CONTAINER_ARCHIVE_PUT:
	case ENDPOINT_CONTAINER_COPY:
	/* Up to API 1.41 a web socket has stdin whatever its query says. */
	case ENDPOINT_CONTAINER_ATTACH_WS:
		return true;
	/* Who only looks at the output reaches nothing. */
	case ENDPOINT_CONTAINER_ATTACH:
		return uri_query_bool(&call->uri, "stdin");
	default:
		return false;
	}
}

/* Look-ups that the call itself asks for; inspects ask for more (gate_need). */
static unsigned
first_lookups(const struct gate_call *call)
{
	switch (call->match.endpoint->id) {
	case ENDPOINT_CONTAINER_CREATE:
		return GATE_LOOKUP_PATHS | GATE_LOOKUP_JOINED;
	case ENDPOINT_SERVICE_CREATE:
	case ENDPOINT_SERVICE_UPDATE:
		return GATE_LOOKUP_PATHS | GATE_LOOKUP_VOLUMES |
		       GATE_LOOKUP_NETWORKS | GATE_LOOKUP_OTHERS |
		       GATE_LOOKUP_DATA_ROOT;
	case ENDPOINT_CONTAINER_START:
	case ENDPOINT_CONTAINER_RESTART:
		return GATE_LOOKUP_CONTAINER;
	case ENDPOINT_EXEC_START:
		return GATE_LOOKUP_EXEC;
	case ENDPOINT_PLUGIN_DELETE:
	case ENDPOINT_PLUGIN_ENABLE:
	case ENDPOINT_PLUGIN_DISABLE:
	case ENDPOINT_PLUGIN_UPGRADE:
	case ENDPOINT_PLUGIN_SET:
		return GATE_LOOKUP_PLUGIN;
	default:
		return reaches_in(call) ? GATE_LOOKUP_CONTAINER : 0;
	}
}

static bool
has_exception_by_image(const struct policy *policy)
{
	for (size_t i = 0; i < policy->exception_count; i++)
		if (policy->exceptions[i].match.image)
			return true;
	return false;
}

/* A denial at start comes late: newer clients wait in silence for the removal of
 * a container that never ran.  So what only the image knows is asked at create
 * where a policy wants it. */
static bool
needs_image_of_create(const struct gate_call *call, const struct policy *policy)
{
	const char *user = field_string(call->spec.config[CONFIG_USER]);

	return !policy->images.unverified_local ||
	       (policy->containers.require_non_root &&
		(!user[0] || user[0] == ':'));
}

/* Does it matter what the image is, beside what it is called?  A name that is
 * none, and may hold a password, is not asked for. */
static bool
needs_image(const struct gate_call *call, const struct policy *policy)
{
	const enum endpoint_id id = call->match.endpoint->id;
	struct image_ref ref;

	if (id == ENDPOINT_CONTAINER_CREATE)
		return image_ref_may_be_id(call->image) ||
		       ((needs_image_of_create(call, policy) ||
			 has_exception_by_image(policy)) &&
			image_ref_parse(call->image, &ref, NULL) == 0);
	return (id == ENDPOINT_SERVICE_CREATE ||
		id == ENDPOINT_SERVICE_UPDATE) &&
	       has_exception_by_image(policy) &&
	       image_ref_parse(call->image, &ref, NULL) == 0;
}

static int
read_endpoint(struct gate_call *call, struct gate_verdict *v)
{
	const struct envelope *e = call->envelope;
	struct aegis_error err = {0};
	int r = uri_parse(&call->uri, e->uri, e->uri_len, &err);

	if (r < 0)
		return deny(v, r == -EPROTONOSUPPORT ? RULE_GATE_API_VERSION
						     : RULE_GATE_URI,
			    "RequestUri", err.text);
	if (endpoint_find(e->method, call->uri.path, &call->match) < 0)
		return deny(v, RULE_GATE_URI, "RequestUri",
			    "a name in the path is too long");
	/* What is unknown and only reads may pass, but for the profiles and dumps
	 * of a dockerd in debug mode, which show its memory. */
	if (call->match.endpoint->id == ENDPOINT_UNKNOWN &&
	    (!endpoint_method_is_read(e->method) ||
	     !strncmp(call->uri.path, "/debug/", strlen("/debug/")))) {
		/* Where in it a password could be, nobody knows. */
		gate_deny(v, RULE_GATE_ENDPOINT, "RequestUri",
			  "%.16s %.160s is not in the API that this version of "
			  "AEGIS knows",
			  e->method,
			  strchr(call->uri.path, '@') ? REDACTED
						      : call->uri.path);
		return -EACCES;
	}
	return 0;
}

void
gate_call_reset(struct gate_call *call, const struct envelope *envelope)
{
	call->envelope = envelope;
	call->image[0] = call->subject[0] = '\0';
	call->lookups = 0;
	call->spec.kind = call->container.kind = SPEC_NONE;
	call->body.root = NULL;
	call->uri.path = "";
	call->uri.query_count = 0;
	call->match.endpoint = endpoint_get(ENDPOINT_UNKNOWN);
	call->match.name[0] = '\0';
}

int
gate_read(struct gate_call *call, const struct envelope *envelope,
	  const struct policy *policy, struct gate_verdict *verdict)
{
	gate_call_reset(call, envelope);
	if (read_endpoint(call, verdict) < 0)
		return -EACCES;
	if (is_write(call) &&
	    (read_body(call, verdict) < 0 || read_spec(call, verdict) < 0)) {
		name_subject(call);
		return -EACCES;
	}
	name_image(call);
	name_subject(call);
	call->lookups = first_lookups(call);
	if (needs_image(call, policy))
		call->lookups |= GATE_LOOKUP_IMAGE;
	return 0;
}

void
gate_call_release(struct gate_call *call)
{
	uri_release(&call->uri);
	json_doc_release(&call->body);
}

void
gate_call_trim(struct gate_call *call, size_t keep_bytes)
{
	gate_call_reset(call, NULL);
	json_doc_trim(&call->body, keep_bytes);
	if (call->uri.storage_cap > keep_bytes)
		uri_release(&call->uri);
}

/* --- between: which look-ups are still missing ---------------------------------- */

const struct spec *
gate_call_mounted(const struct gate_call *call)
{
	return call->container.kind ? &call->container : &call->spec;
}

static bool
has_mount(const struct spec *s, const char *type)
{
	struct spec_mounts mounts;

	if (spec_mounts(s, &mounts, NULL) < 0)
		return false; /* check_mounts() refuses it */
	for (unsigned i = 0; i < mounts.count; i++)
		if (!strcmp(mounts.v[i].type, type))
			return true;
	return false;
}

static bool
joins(const struct spec *s)
{
	for (size_t i = 0; i < SPEC_JOINED_MAX; i++)
		if (spec_joined(s, spec_join_modes[i]))
			return true;
	return false;
}

/* Look-ups that the call has nothing to ask by. */
static unsigned
idle_lookups(const struct gate_call *call, unsigned need,
	     const struct policy *policy)
{
	static const unsigned of_binds = GATE_LOOKUP_PATHS |
					 GATE_LOOKUP_OTHERS |
					 GATE_LOOKUP_DATA_ROOT;
	const struct spec *s = gate_call_mounted(call);
	unsigned idle = 0;

	if ((need & of_binds) && !has_mount(s, "bind"))
		idle |= of_binds;
	if (policy->containers.binds_nested)
		idle |= GATE_LOOKUP_OTHERS;
	if ((need & GATE_LOOKUP_VOLUMES) && !has_mount(s, "volume"))
		idle |= GATE_LOOKUP_VOLUMES;
	if (!s->task_networks && !s->service_networks)
		idle |= GATE_LOOKUP_NETWORKS;
	if (!joins(s))
		idle |= GATE_LOOKUP_JOINED;
	return idle;
}

/* The look-up of an exec is its container's too. */
static bool
asks_for_container(const struct gate_call *call)
{
	return call->lookups & (GATE_LOOKUP_CONTAINER | GATE_LOOKUP_EXEC);
}

/* Will dockerd find the sources of the binds again, and can something be written
 * through them?  So it is for a copy into a container that does not run, too: a
 * link in its tar takes the place of a folder. */
static bool
finds_binds_anew(const struct gate_call *call)
{
	const enum endpoint_id id = call->match.endpoint->id;

	return !reaches_in(call) || id == ENDPOINT_CONTAINER_ARCHIVE_PUT ||
	       id == ENDPOINT_CONTAINER_COPY;
}

/* Ring 2: the container that dockerd described is judged too. */
static void
adopt_container(struct gate_call *call, const struct gate_facts *facts)
{
	struct spec *c = &call->container;

	if (!facts->container || c->kind != SPEC_NONE ||
	    spec_from_inspect(c, facts->container, NULL) < 0)
		return;
	TEXT_COPY(call->image, c->image_id);
	TEXT_COPY(call->subject, c->name);
	call->lookups |= GATE_LOOKUP_IMAGE | GATE_LOOKUP_VOLUMES |
			 GATE_LOOKUP_PATHS | GATE_LOOKUP_JOINED;
	if (finds_binds_anew(call))
		call->lookups |= GATE_LOOKUP_OTHERS | GATE_LOOKUP_DATA_ROOT;
}

unsigned
gate_need(struct gate_call *call, const struct gate_facts *facts,
	  const struct policy *policy)
{
	unsigned need;

	if (asks_for_container(call))
		adopt_container(call, facts);
	need = call->lookups & ~facts->asked;
	return facts->failed ? 0 : need & ~idle_lookups(call, need, policy);
}

/* --- step two: judge -------------------------------------------------------------- */

static void
check_api(struct judge *j)
{
	const struct endpoint *e = j->call->match.endpoint;

	if (j->policy->api[e->class] == POLICY_API_DENY)
		judge_find(j, RULE_API, endpoint_class_name(e->class),
			   "the policy closes this part of the API (%s)",
			   e->name);
}

/* What the body asks for. */
static void
check_spec(struct judge *j)
{
	const struct gate_call *call = j->call;

	j->spec = &call->spec;
	switch (call->spec.kind) {
	case SPEC_CREATE:
		check_image(j, call->image, IMAGE_RUN, "Image",
			    j->facts->image);
		break;
	case SPEC_SERVICE:
		if (j->spec->plugin_runtime)
			judge_find(j, RULE_PLUGINS_PRIVILEGES, "TaskTemplate",
				   "a service of plugins installs them on every "
				   "node");
		check_image(j, call->image, IMAGE_TASK, "ContainerSpec.Image",
			    NULL);
		break;
	case SPEC_UPDATE:
		check_update(j);
		return;
	case SPEC_EXEC:
		check_exec(j);
		return;
	case SPEC_INSPECT:
	case SPEC_NONE:
		return;
	}
	check_container(j);
	check_mounts(j);
	check_nested(j);
}

/* What dockerd made of an exec. */
static void
check_exec_start(struct judge *j)
{
	struct aegis_error err = {0};
	struct spec exec;

	if (spec_from_exec_inspect(&exec, j->facts->exec, &err) < 0) {
		judge_find(j, RULE_GATE_LOOKUP, "exec", "%s", err.text);
		return;
	}
	j->spec = &exec;
	check_exec(j);
	j->spec = NULL;
}

/* The container that dockerd has.  Who reaches into one that runs is not to
 * blame for what became of its image's names since, and a policy may allow exec
 * and copies whatever the container is. */
static void
check_container_there(struct judge *j)
{
	const bool reaches = reaches_in(j->call);

	if (reaches &&
	    j->policy->api[j->call->match.endpoint->class] == POLICY_API_ALLOW)
		return;
	j->spec = &j->call->container;
	if (!reaches)
		check_image_of_container(j);
	if (finds_binds_anew(j->call))
		check_nested(j);
	check_container(j);
	check_mounts(j);
}

/* What exceptions match by. */
static void
name_judged(struct judge *j)
{
	const struct gate_call *call = j->call;

	if (call->container.kind) {
		j->spec = &call->container;
		j->container_name = call->container.name;
		name_image_of_container(j);
	} else if (call->match.endpoint->id == ENDPOINT_CONTAINER_CREATE) {
		j->container_name = query(call, "name");
	}
	j->labels = gate_call_mounted(call)->kind
			    ? gate_call_mounted(call)->config[CONFIG_LABELS]
			    : NULL;
}

void
gate_judge(const struct gate_call *call, const struct gate_facts *facts,
	   const struct policy *policy, const struct gate_host *host,
	   int64_t now_ms, struct gate_verdict *ret)
{
	struct judge j = {.call = call,
			  .facts = facts,
			  .policy = policy,
			  .host = host,
			  .now_ms = now_ms,
			  .container_name = "",
			  .verdict = ret};

	ret->finding_count = 0;
	ret->exception = NULL;
	ret->rule = RULE_NONE;
	if (facts->failed) {
		gate_deny(ret, RULE_GATE_LOOKUP, "", "%s", facts->failed);
		return;
	}
	name_judged(&j);
	check_api(&j);
	/* A container or exec that dockerd does not know is dockerd's to refuse,
	 * with its own words; one that cannot be read is ours. */
	if (asks_for_container(call) && facts->container &&
	    !call->container.kind)
		judge_find(&j, RULE_GATE_LOOKUP, "inspect",
			   "dockerd's description of the container cannot be "
			   "read");
	if ((call->lookups & GATE_LOOKUP_EXEC) && facts->exec)
		check_exec_start(&j);
	if (call->spec.kind)
		check_spec(&j);
	if (call->container.kind)
		check_container_there(&j);
	check_endpoint(&j);
	check_network_connect(&j);
	check_swarm(&j);
	verdict_finish(ret);
}
