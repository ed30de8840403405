/*
 * value - what a field holds for an event, and what a condition compares it to.
 *
 * Texts are bytes with a length: paths, names and arguments are the attacker's,
 * and are neither UTF-8 nor terminated.  Pure; any thread.
 */
#ifndef AEGIS_LIB_RULES_VALUE_H
#define AEGIS_LIB_RULES_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

struct rules_ip {
	uint8_t family;    /* 4 or 6 */
	uint8_t bytes[16]; /* network order; of IPv4 the first four */
};

struct rules_net {
	struct rules_ip ip;
	uint8_t prefix; /* bits that count */
};

/* Which member counts follows from the type of the field. */
struct rules_value {
	union {
		struct {
			const char *text;
			size_t len;
		};
		int64_t number; /* NUMBER, PORT */
		bool truth;
		struct rules_ip ip; /* IP, NET */
	};
};

/* The whole of text: decimal with a sign, or 0x and hexadecimal digits.  Each
 * returns 0 or -EINVAL with what was wanted; *ret is then untouched. */
int rules_value_number(const char *text, int64_t *ret, struct aegis_error *err);
int rules_value_bool(const char *text, bool *ret, struct aegis_error *err);
/* A number, or a name of services(5) from a table of our own: what a rule means
 * must not depend on a file of the host. */
int rules_value_port(const char *text, int64_t *ret, struct aegis_error *err);
int rules_value_ip(const char *text, struct rules_ip *ret,
		   struct aegis_error *err);
int rules_value_net(const char *text, struct rules_net *ret,
		    struct aegis_error *err);
/* "cafe01" into out of size bytes. */
int rules_value_hex(const char *text, void *out, size_t size, size_t *ret_len,
		    struct aegis_error *err);

bool rules_ip_equal(const struct rules_ip *a, const struct rules_ip *b);
/* False for an address of the other family. */
bool rules_net_has(const struct rules_net *net, const struct rules_ip *ip);

#endif
