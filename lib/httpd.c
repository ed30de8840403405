#include "lib/httpd.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define H2O_USE_LIBUV 0
#include <h2o.h>

#include "lib/cleanup.h"
#include "lib/clock.h"
#include "lib/log.h"

/* Nothing of ours needs the loop more often than something happens. */
#define LONGEST_WAIT_MS 60000

/* One accepted connection, for the cap, the read deadline and an orderly stop. */
struct connection {
	struct connection *next, **link;
	struct httpd *server;
	h2o_socket_t *socket; /* h2o's; only to look at and to shut down */
	unsigned pending;     /* requests with a handler */
	uint64_t half_since_ms; /* a part of a request is there; 0: none */
};

struct listener {
	struct listener *next;
	struct httpd *server;
	h2o_socket_t *socket;
};

/* Work from other threads. */
struct post {
	h2o_multithread_message_t message;
	void (*fn)(void *arg);
	void *arg;
};

struct httpd {
	h2o_globalconf_t config;
	h2o_context_t context;
	h2o_accept_ctx_t accept;
	h2o_loop_t *loop;
	h2o_multithread_receiver_t receiver;
	const struct httpd_route *routes;
	size_t route_count;
	void *ctx;
	struct listener *listeners;
	struct connection *connections;
	unsigned connection_count, connections_max;
	bool paused; /* at the cap: the listeners do not read */
	bool replied; /* in this turn: its writes still have to be finished */
	bool stopping, disposed;
	pthread_mutex_t lock; /* closed */
	bool closed;          /* no more posts */
	void (*turn)(void *ctx);
	void *turn_ctx;
	void (*tick)(void *ctx);
	void *tick_ctx;
	unsigned tick_ms;
	uint64_t tick_at_ms, now_ms;
	void (*alarm)(void *ctx);
	void *alarm_ctx;
	uint64_t alarm_at_ms; /* 0: none */
	void (*wind_down)(void *ctx);
	void *wind_down_ctx;
	unsigned read_timeout_ms;
	uint64_t sweep_at_ms;
};

struct httpd_request {
	h2o_req_t *req;
	struct httpd *server;
	struct connection *connection;
};

struct handler {
	h2o_handler_t super;
	struct httpd *server;
};

/* --- requests ---------------------------------------------------------------- */

static bool
bytes_are(h2o_iovec_t v, const char *s)
{
	return v.len == strlen(s) && !memcmp(v.base, s, v.len);
}

static const struct httpd_route *
find_route(const struct httpd *s, const h2o_req_t *req, bool *ret_path_known)
{
	*ret_path_known = false;
	for (size_t i = 0; i < s->route_count; i++) {
		if (!bytes_are(req->path, s->routes[i].path))
			continue;
		*ret_path_known = true;
		if (bytes_are(req->method, s->routes[i].method))
			return &s->routes[i];
	}
	return NULL;
}

static struct connection *
connection_of(const h2o_req_t *req)
{
	return req->conn->callbacks->get_socket(req->conn)->on_close.data;
}

static int
on_request(h2o_handler_t *self, h2o_req_t *req)
{
	struct httpd *s = ((struct handler *)self)->server;
	const struct httpd_route *route;
	struct httpd_request *r;
	bool path_known;

	route = find_route(s, req, &path_known);
	if (!route) {
		if (path_known)
			h2o_send_error_405(req, "Method Not Allowed",
					   "another method is served here", 0);
		else
			h2o_send_error_404(req, "Not Found",
					   "nothing is served here", 0);
		return 0;
	}
	r = h2o_mem_alloc_pool(&req->pool, sizeof(*r));
	*r = (struct httpd_request){
		.req = req, .server = s, .connection = connection_of(req)};
	r->connection->pending++;
	r->connection->half_since_ms = 0;
	route->handle(r, s->ctx);
	return 0;
}

struct httpd_bytes
httpd_body(const struct httpd_request *req)
{
	return (struct httpd_bytes){req->req->entity.base,
				    req->req->entity.len};
}

struct httpd_bytes
httpd_header(const struct httpd_request *req, const char *name)
{
	ssize_t i = h2o_find_header_by_str(&req->req->headers, name,
					   strlen(name), -1);

	if (i < 0)
		return (struct httpd_bytes){NULL, 0};
	return (struct httpd_bytes){req->req->headers.entries[i].value.base,
				    req->req->headers.entries[i].value.len};
}

static const char *
reason_of(unsigned status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 503:
		return "Service Unavailable";
	default:
		return status < 400 ? "OK" : "Error";
	}
}

void
httpd_reply(struct httpd_request *r, unsigned status, const char *content_type,
	    const char *body, size_t len)
{
	h2o_req_t *req = r->req;

	r->server->replied = true;
	r->connection->pending--;
	req->res.status = (int)status;
	req->res.reason = reason_of(status);
	/* Else h2o would send it chunked. */
	req->res.content_length = len;
	h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE,
		       NULL, content_type, strlen(content_type));
	h2o_send_inline(req, body, len);
}

/* --- connections ------------------------------------------------------------------ */

static void on_accept(h2o_socket_t *socket, const char *err);

static void
pause_listeners(struct httpd *s, bool pause)
{
	if (s->paused == pause)
		return;
	s->paused = pause;
	for (struct listener *l = s->listeners; l; l = l->next) {
		if (pause)
			h2o_socket_read_stop(l->socket);
		else
			h2o_socket_read_start(l->socket, on_accept);
	}
}

static void
on_close(void *data)
{
	struct connection *c = data;
	struct httpd *s = c->server;

	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	free(c);
	s->connection_count--;
	if (!s->stopping)
		pause_listeners(s, false);
}

static void
on_accept(h2o_socket_t *listener, const char *err)
{
	struct httpd *s = ((struct listener *)listener->data)->server;
	h2o_socket_t *socket;
	struct connection *c;

	if (err)
		return;
	socket = h2o_evloop_socket_accept(listener);
	if (!socket)
		return;
	c = malloc(sizeof(*c));
	if (!c) {
		h2o_socket_close(socket);
		return;
	}
	*c = (struct connection){.next = s->connections,
				 .link = &s->connections,
				 .server = s,
				 .socket = socket};
	if (c->next)
		c->next->link = &c->next;
	s->connections = c;
	s->connection_count++;
	socket->on_close.cb = on_close;
	socket->on_close.data = c;
	/* At the cap the others wait in the kernel's queue; accepting and
	 * refusing would spin. */
	pause_listeners(s, s->connection_count >= s->connections_max);
	h2o_accept(&s->accept, socket);
}

int
httpd_add_listener(struct httpd *s, int fd, struct aegis_error *err)
{
	struct listener *l = calloc(1, sizeof(*l));

	if (!l) {
		close(fd);
		return aegis_error_set(err, -ENOMEM, "add a listener");
	}
	l->server = s;
	l->socket = h2o_evloop_socket_create(s->loop, fd,
					     H2O_SOCKET_FLAG_DONT_READ);
	l->socket->data = l;
	l->next = s->listeners;
	s->listeners = l;
	h2o_socket_read_start(l->socket, on_accept);
	return 0;
}

unsigned
httpd_connections_max(const struct httpd *s)
{
	return s->connections_max;
}

/* h2o sees the end of its input and closes. */
static void
cut(const struct connection *c, int how)
{
	shutdown(h2o_socket_get_fd(c->socket), how);
}

/* h2o has one deadline for an idle connection and for half a request.  What it
 * has read and no handler was given is the second. */
static void
check_half(struct connection *c)
{
	const struct httpd *s = c->server;

	if (c->pending || c->socket->input->size == 0)
		c->half_since_ms = 0;
	else if (!c->half_since_ms)
		c->half_since_ms = s->now_ms;
	else if (s->now_ms - c->half_since_ms >= s->read_timeout_ms)
		cut(c, SHUT_RDWR);
}

static void
sweep(struct httpd *s)
{
	for (struct connection *c = s->connections; c; c = c->next)
		check_half(c);
	s->sweep_at_ms = s->now_ms + s->read_timeout_ms / 2;
}

/* --- posts ---------------------------------------------------------------------------- */

static void
on_posts(h2o_multithread_receiver_t *receiver, h2o_linklist_t *messages)
{
	(void)receiver;
	while (!h2o_linklist_is_empty(messages)) {
		struct post *p = H2O_STRUCT_FROM_MEMBER(
			struct post, message.link, messages->next);

		h2o_linklist_unlink(&p->message.link);
		p->fn(p->arg);
		free(p);
	}
}

int
httpd_post(struct httpd *s, void (*fn)(void *arg), void *arg)
{
	struct post *p = calloc(1, sizeof(*p));
	bool closed;

	if (!p)
		return -ENOMEM;
	p->fn = fn;
	p->arg = arg;
	pthread_mutex_lock(&s->lock);
	closed = s->closed;
	if (!closed)
		h2o_multithread_send_message(&s->receiver, &p->message);
	pthread_mutex_unlock(&s->lock);
	if (closed)
		free(p);
	return closed ? -ESHUTDOWN : 0;
}

static void
do_stop(void *arg)
{
	((struct httpd *)arg)->stopping = true;
}

void
httpd_stop(struct httpd *s)
{
	if (httpd_post(s, do_stop, s) == -ENOMEM)
		log_error("out of memory; the server cannot be stopped");
}

void
httpd_on_turn(struct httpd *s, void (*fn)(void *ctx), void *ctx)
{
	s->turn = fn;
	s->turn_ctx = ctx;
}

void
httpd_on_tick(struct httpd *s, unsigned interval_ms, void (*fn)(void *ctx),
	      void *ctx)
{
	s->tick = fn;
	s->tick_ctx = ctx;
	s->tick_ms = interval_ms;
	s->tick_at_ms = s->now_ms + interval_ms;
}

void
httpd_alarm(struct httpd *s, uint64_t at_ms, void (*fn)(void *ctx), void *ctx)
{
	s->alarm = fn;
	s->alarm_ctx = ctx;
	s->alarm_at_ms = at_ms;
}

void
httpd_on_wind_down(struct httpd *s, void (*fn)(void *ctx), void *ctx)
{
	s->wind_down = fn;
	s->wind_down_ctx = ctx;
}

uint64_t
httpd_now_ms(const struct httpd *s)
{
	return s->now_ms;
}

/* --- the loop ------------------------------------------------------------------------- */

static void
sooner(uint64_t *at_ms, uint64_t other_ms, bool on)
{
	if (on && other_ms < *at_ms)
		*at_ms = other_ms;
}

static int32_t
next_wait_ms(const struct httpd *s)
{
	uint64_t at_ms = s->now_ms + LONGEST_WAIT_MS;

	if (s->replied)
		return 0;
	sooner(&at_ms, s->tick_at_ms, s->tick_ms);
	sooner(&at_ms, s->alarm_at_ms, s->alarm_at_ms);
	sooner(&at_ms, s->sweep_at_ms, s->read_timeout_ms && s->connections);
	return at_ms > s->now_ms ? (int32_t)(at_ms - s->now_ms) : 0;
}

static void
run_timers(struct httpd *s)
{
	if (s->tick_ms && s->now_ms >= s->tick_at_ms) {
		s->tick_at_ms = s->now_ms + s->tick_ms;
		s->tick(s->tick_ctx);
	}
	if (s->alarm_at_ms && s->now_ms >= s->alarm_at_ms) {
		s->alarm_at_ms = 0; /* it may set the next */
		s->alarm(s->alarm_ctx);
	}
	if (s->read_timeout_ms && s->now_ms >= s->sweep_at_ms)
		sweep(s);
}

static int
run_turn(struct httpd *s, int32_t wait_ms, struct aegis_error *err)
{
	s->replied = false;
	if (h2o_evloop_run(s->loop, wait_ms) != 0 && errno != EINTR)
		return aegis_error_set(err, -errno, "wait for events");
	s->now_ms = clock_monotonic_ms();
	run_timers(s);
	if (s->turn)
		s->turn(s->turn_ctx);
	return 0;
}

static void
close_listeners(struct httpd *s)
{
	while (s->listeners) {
		struct listener *l = s->listeners;

		s->listeners = l->next;
		h2o_socket_close(l->socket);
		free(l);
	}
}

/* No new requests; those that came are answered.  A connection that waits for
 * its next request sees the end of its input and closes. */
static int
wind_down(struct httpd *s, unsigned grace_ms, struct aegis_error *err)
{
	const uint64_t deadline = clock_monotonic_ms() + grace_ms;

	close_listeners(s);
	s->context.shutdown_requested = 1;
	for (struct connection *c = s->connections; c; c = c->next)
		cut(c, SHUT_RD);
	if (s->wind_down)
		s->wind_down(s->wind_down_ctx);
	while (s->connections && clock_monotonic_ms() < deadline) {
		int r = run_turn(s, 10, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static void
refuse_posts(struct httpd *s)
{
	pthread_mutex_lock(&s->lock);
	s->closed = true;
	pthread_mutex_unlock(&s->lock);
}

int
httpd_run(struct httpd *s, unsigned grace_ms, struct aegis_error *err)
{
	int r = 0;

	s->now_ms = clock_monotonic_ms();
	while (!s->stopping && r == 0)
		r = run_turn(s, next_wait_ms(s), err);
	if (r == 0)
		r = wind_down(s, grace_ms, err);
	refuse_posts(s);
	/* What was posted before still runs, so that nobody's work is lost. */
	if (r == 0)
		r = run_turn(s, 0, err);
	return r;
}

/* --- life ------------------------------------------------------------------------------- */

static unsigned
default_cap(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > 65536)
		return 32768;
	return (unsigned)limit.rlim_cur / 2;
}

static void
configure(struct httpd *s, const struct httpd_options *options)
{
	h2o_hostconf_t *host;
	h2o_pathconf_t *path;
	struct handler *handler;

	/* Else large bodies, and what is secret in them, go to a file. */
	h2o_socket_buffer_mmap_settings.threshold = SIZE_MAX;
	h2o_config_init(&s->config);
	s->config.max_request_entity_size = options->body_max;
	s->config.http1.req_timeout = options->request_timeout_ms;
	s->config.http1.upgrade_to_http2 = 0;
	s->config.server_name = h2o_iovec_init(H2O_STRLIT("aegis"));
	host = h2o_config_register_host(&s->config,
					h2o_iovec_init(H2O_STRLIT("default")),
					65535);
	path = h2o_config_register_path(host, "/", 0);
	handler = (struct handler *)h2o_create_handler(path, sizeof(*handler));
	handler->super.on_req = on_request;
	handler->server = s;
}

int
httpd_new(struct httpd **ret, const struct httpd_options *options,
	  const struct httpd_route *routes, size_t route_count, void *ctx,
	  struct aegis_error *err)
{
	struct httpd *s = calloc(1, sizeof(*s));

	if (!s)
		return aegis_error_set(err, -ENOMEM, "make a server");
	s->routes = routes;
	s->route_count = route_count;
	s->ctx = ctx;
	s->connections_max = options->connections_max ? options->connections_max
						      : default_cap();
	s->read_timeout_ms = options->read_timeout_ms;
	s->now_ms = clock_monotonic_ms();
	pthread_mutex_init(&s->lock, NULL);
	configure(s, options);
	s->loop = h2o_evloop_create();
	h2o_context_init(&s->context, s->loop, &s->config);
	s->accept = (h2o_accept_ctx_t){.ctx = &s->context,
				       .hosts = s->config.hosts};
	h2o_multithread_register_receiver(s->context.queue, &s->receiver,
					  on_posts);
	*ret = s;
	return 0;
}

void
httpd_close(struct httpd *s)
{
	if (!s || s->disposed)
		return;
	refuse_posts(s);
	close_listeners(s);
	if (s->connections) {
		/* h2o aborts on a context with live connections, and ours live
		 * inside h2o: the end of the process frees them. */
		log_warn("%u connections did not end in time",
			 s->connection_count);
		return;
	}
	h2o_multithread_unregister_receiver(s->context.queue, &s->receiver);
	h2o_context_dispose(&s->context);
	h2o_config_dispose(&s->config);
	s->disposed = true;
}

void
httpd_free(struct httpd *s)
{
	if (!s)
		return;
	httpd_close(s);
	if (!s->disposed)
		return;
	pthread_mutex_destroy(&s->lock);
	free(s);
}
