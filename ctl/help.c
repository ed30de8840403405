/*
 * help - help, version, completion and manual page, all from commands.c.
 */
#include "ctl/ctl.h"

#include <ctype.h>
#include <string.h>

#include "lib/gate/endpoint.h"
#include "lib/gate/rule.h"

#define HELP_WIDTH 78

static const struct {
	int code;
	const char *meaning;
} exits[] = {
	{CTL_OK, "done, and all is well"},
	{CTL_FAILED, "it failed, or something differs"},
	{CTL_DENIED, "denied by the policy"},
	{CTL_DEGRADED, "degraded"},
	{CTL_NOT_FOUND, "not found"},
	{CTL_UNREACHABLE, "the gate or dockerd does not answer"},
	{CTL_TIMEOUT, "a deadline passed"},
	{CTL_USAGE, "wrong usage"},
	{CTL_DATA, "a file is not valid"},
	{CTL_INTERRUPTED, "interrupted"},
};

static bool
option_of(const struct ctl_command *c, int option)
{
	return (OPTIONS_GLOBAL | (c ? c->options : 0)) >> option & 1;
}

/* --- help ----------------------------------------------------------------------- */

static void
print_wrapped(FILE *f, const char *text)
{
	int column = 0;

	while (text && *text) {
		int len = (int)strcspn(text, " ");

		if (column && column + 1 + len > HELP_WIDTH) {
			fputc('\n', f);
			column = 0;
		}
		column += fprintf(f, "%s%.*s", column ? " " : "", len, text);
		text += len + (text[len] == ' ');
	}
	if (column)
		fputc('\n', f);
}

/* "code\tmeaning\n" lines. */
static void
print_pairs(FILE *f, const char *lines, const char *end)
{
	while (lines < end) {
		int len = (int)strcspn(lines, "\n");
		int first = (int)strcspn(lines, "\t");

		fprintf(f, "  %3.*s  %.*s\n", first, lines, len - first - 1,
			lines + first + 1);
		lines += len + (lines[len] == '\n');
	}
}

/* With those of every command, in order. */
static void
print_exits(FILE *f, const char *lines)
{
	const char *after = lines ? strstr(lines, "65\t") : NULL;

	if (!lines)
		lines = "";
	if (!after)
		after = lines + strlen(lines);
	fprintf(f, "  %3d  done\n", CTL_OK);
	if (strncmp(lines, "1\t", 2))
		fprintf(f, "  %3d  it failed\n", CTL_FAILED);
	print_pairs(f, lines, after);
	fprintf(f, "  %3d  wrong usage\n", CTL_USAGE);
	print_pairs(f, after, after + strlen(after));
}

static void
print_examples(FILE *f, const char *lines)
{
	while (lines && *lines) {
		int len = (int)strcspn(lines, "\n");
		int first = (int)strcspn(lines, "\t");

		if (len > first + 1)
			fprintf(f, "  # %.*s\n", len - first - 1,
				lines + first + 1);
		fprintf(f, "  %.*s\n", first, lines);
		lines += len + (lines[len] == '\n');
	}
}

/* What an option is for; -o has what the command has. */
static const char *
option_help(const struct ctl_command *c, int option, char *ret, size_t size)
{
	size_t used = 0;

	if (option == OPT_LIMIT && c && c->run == replay_run)
		return "at most N records (default: all)";
	if (option != OPT_OUTPUT)
		return ctl_options[option].help;
	for (int i = 0; i < FORMAT_MAX; i++)
		if (c->formats >> i & 1)
			used += (size_t)snprintf(ret + used, size - used,
						 "%s%s", used ? ", " : "",
						 ctl_format_names[i]);
	return ret;
}

static void
print_options(FILE *f, const struct ctl_command *c)
{
	for (int i = 0; i < OPT_MAX; i++) {
		const struct ctl_option_info *o = &ctl_options[i];
		char left[64], formats[64];

		if (!option_of(c, i))
			continue;
		snprintf(left, sizeof(left), "%c%c%c --%s %s",
			 o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
			 o->letter ? ',' : ' ', o->name,
			 o->argument ? o->argument : "");
		fprintf(f, "  %-24s  %s\n", left,
			option_help(c, i, formats, sizeof(formats)));
	}
}

static void
print_overview(FILE *f)
{
	fputs("aegis-ctl - the command line of AEGIS\n\n"
	      "Usage: aegis-ctl COMMAND [options]\n\nCommands:\n",
	      f);
	for (size_t i = 0; i < ctl_command_count; i++)
		fprintf(f, "  %-18s  %s\n", ctl_commands[i].name,
			ctl_commands[i].summary);
	fputs("\nExamples:\n"
	      "  sudo aegis-ctl up                     # a trial run\n"
	      "  sudo aegis-ctl setup docker           # wire it into dockerd\n"
	      "  aegis-ctl decisions --verdict deny    # what was refused\n"
	      "\nOptions of every command:\n",
	      f);
	print_options(f, NULL);
	fputs("\nExit codes:\n", f);
	for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++)
		fprintf(f, "  %3d  %s\n", exits[i].code, exits[i].meaning);
	fputs("\n'aegis-ctl help COMMAND' says more.\n", f);
}

void
help_print(FILE *f, const struct ctl_command *c)
{
	if (!c) {
		print_overview(f);
		return;
	}
	fprintf(f, "aegis-ctl %s - %s\n\nUsage: aegis-ctl %s [options]%s%s\n",
		c->name, c->summary, c->name, c->args ? " " : "",
		c->args ? c->args : "");
	if (c->text) {
		fputc('\n', f);
		print_wrapped(f, c->text);
	}
	if (c->examples) {
		fputs("\nExamples:\n", f);
		print_examples(f, c->examples);
	}
	fputs("\nOptions:\n", f);
	print_options(f, c);
	fputs("\nExit codes:\n", f);
	print_exits(f, c->exits);
}

bool
help_group(FILE *f, const char *word)
{
	size_t len = strlen(word);
	bool any = false;

	for (size_t i = 0; i < ctl_command_count; i++) {
		const struct ctl_command *c = &ctl_commands[i];

		if (strncmp(c->name, word, len) || c->name[len] != ' ')
			continue;
		if (!any)
			fprintf(f, "Usage: aegis-ctl %s COMMAND [options]\n\n"
				   "Commands:\n", word);
		fprintf(f, "  %-18s  %s\n", c->name, c->summary);
		any = true;
	}
	if (any)
		fprintf(f, "\n'aegis-ctl help %s COMMAND' says more.\n", word);
	return any;
}

/* --- the manual page --------------------------------------------------------------- */

/* Text of a macro's line: what mdoc would read as its own is escaped. */
static void
man_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\')
			fputs("\\e", stdout);
		else if (text[i] == '-')
			fputs("\\-", stdout);
		else if (!i && (text[i] == '.' || text[i] == '\''))
			printf("\\&%c", text[i]);
		else
			putchar(text[i]);
	}
}

/* Sentences begin on lines of their own (mdoc(7)), and lines stay short. */
static void
man_sentences(const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t len = strcspn(text, " ");
		bool last = !text[len] || text[len - 1] == '.';

		if (column && column + 1 + len > HELP_WIDTH - 8) {
			putchar('\n');
			column = 0;
		}
		if (column)
			putchar(' ');
		man_text(text, len);
		column = last ? 0 : column + 1 + len;
		if (last)
			putchar('\n');
		text += len + (text[len] == ' ');
	}
}

static void
man_options(const struct ctl_command *c, uint64_t options)
{
	puts(".Bl -tag -width Ds");
	for (int i = 0; i < OPT_MAX; i++) {
		const struct ctl_option_info *o = &ctl_options[i];
		char formats[64];
		const char *help;

		if (!(options >> i & 1))
			continue;
		fputs(".It ", stdout);
		if (o->letter)
			printf("Fl %c , ", o->letter);
		printf("Fl \\-%s", o->name);
		if (o->argument)
			printf(" Ar %s", o->argument);
		putchar('\n');
		help = option_help(c, i, formats, sizeof(formats));
		putchar(toupper((unsigned char)help[0]));
		man_text(help + 1, strlen(help + 1));
		puts(".");
	}
	puts(".El");
}

static void
man_exits(const char *lines)
{
	puts("Exit codes beside 0, 1 and 64:\n.Bl -tag -width 3n -compact");
	while (*lines) {
		size_t len = strcspn(lines, "\n"), first = strcspn(lines, "\t");

		printf(".It %.*s\n", (int)first, lines);
		man_text(lines + first + 1, len - first - 1);
		putchar('\n');
		lines += len + (lines[len] == '\n');
	}
	puts(".El");
}

static void
man_command(const struct ctl_command *c)
{
	printf(".Ss %s\n.Nm\n.Cm %s\n", c->name, c->name);
	if (c->options & ~BIT(MAN))
		puts(".Op Ar options");
	if (c->args) {
		fputs(".Li ", stdout);
		putchar('"');
		man_text(c->args, strlen(c->args));
		puts("\"");
	}
	puts(".Pp");
	putchar(toupper((unsigned char)c->summary[0]));
	man_text(c->summary + 1, strlen(c->summary + 1));
	puts(c->summary[strlen(c->summary) - 1] == '?' ? "" : ".");
	if (c->text)
		man_sentences(c->text);
	if (c->options & ~BIT(MAN))
		man_options(c, c->options & ~BIT(MAN));
	if (c->exits) {
		puts(".Pp");
		man_exits(c->exits);
	}
}

static void
man_examples(void)
{
	puts(".Sh EXAMPLES");
	for (size_t i = 0; i < ctl_command_count; i++) {
		const char *lines = ctl_commands[i].examples;

		while (lines && *lines) {
			size_t len = strcspn(lines, "\n");
			size_t first = strcspn(lines, "\t");

			fputs(".Dl ", stdout);
			man_text(lines, first);
			putchar('\n');
			lines += len + (lines[len] == '\n');
		}
	}
}

static void
man_print(void)
{
	puts(".\\\" Made by `aegis-ctl help --man`.\n"
	     ".Dd November 24, 2026\n.Dt AEGIS-CTL 1\n.Os\n"
	     ".Sh NAME\n.Nm aegis-ctl\n.Nd the command line of AEGIS\n"
	     ".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar options\n.Op Ar argument ...\n"
	     ".Sh DESCRIPTION\n.Nm\n"
	     "shows and sets up AEGIS, which makes a Docker host govern itself.\n"
	     "Data goes to standard output, messages to standard error.\n"
	     "Times are relative in tables and RFC 3339 UTC in JSON.\n"
	     "Control characters in what others chose are shown as\n"
	     ".Ql \\exNN .\n.Pp\nEvery command takes:");
	man_options(NULL, OPTIONS_GLOBAL);
	puts(".Sh COMMANDS");
	for (size_t i = 0; i < ctl_command_count; i++)
		man_command(&ctl_commands[i]);
	puts(".Sh ENVIRONMENT\n.Bl -tag -width AEGIS_CONFIG\n"
	     ".It Ev AEGIS_CONFIG\nThe configuration file where\n.Fl c\n"
	     "is not given.\n.It Ev NO_COLOR\nIf set and not empty, no "
	     "colours.\n.El\n"
	     ".Sh FILES\n.Bl -tag -width Ds\n.It Pa /etc/aegis/aegis.yaml\n"
	     "The configuration.\n.It Pa /etc/aegis/gatekeeper.yaml\n"
	     "The policy of the gate.\n.It Pa /var/lib/aegis/aegis.db\n"
	     "The store.\n.El\n.Sh EXIT STATUS\n.Bl -tag -width 3n -compact");
	for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++)
		printf(".It %d\n%s\n", exits[i].code, exits[i].meaning);
	puts(".El");
	man_examples();
}

int
help_run(struct ctl *ctl)
{
	const struct ctl_command *c;
	int used;

	if (ctl->opt[OPT_MAN]) {
		man_print();
		return CTL_OK;
	}
	if (ctl->arg_count == 1 && help_group(stdout, ctl->args[0]))
		return CTL_OK;
	c = command_find(ctl->args, ctl->arg_count, &used);
	if (ctl->arg_count && (!c || used < ctl->arg_count))
		return command_unknown(ctl->args, ctl->arg_count);
	help_print(stdout, c);
	return CTL_OK;
}

int
version_run(struct ctl *ctl)
{
	_cleanup_buf_ struct buf buf = BUF_INIT(1024);
	struct json_out o;

	if (ctl->format != FORMAT_JSON) {
		puts("aegis-ctl " AEGIS_VERSION);
		return CTL_OK;
	}
	json_out_init(&o, &buf);
	json_out_object(&o);
	json_out_kv_string(&o, "version", AEGIS_VERSION);
	json_out_object_end(&o);
	return ctl_json(&o);
}

/* --- completion ---------------------------------------------------------------------- */

static bool
first_of_group(size_t i)
{
	size_t len = strcspn(ctl_commands[i].name, " ");

	for (size_t k = 0; k < i; k++)
		if (strcspn(ctl_commands[k].name, " ") == len &&
		    !strncmp(ctl_commands[k].name, ctl_commands[i].name, len))
			return false;
	return true;
}

static void
print_first_words(void)
{
	for (size_t i = 0; i < ctl_command_count; i++)
		if (first_of_group(i))
			printf(" %.*s",
			       (int)strcspn(ctl_commands[i].name, " "),
			       ctl_commands[i].name);
}

/* What may stand behind an option: words that the tables have. */
static void
print_values(void)
{
	static const struct {
		int option;
		const char *words;
	} fixed[] = {
		{OPT_VERDICT, "allow deny audit"},
		{OPT_COLOR, "auto always never"},
	};

	fputs("\tcase $prev in\n\t--output|-o) w='", stdout);
	for (int i = 0; i < FORMAT_MAX; i++)
		printf("%s ", ctl_format_names[i]);
	puts("' ;;");
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		printf("\t--%s) w='%s' ;;\n", ctl_options[fixed[i].option].name,
		       fixed[i].words);
	fputs("\t--rule) w='", stdout);
	for (int i = RULE_NONE + 1; i < RULE_MAX; i++)
		printf("%s ", rule_get((enum rule_id)i)->name);
	fputs("' ;;\n\t--endpoint) w='", stdout);
	for (int i = ENDPOINT_UNKNOWN + 1; i < ENDPOINT_MAX; i++)
		printf("%s ", endpoint_get((enum endpoint_id)i)->name);
	puts("' ;;\n\t*) v='' ;;\n\tesac");
}

static void
print_option_words(const struct ctl_command *c)
{
	for (int o = 0; o < OPT_MAX; o++)
		if (option_of(c, o) && o != OPT_MAN)
			printf("--%s ", ctl_options[o].name);
}

/* One `case` arm a command: its second words, or its options. */
static void
print_arms(void)
{
	for (size_t i = 0; i < ctl_command_count; i++) {
		const struct ctl_command *c = &ctl_commands[i];

		printf("\t'%s%s'*) w='", c->name,
		       strchr(c->name, ' ') ? "" : " ");
		print_option_words(c);
		puts("' ;;");
	}
	for (size_t i = 0; i < ctl_command_count; i++) {
		size_t len = strcspn(ctl_commands[i].name, " ");

		if (!ctl_commands[i].name[len] || !first_of_group(i))
			continue;
		printf("\t'%.*s '*) w='", (int)len, ctl_commands[i].name);
		for (size_t k = i; k < ctl_command_count; k++)
			if (!strncmp(ctl_commands[k].name,
				     ctl_commands[i].name, len + 1))
				printf("%s ", ctl_commands[k].name + len + 1);
		/* Short for "GROUP list", with its options. */
		if (!strcmp(ctl_commands[i].name + len, " list"))
			print_option_words(&ctl_commands[i]);
		puts("' ;;");
	}
}

/* zsh reads the same function through bashcompinit. */
int
completion_run(struct ctl *ctl)
{
	bool zsh = !strcmp(ctl->args[0], "zsh");

	if (!zsh && strcmp(ctl->args[0], "bash"))
		return ctl_error(CTL_USAGE,
				 "completion %s: give bash or zsh",
				 ctl->args[0]);
	if (zsh)
		puts("autoload -U +X bashcompinit && bashcompinit");
	puts("_aegis_ctl() {\n"
	     "\tlocal w v=value cur=${COMP_WORDS[COMP_CWORD]} "
	     "prev=${COMP_WORDS[COMP_CWORD-1]} "
	     "line=\"${COMP_WORDS[*]:1:COMP_CWORD-1} \"");
	print_values();
	puts("\tif [ -n \"$v\" ]; then\n"
	     "\t\tCOMPREPLY=($(compgen -W \"$w\" -- \"$cur\"))\n"
	     "\t\treturn\n\tfi\n"
	     "\tcase ${line# } in");
	print_arms();
	fputs("\t*) w='", stdout);
	print_first_words();
	puts("' ;;\n\tesac\n"
	     "\tCOMPREPLY=()\n"
	     "\tcase $cur in\n"
	     "\t-*|'') COMPREPLY=($(compgen -W \"$w\" -- \"$cur\")) ;;\n"
	     "\t*) COMPREPLY=($(compgen -W \"$w\" -- \"$cur\") "
	     "$(compgen -f -- \"$cur\")) ;;\n"
	     "\tesac\n"
	     "}\n"
	     "complete -o filenames -F _aegis_ctl aegis-ctl");
	return CTL_OK;
}
