/*
 * constant SOCKET - answers every AuthZReq with the same bytes: what any plugin
 * on this HTTP server costs before it has thought.
 */
#include <signal.h>
#include <stdio.h>

#include "lib/httpd.h"

static void
answer(struct httpd_request *req, void *ctx)
{
	static const char yes[] = "{\"Allow\":true}";

	(void)ctx;
	httpd_reply(req, 200, "application/json", yes, sizeof(yes) - 1);
}

int
main(int argc, char **argv)
{
	static const struct httpd_route routes[] = {
		{"POST", "/AuthZPlugin.AuthZReq", answer},
	};
	static const struct httpd_options options = {
		.body_max = 8 * 1024 * 1024, .request_timeout_ms = 60000};
	struct aegis_error err = {0};
	struct httpd *s = NULL;
	int fd = -1, r;

	if (argc != 2) {
		fprintf(stderr, "usage: constant SOCKET\n");
		return 64;
	}
	signal(SIGPIPE, SIG_IGN);
	r = httpd_listen_unix(argv[1], 0600, &fd, &err);
	if (r == 0)
		r = httpd_new(&s, &options, routes, 1, NULL, &err);
	if (r == 0)
		r = httpd_add_listener(s, fd, &err);
	if (r == 0)
		r = httpd_run(s, 1000, &err);
	if (r < 0)
		fprintf(stderr, "constant: %s\n", err.text);
	return r < 0;
}
