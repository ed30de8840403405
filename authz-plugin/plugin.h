/*
 * plugin - the authorization plugin protocol, version 1.
 *
 * Source: moby pkg/plugins (Plugin.Activate) and pkg/authorization (AuthZReq,
 * AuthZRes).  dockerd asks over HTTP/1.1 on our socket; a call of the Docker API
 * is two requests here.  The decision is made in AuthZReq; AuthZRes comes when
 * the action is done, is answered at once and tells the record what became of
 * it.
 *
 * Loop thread only, except plugin_stats().
 */
#ifndef AEGIS_AUTHZ_PLUGIN_PLUGIN_H
#define AEGIS_AUTHZ_PLUGIN_PLUGIN_H

#include "authz-plugin/policy_ref.h"
#include "authz-plugin/recorder.h"
#include "authz-plugin/waiting.h"
#include "authz-plugin/workers.h"
#include "lib/gate/lookup.h"
#include "lib/httpd.h"

/* An envelope over ENVELOPE_MAX is denied and recorded; one over this is cut by
 * the server, and dockerd repeats the request. */
#define PLUGIN_BODY_MAX (64 * 1024 * 1024)
/* All look-ups of one call, from its arrival; dockerd answers an inspect in a few
 * ms. */
#define PLUGIN_LOOKUP_TIMEOUT_MS 5000

struct plugin {
	struct httpd *httpd;
	struct recorder *recorder;
	struct workers *workers;
	struct waiting waiting;
	struct policy_ref *policy; /* never NULL once running */
	struct gate_host host;
	struct lookup_source source;
	struct job *free_jobs;
	unsigned free_job_count;
};

extern const struct httpd_route plugin_routes[];
extern const size_t plugin_route_count;

/* Take a new policy into force.  Takes over ref. */
void plugin_set_policy(struct plugin *p, struct policy_ref *ref);
/* The deny that needs no memory; it has no record. */
void plugin_reply_out_of_memory(struct httpd_request *req);
/* Free the pool of jobs; none may be under way. */
void plugin_release(struct plugin *p);

#endif
