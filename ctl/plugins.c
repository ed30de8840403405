#include "ctl/plugins.h"

#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "ctl/ctl.h"
#include "ctl/dockerd.h"
#include "lib/docker.h"
#include "lib/json.h"

#define SOCKETS "/run/docker/plugins"
#define SPEC_MAX (64 * 1024)

/* --- managed ones -------------------------------------------------------------- */

/* What dockerd says of it: 1 found, 0 there is none, or an errno. */
static int
ask_dockerd(const struct plugin_search *w, const char *name,
	    struct json_doc *doc)
{
	_cleanup_buf_ struct buf body = BUF_INIT(DOCKER_ANSWER_MAX);
	_cleanup_buf_ struct buf path = BUF_INIT(4096);
	struct docker_call call = {
		.socket = w->docker,
		.method = "GET",
		.user_agent = "aegis-ctl",
		.timeout_ms = w->timeout_ms,
	};
	unsigned status = 0;
	int r;

	buf_adds(&path, "/plugins/");
	docker_path_escape(&path, name);
	buf_adds(&path, "/json");
	call.path = buf_str(&path);
	r = docker_call(&call, &status, &body, NULL);
	if (r)
		return r;
	if (status == 404)
		return 0;
	if (status != 200 || json_parse(doc, buf_str(&body), body.len, NULL))
		return -EPROTO;
	return 1;
}

static void
check_managed(const struct plugin_search *w, const char *name,
	      const struct json_node *p, struct plugin_found *ret,
	      struct aegis_error *why)
{
	const struct json_node *enabled = json_get(p, "Enabled");
	const char *id = json_get_string(p, "Id");
	const char *socket = json_get_string(
		json_get(json_get(p, "Config"), "Interface"), "Socket");
	struct stat st;

	ret->managed = true;
	snprintf(ret->address, sizeof(ret->address), "%s/plugins/%s/%s",
		 w->exec_root, id ? id : "", socket ? socket : "");
	if (!enabled || !enabled->boolean) {
		ret->state = PLUGIN_DISABLED;
		aegis_error_setx(why, -ENOTCONN,
				 "the managed plugin %s is disabled; enable it: "
				 "docker plugin enable %s",
				 name, name);
		return;
	}
	/* Where the socket is not seen from here, dockerd's word counts. */
	ret->state = stat(ret->address, &st) ||
				     !plugin_answers(ret->address,
						     w->timeout_ms, why)
			     ? PLUGIN_ANSWERS
			     : PLUGIN_DEAD;
}

/* --- the others ------------------------------------------------------------------ */

int
plugin_address(const char *text, bool json, char *ret, size_t size)
{
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
	const char *address = text;

	if (json) {
		if (json_parse(&doc, text, strlen(text), NULL))
			return -EBADMSG;
		address = json_get_string(doc.root, "Addr");
		if (!address)
			return -EBADMSG;
	}
	address += strspn(address, " \t\r\n");
	snprintf(ret, size, "%.*s", (int)strcspn(address, " \t\r\n"), address);
	return strstr(ret, "://") ? 0 : -EBADMSG;
}

/* Somebody listens there: TLS and the rest are dockerd's to try. */
static int
tcp_answers(const char *url, unsigned timeout_ms)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	const char *at = strstr(url, "://") + 3, *port = strrchr(at, ':');
	char host[256];
	int error = -ECONNREFUSED;

	if (!port)
		return -EBADMSG;
	snprintf(host, sizeof(host), "%.*s", (int)(port - at), at);
	if (getaddrinfo(host, port + 1, &hints, &found))
		return -ENXIO;
	for (struct addrinfo *a = found; a && error; a = a->ai_next) {
		_cleanup_close_ int fd = socket(a->ai_family,
						SOCK_STREAM | SOCK_CLOEXEC |
							SOCK_NONBLOCK,
						0);
		struct pollfd out = {.fd = fd, .events = POLLOUT};
		int so_error = 0;
		socklen_t len = sizeof(so_error);

		if (fd < 0)
			continue;
		if (!connect(fd, a->ai_addr, a->ai_addrlen))
			error = 0;
		else if (errno == EINPROGRESS &&
			 poll(&out, 1, (int)timeout_ms) == 1 &&
			 !getsockopt(fd, SOL_SOCKET, SO_ERROR, &so_error,
				     &len))
			error = -so_error;
	}
	freeaddrinfo(found);
	return error;
}

static void
check_address(const struct plugin_search *w, const char *file,
	      struct plugin_found *ret, struct aegis_error *why)
{
	static const char unix_scheme[] = "unix://";
	int r;

	if (strncmp(ret->address, unix_scheme, strlen(unix_scheme))) {
		r = tcp_answers(ret->address, w->timeout_ms);
		if (r)
			aegis_error_setx(why, r, "%s (of %s): %s",
					 ret->address, file, strerror(-r));
	} else {
		memmove(ret->address, ret->address + strlen(unix_scheme),
			strlen(ret->address + strlen(unix_scheme)) + 1);
		r = plugin_answers(ret->address, w->timeout_ms, why);
	}
	ret->state = r ? PLUGIN_DEAD : PLUGIN_ANSWERS;
}

static bool
find_socket(const struct plugin_search *w, const char *name,
	    struct plugin_found *ret, struct aegis_error *why)
{
	struct stat st;

	for (int form = 0; form < 2; form++) {
		snprintf(ret->address, sizeof(ret->address),
			 form ? SOCKETS "/%s/%s.sock" : SOCKETS "/%s.sock",
			 name, name);
		if (stat(ret->address, &st) || !S_ISSOCK(st.st_mode))
			continue;
		ret->state = plugin_answers(ret->address, w->timeout_ms, why)
				     ? PLUGIN_DEAD
				     : PLUGIN_ANSWERS;
		return true;
	}
	return false;
}

static bool
find_file(const struct plugin_search *w, const char *name,
	  struct plugin_found *ret, struct aegis_error *why)
{
	static const char *const folders[] = {"/etc/docker/plugins",
					      "/usr/lib/docker/plugins"};
	static const char *const endings[] = {"spec", "json"};

	for (size_t i = 0; i < 8; i++) {
		const char *folder = folders[i / 4], *ending = endings[i / 2 % 2];
		_cleanup_buf_ struct buf text = BUF_INIT(SPEC_MAX);
		char file[PATH_MAX];

		if (i % 2)
			snprintf(file, sizeof(file), "%s/%s/%s.%s", folder,
				 name, name, ending);
		else
			snprintf(file, sizeof(file), "%s/%s.%s", folder, name,
				 ending);
		if (file_read(file, &text, NULL))
			continue;
		if (!plugin_address(buf_str(&text), i / 2 % 2, ret->address,
				    sizeof(ret->address))) {
			check_address(w, file, ret, why);
			return true;
		}
		ret->state = PLUGIN_DEAD;
		aegis_error_setx(why, -EBADMSG, "%s: names no address", file);
		return true;
	}
	return false;
}

void
plugin_find(const struct plugin_search *w, const char *name,
	    struct plugin_found *ret, struct aegis_error *why)
{
	_cleanup_json_ struct json_doc doc = JSON_DOC_INIT;
	int r = w->docker ? ask_dockerd(w, name, &doc) : -ENOTCONN;

	*ret = (struct plugin_found){0};
	if (r > 0) {
		check_managed(w, name, doc.root, ret, why);
		return;
	}
	if (strchr(name, '/') == NULL &&
	    (find_socket(w, name, ret, why) || find_file(w, name, ret, why)))
		return;
	ret->address[0] = '\0';
	ret->state = r ? PLUGIN_UNKNOWN : PLUGIN_ABSENT;
	if (r)
		aegis_error_setx(why, r,
				 "no socket or file of it is there, and only a "
				 "dockerd that answers knows its managed "
				 "plugins");
	else
		aegis_error_setx(why, -ENOENT,
				 "dockerd has no such managed plugin, and there "
				 "is no " SOCKETS "/%s.sock, nor a .spec or "
				 ".json file of it in /etc/docker/plugins",
				 name);
}
