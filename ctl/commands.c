/*
 * commands - everything aegis-ctl can do, one entry each.
 *
 * Help, "did you mean", completion and the manual page are made from this.
 */
#include "ctl/ctl.h"

#define LIST_FILTERS                                                           \
	(BIT(SINCE) | BIT(UNTIL) | BIT(VERDICT) | BIT(USER) | BIT(RULE) |      \
	 BIT(ENDPOINT) | BIT(SUBJECT) | BIT(ALL) | BIT(LIMIT))

const struct ctl_option_info ctl_options[OPT_MAX] = {
#define OPTION(id, name, letter, argument, help)                               \
	[OPT_##id] = {name, letter, argument, help},
#include "ctl/options.def"
#undef OPTION
};

const struct ctl_command ctl_commands[] = {
	{
		.name = "up",
		.summary = "run AEGIS in the foreground, for a trial",
		.text = "Makes the folders that the configuration names, starts "
			"the daemons, restarts one that dies, and stops them "
			"all on Ctrl-C. Ends at once where starting again "
			"would not help: no policy or a bad one, another gate "
			"on the socket, a daemon that did not come up at all. "
			"For real use, enable the systemd units instead.",
		.examples = "sudo aegis-ctl up\ton the default paths\n"
			    "aegis-ctl up -c /tmp/a/aegis.yaml\ta whole stack "
			    "in one folder\n",
		.exits = "4\tthere is no policy\n"
			 "65\tthe configuration or the policy is not valid\n",
		.run = up_run,
	},
	{
		.name = "status",
		.summary = "is the gate answering, wired in, and in force?",
		.text = "Asks the plugin and dockerd, looks for its own call "
			"in the record, and compares the policy file with what "
			"the gate has loaded. Each problem comes with its cause "
			"and a command. Counts are of the last 24 hours.",
		.examples = "aegis-ctl status\tfor people\n"
			    "aegis-ctl status -o json\tfor programs\n",
		.exits = "3\tdegraded: something named in the output needs "
			 "attention\n"
			 "7\tthe gate does not answer\n",
		.options = OPTIONS_TABLE,
		.formats = FORMATS_PLAIN,
		.run = status_run,
	},
	{
		.name = "decisions list",
		.summary = "what the gate decided, newest first",
		.text = "Shows what changes state, and every deny; --all adds "
			"the allowed reads. With --follow, oldest first, and "
			"new ones as they come; json is then one document a "
			"line, as jsonl is always.",
		.examples =
			"aegis-ctl decisions\tthe newest 50\n"
			"aegis-ctl decisions --since 1h --verdict deny\tdenied "
			"in the last hour\n"
			"aegis-ctl decisions -f -o jsonl\tas a stream\n",
		.exits = "4\tthere is no store yet\n",
		.options = OPTIONS_TABLE | LIST_FILTERS | BIT(FOLLOW),
		.formats = FORMATS_LIST,
		.run = decisions_list,
	},
	{
		.name = "decisions show",
		.args = "ID",
		.summary = "one decision with its request and facts",
		.examples = "aegis-ctl decisions show 4711\tas read by people\n"
			    "aegis-ctl decisions show 4711 -o json\tall of "
			    "it\n",
		.exits = "4\tno such decision\n",
		.options = BIT(OUTPUT),
		.formats = FORMATS_PLAIN,
		.args_min = 1,
		.args_max = 1,
		.run = decisions_show,
	},
	{
		.name = "decisions replay",
		.args = "--policy FILE",
		.summary = "which recorded decisions would another policy change?",
		.text = "Judges the recorded requests again, with the facts and "
			"at the time of the record, and lists those whose "
			"verdict differs. Try a policy so before it is in "
			"force.",
		.examples = "aegis-ctl decisions replay --policy new.yaml "
			    "--since 7d\twhat would change\n",
		.exits = "1\tat least one verdict differs\n"
			 "4\tno such file, or there is no store yet\n"
			 "65\tthe policy is not valid\n",
		.options = OPTIONS_TABLE | LIST_FILTERS | BIT(POLICY),
		.formats = FORMATS_PLAIN | 1u << FORMAT_WIDE,
		.run = replay_run,
	},
	{
		.name = "alerts list",
		.summary = "policy violations and other security alerts",
		.examples = "aegis-ctl alerts --since 24h\tof today\n",
		.exits = "4\tthere is no store yet\n",
		.options = OPTIONS_TABLE | BIT(SINCE) | BIT(LIMIT),
		.formats = FORMATS_PLAIN | 1u << FORMAT_JSONL,
		.run = alerts_list,
	},
	{
		.name = "policy validate",
		.args = "[FILE...]",
		.summary = "check policy files",
		.text = "Without FILE, the configured policy; - is standard "
			"input. Errors name file, line and column. Warned of "
			"is an exception that names no user or group, has "
			"expired, or has the name of another.",
		.examples = "aegis-ctl policy validate gatekeeper.yaml\t\n",
		.exits = "4\tno such file\n"
			 "65\tnot valid\n",
		.options = BIT(OUTPUT),
		.formats = FORMATS_PLAIN,
		.args_max = -1,
		.run = policy_validate,
	},
	{
		.name = "policy explain",
		.args = "--request FILE | -- docker COMMAND...",
		.summary = "what would the gate say to this, and why?",
		.text = "Given a docker command line, runs your docker client "
			"against a stand-in for dockerd that executes nothing: "
			"reads are passed on to the real dockerd, the first "
			"call that changes something, or whose answer is a "
			"stream, is judged and refused. "
			"Of a command that makes several such calls (compose, "
			"run --pull always) only the first is judged.",
		.examples =
			"aegis-ctl policy explain -- docker run --privileged "
			"nginx:1.27\twould it run?\n"
			"aegis-ctl policy explain --policy new.yaml -- docker "
			"compose up -d\tunder another policy\n"
			"aegis-ctl policy explain -o json --request "
			"authzreq.json\ta recorded AuthZReq\n",
		.exits = "2\tdenied\n"
			 "4\tno such file or command\n"
			 "8\tthe docker command did not finish in time\n"
			 "65\tthe request or the policy is not valid\n"
			 "130\tinterrupted\n",
		.options = BIT(OUTPUT) | BIT(NO_HEADERS) | BIT(POLICY) |
			   BIT(REQUEST),
		.formats = FORMATS_PLAIN,
		.args_max = -1,
		.run = explain_run,
	},
	{
		.name = "policy test",
		.args = "--cases TSV",
		.summary = "check a policy against requests with known verdicts",
		.text = "Each line of TSV has a file with an AuthZReq, allow or "
			"deny, the rule (may be empty or -), and optionally a "
			"file with facts as the gate records them. Lines that "
			"begin with # are comments. dockerd is not asked.",
		.examples = "aegis-ctl policy test --policy gatekeeper.yaml "
			    "--cases expected.tsv\t\n",
		.exits = "1\tat least one case came out differently\n"
			 "4\tno such file\n"
			 "65\tthe table, a request or the policy is not valid\n",
		.options = OPTIONS_TABLE | BIT(POLICY) | BIT(CASES) | BIT(DIR),
		.formats = FORMATS_PLAIN,
		.run = policy_test,
	},
	{
		.name = "rules validate",
		.args = "[FILE...]",
		.summary = "check rule files, and show what each rule became",
		.text = "Loads the files in order, as the monitor does; of a "
			"folder, what ends in .yaml. Without FILE, the "
			"configured ones. What is refused is named with file, "
			"line, column and reason, on standard error too; the "
			"other rules load.",
		.examples = "aegis-ctl rules validate falco_rules.yaml "
			    "local.yaml\tin this order\n"
			    "aegis-ctl rules validate -o json rules.d\twith "
			    "events and conditions\n",
		.exits = "1\tsomething was refused\n",
		.options = OPTIONS_TABLE,
		.formats = FORMATS_PLAIN,
		.args_max = -1,
		.run = rules_validate,
	},
	{
		.name = "rules show",
		.args = "NAME [FILE...]",
		.summary = "one rule, macro or list, with everything filled in",
		.examples = "aegis-ctl rules show 'AEGIS reverse shell in "
			    "container'\tof the configured files\n"
			    "aegis-ctl rules show spawned_process "
			    "falco_rules.yaml\ta macro\n",
		.exits = "4\tnothing has this name\n",
		.options = BIT(OUTPUT),
		.formats = FORMATS_PLAIN,
		.args_min = 1,
		.args_max = -1,
		.run = rules_show,
	},
	{
		.name = "setup docker",
		.summary = "wire the gate into dockerd, or take it out",
		.text = "Adds the plugin to authorization-plugins in "
			"daemon.json (a backup stays beside it), tells dockerd "
			"to read it, and waits until dockerd says so; else "
			"restores the file. Refuses where dockerd would not "
			"survive it: each plugin that the file names has to "
			"answer where dockerd looks for it. Of files, only "
			"/etc/docker/daemon.json is made where there is none, "
			"and it goes again with its last key.",
		.examples = "sudo aegis-ctl setup docker\twire it in\n"
			    "sudo aegis-ctl setup docker --dry-run\tshow the "
			    "new daemon.json\n"
			    "sudo aegis-ctl setup docker --remove -y\ttake it "
			    "out\n",
		.exits = "4\tno such file\n"
			 "7\tthe gate, or another plugin of the file, does not "
			 "answer; dockerd would exit\n"
			 "8\tdockerd did not take it in time; restored\n"
			 "65\tdaemon.json is not valid JSON\n",
		.options = BIT(REMOVE) | BIT(DAEMON_JSON) | BIT(PIDFILE) |
			   BIT(DRY_RUN) | BIT(YES),
		.run = setup_docker,
	},
	{
		.name = "help",
		.args = "[COMMAND]",
		.summary = "show this, or the help of a command or group",
		.options = BIT(MAN),
		.args_max = 2,
		.run = help_run,
	},
	{
		.name = "version",
		.summary = "show the version",
		.options = BIT(OUTPUT),
		.formats = FORMATS_PLAIN,
		.run = version_run,
	},
	{
		.name = "completion",
		.args = "bash | zsh",
		.summary = "print a completion script for a shell",
		.examples = "source <(aegis-ctl completion bash)\tin this "
			    "shell\n",
		.args_min = 1,
		.args_max = 1,
		.run = completion_run,
	},
};

const size_t ctl_command_count =
	sizeof(ctl_commands) / sizeof(ctl_commands[0]);
