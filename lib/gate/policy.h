/*
 * policy - what the gate allows, as loaded from gatekeeper.yaml.
 *
 * A policy is immutable once loaded: many threads may read one.  All strings
 * and arrays belong to it.  The file format is a contract (DESIGN section 8,
 * gatekeeper.yaml(5)).  A profile gives every setting a value; single keys of
 * `containers` override it.
 */
#ifndef AEGIS_LIB_GATE_POLICY_H
#define AEGIS_LIB_GATE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/gate/endpoint.h"
#include "lib/gate/rule.h"

#define POLICY_VERSION 1
#define POLICY_REVISION_LEN 12 /* hex digits of the SHA-256 of the text */

/* A list of strings owned by the policy. */
struct policy_list {
	const char **v;
	size_t n;
	bool set; /* the key was written, even if the list is empty */
};

enum policy_mode { POLICY_ENFORCE, POLICY_AUDIT, POLICY_OFF };
enum policy_profile { POLICY_PRIVILEGED, POLICY_BASELINE, POLICY_RESTRICTED };
enum policy_api { POLICY_API_CHECK, POLICY_API_ALLOW, POLICY_API_DENY };

struct policy_images {
	struct policy_list allow; /* glob over normalised names; not set: all */
	struct policy_list deny;  /* wins over allow */
	bool require_tag;
	struct policy_list forbid_tags; /* globs */
	bool require_digest;
	struct policy_list forbid_words; /* substrings of name and tag, lower case */
	bool unverified_local; /* allow a local tag without a RepoDigest */
	bool import;           /* images made of tars: load, import */
};

/* Namespaces a container may take from the host or from another container. */
enum policy_ns {
	POLICY_NS_NETWORK = 1 << 0,
	POLICY_NS_PID = 1 << 1,
	POLICY_NS_IPC = 1 << 2,
	POLICY_NS_UTS = 1 << 3,
	POLICY_NS_USER = 1 << 4,
	POLICY_NS_CGROUP = 1 << 5,
	POLICY_NS_ALL = (1 << 6) - 1,
};

#define POLICY_UNLIMITED INT64_MAX

struct policy_containers {
	enum policy_profile profile;
	bool privileged;           /* may be --privileged */
	unsigned host_namespaces;  /* enum policy_ns, allowed ones */
	unsigned join_namespaces;  /* "container:ID" allowed for */
	/* Normal form "NET_ADMIN"; "ALL".  Adds to the profile's list, as
	 * sysctls do; other lists take the place of the profile's. */
	struct policy_list cap_add;
	bool require_cap_drop_all;
	struct policy_list binds_allow, binds_deny; /* globs over host paths */
	bool binds_propagation;    /* shared, rshared, slave, ... allowed */
	struct policy_list volume_drivers; /* of volumes, besides local */
	bool volume_options;       /* driver options other than tmpfs size */
	bool volumes_from;
	struct policy_list devices;  /* globs over host paths */
	bool device_requests;        /* GPUs, CDI */
	struct policy_list security_opt; /* globs over "key=value" */
	bool require_no_new_privileges;
	bool unmasked_proc;          /* MaskedPaths/ReadonlyPaths emptied */
	struct policy_list sysctls;  /* globs over names */
	struct policy_list runtimes; /* besides the default */
	struct policy_list cgroup_parents; /* globs */
	int64_t ulimit_nofile_max, ulimit_nproc_max; /* POLICY_UNLIMITED: any */
	bool ulimits_any;            /* others than nofile, nproc, core too */
	int oom_score_adj_min;       /* 0; -1000 allows all */
	bool oom_kill_disable;
	struct policy_list group_add; /* globs over names and numbers */
	int64_t group_add_min; /* numbers from here on need no listing */
	bool require_non_root;
	bool require_read_only;
	bool require_memory, require_pids, require_cpu;
	int64_t memory_max; /* bytes */
	struct policy_list restart_policies; /* not set: any */
	bool ports_all_interfaces; /* host IP "" or 0.0.0.0 or :: */
	bool ports_privileged;     /* host ports below 1024 */
	struct policy_list log_drivers; /* not set: any */
	bool checkpoint_dir; /* checkpoints in folders of the client's choice */
	bool unknown_fields;
	struct policy_list annotations; /* globs over keys */
	bool binds_nested; /* a bind inside a read-write bind */
};

struct policy_exec {
	bool privileged;
	bool user;              /* another user than the container's */
	struct policy_list deny_env; /* globs over variable names */
};

struct policy_build {
	bool remote, host_network;
};

struct policy_networks {
	struct policy_list drivers; /* bridge, overlay, null/none, ... */
	bool options;               /* driver options that reach host devices */
};

struct policy_archive {
	struct policy_list allow; /* globs over paths in the container; not set: any */
};

struct policy_exception {
	const char *name, *owner, *reason;
	int64_t until_ms; /* after that it no longer counts */
	/* All that are set must match. */
	struct {
		const char *user;   /* TLS CN, glob */
		const char *group;  /* of `groups:` */
		const char *image;  /* glob over the normalised name */
		const char *container; /* glob over the container's name */
		const char *label;  /* "key" or "key=value" */
	} match;
	struct rule_set waive;
	unsigned line;
};

struct policy_group {
	const char *name;
	struct policy_list users; /* globs over TLS CN */
};

struct policy {
	char revision[POLICY_REVISION_LEN + 1];
	const char *file;
	const char *text; /* as read, for the store */
	enum policy_mode mode;
	enum policy_mode rule_mode[RULE_MAX]; /* `rules:`, or the global mode */
	struct policy_images images;
	struct policy_containers containers;
	struct policy_exec exec;
	struct policy_build build;
	struct policy_networks networks;
	struct policy_archive archive;
	enum policy_api api[ENDPOINT_CLASS_MAX];
	struct policy_exception *exceptions;
	size_t exception_count;
	struct policy_group *groups;
	size_t group_count;
	void *storage; /* private */
};

/* Load and check a file.  Returns 0 and a policy to be freed, or a negative
 * errno with "FILE:LINE:COLUMN: what; what to do". */
int policy_load(struct policy **ret, const char *file, struct aegis_error *err);
int policy_parse(struct policy **ret, const char *file_label, const char *text,
		 size_t len, struct aegis_error *err);
void policy_free(struct policy *p);

const char *policy_profile_name(enum policy_profile profile);
/* Fill everything of containers from a profile. */
void policy_profile_apply(struct policy_containers *c,
			  enum policy_profile profile);

/* Is user (NULL: nobody known) in group? */
bool policy_in_group(const struct policy *p, const char *user,
		     const char *group);

#endif
