/*
 * internal - a set of rules while it is put together; private to lib/rules.
 *
 * load_read.c reads items of YAML, load_apply.c puts them among the others,
 * load_lists.c, load_macros.c and load_exceptions.c fill in, load.c does it in
 * order.  An item is read in full before it changes anything.
 */
#ifndef AEGIS_LIB_RULES_INTERNAL_H
#define AEGIS_LIB_RULES_INTERNAL_H

#include "lib/conf.h"
#include "lib/rules/output.h"
#include "lib/rules/program.h"
#include "lib/rules/ruleset.h"

struct place {
	const char *file;
	unsigned line, column;
};

/* Texts in the arena. */
struct texts {
	const char **v;
	uint32_t count, cap;
};
int texts_add(struct arena *a, struct texts *t, const char *text);

/* A value of an exception: a text, or a list of such. */
struct entry {
	bool is_set, is_list;
	const char *text;
	struct entry *items;
	uint32_t count;
};

struct exception {
	const char *name;
	struct place place;
	struct entry fields, comps;
	struct entry *values;
	uint32_t value_count;
	struct exception *next;
};

/* index: when it was defined first; visibility: when it was changed last.  A
 * macro sees what has an index below its visibility. */
struct list {
	struct rules_list info;
	struct place place;
	uint32_t index, visibility;
	struct texts items; /* as written */
	struct texts full;  /* the lists among them filled in */
};

struct macro {
	struct rules_macro info;
	struct place place, condition_place;
	uint32_t index, visibility;
	const char *text;
	const struct condition *parsed;
	bool resolved; /* info.tree, or info.reason if not */
};

enum rule_key {
	RULE_CONDITION = 1 << 0,
	RULE_OUTPUT = 1 << 1,
	RULE_DESC = 1 << 2,
	RULE_TAGS = 1 << 3,
	RULE_EXCEPTIONS = 1 << 4,
	RULE_PRIORITY = 1 << 5,
	RULE_CAPTURE = 1 << 6,
	RULE_CAPTURE_DURATION = 1 << 7,
	RULE_ENABLED = 1 << 8,
	RULE_WARN_EVTTYPES = 1 << 9,
	RULE_SKIP_UNKNOWN = 1 << 10,
	RULE_AEGIS = 1 << 11,
	RULE_SOURCE = 1 << 12,
};

struct rule {
	struct rules_rule info;
	struct place place, condition_place, output_place;
	unsigned keys; /* which were given, enum rule_key; while it is read */
	const char *text, *output;
	struct texts tags;
	struct exception *exceptions;
	bool warn_evttypes, skip_unknown, unknown_source;
	uint32_t root; /* in the program; MAP_NONE: not loaded */
};

struct ruleset {
	struct rules_options options;
	struct arena arena;
	struct conf *files; /* their trees hold the texts of items */
	uint32_t file_count, file_cap;
	struct list *lists;
	struct macro *macros;
	struct rule *rules;
	uint32_t list_count, list_cap, macro_count, macro_cap, rule_count,
		rule_cap;
	struct map list_names, macro_names, rule_names;
	uint32_t *odd_lists, odd_list_count; /* load_lists.c */
	uint32_t next_index;
	uint64_t size; /* of all conditions, for RULES_SIZE_MAX */
	uint64_t text_bytes, fill_bytes; /* for the bounds of that name */
	struct rules_problem *problems;
	uint32_t problem_count, problem_cap, problem_errors, problems_dropped;
	bool out_of_memory; /* sticky */

	/* Once compiled: */
	struct program program;
	/* Rules of event e: by_event[first[e]] up to first[e + 1]. */
	uint32_t *by_event;
	uint32_t first[RULES_EVENT_MAX + 1];
};

/* What is being read: a file, and in it an item by its kind and name. */
struct reading {
	struct ruleset *rs;
	const struct conf *conf;
	const struct conf_node *node;
	const char *kind, *name;
	struct aegis_error *err; /* why it is refused */
};

/* --- problems (ruleset.c) ----------------------------------------------- */
void problem_add(struct ruleset *rs, bool is_error, const char *item,
		 const char *name, const char *text);
/* At a place: "FILE:L:C: FORMAT" into err; returns -EBADMSG. */
int place_error(const struct place *place, struct aegis_error *err,
		const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A warning there. */
void place_warn(struct ruleset *rs, const struct place *place, const char *item,
		const char *name, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* Room in an array of the ruleset; -ENOMEM, or -E2BIG with the reason. */
int ruleset_grow(void *array, uint32_t count, uint32_t *cap, uint32_t max,
		 size_t size, const char *what, struct aegis_error *err);
struct place place_of(const struct conf *conf, const struct conf_node *n);

/* --- reading (load_read.c, load_rule.c) --------------------------------- */
void load_item(struct ruleset *rs, const struct conf *conf,
	       const struct conf_node *item);
/* False: the file is for a newer engine; a problem says so. */
bool load_version_fits(struct ruleset *rs, const struct conf *conf,
		       const struct conf_node *document);
int load_rule(struct reading *r);
/* The value of a key, NULL if it is not there; one of type CONF_NULL is. */
const struct conf_node *load_find(const struct conf_node *map, const char *key);
/* Scalars; a key that is there has to have a value. */
int load_text(struct reading *r, const char *key, const char **ret);
int load_bool(struct reading *r, const char *key, bool *ret);
int load_texts(struct reading *r, const char *key, uint32_t max,
	       struct texts *ret);
void load_warn(struct reading *r, const struct conf_node *n, const char *format,
	       ...) __attribute__((format(printf, 3, 4)));
void load_warn_unknown_keys(struct reading *r, const char *const *known,
			    size_t count);
/* `override:` and `append:` of an item; sets of bits of names. */
struct override {
	unsigned append, replace;
	bool deprecated_append;
};
int load_override(struct reading *r, const char *const *names, size_t count,
		  unsigned appendable, unsigned replaceable,
		  struct override *ret);
int load_exceptions(struct reading *r, bool append, struct exception **ret);

/* --- putting among the others (load_apply.c) ---------------------------- */
int apply_list(struct reading *r, const struct list *l, bool append);
int apply_macro(struct reading *r, const struct macro *m, bool append);
int apply_rule(struct reading *r, const struct rule *rule);
int apply_rule_update(struct reading *r, const struct rule *update,
		      unsigned append, unsigned replace);
int apply_enabled(struct reading *r, bool enabled);
/* A rule that was refused before it was one, for the list of rules. */
void apply_refused(struct reading *r, const char *reason);

/* --- filling in --------------------------------------------------------- */
int lists_resolve(struct ruleset *rs);
/* text with the names of lists replaced, as Falco does, into out.  -EBADMSG:
 * one of them was refused; -ENOSPC: over the limit of out; -E2BIG:
 * RULES_FILL_MAX. */
int lists_substitute(struct ruleset *rs, const char *text, struct buf *out);
int macros_resolve(struct ruleset *rs);
/* A tree with its macros filled in; those with an index below visibility are
 * seen. */
int macros_expand(struct ruleset *rs, const struct condition *c,
		  uint32_t visibility, const struct condition **ret,
		  struct aegis_error *err);
/* Parse what was filled in with lists; errors with place and words near. */
int load_condition(struct ruleset *rs, const char *text,
		   const struct place *place, const struct condition **ret,
		   struct aegis_error *err);
int exception_check(const struct exception *e, struct aegis_error *err);
/* "(text) and not (..)" into out. */
int exceptions_print(const char *text, const struct exception *e,
		     struct buf *out, struct aegis_error *err);

#endif
