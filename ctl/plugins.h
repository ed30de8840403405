/*
 * plugins - would dockerd find this authorization plugin, and does it answer?
 *
 * dockerd exits at a reload when one of its list does not (research/authz.md
 * 1.1, 1.6), so each is looked for where dockerd looks, in its order: managed
 * plugins, sockets, .spec and .json files.
 */
#ifndef AEGIS_CTL_PLUGINS_H
#define AEGIS_CTL_PLUGINS_H

#include <limits.h>
#include <stdbool.h>

#include "lib/error.h"

enum plugin_state {
	PLUGIN_ANSWERS,
	PLUGIN_DEAD,     /* found, and does not answer */
	PLUGIN_DISABLED, /* a managed one */
	PLUGIN_ABSENT,
	PLUGIN_UNKNOWN,  /* dockerd, which knows the managed ones, was no help */
};

struct plugin_search {
	const char *docker;    /* socket of its API; NULL: not running */
	const char *exec_root; /* of dockerd: below it are the managed sockets */
	unsigned timeout_ms;
};

struct plugin_found {
	enum plugin_state state;
	bool managed;
	char address[PATH_MAX]; /* a socket's path, or a URL */
};

/* why says what is wrong, unless it answers. */
void plugin_find(const struct plugin_search *where, const char *name,
		 struct plugin_found *ret, struct aegis_error *why);

/* The address in the text of a .spec (json false) or .json file.  Returns 0 or
 * -EBADMSG. */
int plugin_address(const char *text, bool json, char *ret, size_t size);

#endif
