/*
 * ruleset - rule files in Falco's format, loaded, checked and made ready.
 *
 * Source of truth: Falco's engine (userspace/engine/rule_loader_*.cpp) and what
 * it was seen to do; docs/aegis-rules.5 tells the format and every difference.
 * Lists are filled into conditions as text, macros as trees; later files
 * redefine, append to and override what earlier ones defined.
 *
 * What is wrong is refused alone, with file, line and reason, and everything
 * else loads: a wrong list, macro or rule never stops the others, and never
 * loads as something that it does not say.  What needed it is refused with it.
 *
 * Add files in order, then compile once.  From then on a ruleset is read-only,
 * and any thread may use it.  Its texts live until ruleset_free().
 *
 * Rule files are trusted as far as what they want to see goes, not with the
 * machine: every bound here is there so that no file can hang or fill it.
 */
#ifndef AEGIS_LIB_RULES_RULESET_H
#define AEGIS_LIB_RULES_RULESET_H

#include "lib/rules/condition.h"
#include "lib/rules/event.h"

/* Bounds; a file itself is bounded by CONF_FILE_MAX. */
#define RULES_FILES_MAX 256
#define RULES_MAX 20000        /* and as many lists, and macros */
#define RULES_ITEMS_MAX 100000 /* of a list, those of its lists included */
#define RULES_TAGS_MAX 1000    /* of a rule */
#define RULES_SIZE_MAX 2000000 /* checks of all rules, macros filled in */
#define RULES_TEXT_MAX (8 * 1024 * 1024) /* conditions, lists filled in */
/* Bytes gone through to fill lists in: one list of many is a pass of the text.
 */
#define RULES_FILL_MAX ((uint64_t)4 * 1024 * 1024 * 1024)
/* What the bounds above can come to is below this. */
#define RULES_MEMORY_MAX ((size_t)1024 * 1024 * 1024)
#define RULES_PROBLEMS_MAX 1000 /* kept; the others are counted */

/* The engine whose rules load, for required_engine_version. */
#define RULES_ENGINE_MAJOR 0
#define RULES_ENGINE_MINOR 63

enum rules_priority {
	RULES_PRIORITY_EMERGENCY,
	RULES_PRIORITY_ALERT,
	RULES_PRIORITY_CRITICAL,
	RULES_PRIORITY_ERROR,
	RULES_PRIORITY_WARNING,
	RULES_PRIORITY_NOTICE,
	RULES_PRIORITY_INFORMATIONAL,
	RULES_PRIORITY_DEBUG,
	RULES_PRIORITY_MAX,
};
/* "Emergency" to "Debug". */
const char *rules_priority_name(enum rules_priority p);
/* Case does not count; "info" is informational.  RULES_PRIORITY_MAX: none. */
enum rules_priority rules_priority_find(const char *name);

enum rules_action {
	RULES_ACTION_ALERT,
	RULES_ACTION_KILL,
	RULES_ACTION_QUARANTINE,
	RULES_ACTION_MAX,
};
const char *rules_action_name(enum rules_action a);

struct rules_output;

struct rules_rule {
	const char *name, *desc, *source;
	const char *file;
	unsigned line;
	enum rules_priority priority;
	enum rules_action action;
	const char *const *tags;
	uint32_t tag_count;
	bool enabled;
	const char *reason; /* why it did not load; NULL: it did */
	/* Of a rule that loaded: */
	const char *condition; /* filled in and parenthesised, as `falco -L` */
	const struct condition *tree;
	struct rules_event_set events;
	const struct rules_output *output;
};

struct rules_macro {
	const char *name, *file;
	unsigned line;
	const char *reason;
	const char *condition;
	const struct condition *tree;
	struct rules_event_set events;
};

struct rules_list {
	const char *name, *file;
	unsigned line;
	const char *reason;
	const char *const *items; /* those of its lists filled in */
	uint32_t item_count;
};

struct rules_problem {
	bool is_error; /* else something loaded that may not be what was meant
			*/
	const char *item; /* "rule", "macro", "list" or "file" */
	const char *name; /* of it; of a file its path */
	const char *text; /* "FILE:LINE:COLUMN: what; what to do" */
};

struct rules_options {
	/* Put behind every output, after a blank; NULL: nothing. */
	const char *extra_output;
};

struct ruleset;

/* NULL: no memory.  options may be NULL; what it points to is borrowed until
 * ruleset_compile(). */
struct ruleset *ruleset_new(const struct rules_options *options);
void ruleset_free(struct ruleset *rs);

/* Read a file.  What is wrong in it becomes problems; returns -ENOMEM, or
 * -E2BIG for more than RULES_FILES_MAX. */
int ruleset_add_file(struct ruleset *rs, const char *file,
		     struct aegis_error *err);
/* The same, or of a folder what ends in .yaml or .yml, in the order of names.
 */
int ruleset_add_path(struct ruleset *rs, const char *path,
		     struct aegis_error *err);
int ruleset_add_text(struct ruleset *rs, const char *file_label,
		     const char *text, size_t len, struct aegis_error *err);

/* Once, after the last file. */
int ruleset_compile(struct ruleset *rs, struct aegis_error *err);

/* In the order of first definition. */
uint32_t ruleset_rule_count(const struct ruleset *rs);
const struct rules_rule *ruleset_rule(const struct ruleset *rs, uint32_t i);
uint32_t ruleset_macro_count(const struct ruleset *rs);
const struct rules_macro *ruleset_macro(const struct ruleset *rs, uint32_t i);
uint32_t ruleset_list_count(const struct ruleset *rs);
const struct rules_list *ruleset_list(const struct ruleset *rs, uint32_t i);
uint32_t ruleset_problem_count(const struct ruleset *rs);
const struct rules_problem *ruleset_problem(const struct ruleset *rs,
					    uint32_t i);
/* Errors and warnings, those beyond RULES_PROBLEMS_MAX included. */
uint32_t ruleset_error_count(const struct ruleset *rs);

enum rules_attach {
	RULES_ATTACH_RULE, /* by its name */
	RULES_ATTACH_TAG,
	RULES_ATTACH_PRIORITY, /* this one and the more severe */
};

/*
 * Give rules an action from outside of their files, after ruleset_compile() and
 * before the ruleset is shared.  A later call wins over an earlier one and over
 * the file.  Returns 0, or -ENOENT with a suggestion where no rule is meant.
 */
int ruleset_attach(struct ruleset *rs, enum rules_attach by, const char *what,
		   enum rules_action action, struct aegis_error *err);

/* Events that some enabled rule can match. */
void ruleset_events(const struct ruleset *rs, struct rules_event_set *ret);

static inline void
ruleset_cleanup(struct ruleset **rs)
{
	ruleset_free(*rs);
}
#define _cleanup_ruleset_ _cleanup_(ruleset_cleanup)

#endif
