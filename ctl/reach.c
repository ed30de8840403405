#include "ctl/ctl.h"

#include <fcntl.h>
#include <string.h>

#include "lib/docker.h"
#include "lib/json.h"

#define FILE_READ_CHUNK 16384

/* What a person can do about a socket that does not answer. */
static const char *
socket_advice(int code)
{
	switch (code) {
	case -EACCES:
	case -EPERM:
		return "run aegis-ctl as root, or as a user of the socket's group";
	case -ENOENT:
	case -ECONNREFUSED:
		return "nobody listens there; start it";
	case -ETIMEDOUT:
		return "it hangs; see its log";
	default:
		return "see its log";
	}
}

static int
call(const char *socket, const char *method, const char *path,
     unsigned timeout_ms, struct buf *body, struct aegis_error *err)
{
	struct docker_call call = {
		.socket = socket,
		.method = method,
		.path = path,
		.user_agent = "aegis-ctl",
		.timeout_ms = timeout_ms,
	};
	unsigned status = 0;
	int r = docker_call(&call, &status, body, err);

	if (r)
		return aegis_error_setx(err, r, "%s: %s; %s", socket,
					strerror(-r), socket_advice(r));
	if (status != 200)
		return aegis_error_setx(err, -EPROTO,
					"%s: %s answers status %u: %.200s",
					socket, path, status, buf_str(body));
	return 0;
}

static bool
list_has(const struct json_node *list, const char *name)
{
	size_t len = strlen(name);

	if (!list || list->type != JSON_ARRAY)
		return false;
	/* A managed plugin is listed with its tag: "aegis:latest". */
	json_foreach(item, list)
		if (item->type == JSON_STRING &&
		    !strncmp(item->str, name, len) &&
		    (!item->str[len] || item->str[len] == ':'))
			return true;
	return false;
}

int
plugin_answers(const char *socket, unsigned timeout_ms,
	       struct aegis_error *err)
{
	_cleanup_buf_ struct buf body = BUF_INIT(65536);
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
	int r = call(socket, "POST", "/Plugin.Activate", timeout_ms, &body,
		     err);

	if (r)
		return r;
	if (json_parse(&doc, buf_str(&body), body.len, NULL) ||
	    !list_has(json_get(doc.root, "Implements"), "authz"))
		return aegis_error_setx(err, -EPROTO,
					"%s: what answers there is no "
					"authorization plugin",
					socket);
	return 0;
}

int
docker_info(const char *socket, const char *plugin, unsigned timeout_ms,
	    struct docker_info *ret, struct aegis_error *err)
{
	_cleanup_buf_ struct buf body = BUF_INIT(DOCKER_ANSWER_MAX);
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
	const char *version;
	int r = call(socket, "GET", "/info", timeout_ms, &body, err);

	if (r)
		return r;
	if (json_parse(&doc, buf_str(&body), body.len, NULL))
		return aegis_error_setx(err, -EPROTO,
					"%s: /info is not JSON", socket);
	version = json_get_string(doc.root, "ServerVersion");
	snprintf(ret->version, sizeof(ret->version), "%s",
		 version ? version : "");
	ret->listed = list_has(json_get(json_get(doc.root, "Plugins"),
					"Authorization"),
			       plugin);
	return 0;
}

int
file_read(const char *path, struct buf *ret, struct aegis_error *err)
{
	_cleanup_close_ int fd = -1;
	bool standard_input = !strcmp(path, "-");
	char chunk[FILE_READ_CHUNK];
	ssize_t n;

	if (!standard_input) {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			return aegis_error_set(err, -errno, "open %s", path);
	}
	do {
		n = read(standard_input ? STDIN_FILENO : fd, chunk,
			 sizeof(chunk));
		if (n < 0 && errno != EINTR)
			return aegis_error_set(err, -errno, "read %s", path);
		if (n > 0)
			buf_add(ret, chunk, (size_t)n);
		if (buf_error(ret))
			return aegis_error_setx(err, -EFBIG,
						"%s: over %zu bytes", path,
						ret->max);
	} while (n);
	return 0;
}
