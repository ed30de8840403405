/*
 * The policy's file: what loads, what does not, and where the message points.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/gate/policy.h"

static struct policy *
parse(const char *text)
{
	struct aegis_error err = {0};
	struct policy *p = NULL;

	if (policy_parse(&p, "p.yaml", text, strlen(text), &err) < 0)
		fail_msg("%s", err.text);
	return p;
}

/* The sample that outsiders rely on (design, section 8), word for word. */
static const char sample[] =
	"version: 1\n"
	"mode: enforce                     # enforce | audit\n"
	"images:\n"
	"  allow: [docker.io/library/*, ghcr.io/**, registry.example.com/team/**]\n"
	"  require_tag: true\n"
	"  forbid_tags: [latest]\n"
	"  require_digest: false\n"
	"  forbid_words: [vulnerable, exploit, malware]\n"
	"  unverified_local: allow\n"
	"containers:\n"
	"  profile: baseline               # privileged | baseline | restricted\n"
	"  binds: {allow: [/srv/**]}\n"
	"  capabilities: {add: [NET_BIND_SERVICE]}\n"
	"api: {exec: allow, build: allow, swarm: deny, plugins: deny}\n"
	"exceptions:\n"
	"  - name: backup\n"
	"    owner: ops@example.com\n"
	"    reason: reads the raw disk for snapshots\n"
	"    until: 2027-01-31\n"
	"    match: {user: backup, image: registry.example.com/ops/backup}\n"
	"    waive: [containers.devices, containers.binds]\n";

static void
the_sample_of_the_design_loads(void **state)
{
	struct policy *p = parse(sample);

	(void)state;
	assert_int_equal(p->mode, POLICY_ENFORCE);
	assert_true(p->images.require_tag);
	assert_false(p->images.require_digest);
	assert_int_equal(p->api[ENDPOINT_CLASS_SWARM], POLICY_API_DENY);
	assert_int_equal(p->api[ENDPOINT_CLASS_EXEC], POLICY_API_ALLOW);
	assert_int_equal(p->exception_count, 1);
	assert_string_equal(p->exceptions[0].name, "backup");
	policy_free(p);
}

/* An empty file would allow every registry: what says nothing is no policy. */
static void
a_policy_says_its_version(void **state)
{
	static const char *const texts[] = {
		"", "\n", "# all commented out\n", "---\n\n", "~\n", "{}\n",
		"mode: enforce\n", "version:\n", "version: ~\nmode: audit\n",
	};
	struct policy *p = parse("version: 1\n");

	(void)state;
	assert_int_equal(p->mode, POLICY_ENFORCE);
	assert_false(p->containers.privileged);
	policy_free(p);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct aegis_error err = {0};

		p = NULL;
		if (policy_parse(&p, "p.yaml", texts[i], strlen(texts[i]),
				 &err) != -EBADMSG ||
		    strncmp(err.text, "p.yaml:", 7) ||
		    !strstr(err.text, "\"version: 1\""))
			fail_msg("%s: %s", texts[i], err.text);
		assert_null(p);
	}
}

/* The revision is the text's: it tells policies apart, and nothing else. */
static void
the_revision_is_the_text(void **state)
{
	struct policy *a = parse("version: 1\n"), *b = parse("version: 1\n"),
		      *c = parse("version: 1 \n");

	(void)state;
	assert_string_equal(a->revision, b->revision);
	assert_string_not_equal(a->revision, c->revision);
	policy_free(a);
	policy_free(b);
	policy_free(c);
}

struct mistake {
	const char *why, *text;
	const char *where;   /* "p.yaml:LINE:COLUMN: " */
	const char *message; /* a part of it */
};

static const struct mistake mistakes[] = {
	{"a key misspelt", "imagess: {}\n", "p.yaml:1:1: ",
	 "did you mean 'images'?"},
	{"a nested one", "images:\n  alow: []\n", "p.yaml:2:3: ",
	 "did you mean 'allow'?"},
	{"a key nobody means", "zzzzzz: 1\n", "p.yaml:1:1: ", "unknown key"},
	{"a key twice", "mode: audit\nmode: enforce\n", "p.yaml:2:1: ",
	 "already in line 1"},
	{"another version", "version: 2\n", "p.yaml:1:10: ", "1"},
	{"a word that is none of the two", "mode: enforced\n", "p.yaml:1:7: ",
	 "enforce"},
	{"text for a bool", "images: {require_tag: sure}\n", "p.yaml:1:23: ",
	 "true or false"},
	{"a quoted bool is text", "images: {require_tag: \"true\"}\n",
	 "p.yaml:1:23: ", "true or false"},
	{"a map for a list", "images: {allow: {a: b}}\n", "p.yaml:1:17: ",
	 "list"},
	{"a pattern without a registry", "images: {allow: [nginx]}\n",
	 "p.yaml:1:18: ", "did you mean \"docker.io/library/nginx\"?"},
	{"a profile nobody knows", "containers: {profile: basline}\n",
	 "p.yaml:1:23: ", "baseline"},
	{"a relative path", "containers: {binds: {allow: [srv]}}\n",
	 "p.yaml:1:30: ", "not an absolute path"},
	{"a capability misspelt",
	 "containers: {capabilities: {add: [NET_BIND_SERVCE]}}\n",
	 "p.yaml:1:35: ", "did you mean NET_BIND_SERVICE"},
	{"a rule misspelt", "rules: {containers.privilged: audit}\n",
	 "p.yaml:1:9: ", "did you mean \"containers.privileged\"?"},
	{"a rule of failing closed", "rules: {gate.store: audit}\n",
	 "p.yaml:1:9: ", "failing closed"},
	{"a family nobody knows", "api: {exce: deny}\n", "p.yaml:1:7: ",
	 "did you mean \"exec\"?"},
	{"an exception without an owner",
	 "exceptions:\n  - {name: a, reason: r, until: 2027-01-31, "
	 "match: {user: a}, waive: [containers.binds]}\n",
	 "p.yaml:2:5: ", "\"owner\""},
	{"without an end",
	 "exceptions:\n  - {name: a, owner: o, reason: r, "
	 "match: {user: a}, waive: [containers.binds]}\n",
	 "p.yaml:2:5: ", "\"until\""},
	{"a day that is none",
	 "exceptions:\n  - {name: a, owner: o, reason: r, until: 2027-02-30, "
	 "match: {user: a}, waive: [containers.binds]}\n",
	 "p.yaml:2:", "2027-02-30"},
	{"for everybody",
	 "exceptions:\n  - {name: a, owner: o, reason: r, until: 2027-01-31, "
	 "match: {}, waive: [containers.binds]}\n",
	 "p.yaml:2:", "matches everything"},
	{"waiving what cannot be",
	 "exceptions:\n  - {name: a, owner: o, reason: r, until: 2027-01-31, "
	 "match: {user: a}, waive: [gate.self]}\n",
	 "p.yaml:2:", "failing closed"},
	{"for a group that nobody defined",
	 "groups: {ops: [ann]}\nexceptions:\n  - {name: a, owner: o, reason: r, "
	 "until: 2027-01-31, match: {group: opps}, waive: [containers.binds]}\n",
	 "p.yaml:3:70: ", "\"opps\""},
	{"no YAML", "images: [\n", "p.yaml:", ""},
	{"an alias", "images: &a {}\n", "p.yaml:1:", "anchor"},
	{"a tag", "mode: !!str audit\n", "p.yaml:1:", "tag"},
	{"a second document", "mode: audit\n---\nmode: enforce\n", "p.yaml:2:",
	 "document"},
	{"a list at the top", "- mode\n", "p.yaml:1:1: ", ""},
};

static void
mistakes_are_pointed_at(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		const struct mistake *m = &mistakes[i];
		struct aegis_error err = {0};
		struct policy *p = NULL;
		int r = policy_parse(&p, "p.yaml", m->text, strlen(m->text),
				     &err);

		if (r != -EBADMSG ||
		    strncmp(err.text, m->where, strlen(m->where)) != 0 ||
		    !strstr(err.text, m->message) || strpbrk(err.text, "\n"))
			fail_msg("%s: %d %s", m->why, r, err.text);
		assert_null(p);
	}
}

static void
files_that_are_not_there_or_too_large_are_refused(void **state)
{
	char path[] = "/tmp/test_policy.XXXXXX";
	struct aegis_error err = {0};
	struct policy *p = NULL;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 64 * 1024 * 1024), 0);
	assert_int_equal(policy_load(&p, path, &err), -EFBIG);
	assert_non_null(strstr(err.text, path));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(policy_load(&p, path, &err), -ENOENT);
	assert_non_null(strstr(err.text, path));
	assert_null(p);
	close(fd);
}

/* What is shipped must load. */
static void
the_shipped_policy_loads(void **state)
{
	struct aegis_error err = {0};
	struct policy *p = NULL;

	(void)state;
	if (policy_load(&p, "policies/gatekeeper.yaml", &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(p->mode, POLICY_ENFORCE);
	policy_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sample_of_the_design_loads),
		cmocka_unit_test(a_policy_says_its_version),
		cmocka_unit_test(the_revision_is_the_text),
		cmocka_unit_test(mistakes_are_pointed_at),
		cmocka_unit_test(files_that_are_not_there_or_too_large_are_refused),
		cmocka_unit_test(the_shipped_policy_loads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
