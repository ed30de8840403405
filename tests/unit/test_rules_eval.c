/*
 * What a condition says of an event.  "sem N" is the number in the list of what
 * trips reimplementers up, of the research that Falco was run for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "lib/rules/output.h"
#include "lib/rules/ruleset.h"
#include "tests/unit/fake_event.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static struct ruleset *
load(const char *text)
{
	struct ruleset *rs = ruleset_new(NULL);
	struct aegis_error err = {0};

	assert_non_null(rs);
	assert_int_equal(ruleset_add_text(rs, "r.yaml", text, strlen(text),
					  &err),
			 0);
	assert_int_equal(ruleset_compile(rs, &err), 0);
	return rs;
}

static struct ruleset *
load_condition(const char *condition)
{
	static char text[4096];

	snprintf(text, sizeof(text),
		 "- rule: r\n  desc: d\n  output: o\n  priority: info\n"
		 "  warn_evttypes: false\n  condition: |-\n    %s\n",
		 condition);
	return load(text);
}

/* 1, 0, or -1 if the rule did not load. */
static int
matches(const char *condition, enum rules_event event,
	const struct fake_fact *facts, size_t count)
{
	struct ruleset *rs = load_condition(condition);
	struct fake_event e = {facts, count, 0};
	struct rules_scratch *s = rules_scratch_new(rs);
	const uint32_t *found;
	int answer = -1;

	assert_non_null(s);
	if (!ruleset_rule(rs, 0)->reason)
		answer = (int)rules_eval(rs, s, event, fake_get, &e,
					 RULES_MATCH_ALL, &found);
	else
		print_message("%s\n", ruleset_rule(rs, 0)->reason);
	rules_scratch_free(s);
	ruleset_free(rs);
	return answer;
}

struct eval_case {
	const char *condition;
	int match;
	const char *why;
};

static void
check_cases(const struct eval_case *cases, size_t n, enum rules_event event,
	    const struct fake_fact *facts, size_t count)
{
	for (size_t i = 0; i < n; i++) {
		const int got = matches(cases[i].condition, event, facts, count);

		if (got != cases[i].match)
			fail_msg("%s: %s: %d", cases[i].why, cases[i].condition,
				 got);
	}
}

/* cat /etc/shadow in a shell under sshd. */
static const struct fake_fact file_facts[] = {
	{"proc.name", "cat"},
	{"proc.pname", "bash"},
	{"proc.aname", "bash"},
	{"proc.aname", "sshd"},
	{"proc.aname", "systemd"},
	{"proc.aname[2]", "sshd"},
	{"proc.cmdline", "cat /etc/shadow -n Base"},
	{"proc.exepath", "/usr/bin/cat"},
	{"proc.tty", "34816"},
	{"proc.args[1]", "-n"},
	{"proc.env[HOME]", "/root"},
	{"proc.duration", "7000000000"},
	{"proc.is_exe_upper_layer", "false"},
	{"fd.name", "/etc/shadow"},
	{"fd.directory", "/etc"},
	{"fd.filename", "shadow"},
	{"fd.num", "-1"},
	{"fd.types", "file"},
	{"fd.types", "pipe"},
	{"aegis.fd.realname", "/etc/shadow"},
	{"evt.num", "17"},
	{"evt.res", "ENOENT"},
	{"evt.arg[flags]", "O_RDONLY|O_CLOEXEC"},
	{"evt.arg[uid]", "root"},
	{"evt.buffer", "\x01\xca\xfe\xba\xbe"},
	{"user.name", "root"},
	{"user.uid", "0"},
	{"user.loginuid", "-1"},
	{"container.id", "host"},
};

static void
texts_are_compared(void **state)
{
	static const struct eval_case cases[] = {
		{"proc.name = cat", 1, "the same"},
		{"proc.name == cat", 1, "the same"},
		{"proc.name = ca", 0, "a part"},
		{"proc.name = Cat", 0, "case counts"},
		{"proc.name != dog", 1, "another"},
		{"proc.name != cat", 0, "the same"},
		{"proc.name in (dog, cat)", 1, "one of them"},
		{"proc.name in (dog, cats)", 0, "none of them"},
		{"proc.name in ()", 0, "sem 3: nothing is in nothing"},
		{"not proc.name in ()", 1, "sem 3: and this is true"},
		{"proc.name intersects (dog, cat)", 1, "sem 10: as in"},
		{"proc.name in cat", 1, "a name without parentheses"},
		{"proc.cmdline contains shadow", 1, "a part"},
		{"proc.cmdline contains Shadow", 0, "sem 10: case counts"},
		{"proc.cmdline icontains SHADOW", 1, "here it does not"},
		{"proc.cmdline icontains \"n base\"", 1, "on neither side"},
		{"proc.cmdline contains \"\"", 1, "nothing is in all"},
		{"proc.cmdline startswith cat", 1, "its beginning"},
		{"proc.cmdline startswith at", 0, "not its beginning"},
		{"proc.cmdline endswith Base", 1, "its end"},
		{"proc.cmdline endswith base", 0, "case counts"},
		{"fd.name glob /etc/*", 1, "a glob"},
		{"fd.name glob /*", 1, "sem 10: '*' crosses '/'"},
		{"fd.name glob /etc", 0, "the whole has to match"},
		{"fd.name glob /ETC/*", 0, "case counts"},
		{"fd.name iglob /ETC/*", 1, "here it does not"},
		{"fd.name regex /etc/sh.*", 1, "a regular expression"},
		{"fd.name regex sh.dow", 0, "the whole has to match"},
		{"fd.name pmatch (/usr, /etc)", 1, "sem 10: path prefix"},
		{"fd.name pmatch (/et)", 0, "of whole components"},
		{"fd.name pmatch (/etc/shadow)", 1, "itself"},
		{"fd.name pmatch (/etc/shadow/x)", 0, "longer"},
		{"fd.name pmatch (/e*)", 1, "a component may be a glob"},
		{"fd.name pmatch (/)", 1, "of everything"},
		{"proc.name > 1", 1, "in order of bytes"},
		{"evt.buffer bcontains cafebabe", 1, "sem 10: bytes in hex"},
		{"evt.buffer bcontains CAFE", 1, "in either case"},
		{"evt.buffer bcontains cafebabf", 0, "one bit off"},
		{"evt.buffer bstartswith 01ca", 1, "its beginning"},
		{"evt.buffer bstartswith cafe", 0, "not its beginning"},
		{"proc.name startswith oneof (c, ca)", 0, "two are not one"},
		{"proc.name startswith oneof (c, d)", 1, "one is"},
		{"proc.name startswith anyof (x, ca)", 1, "any"},
		{"proc.name contains allof (c, t)", 1, "all"},
		{"proc.name contains allof (c, x)", 0, "not all"},
		{"proc.name = anyof (cat, dog)", 1, "="},
		{"proc.name != allof (dog, cat)", 0, "!="},
		{"tolower(proc.cmdline) endswith base", 1, "transformed"},
		{"toupper(proc.name) = CAT", 1, "transformed"},
		{"basename(fd.name) = shadow", 1, "transformed"},
		{"toupper(basename(fd.name)) = SHADOW", 1, "twice"},
		{"len(proc.name) = 3", 1, "into a number"},
		{"len(proc.name) > 3", 0, "into a number"},
		{"b64(user.shell) = x", 0, "of no value"},
		{"proc.name = val(proc.pname)", 0, "another field"},
		{"fd.filename = val(fd.filename)", 1, "itself"},
		{"fd.name endswith val(fd.filename)", 1, "a part"},
		{"fd.name = val(user.shell)", 0, "which has no value"},
	};

	(void)state;
	check_cases(cases, ARRAY_SIZE(cases), RULES_EVENT_openat, file_facts,
		    ARRAY_SIZE(file_facts));
}

static void
no_value_makes_every_comparison_false(void **state)
{
	static const struct eval_case cases[] = {
		{"fd.sip = 1.2.3.4", 0, "no address"},
		{"fd.sip != 1.2.3.4", 0, "sem 9: != too"},
		{"not fd.sip = 1.2.3.4", 1, "sem 9: and not is its opposite"},
		{"fd.sip exists", 0, "it has none"},
		{"fd.name exists", 1, "this one has"},
		{"user.shell != /bin/sh", 0, "a text"},
		{"user.shell in (x)", 0, "a set"},
		{"not user.shell in (x)", 1, "its opposite"},
		{"fd.connected = false", 0, "unknown is not false"},
		{"fd.lport != 5", 0, "a port"},
		{"fd.port != 5", 0, "neither end"},
		{"fd.snet != 10.0.0.0/8", 0, "a network"},
		{"container.image.repository != x", 0, "sem 19"},
		{"not container.image.repository in (x)", 1,
		 "sem 19: unknown images pass a not"},
		{"proc.aname[7] != x", 0, "no such ancestor"},
		{"proc.args[9] exists", 0, "no such argument"},
		{"evt.arg.mode != x", 0, "no such argument of the call"},
		{"fd.sip.name = x", 0, "no address to have a name"},
		{"fd.sip.name != x", 0, "the same"},
	};

	(void)state;
	check_cases(cases, ARRAY_SIZE(cases), RULES_EVENT_openat, file_facts,
		    ARRAY_SIZE(file_facts));
}

static void
numbers_and_bools_are_compared(void **state)
{
	static const struct eval_case cases[] = {
		{"fd.num = -1", 1, "negative"},
		{"fd.num >= 0", 0, "not less"},
		{"fd.num < 0", 1, "less"},
		{"fd.num in (-1, 3)", 1, "a set"},
		{"proc.duration <= 5000000000", 0, "over 32 bits"},
		{"proc.duration > 5000000000", 1, "over 32 bits"},
		{"proc.tty != 0", 1, "not"},
		{"proc.tty = 0x8800", 1, "hexadecimal"},
		{"user.loginuid = -1", 1, "nobody"},
		{"proc.is_exe_upper_layer = false", 1, "a bool"},
		{"proc.is_exe_upper_layer != true", 1, "its opposite"},
		{"proc.is_exe_upper_layer in (true)", 0, "a set"},
		{"evt.num > 0", 1, "always"},
		{"evt.num = 0", 0, "sem 20: never"},
		{"user.uid = val(user.uid)", 1, "a field"},
		{"user.uid < val(proc.tty)", 1, "a field"},
	};

	(void)state;
	check_cases(cases, ARRAY_SIZE(cases), RULES_EVENT_openat, file_facts,
		    ARRAY_SIZE(file_facts));
}

static void
ancestors_are_any_and_arguments_are_text(void **state)
{
	static const struct eval_case cases[] = {
		{"proc.aname = sshd", 1, "sem 16: any"},
		{"proc.aname = cat", 0, "sem 16: not itself"},
		{"proc.aname in (sshd, x)", 1, "any of a set"},
		{"proc.aname startswith system", 1, "any operator"},
		{"proc.aname != sshd", 1, "one differs"},
		{"not proc.aname in (sshd)", 0, "none"},
		{"proc.aname exists", 1, "there is one"},
		{"proc.aname[2] = sshd", 1, "the second"},
		{"proc.aname[2] = bash", 0, "not the first"},
		{"proc.args[1] = -n", 1, "one argument"},
		{"proc.env[HOME] = /root", 1, "one variable"},
		{"evt.arg.flags contains O_CLOEXEC", 1, "sem 18: as printed"},
		{"evt.arg[flags] contains O_CLOEXEC", 1, "in brackets"},
		{"evt.arg.uid = root", 1, "sem 18: by name"},
		{"evt.res startswith E", 1, "sem 18: an error"},
		{"evt.type = openat", 1, "the type"},
		{"evt.type in (open, openat)", 1, "one of them"},
		{"evt.type != open", 1, "not that"},
		{"not evt.type in (open, execve)", 1, "nor these"},
		{"evt.type startswith open", 1, "as a text"},
		{"syscall.type = openat", 1, "its other name"},
		{"fd.types in (file, pipe, unix)", 1, "a list: all in it"},
		{"fd.types in (file)", 0, "not all"},
		{"fd.types intersects (pipe, x)", 1, "one of it"},
		{"fd.types intersects (x)", 0, "none"},
	};

	(void)state;
	check_cases(cases, ARRAY_SIZE(cases), RULES_EVENT_openat, file_facts,
		    ARRAY_SIZE(file_facts));
}

/* 10.0.0.5:40000 to 127.0.0.1:443, called localhost. */
static const struct fake_fact net_facts[] = {
	{"fd.ip", "10.0.0.5"},       {"fd.ip", "127.0.0.1"},
	{"fd.port", "40000"},        {"fd.port", "443"},
	{"fd.net", "10.0.0.5"},      {"fd.net", "127.0.0.1"},
	{"aegis.fd.net", "10.0.0.5"}, {"aegis.fd.net", "127.0.0.1"},
	{"fd.snet", "127.0.0.1"},    {"fd.sip", "127.0.0.1"},
	{"fd.cip", "10.0.0.5"},      {"fd.rip", "fd00::1"},
	{"fd.sport", "443"},         {"fd.sip.name", "localhost"},
	{"fd.rnet", "fd00::1"},
};

static void
either_end_of_a_connection_counts(void **state)
{
	static const struct eval_case cases[] = {
		{"fd.ip = 127.0.0.1", 1, "sem 11: either"},
		{"fd.ip = 10.0.0.5", 1, "sem 11: either"},
		{"fd.ip = 10.0.0.6", 0, "neither"},
		{"fd.ip != 127.0.0.1", 0, "sem 11: != wants both to differ"},
		{"fd.ip != 0.0.0.0", 1, "both do"},
		{"fd.ip in (1.1.1.1, 10.0.0.5)", 1, "a set"},
		{"fd.port = 443", 1, "either"},
		{"fd.port != 443", 0, "not both differ"},
		{"fd.port < 1000", 1, "either"},
		{"fd.port in (80, 443)", 1, "a set"},
		{"fd.sport = https", 1, "sem 11: a service"},
		{"fd.net = 10.0.0.0/8", 1, "either"},
		{"fd.net != 127.0.0.0/8", 0, "not both differ"},
		{"fd.net != 192.168.0.0/16", 1, "both differ"},
		{"fd.net in (127.0.0.0/8, 1.0.0.0/8)", 1, "the first network"},
		{"fd.net in (1.0.0.0/8, 127.0.0.0/8)", 0,
		 "sem 11: Falco looks at the first only"},
		{"aegis.fd.net in (1.0.0.0/8, 127.0.0.0/8)", 1,
		 "and this at all"},
		{"fd.snet in (1.0.0.0/8, 127.0.0.0/8)", 1,
		 "sem 11: as does that"},
		{"fd.snet in (127.0.0.0/31)", 1, "the last bit does not count"},
		{"fd.snet in (127.0.0.0/32)", 0, "here it does"},
		{"fd.snet = 0.0.0.0/0", 1, "everything"},
		{"fd.snet != fd00::/8", 1, "another family"},
		{"fd.rnet = fd00::/8", 1, "IPv6"},
		{"fd.rnet = fc00::/8", 0, "another network"},
		{"fd.rip = fd00:0::1", 1, "IPv6, written otherwise"},
		{"fd.sip = val(fd.sip)", 1, "a field"},
		{"fd.sip = val(fd.cip)", 0, "the other end"},
		{"fd.sip.name = localhost", 1, "a domain"},
		{"fd.sip.name in (x, localhost)", 1, "one of them"},
		{"fd.sip.name != localhost", 0, "it is"},
		{"fd.sip.name != x", 1, "it is not"},
		{"fd.sip.name exists", 1, "it has one"},
	};

	(void)state;
	check_cases(cases, ARRAY_SIZE(cases), RULES_EVENT_connect, net_facts,
		    ARRAY_SIZE(net_facts));
}

static void
what_does_not_fit_is_refused(void **state)
{
	static const struct {
		const char *condition, *reason;
	} cases[] = {
		{"proc.nmae = x", "did you mean 'proc.name'?"},
		{"proc.name[1] = x", "takes no argument"},
		{"proc.aname[x] = x", "a number"},
		{"proc.aname[99999] = x", "a number"},
		{"evt.arg = x", "needs an argument"},
		{"evt.type = opneat", "did you mean 'openat'?"},
		{"evt.type in (open, nonsense)", "unknown event type"},
		{"fd.num = x", "whole number"},
		{"fd.num = 1.5", "whole number"},
		{"fd.num = 99999999999999999999", "64 bits"},
		{"fd.num contains 1", "cannot be asked"},
		{"fd.num startswith oneof (1)", "cannot be asked"},
		{"evt.failed = yes", "true or false"},
		{"evt.failed > 1", "cannot be asked"},
		{"fd.sip = 10.0.0.0/8", "IP address"},
		{"fd.sip = 256.0.0.1", "IP address"},
		{"fd.snet = 10.0.0.0", "network"},
		{"fd.snet = 10.0.0.0/33", "network"},
		{"fd.snet = 10.0.0.0/-1", "network"},
		{"fd.snet = ::/129", "network"},
		{"fd.sport = htps", "did you mean"},
		{"fd.sport = 65536", "65535"},
		{"proc.name bcontains 41", "cannot be asked"},
		{"evt.buffer bcontains 4", "hexadecimal"},
		{"evt.buffer bcontains zz", "hexadecimal"},
		{"fd.types = file", "cannot be asked"},
		{"proc.name regex \"(\"", "regular expression"},
		{"proc.name regex \"(a)\\\\1\"", "not supported"},
		{"tolower(fd.num) = x", "a text"},
		{"tolower(proc.aname) = x", "several values"},
		{"join(proc.name) = x", "not supported"},
		{"concat(proc.name, fd.name) = x", "not supported"},
		{"proc.name = val(fd.num)", "one kind"},
		{"proc.name = val(proc.aname)", "one value"},
		{"evt.type = val(evt.type)", "literals only"},
		{"nonsense", "unknown macro"},
		{"fd.sip.name startswith x", "cannot be asked"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ruleset *rs = load_condition(cases[i].condition);
		const char *reason = ruleset_rule(rs, 0)->reason;

		if (!reason || !strstr(reason, cases[i].reason) ||
		    strncmp(reason, "r.yaml:6:14: ", 13) != 0)
			fail_msg("%s: %s", cases[i].condition,
				 reason ? reason : "loaded");
		assert_int_equal(ruleset_error_count(rs), 1);
		ruleset_free(rs);
	}
}

/* Three rules: which match, in which order, and how often they ask. */
static const char three[] =
	"- macro: opened\n  condition: (evt.type in (open, openat))\n"
	"- rule: one\n  desc: d\n  priority: info\n  output: o\n"
	"  condition: opened and proc.name = cat and proc.name != dog\n"
	"- rule: two\n  desc: d\n  priority: info\n  output: o\n"
	"  condition: opened and proc.name = cat and user.name = nobody\n"
	"- rule: three\n  desc: d\n  priority: info\n  output: o\n"
	"  condition: opened and proc.name = cat and user.name = root\n"
	"- rule: off\n  desc: d\n  priority: info\n  output: o\n"
	"  condition: opened\n  enabled: false\n"
	"- rule: exec\n  desc: d\n  priority: info\n  output: o\n"
	"  condition: evt.type = execve\n";

static void
every_matching_rule_counts_or_the_first(void **state)
{
	struct ruleset *rs = load(three);
	struct rules_scratch *s = rules_scratch_new(rs);
	struct fake_event e = {file_facts, ARRAY_SIZE(file_facts), 0};
	struct rules_event_set events;
	const uint32_t *found;

	(void)state;
	for (int i = 0; i < 3; i++) {
		e.asked = 0;
		assert_int_equal(rules_eval(rs, s, RULES_EVENT_openat, fake_get,
					    &e, RULES_MATCH_ALL, &found),
				 2);
		assert_int_equal(found[0], 0);
		assert_int_equal(found[1], 2);
		assert_int_equal(e.asked, 2); /* proc.name, user.name */
	}
	assert_int_equal(rules_eval(rs, s, RULES_EVENT_openat, fake_get, &e,
				    RULES_MATCH_FIRST, &found),
			 1);
	assert_int_equal(found[0], 0);
	assert_int_equal(rules_eval(rs, s, RULES_EVENT_execve, fake_get, &e,
				    RULES_MATCH_ALL, &found),
			 1);
	assert_int_equal(found[0], 4);
	e.asked = 0;
	assert_int_equal(rules_eval(rs, s, RULES_EVENT_connect, fake_get, &e,
				    RULES_MATCH_ALL, &found),
			 0);
	assert_int_equal(e.asked, 0);
	ruleset_events(rs, &events);
	assert_int_equal(rules_event_set_count(&events), 3);
	rules_scratch_free(s);
	ruleset_free(rs);
}

struct shared {
	const struct ruleset *rs;
	bool wrong;
};

static void *
evaluate_often(void *ctx)
{
	struct shared *shared = ctx;
	struct rules_scratch *s = rules_scratch_new(shared->rs);
	struct fake_event e = {file_facts, ARRAY_SIZE(file_facts), 0};
	const uint32_t *found;

	for (int i = 0; s && i < 1000; i++)
		shared->wrong |= rules_eval(shared->rs, s, RULES_EVENT_openat,
					    fake_get, &e, RULES_MATCH_ALL,
					    &found) != 2;
	shared->wrong |= !s;
	rules_scratch_free(s);
	return NULL;
}

static void
threads_share_a_ruleset(void **state)
{
	struct ruleset *rs = load(three);
	struct shared shared[2] = {{rs, false}, {rs, false}};
	pthread_t threads[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
						evaluate_often, &shared[i]),
				 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_false(shared[i].wrong);
	}
	ruleset_free(rs);
}

static void
outputs_show_values(void **state)
{
	static const struct {
		const char *text, *shown, *why;
	} cases[] = {
		{"plain", "plain", "no field"},
		{"a=%proc.name b=%fd.num.", "a=cat b=-1.", "a dot behind"},
		{"%proc.aname[2]/%proc.aname[9]", "sshd/<NA>", "no value"},
		{"%proc.aname", "bash->sshd->systemd", "all of them"},
		{"[%5proc.name|%2proc.name]", "[cat  |ca]", "a width"},
		{"%evt.arg.flags%user.uid", "O_RDONLY|O_CLOEXEC0", "no blank"},
		{"%proc.names", "cats", "the longest name that is one"},
		{"%evt.failed %proc.is_exe_upper_layer", "<NA> false", "bools"},
		{"%evt.arg[uid] %proc.env[HOME]", "root /root", "keys"},
		{"%proc.env[\"HOME\"]", "/root", "in quotes"},
		{"%fd.sip", "<NA>", "no address"},
	};
	struct fake_event e = {file_facts, ARRAY_SIZE(file_facts), 0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
		const struct rules_output *o = NULL;
		struct aegis_error err = {0};
		char text[256], cut[5];

		if (rules_output_parse(&a, cases[i].text, &o, &err) < 0)
			fail_msg("%s: %s", cases[i].text, err.text);
		assert_int_equal(rules_output_format(o, fake_get, &e, text,
						     sizeof(text)),
				 strlen(cases[i].shown));
		if (strcmp(text, cases[i].shown) != 0)
			fail_msg("%s: %s", cases[i].why, text);
		assert_int_equal(rules_output_format(o, fake_get, &e, cut,
						     sizeof(cut)),
				 strlen(cases[i].shown));
		assert_int_equal(strncmp(cut, cases[i].shown, 4), 0);
		assert_int_equal(cut[4], 0);
		assert_int_equal(rules_output_format(o, fake_get, &e, NULL, 0),
				 strlen(cases[i].shown));
	}
}

static void
output_fields_are_json(void **state)
{
	_cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
	_cleanup_buf_ struct buf buf = BUF_INIT(1 << 16);
	const struct rules_output *o = NULL;
	struct fake_event e = {file_facts, ARRAY_SIZE(file_facts), 0};
	struct json_out out;

	(void)state;
	assert_int_equal(rules_output_parse(&a,
					    "%proc.name %fd.num %proc.name "
					    "%evt.failed %user.shell "
					    "%proc.aname[2] %proc.aname",
					    &o, NULL),
			 0);
	assert_int_equal(rules_output_field_count(o), 6);
	assert_string_equal(rules_output_field(o, 4), "proc.aname[2]");
	json_out_init(&out, &buf);
	json_out_object(&out);
	rules_output_fields(o, fake_get, &e, &out);
	json_out_object_end(&out);
	assert_int_equal(json_out_end(&out), 0);
	assert_string_equal(buf_str(&buf),
			    "{\"proc.name\":\"cat\",\"fd.num\":-1,"
			    "\"evt.failed\":null,\"user.shell\":null,"
			    "\"proc.aname[2]\":\"sshd\","
			    "\"proc.aname\":\"bash-\\u003esshd-\\u003esystemd\""
			    "}");
}

static void
wrong_outputs_are_refused(void **state)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{"100%", "name of a field"},
		{"%%", "name of a field"},
		{"% x", "name of a field"},
		{"%nonsense", "unknown field 'nonsense'"},
		{"%proc.nmae", "did you mean 'proc.name'?"},
		{"%evt.arg", "needs an argument"},
		{"%proc.aname[", "argument"},
		{"%proc.aname[x]", "a number"},
		{"%proc.aname[\"1\"", "']'"},
		{"%proc.name[1]", "takes no argument"},
		{"%99999proc.name", "width"},
		{"%fd.ip", "not shown"},
		{"%fd.snet", "not shown"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena a = ARENA_INIT(1 << 20);
		const struct rules_output *o = NULL;
		struct aegis_error err = {0};

		assert_int_not_equal(rules_output_parse(&a, cases[i].text, &o,
							&err),
				     0);
		if (!strstr(err.text, cases[i].reason))
			fail_msg("%s: %s", cases[i].text, err.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_compared),
		cmocka_unit_test(no_value_makes_every_comparison_false),
		cmocka_unit_test(numbers_and_bools_are_compared),
		cmocka_unit_test(ancestors_are_any_and_arguments_are_text),
		cmocka_unit_test(either_end_of_a_connection_counts),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(every_matching_rule_counts_or_the_first),
		cmocka_unit_test(threads_share_a_ruleset),
		cmocka_unit_test(outputs_show_values),
		cmocka_unit_test(output_fields_are_json),
		cmocka_unit_test(wrong_outputs_are_refused),
	};

	return cmocka_run_group_tests_name("rules_eval", tests, NULL, NULL);
}
