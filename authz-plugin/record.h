/*
 * record - one decision on its way into the store, with what it owes dockerd.
 *
 * A record holds everything by value, so that the request it came from can go.
 * Records are pooled: a busy gate does not allocate.  Loop thread only.
 */
#ifndef AEGIS_AUTHZ_PLUGIN_RECORD_H
#define AEGIS_AUTHZ_PLUGIN_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/gate/gate.h"
#include "lib/store/store.h"

struct httpd_request;

#define RECORD_URI_MAX (8 * 1024)
#define RECORD_JSON_MAX (32 * 1024)
#define RECORD_REPLY_MAX (4 * 1024)

enum record_kind {
	RECORD_DECISION, /* a row, and an answer that waits for it */
	RECORD_OUTCOME,  /* what became of a row; nobody waits */
};

struct record {
	struct record *next;
	enum record_kind kind;
	struct decision decision; /* points into the fields below */
	struct httpd_request *request; /* NULL once answered */
	uint64_t queued_ms;            /* of the loop's clock */
	uint64_t correlation;          /* AuthZReq and AuthZRes of one call */
	bool changes_state;
	bool makes_container; /* the answer's Id is a container's */
	bool alert; /* a row of security_alerts too */
	struct buf uri, body, facts, reply;
	char user[128], method[16], subject[256], container[72];
	char image[IMAGE_REF_NAME_MAX + IMAGE_REF_DIGEST_MAX + 256];
	char image_id[80], field[GATE_FIELD_LEN], message[GATE_MESSAGE_LEN];
	char exception[128], revision[POLICY_REVISION_LEN + 1];
};

struct record *record_new(void); /* NULL: out of memory */
void record_free(struct record *r);

/* Fill a decision's record from a judged call.  facts NULL: none. */
void record_fill(struct record *r, const struct gate_call *call,
		 const struct gate_facts *facts,
		 const struct gate_verdict *verdict,
		 const struct policy *policy);

/* Turn the record into a deny for rule: the store could not take it. */
void record_refuse(struct record *r, enum rule_id rule, const char *reason);

/* The answer for dockerd, from the verdict. */
void record_reply(struct record *r, bool allow, const char *message);

#endif
