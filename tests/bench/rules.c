/*
 * rules FILE... - nanoseconds to evaluate an event against rule files: an exec
 * and an open as most are, which match nothing, and ones that match.
 *
 * The accessor answers from a table, so that what is measured is the engine.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/rules/eval.h"
#include "lib/rules/ruleset.h"

#define ROUNDS 7
#define EVENTS 200000

struct event {
	const char *what;
	enum rules_event type;
	struct rules_value values[RULES_FIELD_MAX];
	bool has[RULES_FIELD_MAX];
	const char *ancestors[6];
	unsigned long asked;
};

static bool
get(void *ctx, const struct rules_ref *ref, unsigned index,
    struct rules_value *ret)
{
	struct event *e = ctx;

	e->asked++;
	if (ref->field == RULES_FIELD_PROC_ANAME) {
		const unsigned i = ref->index >= 0 ? (unsigned)ref->index - 1
						   : index;

		if (i >= sizeof(e->ancestors) / sizeof(e->ancestors[0]) ||
		    !e->ancestors[i])
			return false;
		ret->text = e->ancestors[i];
		ret->len = strlen(ret->text);
		return true;
	}
	*ret = e->values[ref->field];
	return e->has[ref->field] && !index;
}

static void
set_text(struct event *e, enum rules_field f, const char *text)
{
	e->values[f].text = text;
	e->values[f].len = strlen(text);
	e->has[f] = true;
}

static void
set_number(struct event *e, enum rules_field f, int64_t number)
{
	e->values[f].number = number;
	e->has[f] = true;
}

static void
set_process(struct event *e, const char *name, const char *cmdline,
	    const char *args, const char *parent)
{
	set_text(e, RULES_FIELD_PROC_NAME, name);
	set_text(e, RULES_FIELD_PROC_EXE, name);
	set_text(e, RULES_FIELD_PROC_CMDLINE, cmdline);
	set_text(e, RULES_FIELD_PROC_ARGS, args);
	set_text(e, RULES_FIELD_PROC_EXEPATH, "/usr/bin/true");
	set_text(e, RULES_FIELD_PROC_PNAME, parent);
	set_text(e, RULES_FIELD_PROC_PEXE, parent);
	set_text(e, RULES_FIELD_PROC_PCMDLINE, "sh -c make -j4 all");
	set_text(e, RULES_FIELD_PROC_CWD, "/src/project/");
	set_number(e, RULES_FIELD_PROC_TTY, 0);
	set_number(e, RULES_FIELD_PROC_DURATION, 3000000);
	set_number(e, RULES_FIELD_PROC_IS_EXE_UPPER_LAYER, 0);
	set_number(e, RULES_FIELD_PROC_IS_EXE_FROM_MEMFD, 0);
	set_text(e, RULES_FIELD_USER_NAME, "root");
	set_number(e, RULES_FIELD_USER_UID, 0);
	set_text(e, RULES_FIELD_CONTAINER_ID, "0123456789ab");
	set_text(e, RULES_FIELD_CONTAINER_IMAGE_REPOSITORY,
		 "registry.example.com/team/builder");
	set_number(e, RULES_FIELD_CONTAINER_PRIVILEGED, 0);
	set_number(e, RULES_FIELD_EVT_NUM, 4711);
	set_text(e, RULES_FIELD_THREAD_CAP_EFFECTIVE, "CAP_CHOWN CAP_KILL");
	e->ancestors[0] = parent;
	e->ancestors[1] = "make";
	e->ancestors[2] = "sh";
	e->ancestors[3] = "containerd-shim";
}

static void
set_open(struct event *e, const char *path, const char *directory,
	 const char *name)
{
	e->type = RULES_EVENT_openat;
	set_text(e, RULES_FIELD_FD_NAME, path);
	set_text(e, RULES_FIELD_FD_NAMERAW, path);
	set_text(e, RULES_FIELD_AEGIS_FD_REALNAME, path);
	set_text(e, RULES_FIELD_FD_DIRECTORY, directory);
	set_text(e, RULES_FIELD_FD_FILENAME, name);
	set_text(e, RULES_FIELD_FD_TYPECHAR, "f");
	set_number(e, RULES_FIELD_FD_NUM, 3);
	set_number(e, RULES_FIELD_EVT_IS_OPEN_READ, 1);
	set_number(e, RULES_FIELD_EVT_IS_OPEN_WRITE, 0);
	set_text(e, RULES_FIELD_EVT_RES, "SUCCESS");
	set_text(e, RULES_FIELD_EVT_ARG, "O_RDONLY|O_CLOEXEC");
}

static double
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* The best of some rounds: what disturbs only adds. */
static void
measure(const struct ruleset *rs, struct rules_scratch *s, struct event *e)
{
	const uint32_t *found;
	size_t matches = 0;
	double best = 0;

	for (int round = 0; round < ROUNDS; round++) {
		const double start = now_ns();
		double took;

		for (int i = 0; i < EVENTS; i++)
			matches = rules_eval(rs, s, e->type, get, e,
					     RULES_MATCH_ALL, &found);
		took = (now_ns() - start) / EVENTS;
		if (!round || took < best)
			best = took;
	}
	printf("%-34s %8.0f ns %6lu facts %4zu matches\n", e->what, best,
	       e->asked / ROUNDS / EVENTS, matches);
}

static struct event events[] = {
	{.what = "execve of true, nothing to see"},
	{.what = "execve of a shell in a server"},
	{.what = "openat of a header, nothing to see"},
	{.what = "openat of /etc/shadow"},
};

static void
set_events(void)
{
	set_process(&events[0], "true", "true --version", "--version", "sh");
	events[0].type = RULES_EVENT_execve;
	set_text(&events[0], RULES_FIELD_EVT_RES, "SUCCESS");
	set_process(&events[1], "sh", "sh -c id", "-c id", "nginx");
	events[1].type = RULES_EVENT_execve;
	set_text(&events[1], RULES_FIELD_EVT_RES, "SUCCESS");
	set_process(&events[2], "cc1", "cc1 -O2 a.c", "-O2 a.c", "gcc");
	set_open(&events[2], "/usr/include/stdio.h", "/usr/include", "stdio.h");
	set_process(&events[3], "cat", "cat /etc/shadow", "/etc/shadow", "sh");
	set_open(&events[3], "/etc/shadow", "/etc", "shadow");
}

int
main(int argc, char **argv)
{
	_cleanup_ruleset_ struct ruleset *rs = ruleset_new(NULL);
	struct aegis_error err = {0};
	struct rules_scratch *s;
	const double start = now_ns();

	if (argc < 2 || !rs) {
		fprintf(stderr, "usage: rules FILE...\n");
		return 64;
	}
	for (int i = 1; i < argc; i++)
		if (ruleset_add_path(rs, argv[i], &err) < 0)
			return 1;
	if (ruleset_compile(rs, &err) < 0) {
		fprintf(stderr, "rules: %s\n", err.text);
		return 1;
	}
	printf("%u rules in %.1f ms\n", ruleset_rule_count(rs),
	       (now_ns() - start) / 1e6);
	s = rules_scratch_new(rs);
	if (!s || ruleset_error_count(rs))
		return 1;
	set_events();
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		measure(rs, s, &events[i]);
	rules_scratch_free(s);
	return 0;
}
