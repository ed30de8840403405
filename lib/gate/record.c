/*
 * What a decision leaves behind: the URI, the body and the facts it was made
 * on, without the secrets in them (redact.h), each within a limit of its own.
 */
#include "lib/gate/gate.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "lib/gate/redact.h"

/* A URI of the docker CLI has under 1 KiB, but for build arguments. */
#define RECORD_URI_MAX (8 * 1024)
/* The CLI's create body comes to 1 KiB. */
#define RECORD_BODY_MAX (16 * 1024)
/* An inspect reduced is 2 KiB and may have many labels. */
#define RECORD_FACTS_MAX (64 * 1024)

#define CUT "[cut]"

/* --- the URI ------------------------------------------------------------------ */

/* Percent-encode for a URI, leaving what makes it readable. */
static void
put_encoded(struct buf *out, const char *s, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)s[i];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z') || (c && strchr("-._~/:,@[]", c))) {
			buf_addc(out, (char)c);
			continue;
		}
		buf_add(out, (char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
	}
}

/* As it was spelled, printable. */
static void
put_spelled(struct buf *out, const char *uri, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)uri[i];

		if (c > ' ' && c < 0x7f)
			buf_addc(out, (char)c);
		else
			buf_add(out, (char[]){'%', hex[c >> 4], hex[c & 15]},
				3);
	}
}

/* {"NAME":"value"}, as build takes its arguments. */
static void
put_map(struct buf *out, const char *json)
{
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
	_cleanup_buf_ struct buf text = BUF_INIT(RECORD_URI_MAX);
	struct json_out o;

	if (json_parse(&doc, json, strlen(json), NULL) < 0 ||
	    doc.root->type != JSON_OBJECT) {
		put_encoded(out, REDACTED, sizeof(REDACTED) - 1);
		return;
	}
	json_out_init(&o, &text);
	json_out_object(&o);
	json_foreach(n, doc.root)
		json_out_kv_string(&o, n->key,
				   n->type == JSON_NULL ? NULL : REDACTED);
	json_out_object_end(&o);
	if (json_out_end(&o) == 0)
		put_encoded(out, text.data, text.len);
	else
		put_encoded(out, CUT, sizeof(CUT) - 1);
}

static void
put_url(struct buf *out, const char *url)
{
	_cleanup_buf_ struct buf text = BUF_INIT(RECORD_URI_MAX);

	if (redact_is_plain(url)) {
		put_encoded(out, url, strlen(url));
		return;
	}
	redact_url(&text, url);
	if (buf_error(&text) == 0)
		put_encoded(out, buf_str(&text), text.len);
	else
		put_encoded(out, CUT, sizeof(CUT) - 1);
}

/* Do lines of a Dockerfile go on behind their ends?  dockerd joins all of a call's,
 * and a directive can make '`' the escape. */
static bool
changes_go_on(const struct uri *uri)
{
	for (unsigned i = 0; i < uri->query_count; i++)
		if (!strcmp(uri->query[i].key, "changes") &&
		    strpbrk(uri->query[i].value, "\\`"))
			return true;
	return false;
}

static bool
has_env(const char *line, size_t len)
{
	for (size_t i = 0; i + 3 <= len; i++)
		if (!strncasecmp(line + i, "env", 3))
			return true;
	return false;
}

/* For commit and import: "ENV NAME=value", "ONBUILD ENV NAME=value". */
static void
put_change(struct buf *out, const char *line, size_t len)
{
	if (has_env(line, len))
		put_encoded(out, REDACTED, sizeof(REDACTED) - 1);
	else
		put_encoded(out, line, len);
}

static void
put_changes(struct buf *out, const struct uri *uri, const char *text)
{
	if (changes_go_on(uri)) {
		put_encoded(out, REDACTED, sizeof(REDACTED) - 1);
		return;
	}
	for (size_t len; *text; text += len) {
		len = strcspn(text, "\n");
		len += text[len] == '\n';
		put_change(out, text, len);
	}
}

/* What a build is told in JSON: outputs and caches with the options of their
 * drivers, labels; and the filters of a list. */
static void
put_json(struct buf *out, const char *json)
{
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
	_cleanup_buf_ struct buf text = BUF_INIT(RECORD_URI_MAX);
	struct json_out o;

	if (!json[0])
		return;
	if (json_parse(&doc, json, strlen(json), NULL) < 0) {
		put_encoded(out, REDACTED, sizeof(REDACTED) - 1);
		return;
	}
	json_out_init(&o, &text);
	redact_value(&o, doc.root, REDACT_OPTIONS);
	if (json_out_end(&o) == 0)
		put_encoded(out, text.data, text.len);
	else
		put_encoded(out, CUT, sizeof(CUT) - 1);
}

static bool
is_secret_param(const char *key)
{
	if (!strncmp(key, "rotate", 6)) /* swarm update: "Token", but a bool */
		return false;
	return !strncasecmp(key, "x-", 2) || !strncasecmp(key, "unlock", 6) ||
	       redact_is_telling(key);
}

static void
put_value(struct buf *out, const struct uri *uri, const struct uri_param *p)
{
	if (!strcmp(p->key, "buildargs"))
		put_map(out, p->value);
	else if (is_secret_param(p->key))
		put_encoded(out, REDACTED, sizeof(REDACTED) - 1);
	else if (!strcmp(p->key, "changes"))
		put_changes(out, uri, p->value);
	else if (strlen(p->value) > REDACT_STRING_MAX)
		put_encoded(out, CUT, sizeof(CUT) - 1);
	else if (p->value[0] == '{' || p->value[0] == '[' ||
		 !strcmp(p->key, "outputs") || !strcmp(p->key, "cachefrom"))
		put_json(out, p->value);
	else
		put_url(out, p->value);
}

/* "/v1.41" + path, the first placeholder of which is name; shown in its place. */
static void
put_path_with(struct buf *out, const struct uri *uri, const char *name,
	      const char *shown)
{
	const char *at = name[0] ? strstr(uri->path, name) : NULL;

	if (!at) { /* where the secret is, nobody knows */
		buf_adds(out, "/" REDACTED);
		return;
	}
	if (uri->api_version)
		buf_addf(out, "/v%u.%u", uri->api_version / 1000,
			 uri->api_version % 1000);
	put_encoded(out, uri->path, (size_t)(at - uri->path));
	put_encoded(out, shown, strlen(shown));
	at += strlen(name);
	put_encoded(out, at, strlen(at));
}

/* As it was spelled, but for the user and password in the name of an image, or of
 * an authority in front of the path. */
static void
put_path(struct buf *out, const struct gate_call *call, size_t len)
{
	const char *uri = call->envelope->uri, *name = call->match.name;
	_cleanup_buf_ struct buf shown = BUF_INIT(ENDPOINT_NAME_MAX + 64);

	if (!memmem(uri, len, "@", 1) && !memmem(uri, len, "%40", 3)) {
		put_spelled(out, uri, len);
		return;
	}
	redact_url(&shown, name);
	if (uri[0] == '/' && name[0] && !strcmp(buf_str(&shown), name))
		put_spelled(out, uri, len);
	else
		put_path_with(out, &call->uri, name, buf_str(&shown));
}

static void
put_query(struct buf *out, const struct uri *uri)
{
	for (unsigned i = 0; i < uri->query_count; i++) {
		buf_addc(out, i ? '&' : '?');
		put_encoded(out, uri->query[i].key, strlen(uri->query[i].key));
		buf_addc(out, '=');
		put_value(out, uri, &uri->query[i]);
	}
}

/* Appends within a limit of its own and says when it did not suffice, so that
 * one long record cannot push another out. */
struct bounded {
	size_t start, max;
};

static struct bounded
bounded_begin(struct buf *out, size_t limit)
{
	struct bounded b = {out->len, out->max};

	if (limit < out->max - out->len)
		out->max = out->len + limit;
	return b;
}

/* Returns whether all went in; if not, nothing did. */
static bool
bounded_end(struct buf *out, struct bounded b)
{
	out->max = b.max;
	if (out->error != -ENOSPC)
		return true;
	out->error = 0;
	out->len = b.start;
	if (out->data)
		out->data[out->len] = '\0';
	return false;
}

void
gate_redact_uri(const struct gate_call *call, struct buf *out)
{
	const struct envelope *e = call->envelope;
	const size_t path_len = strcspn(e->uri, "?#");
	struct bounded b;

	if (buf_error(out))
		return;
	b = bounded_begin(out, RECORD_URI_MAX);
	put_path(out, call, path_len);
	/* What could not be read cannot be redacted either. */
	if (call->uri.path && call->uri.path[0])
		put_query(out, &call->uri);
	else if (e->uri[path_len])
		buf_adds(out, "?" REDACTED);
	if (bounded_end(out, b))
		return;
	if (memmem(e->uri, path_len, "@", 1) ||
	    memmem(e->uri, path_len, "%40", 3))
		buf_adds(out, "/" REDACTED);
	else
		put_spelled(out, e->uri,
			    path_len < REDACT_STRING_MAX ? path_len
							 : REDACT_STRING_MAX);
	buf_adds(out, "?" CUT);
}

void
gate_redact_name(const char *name, char *out, size_t size)
{
	redact_shown(name, out, size);
}

/* --- the body ------------------------------------------------------------------ */

static enum redact
kind_of_body(const struct gate_call *call)
{
	const struct endpoint *e = call->match.endpoint;

	if (e && e->id == ENDPOINT_AUTH)
		return REDACT_AUTH;
	/* The settings of a plugin: ["NAME=value"]. */
	if (e && e->id == ENDPOINT_PLUGIN_SET)
		return REDACT_ENV;
	return REDACT_STRUCT;
}

void
gate_redact_body(const struct gate_call *call, struct buf *out)
{
	struct json_out o;
	struct bounded b;

	if (!call->body.root || buf_error(out))
		return;
	b = bounded_begin(out, RECORD_BODY_MAX);
	json_out_init(&o, out);
	redact_value(&o, call->body.root, kind_of_body(call));
	(void)json_out_end(&o);
	if (bounded_end(out, b))
		return;
	json_out_init(&o, out);
	json_out_object(&o);
	json_out_kv_bool(&o, "truncated", true);
	json_out_kv_int(&o, "bytes", (int64_t)call->envelope->body_len);
	json_out_object_end(&o);
	(void)json_out_end(&o);
}

/* --- the facts ------------------------------------------------------------------ */

static void
put_picked(struct json_out *o, const char *key, const struct json_node *n,
	   const char *const *keys)
{
	if (!n)
		return;
	json_out_key(o, key);
	redact_picked(o, n, keys);
}

static void
put_config(struct json_out *o, const struct json_node *config)
{
	static const char *const keys[] = {"Image", "User", "Labels", NULL};

	if (config && config->type == JSON_OBJECT)
		put_picked(o, "Config", config, keys);
}

static void
put_container(struct json_out *o, const struct json_node *n)
{
	static const char *const keys[] = {"Id", "Name", "Image"};
	const struct json_node *host = json_get(n, "HostConfig");
	const struct json_node *mounts = json_get(n, "Mounts");

	if (!n)
		return;
	json_out_key(o, "container");
	json_out_object(o);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (json_get_string(n, keys[i]))
			json_out_kv_string(o, keys[i],
					   json_get_string(n, keys[i]));
	put_config(o, json_get(n, "Config"));
	if (host) {
		json_out_key(o, "HostConfig");
		redact_value(o, host, REDACT_STRUCT);
	}
	if (mounts) { /* "RW":false is not to be left out */
		json_out_key(o, "Mounts");
		redact_value(o, mounts, REDACT_MAP);
	}
	json_out_object_end(o);
}

static void
put_exec(struct json_out *o, const struct json_node *n)
{
	static const char *const keys[] = {"privileged", "user", "entrypoint",
					   "arguments", NULL};
	const struct json_node *process = json_get(n, "ProcessConfig");

	if (!n)
		return;
	json_out_key(o, "exec");
	json_out_object(o);
	if (json_get_string(n, "ContainerID"))
		json_out_kv_string(o, "ContainerID",
				   json_get_string(n, "ContainerID"));
	if (process && process->type == JSON_OBJECT)
		put_picked(o, "ProcessConfig", process, keys);
	json_out_object_end(o);
}

static void
put_volumes(struct json_out *o, const struct gate_facts *facts)
{
	static const char *const keys[] = {"Name", "Driver", "Options", NULL};

	if (!facts->volume_count)
		return;
	json_out_key(o, "volumes");
	json_out_array(o);
	for (unsigned i = 0; i < facts->volume_count; i++)
		redact_picked(o, facts->volumes[i], keys);
	json_out_array_end(o);
}

static void
put_paths(struct json_out *o, const struct gate_facts *facts)
{
	if (!facts->path_count)
		return;
	json_out_key(o, "paths");
	json_out_array(o);
	for (unsigned i = 0; i < facts->path_count; i++) {
		const struct gate_path *p = &facts->paths[i];

		json_out_object(o);
		json_out_kv_string(o, "source", p->source);
		json_out_kv_string(o, p->resolved ? "resolved" : "why",
				   p->resolved ? p->resolved
				   : p->why    ? p->why
					       : "");
		if (p->turn_count) {
			json_out_key(o, "turns");
			json_out_array(o);
			for (unsigned k = 0; k < p->turn_count; k++)
				json_out_string(o, p->turns[k]);
			json_out_array_end(o);
		}
		json_out_object_end(o);
	}
	json_out_array_end(o);
}

/* Of an image's configuration only the user is judged. */
static void
put_image(struct json_out *o, const struct json_node *image)
{
	static const char *const lists[] = {"RepoTags", "RepoDigests"};
	static const char *const user[] = {"User", NULL};
	const struct json_node *config = json_get(image, "Config");

	if (!image)
		return;
	json_out_key(o, "image");
	json_out_object(o);
	json_out_kv_string(o, "Id", json_get_string(image, "Id"));
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const struct json_node *list = json_get(image, lists[i]);

		if (!list || !list->count)
			continue;
		json_out_key(o, lists[i]);
		redact_value(o, list, REDACT_STRUCT);
	}
	if (config && config->type == JSON_OBJECT)
		put_picked(o, "Config", config, user);
	json_out_object_end(o);
}

static void
put_networks(struct json_out *o, const struct gate_facts *facts)
{
	if (!facts->network_count)
		return;
	json_out_key(o, "networks");
	json_out_array(o);
	for (unsigned i = 0; i < facts->network_count; i++) {
		const struct gate_network *n = &facts->networks[i];

		json_out_object(o);
		json_out_kv_string(o, "target", n->target);
		if (n->name)
			json_out_kv_string(o, "name", n->name);
		json_out_object_end(o);
	}
	json_out_array_end(o);
}

static void
put_joined(struct json_out *o, const struct gate_facts *facts)
{
	static const char *const modes[] = {"NetworkMode", "IpcMode", "Cgroup",
					    "PidMode", NULL};

	if (!facts->joined_count)
		return;
	json_out_key(o, "joined");
	json_out_array(o);
	for (unsigned i = 0; i < facts->joined_count; i++) {
		const struct gate_joined *joined = &facts->joined[i];
		const struct json_node *host =
			json_get(joined->container, "HostConfig");

		json_out_object(o);
		json_out_kv_string(o, "name", joined->name);
		if (host && host->type == JSON_OBJECT) {
			json_out_key(o, "container");
			json_out_object(o);
			put_picked(o, "HostConfig", host, modes);
			json_out_object_end(o);
		}
		json_out_object_end(o);
	}
	json_out_array_end(o);
}

static void
put_others(struct json_out *o, const struct gate_facts *facts)
{
	if (!facts->other_count)
		return;
	json_out_key(o, "others");
	json_out_array(o);
	for (unsigned i = 0; i < facts->other_count; i++) {
		const struct gate_other *other = &facts->others[i];

		json_out_object(o);
		json_out_kv_string(o, "container", other->container);
		json_out_kv_string(o, "source", other->source);
		json_out_kv_bool(o, "read_write", other->read_write);
		json_out_object_end(o);
	}
	json_out_array_end(o);
}

static void
put_facts(struct json_out *o, const struct gate_facts *facts)
{
	static const char *const plugin_keys[] = {"Id", "Name", "Enabled", NULL};

	json_out_object(o);
	json_out_kv_int(o, "asked", facts->asked);
	put_container(o, facts->container);
	put_exec(o, facts->exec);
	put_image(o, facts->image);
	put_picked(o, "plugin", facts->plugin, plugin_keys);
	put_volumes(o, facts);
	put_paths(o, facts);
	put_networks(o, facts);
	put_joined(o, facts);
	put_others(o, facts);
	if (facts->data_root)
		json_out_kv_string(o, "data_root", facts->data_root);
	if (facts->failed)
		json_out_kv_string(o, "failed", facts->failed);
	json_out_object_end(o);
}

void
gate_facts_json(const struct gate_facts *facts, struct buf *out)
{
	struct json_out o;
	struct bounded b;

	if ((!facts->asked && !facts->failed) || buf_error(out))
		return;
	b = bounded_begin(out, RECORD_FACTS_MAX);
	json_out_init(&o, out);
	put_facts(&o, facts);
	(void)json_out_end(&o);
	if (bounded_end(out, b))
		return;
	json_out_init(&o, out);
	json_out_object(&o);
	json_out_kv_int(&o, "asked", facts->asked);
	json_out_kv_bool(&o, "truncated", true);
	json_out_kv_string(&o, "failed", "the facts were too long to keep");
	json_out_object_end(&o);
	(void)json_out_end(&o);
}
