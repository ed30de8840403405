/*
 * httpd - HTTP/1.1 on h2o, for a Unix socket or a loopback address.
 *
 * The only owner of h2o.  One thread runs one loop: httpd_run().  Handlers run
 * in that thread and either answer at once or keep the request and answer
 * later, from that thread (use httpd_post() from others).  Facts behind the
 * choices: research/h2o-and-dockerd.md section 1.
 *
 * A body over body_max is a 413; beyond connections_max the listener pauses
 * instead of spinning; whoever began a request has read_timeout_ms to finish it,
 * or half as much again, and loses the connection.  h2o hides the lengths of a body from its handlers: of two
 * Content-Lengths the first counts, and Transfer-Encoding before both.  That is
 * harmless only without a proxy in front, which could read it otherwise.
 */
#ifndef AEGIS_LIB_HTTPD_H
#define AEGIS_LIB_HTTPD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"

struct httpd;         /* a server: one loop, its listeners */
struct httpd_request; /* valid until answered with httpd_reply() */

/* Borrowed bytes, valid while the request is. */
struct httpd_bytes {
	const char *data;
	size_t len;
};

struct httpd_options {
	size_t body_max;
	unsigned connections_max;    /* 0: half of RLIMIT_NOFILE */
	unsigned request_timeout_ms; /* header + body, and keep-alive idle */
	unsigned read_timeout_ms;    /* header + body only; 0: none of its own */
};

/* path is an exact match.  Unmatched paths get 404, a wrong method 405. */
struct httpd_route {
	const char *method;
	const char *path;
	void (*handle)(struct httpd_request *req, void *ctx);
};

/* routes and ctx are borrowed until httpd_free(). */
int httpd_new(struct httpd **ret, const struct httpd_options *options,
	      const struct httpd_route *routes, size_t route_count, void *ctx,
	      struct aegis_error *err);
/* In the thread that made s, as h2o's buffers are that thread's: nothing runs any
 * more, and posts are refused. */
void httpd_close(struct httpd *s);
/* Once no thread can post any more. */
void httpd_free(struct httpd *s);

/*
 * A listening Unix socket: stale file of a dead owner replaced, a live one is
 * -EADDRINUSE, also where two start at once; created under umask 0177 in a folder
 * made 0755 if missing; mode is what the socket file gets.  Does not accept yet.
 * Returns fd in *ret_fd.
 */
int httpd_listen_unix(const char *path, mode_t mode, int *ret_fd,
		      struct aegis_error *err);
/* The socket systemd handed over (LISTEN_PID/LISTEN_FDS, sd_listen_fds(3)):
 * 0 and *ret_fd, -ENOENT if none, or -EINVAL if it is not a listening Unix stream
 * socket. */
int httpd_listen_systemd(int *ret_fd, struct aegis_error *err);

/* Serve fd from the loop; call before httpd_run(), in the thread that will run
 * it.  Takes over the fd. */
int httpd_add_listener(struct httpd *s, int fd, struct aegis_error *err);

/* Runs until httpd_stop(), then lets pending requests finish for at most
 * grace_ms. */
int httpd_run(struct httpd *s, unsigned grace_ms, struct aegis_error *err);
void httpd_stop(struct httpd *s); /* any thread, not a signal handler */
/* Call fn(ctx) once in the loop when the grace begins: the last chance to answer
 * what was kept. */
void httpd_on_wind_down(struct httpd *s, void (*fn)(void *ctx), void *ctx);

/* --- inside a handler --- */
struct httpd_bytes httpd_body(const struct httpd_request *req);
struct httpd_bytes httpd_header(const struct httpd_request *req,
				const char *lower_case_name); /* data NULL: absent */
/* Answer; req is gone afterwards.  body is copied.  Loop thread only. */
void httpd_reply(struct httpd_request *req, unsigned status,
		 const char *content_type, const char *body, size_t len);

/* --- work for the loop --- */
/* Call fn(arg) in the loop, soon; any thread.  Never lost while the server
 * runs; returns -ESHUTDOWN after httpd_run() ended. */
int httpd_post(struct httpd *s, void (*fn)(void *arg), void *arg);
/* Call fn(ctx) once at the end of each turn of the loop, after all handlers
 * that were ready have run: where work of one turn is done together. */
void httpd_on_turn(struct httpd *s, void (*fn)(void *ctx), void *ctx);
/* Call fn(ctx) every interval_ms in the loop; 0 stops it.  One tick a server.
 * Loop thread, or before httpd_run(). */
void httpd_on_tick(struct httpd *s, unsigned interval_ms, void (*fn)(void *ctx),
		   void *ctx);
/* Call fn(ctx) once in the loop, at at_ms of httpd_now_ms() or soon after; 0 calls
 * it off.  One alarm a server; setting it replaces the one before.  Loop thread,
 * or before httpd_run(). */
void httpd_alarm(struct httpd *s, uint64_t at_ms, void (*fn)(void *ctx),
		 void *ctx);
/* Milliseconds of the loop's monotonic clock, cached per turn. */
uint64_t httpd_now_ms(const struct httpd *s);

unsigned httpd_connections_max(const struct httpd *s);

#endif
