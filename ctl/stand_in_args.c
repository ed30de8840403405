/*
 * stand_in_args - is a docker command line fit for the stand-in?
 *
 * DOCKER_HOST leads the docker client to the stand-in.  Options that lead it
 * elsewhere, and commands that act without dockerd (on a registry, on files of
 * the user), would really be executed: those are refused.
 */
#include "ctl/stand_in.h"

#include <string.h>

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

static const char *
compose_refused(char *const *args, int count, int at)
{
	at = SKIP(args, count, at, compose_with_value, compose_switches);
	if (at < 0)
		return "an option of docker compose could lead it to another "
		       "host; leave out what stands before its command";
	if (at >= count || !HAS(compose_commands, args[at]))
		return "this docker compose command does more than call "
		       "dockerd";
	return NULL;
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

const char *
stand_in_refuses(char *const *args, int count)
{
	const char *base;
	int at;

	if (!count)
		return "give a docker command line, or --request FILE";
	base = strrchr(args[0], '/');
	if (strcmp(base ? base + 1 : args[0], "docker"))
		return "only docker command lines can be explained; begin with "
		       "'docker'";
	at = SKIP(args, count, 1, docker_with_value, docker_switches);
	if (at < 0)
		return "an option before the docker command could lead it to "
		       "another host; leave it out (-H, --context, --tls, ...)";
	if (at >= count)
		return "which docker command?";
	if (!HAS(daemon_commands, args[at]))
		return "this docker command acts without dockerd, so the gate "
		       "has no say in it";
	if (!strcmp(args[at], "compose"))
		return compose_refused(args, count, at + 1);
	if ((!strcmp(args[at], "build") || !strcmp(args[at], "builder") ||
	     !strcmp(args[at], "image")) &&
	    names_builder(args + at, count - at))
		return "a builder may be on another host; leave --builder out";
	return NULL;
}
