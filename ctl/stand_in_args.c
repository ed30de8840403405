/*
 * stand_in_args - is a docker command line fit for the stand-in?
 *
 * DOCKER_HOST leads the docker client to the stand-in.  Options that lead it
 * elsewhere, and commands that act without dockerd (on a registry, on files of
 * the user), would really be executed: those are refused.
 */
#include "ctl/stand_in.h"

#include <stdio.h>
#include <string.h>

#include "lib/conf.h"

static const char *const daemon_commands[] = {
	"attach",  "build",   "builder", "commit",  "compose", "config",
	"container", "cp",    "create",  "diff",    "events",  "exec",
	"export",  "history", "image",   "images",  "import",  "info",
	"inspect", "kill",    "load",    "logs",    "network", "node",
	"pause",   "plugin",  "port",    "ps",      "pull",    "push",
	"rename",  "restart", "rm",      "rmi",     "run",     "save",
	"search",  "secret",  "service", "stack",   "start",   "stats",
	"stop",    "swarm",   "system",  "tag",     "top",     "unpause",
	"update",  "version", "volume",  "wait",
};

static const char *const compose_commands[] = {
	"build", "create", "down", "exec", "images", "kill",    "logs",
	"ls",    "pause",  "port", "ps",   "pull",   "restart", "rm",
	"run",   "start",  "stop", "top",  "up",
};

/* Why the others are not run.  What dockerd sees of them the gate judges. */
static const struct {
	const char *word, *why;
} not_run[] = {
	{"buildx", "docker buildx may build elsewhere; for a build by dockerd "
		   "itself, explain 'docker build'"},
	{"login", "docker login asks for a password and keeps it, so it is not "
		  "run; its call to dockerd is system.auth, open unless the "
		  "policy has api: {system: deny}"},
	{"logout", "docker logout edits files of yours and calls no dockerd"},
	{"context", "docker context edits files of yours and calls no dockerd"},
	{"manifest", "docker manifest talks to registries itself and calls no "
		     "dockerd"},
	{"trust", "docker trust talks to registries itself, so it is not run; "
		  "what it has dockerd push is image.push"},
	{"completion", "docker completion calls no dockerd"},
	{"help", "docker help calls no dockerd"},
};

/* Options of docker itself, before the command. */
static const char *const docker_with_value[] = {"--config", "-l",
						"--log-level"};
static const char *const docker_switches[] = {"-D", "--debug"};
static const char *const compose_with_value[] = {
	"-f",         "--file",     "-p",   "--project-name", "--profile",
	"--env-file", "--parallel", "--ansi", "--progress",
	"--project-directory",
};
static const char *const compose_switches[] = {"--compatibility",
					       "--all-resources"};

#define HAS(list, word) has(list, sizeof(list) / sizeof((list)[0]), word)

static bool
has(const char *const *list, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i], word))
			return true;
	return false;
}

/* Step over known options; the index of the first word, or -1 at an option
 * that is not known. */
static int
skip_options(char *const *args, int count, int at, const char *const *valued,
	     size_t valued_count, const char *const *switches,
	     size_t switch_count)
{
	for (; at < count && args[at][0] == '-'; at++) {
		char name[64];

		snprintf(name, sizeof(name), "%.*s",
			 (int)strcspn(args[at], "="), args[at]);
		if (has(switches, switch_count, args[at]))
			continue;
		if (!has(valued, valued_count, name))
			return -1;
		at += !strchr(args[at], '=');
	}
	return at;
}
#define SKIP(args, count, at, valued, switches)                                \
	skip_options(args, count, at, valued,                                  \
		     sizeof(valued) / sizeof((valued)[0]), switches,           \
		     sizeof(switches) / sizeof((switches)[0]))

#define SAY(...) (snprintf(why, size, __VA_ARGS__), true)

static bool
compose_refused(char *const *args, int count, int at, char *why, size_t size)
{
	const char *near;

	at = SKIP(args, count, at, compose_with_value, compose_switches);
	if (at < 0)
		return SAY("an option of docker compose could lead it to "
			   "another host; leave out what stands before its "
			   "command");
	if (at >= count)
		return SAY("which docker compose command?");
	if (HAS(compose_commands, args[at]))
		return false;
	near = conf_nearest(args[at], compose_commands,
			    sizeof(compose_commands) /
				    sizeof(compose_commands[0]));
	return SAY("'%.40s' is none of the docker compose commands that do "
		   "nothing but call dockerd%s%s%s",
		   args[at], near ? "; did you mean '" : "", near ? near : "",
		   near ? "'?" : "");
}

/* A builder may be on another host. */
static bool
names_builder(char *const *args, int count)
{
	for (int i = 0; i < count; i++)
		if (!strncmp(args[i], "--builder", 9))
			return true;
	return false;
}

static bool
word_refused(const char *word, char *why, size_t size)
{
	const size_t count = sizeof(daemon_commands) / sizeof(*daemon_commands);
	const char *near;

	if (HAS(daemon_commands, word))
		return false;
	for (size_t i = 0; i < sizeof(not_run) / sizeof(not_run[0]); i++)
		if (!strcmp(not_run[i].word, word))
			return SAY("%s", not_run[i].why);
	near = conf_nearest(word, daemon_commands, count);
	if (near)
		return SAY("'%.40s' is no command of docker; did you mean "
			   "'%s'?",
			   word, near);
	return SAY("'%.40s' is no command of docker itself; what a plugin of "
		   "the client does without dockerd nobody could hold back, so "
		   "it is not run",
		   word);
}

bool
stand_in_refuses(char *const *args, int count, char *why, size_t size)
{
	const char *base;
	int at;

	if (!count)
		return SAY("give a docker command line, or --request FILE");
	base = strrchr(args[0], '/');
	if (strcmp(base ? base + 1 : args[0], "docker"))
		return SAY("only docker command lines can be explained; begin "
			   "with 'docker'");
	at = SKIP(args, count, 1, docker_with_value, docker_switches);
	if (at < 0)
		return SAY("an option before the docker command could lead it "
			   "to another host; leave it out (-H, --context, "
			   "--tls, ...)");
	if (at >= count)
		return SAY("which docker command?");
	if (word_refused(args[at], why, size))
		return true;
	if (!strcmp(args[at], "compose"))
		return compose_refused(args, count, at + 1, why, size);
	if ((!strcmp(args[at], "build") || !strcmp(args[at], "builder") ||
	     !strcmp(args[at], "image")) &&
	    names_builder(args + at, count - at))
		return SAY("a builder may be on another host; leave --builder "
			   "out");
	return false;
}

bool
stand_in_is_series(char *const *args, int count, enum endpoint_id judged)
{
	static const char *const runs[] = {"run", "create", "container"};
	int at = SKIP(args, count, 1, docker_with_value, docker_switches);

	if (at < 0 || at >= count)
		return false;
	/* A run that pulls first is judged by its pull. */
	return !strcmp(args[at], "compose") || !strcmp(args[at], "stack") ||
	       (judged == ENDPOINT_IMAGE_CREATE && HAS(runs, args[at]));
}
