/*
 * ctl - what the commands of aegis-ctl share.
 *
 * A command is a line in commands.c and a function int NAME(struct ctl *) that
 * returns its exit code.  Data goes to standard output, messages to standard
 * error.  Whatever came from outside is escaped on its way to either: through
 * table_add(), ctl_text() or the message functions here.
 */
#ifndef AEGIS_CTL_CTL_H
#define AEGIS_CTL_CTL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "ctl/table.h"
#include "lib/buf.h"
#include "lib/error.h"
#include "lib/json_out.h"
#include "lib/settings.h"

enum ctl_exit {
	CTL_OK = 0,
	CTL_FAILED = 1,      /* general; or: something differs */
	CTL_DENIED = 2,      /* by policy */
	CTL_DEGRADED = 3,    /* works, but not as it should */
	CTL_NOT_FOUND = 4,
	CTL_UNREACHABLE = 7, /* the gate or dockerd does not answer */
	CTL_TIMEOUT = 8,
	CTL_USAGE = 64,      /* EX_USAGE */
	CTL_DATA = 65,       /* EX_DATAERR */
	CTL_INTERRUPTED = 130,
};

enum ctl_option {
#define OPTION(id, name, letter, argument, help) OPT_##id,
#include "ctl/options.def"
#undef OPTION
	OPT_MAX,
};

struct ctl_option_info {
	const char *name;
	char letter;
	const char *argument;
	const char *help;
};
extern const struct ctl_option_info ctl_options[OPT_MAX];

#define BIT(id) (UINT64_C(1) << OPT_##id)
#define OPTIONS_GLOBAL (BIT(CONFIG) | BIT(COLOR) | BIT(HELP))
#define OPTIONS_TABLE (BIT(OUTPUT) | BIT(NO_TRUNC) | BIT(NO_HEADERS))

enum ctl_format { FORMAT_TABLE, FORMAT_WIDE, FORMAT_JSON, FORMAT_JSONL, FORMAT_MAX };
extern const char *const ctl_format_names[FORMAT_MAX];
#define FORMATS_PLAIN (1u << FORMAT_TABLE | 1u << FORMAT_JSON)
#define FORMATS_LIST (FORMATS_PLAIN | 1u << FORMAT_WIDE | 1u << FORMAT_JSONL)

struct ctl;

struct ctl_command {
	const char *name;     /* "decisions list" */
	const char *args;     /* "FILE..." as in the synopsis */
	const char *summary;  /* one line, lower case, no full stop */
	const char *text;     /* paragraphs, or NULL */
	const char *examples; /* lines "command\tremark" */
	const char *exits;    /* lines "code\tmeaning" beyond 0, 1 and 64 */
	uint64_t options;     /* beside OPTIONS_GLOBAL */
	unsigned formats;     /* 0: no -o */
	int args_min, args_max; /* -1: any number */
	int (*run)(struct ctl *ctl);
};
extern const struct ctl_command ctl_commands[];
extern const size_t ctl_command_count;

struct ctl {
	const struct ctl_command *command;
	const char *opt[OPT_MAX]; /* NULL: not given; "" for a switch */
	char **args;
	int arg_count;
	enum ctl_format format;
	bool color;
};

/* --- commands, one file per group ----------------------------------------- */
int up_run(struct ctl *ctl);
int status_run(struct ctl *ctl);
int decisions_list(struct ctl *ctl);
int decisions_show(struct ctl *ctl);
int replay_run(struct ctl *ctl);
int alerts_list(struct ctl *ctl);
int policy_validate(struct ctl *ctl);
int policy_test(struct ctl *ctl);
int explain_run(struct ctl *ctl);
int rules_validate(struct ctl *ctl);
int rules_show(struct ctl *ctl);
int setup_docker(struct ctl *ctl);
int help_run(struct ctl *ctl);
int version_run(struct ctl *ctl);
int completion_run(struct ctl *ctl);

/* Help of one command, or of all (NULL). */
void help_print(FILE *f, const struct ctl_command *command);
/* Of the commands that begin with this word; false if there are none. */
bool help_group(FILE *f, const char *word);
/* By its words; NULL if there is none. */
const struct ctl_command *command_find(char *const *words, int count,
				       int *ret_used);
/* "aegis-ctl: unknown command 'stauts'; did you mean 'status'?" */
int command_unknown(char *const *words, int count);

/* --- output.c --------------------------------------------------------------- */

/* "aegis-ctl: TEXT" on standard error, escaped.  Returns code, so that callers
 * return it. */
int ctl_error(int code, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* An aegis_error with the exit code that fits its errno. */
int ctl_failed(const struct aegis_error *err);
/* A line "LABEL: TEXT" for people on standard error; not a failure. */
void ctl_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* printf to f whose result is escaped but for its line breaks. */
void ctl_text(FILE *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Load the configuration that -c names.  Returns 0, or an exit code after the
 * message. */
int ctl_settings(const struct ctl *ctl, struct settings *ret);

struct table_style ctl_table_style(const struct ctl *ctl);
/* Print a finished table.  Returns an exit code. */
int ctl_table(const struct ctl *ctl, struct table *t);
/* Print a finished JSON document with a line feed.  Returns an exit code. */
int ctl_json(struct json_out *o);
/* json into o as it is if it is JSON, as a string if not. */
void ctl_json_value(struct json_out *o, const char *key, const char *json);

/* Flush standard output.  0, or the errno of the first write to it that failed. */
int ctl_flush(void);

/* A cell with a name: of an id of 64 digits the first 12, but with --no-trunc. */
void ctl_add_name(const struct ctl *ctl, struct table *t, const char *text);
/* A cell with a message, without the "[RULE] " that the column beside it has. */
void ctl_add_message(const struct ctl *ctl, struct table *t, const char *text,
		     const char *rule);

enum table_color ctl_verdict_color(const char *verdict);

/* --- time.c ----------------------------------------------------------------- */

int64_t ctl_now_ms(void);      /* wall clock, UTC */
int64_t ctl_monotonic_ms(void);
/* "15m" before now_ms, or RFC 3339.  Returns 0 or -EINVAL. */
int time_parse(const char *text, int64_t now_ms, int64_t *ret_ms);
/* "12s", "3m", "5h", "9d": how long ago, in one unit. */
void time_age(int64_t ms, int64_t now_ms, char *ret, size_t size);
/* The option as a time, 0 if it was not given.  Returns 0 or an exit code. */
int ctl_time(const struct ctl *ctl, enum ctl_option option, int64_t *ret_ms);
/* A number from 0 to max.  Returns 0 or -EINVAL. */
int number_parse(const char *text, unsigned long max, unsigned long *ret);

/* --- the gate as seen from outside (reach.c) --------------------------------- */

/* Does an authorization plugin answer on the socket?  0, or an errno with the
 * reason and what to do. */
int plugin_answers(const char *socket, unsigned timeout_ms,
		   struct aegis_error *err);

struct docker_info {
	char version[64];
	/* The plugin is in Plugins.Authorization.  Not proof: dockerd 20.10
	 * shows what it was started with, whatever a reload changed. */
	bool listed;
};
int docker_info(const char *socket, const char *plugin, unsigned timeout_ms,
		struct docker_info *ret, struct aegis_error *err);
struct docker_probe {
	int recorded; /* the call is in the gate's record: 1, 0, or an errno */
	bool blames;  /* the answer is that the plugin refused or failed */
};
/* One call that changes nothing, looked for in the record.  Returns 0, or an errno
 * if dockerd does not answer in time. */
int docker_probe(const struct settings *s, const char *plugin,
		 unsigned timeout_ms, struct docker_probe *ret,
		 struct aegis_error *err);
/* Which process keeps the store's write lock; 0 if none does for longer than a
 * commit.  Asks the kernel, takes no lock. */
pid_t store_lock_holder(const char *store);
/*
 * Does dockerd ask the gate?  Makes a call that changes nothing and looks for
 * it in the gate's record; where the record cannot be read, believes /info.
 * Returns 0 and *ret, or an errno if dockerd does not answer in time.
 */
int docker_gated(const struct settings *s, const char *plugin,
		 unsigned timeout_ms, bool *ret, struct aegis_error *err);

/* A whole file, at most max bytes; "-" is standard input. */
int file_read(const char *path, struct buf *ret, struct aegis_error *err);

#endif
