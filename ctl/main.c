/*
 * aegis-ctl - the command line of AEGIS.
 *
 * Finds the command in the table of commands.c, reads its options, runs it.
 */
#include "ctl/ctl.h"

#include <fcntl.h>
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/log.h"

/* getopt_long() tells long options apart from letters by their value. */
#define LONG_OPTION_BASE 256
#define WORDS_MAX 2

const char *const ctl_format_names[FORMAT_MAX] = {
	[FORMAT_TABLE] = "table",
	[FORMAT_WIDE] = "wide",
	[FORMAT_JSON] = "json",
	[FORMAT_JSONL] = "jsonl",
};

/* --- finding the command ------------------------------------------------------ */

/* How many of words (count of them) name the command: "decisions show" 2,
 * "status" 1, and "decisions" alone 1, which is short for "decisions list". */
static int
command_match(const struct ctl_command *c, char *const *words, int count)
{
	const char *space = strchr(c->name, ' ');
	size_t first = space ? (size_t)(space - c->name) : strlen(c->name);

	if (strncmp(c->name, words[0], first) || words[0][first])
		return 0;
	if (space && count > 1)
		return strcmp(space + 1, words[1]) ? 0 : 2;
	return !space || !strcmp(space + 1, "list") ? 1 : 0;
}

const struct ctl_command *
command_find(char *const *words, int count, int *ret_used)
{
	const struct ctl_command *best = NULL;

	*ret_used = 0;
	for (size_t i = 0; count > 0 && i < ctl_command_count; i++) {
		int used = command_match(&ctl_commands[i], words, count);

		if (used > *ret_used) {
			*ret_used = used;
			best = &ctl_commands[i];
		}
	}
	return best;
}

/* The words that may stand after `first`, or at the start if it is NULL. */
static size_t
command_words(const char *first, char words[][32], const char **list,
	      size_t max)
{
	size_t n = 0, first_len = first ? strlen(first) : 0;

	for (size_t i = 0; i < ctl_command_count && n < max; i++) {
		const char *name = ctl_commands[i].name;

		if (first && (strncmp(name, first, first_len) ||
			      name[first_len] != ' '))
			continue;
		name += first ? first_len + 1 : 0;
		snprintf(words[n], 32, "%.*s", (int)strcspn(name, " "), name);
		list[n] = words[n];
		n++;
	}
	return n;
}

static int
command_incomplete(const char *first, const char **list, size_t n)
{
	char known[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < n && used < sizeof(known); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used,
					 "%s%s", i ? ", " : "", list[i]);
	return ctl_error(CTL_USAGE, "%s what? give one of: %s", first, known);
}

int
command_unknown(char *const *words, int count)
{
	char storage[32][32];
	const char *list[32], *near, *first = NULL, *word = words[0];
	size_t n = command_words(words[0], storage, list, 32);

	if (n && count == 1)
		return command_incomplete(words[0], list, n);
	if (n) {
		first = words[0];
		word = words[1];
	} else {
		n = command_words(NULL, storage, list, 32);
	}
	near = conf_nearest(word, list, n);
	if (near)
		return ctl_error(CTL_USAGE,
				 "unknown command '%s%s%s'; did you mean "
				 "'%s%s%s'?",
				 first ? first : "", first ? " " : "", word,
				 first ? first : "", first ? " " : "", near);
	return ctl_error(CTL_USAGE,
			 "unknown command '%s%s%s'; see 'aegis-ctl help'",
			 first ? first : "", first ? " " : "", word);
}

/* --- options ------------------------------------------------------------------ */

static int
option_by_name(const char *name, size_t len)
{
	for (int i = 0; i < OPT_MAX; i++)
		if (!strncmp(ctl_options[i].name, name, len) &&
		    !ctl_options[i].name[len])
			return i;
	return -1;
}

/* Does the value of the option argv[0] stand in argv[1]? */
static bool
option_takes_next(const char *arg)
{
	int id;

	if (arg[1] == '-')
		id = option_by_name(arg + 2, strlen(arg + 2));
	else
		for (id = OPT_MAX - 1; id >= 0; id--)
			if (arg[1] && ctl_options[id].letter == arg[1])
				break;
	return id >= 0 && ctl_options[id].argument &&
	       (arg[1] == '-' || !arg[2]);
}

/* Take the words of the command out of argv, which may begin with options:
 * "-c FILE decisions show 7" becomes "-c FILE 7".  What looks like words but is
 * none of ours stays. */
static int
take_words(int *argc, char **argv, char **words)
{
	int at = 1, count = 0;

	while (at < *argc && argv[at][0] == '-' && strcmp(argv[at], "--"))
		at += option_takes_next(argv[at]) ? 2 : 1;
	while (at + count < *argc && count < WORDS_MAX &&
	       argv[at + count][0] != '-') {
		words[count] = argv[at + count];
		count++;
	}
	if (count) {
		int used;

		if (!command_find(words, count, &used))
			return count;
		memmove(argv + at, argv + at + used,
			(size_t)(*argc - at - used + 1) * sizeof(*argv));
		*argc -= used;
	}
	return count;
}

static void
option_tables(uint64_t allowed, struct option *longs, char *letters)
{
	*letters++ = ':';
	for (int i = 0; i < OPT_MAX; i++) {
		const struct ctl_option_info *o = &ctl_options[i];

		if (!(allowed >> i & 1))
			continue;
		*longs++ = (struct option){
			.name = o->name,
			.has_arg = o->argument ? required_argument
					       : no_argument,
			.val = LONG_OPTION_BASE + i,
		};
		if (o->letter)
			*letters++ = o->letter;
		if (o->letter && o->argument)
			*letters++ = ':';
	}
	*longs = (struct option){0};
	*letters = '\0';
}

static int
option_unknown(const struct ctl *ctl, const char *arg, uint64_t allowed)
{
	const char *names[OPT_MAX], *near = NULL;
	size_t n = 0;
	char word[64];

	for (int i = 0; i < OPT_MAX; i++)
		if (allowed >> i & 1)
			names[n++] = ctl_options[i].name;
	if (!strncmp(arg, "--", 2)) {
		snprintf(word, sizeof(word), "%.*s",
			 (int)strcspn(arg + 2, "="), arg + 2);
		near = conf_nearest(word, names, n);
	}
	if (near)
		return ctl_error(CTL_USAGE,
				 "%s: unknown option '%s'; did you mean "
				 "'--%s'?",
				 ctl->command->name, arg, near);
	return ctl_error(CTL_USAGE,
			 "%s: unknown option '%s'; see 'aegis-ctl help %s'",
			 ctl->command->name, arg, ctl->command->name);
}

static int
option_letter(int letter)
{
	for (int i = 0; i < OPT_MAX; i++)
		if (ctl_options[i].letter == letter)
			return i;
	return OPT_MAX;
}

static int
read_options(struct ctl *ctl, int argc, char **argv)
{
	uint64_t allowed = OPTIONS_GLOBAL | ctl->command->options;
	struct option longs[OPT_MAX + 1];
	char letters[2 * OPT_MAX + 2];
	int c;

	option_tables(allowed, longs, letters);
	opterr = 0;
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const char *arg = argv[optind - 1];
		char letter[3] = {'-', (char)optopt, '\0'};

		if (c == '?')
			return option_unknown(
				ctl, optopt && optopt < LONG_OPTION_BASE
					     ? letter
					     : arg,
				allowed);
		if (c == ':')
			return ctl_error(CTL_USAGE, "%s: %s needs a value",
					 ctl->command->name, arg);
		if (c < LONG_OPTION_BASE)
			c = LONG_OPTION_BASE + option_letter(c);
		ctl->opt[c - LONG_OPTION_BASE] = optarg ? optarg : "";
	}
	ctl->args = argv + optind;
	ctl->arg_count = argc - optind;
	return CTL_OK;
}

static int
read_format(struct ctl *ctl)
{
	const char *text = ctl->opt[OPT_OUTPUT];
	char known[64] = "";
	size_t used = 0;

	if (!text)
		return CTL_OK;
	for (int i = 0; i < FORMAT_MAX; i++) {
		if (!(ctl->command->formats >> i & 1))
			continue;
		if (!strcmp(text, ctl_format_names[i])) {
			ctl->format = (enum ctl_format)i;
			return CTL_OK;
		}
		used += (size_t)snprintf(known + used, sizeof(known) - used,
					 "%s%s", used ? ", " : "",
					 ctl_format_names[i]);
	}
	return ctl_error(CTL_USAGE, "-o %s: %s has %s", text,
			 ctl->command->name, known);
}

static int
read_color(struct ctl *ctl)
{
	const char *when = ctl->opt[OPT_COLOR];
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (!when || !strcmp(when, "auto"))
		ctl->color = isatty(STDOUT_FILENO) &&
			     !(no_color && *no_color) && term &&
			     strcmp(term, "dumb") != 0;
	else if (!strcmp(when, "always"))
		ctl->color = true;
	else if (strcmp(when, "never"))
		return ctl_error(CTL_USAGE,
				 "--color %s: give auto, always or never",
				 when);
	return CTL_OK;
}

static int
check_args(const struct ctl *ctl)
{
	const struct ctl_command *c = ctl->command;

	if (ctl->arg_count < c->args_min)
		return ctl_error(CTL_USAGE, "usage: aegis-ctl %s %s", c->name,
				 c->args);
	if (c->args_max >= 0 && ctl->arg_count > c->args_max)
		return ctl_error(CTL_USAGE,
				 "%s: '%s' is one argument too many; see "
				 "'aegis-ctl help %s'",
				 c->name, ctl->args[c->args_max], c->name);
	return CTL_OK;
}

/* --- main ---------------------------------------------------------------------- */

/* wcwidth() needs a UTF-8 locale; nothing else here depends on the locale. */
static void
init_locale(void)
{
	if (!setlocale(LC_CTYPE, "") || strcmp(nl_langinfo(CODESET), "UTF-8"))
		setlocale(LC_CTYPE, "C.UTF-8");
}

static int
run(struct ctl *ctl, int argc, char **argv)
{
	int r = read_options(ctl, argc, argv);

	if (!r && ctl->opt[OPT_HELP]) {
		help_print(stdout, ctl->command);
		return CTL_OK;
	}
	r = r ? r : read_format(ctl);
	r = r ? r : read_color(ctl);
	r = r ? r : check_args(ctl);
	return r ? r : ctl->command->run(ctl);
}

static bool
asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "-h") || !strcmp(argv[i], "--help"))
			return true;
	return false;
}

/* Where one was closed, the next file opened would be it.  To write to this one
 * fails as to a closed one. */
static void
keep_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* Output that got lost is a failure, whatever the command said.  Who closed a
 * pipe has seen enough. */
static int
finish(int code)
{
	int error = ctl_flush();

	if (!error || error == -EPIPE)
		return code;
	return ctl_error(code ? code : CTL_FAILED,
			 "standard output: %s; not all of it was written",
			 strerror(-error));
}

int
main(int argc, char **argv)
{
	struct ctl ctl = {0};
	char *words[WORDS_MAX] = {0};
	int count, used;

	keep_standard_files();
	init_locale();
	signal(SIGPIPE, SIG_IGN);
	aegis_log_init("aegis-ctl", LOG_LEVEL_WARN);
	if (argc > 1 &&
	    (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")))
		argv[1] = (char *)"version";
	count = take_words(&argc, argv, words);
	ctl.command = command_find(words, count, &used);
	if (!ctl.command && count == 1 && asks_for_help(argc, argv) &&
	    help_group(stdout, words[0]))
		return finish(CTL_OK);
	if (!ctl.command && count)
		return command_unknown(words, count);
	if (!ctl.command) {
		bool asked = argc > 1 && (!strcmp(argv[1], "--help") ||
					  !strcmp(argv[1], "-h"));

		help_print(asked ? stdout : stderr, NULL);
		return finish(asked ? CTL_OK : CTL_USAGE);
	}
	return finish(run(&ctl, argc, argv));
}
