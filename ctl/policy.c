/*
 * policy - policies checked on their own and against known requests.
 */
#include "ctl/trial.h"

#include <stdarg.h>
#include <string.h>

#include "lib/conf.h"

#define JSON_MAX (64UL * 1024 * 1024)
#define CASES_MAX (16UL * 1024 * 1024)
#define FACTS_MAX (8UL * 1024 * 1024)
#define CASE_COLUMNS 4

/* --- validate ----------------------------------------------------------------------- */

/* A name, a container's as an image's, is a claim that whoever may use Docker can
 * make; so are labels. */
static bool
can_be_claimed(const struct policy_exception *e)
{
	return !e->match.user && !e->match.group;
}

static void
list_claims(const struct policy *p, struct json_out *o)
{
	json_out_key(o, "claimable_exceptions");
	json_out_array(o);
	for (size_t i = 0; p && i < p->exception_count; i++)
		if (can_be_claimed(&p->exceptions[i]))
			json_out_string(o, p->exceptions[i].name);
	json_out_array_end(o);
}

/* Into the JSON, or for people where there is none. */
__attribute__((format(printf, 4, 5))) static void
warn(struct json_out *o, const struct policy *p,
     const struct policy_exception *e, const char *format, ...)
{
	char what[256], text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	snprintf(text, sizeof(text), "%s:%u: %sthe exception \"%.64s\" %s",
		 p->file, e->line, o ? "" : "warning: ", e->name, what);
	if (o)
		json_out_string(o, text);
	else
		ctl_note("%s", text);
}

static const struct policy_exception *
namesake(const struct policy *p, const struct policy_exception *e)
{
	for (const struct policy_exception *o = p->exceptions; o < e; o++)
		if (!strcmp(o->name, e->name))
			return o;
	return NULL;
}

/* What loads, and is hardly meant. */
static void
warn_exceptions(const struct policy *p, struct json_out *o)
{
	int64_t now = ctl_now_ms();

	for (size_t i = 0; i < p->exception_count; i++) {
		const struct policy_exception *e = &p->exceptions[i];
		const struct policy_exception *twin = namesake(p, e);

		if (can_be_claimed(e))
			warn(o, p, e,
			     "names no user or group, and a local image, a "
			     "container or a label can be called anything");
		if (twin)
			warn(o, p, e,
			     "has the name of that in line %u; a record could "
			     "not tell them apart",
			     twin->line);
		if (e->until_ms < now)
			warn(o, p, e, "has expired and no longer counts");
	}
}

/* "-" is standard input. */
static int
load_file(struct policy **ret, const char *file, struct aegis_error *err)
{
	_cleanup_buf_ struct buf text = BUF_INIT(CONF_FILE_MAX);
	int r;

	if (strcmp(file, "-"))
		return policy_load(ret, file, err);
	r = file_read(file, &text, err);
	return r ? r : policy_parse(ret, "standard input", buf_str(&text),
				    text.len, err);
}

static int
validate_file(const struct ctl *ctl, const char *file, struct json_out *o)
{
	_cleanup_policy_ struct policy *policy = NULL;
	struct aegis_error err = {0};
	int r = load_file(&policy, file, &err);

	if (ctl->format == FORMAT_JSON) {
		json_out_object(o);
		json_out_kv_string(o, "file", file);
		json_out_kv_bool(o, "valid", !r);
		json_out_kv_string(o, "revision", r ? NULL : policy->revision);
		json_out_kv_string(o, "error", r ? err.text : NULL);
		list_claims(policy, o);
		json_out_key(o, "warnings");
		json_out_array(o);
		if (!r)
			warn_exceptions(policy, o);
		json_out_array_end(o);
		json_out_object_end(o);
		return r == -ENOENT ? CTL_NOT_FOUND : r ? CTL_DATA : CTL_OK;
	}
	if (r)
		return ctl_failed(&err);
	ctl_text(stdout, "%s: valid, revision %s, %s\n", file,
		 policy->revision,
		 policy->mode == POLICY_AUDIT ? "audit" : "enforce");
	warn_exceptions(policy, NULL);
	return CTL_OK;
}

int
policy_validate(struct ctl *ctl)
{
	_cleanup_buf_ struct buf buf = BUF_INIT(JSON_MAX);
	struct settings settings;
	struct json_out o;
	int code = CTL_OK;

	json_out_init(&o, &buf);
	json_out_array(&o);
	for (int i = 0; i < ctl->arg_count; i++) {
		int r = validate_file(ctl, ctl->args[i], &o);

		code = r ? r : code;
	}
	if (!ctl->arg_count) {
		code = ctl_settings(ctl, &settings);
		if (code)
			return code;
		code = validate_file(ctl, settings.gate.policy, &o);
	}
	json_out_array_end(&o);
	if (ctl->format == FORMAT_JSON && ctl_json(&o))
		return CTL_FAILED;
	return code;
}

/* --- test ------------------------------------------------------------------------------ */

struct test {
	struct ctl *ctl;
	struct trial trial;
	struct policy *policy;
	const char *cases; /* name of the file */
	char dir[PATH_MAX];
	struct table table;
	struct json_out json;
	struct buf buf;
	unsigned line, total, differ;
};

struct test_case {
	const char *file, *verdict, *rule, *facts;
};

static void
test_report(struct test *t, const struct test_case *c,
	    const struct trial_result *got)
{
	const char *rule = trial_rule_name(&got->verdict);
	const char *verdict = trial_verdict_name(&got->verdict);

	if (t->ctl->format == FORMAT_JSON) {
		json_out_object(&t->json);
		json_out_kv_string(&t->json, "file", c->file);
		json_out_kv_int(&t->json, "line", t->line);
		json_out_kv_string(&t->json, "expected", c->verdict);
		json_out_kv_string(&t->json, "expected_rule", c->rule);
		json_out_kv_string(&t->json, "verdict", verdict);
		json_out_kv_string(&t->json, "rule", rule);
		json_out_kv_string(&t->json, "message", got->verdict.message);
		json_out_object_end(&t->json);
		return;
	}
	table_add(&t->table, c->file, TABLE_PLAIN);
	table_addf(&t->table, TABLE_PLAIN, "%s %s", c->verdict, c->rule);
	table_addf(&t->table, ctl_verdict_color(verdict), "%s %s", verdict,
		   rule ? rule : "");
	table_add(&t->table, got->verdict.message, TABLE_PLAIN);
}

/* A rule is only compared where one is expected. */
static bool
case_holds(const struct test_case *c, const struct gate_verdict *v)
{
	const char *rule = trial_rule_name(v);

	if (strcmp(c->verdict, v->allow ? "allow" : "deny") &&
	    strcmp(c->verdict, trial_verdict_name(v)))
		return false;
	return !*c->rule || !strcmp(c->rule, "-") ||
	       (rule && !strcmp(c->rule, rule));
}

static int
case_path(const struct test *t, const char *file, char *ret, size_t size)
{
	int n = *file == '/' ? snprintf(ret, size, "%s", file)
			     : snprintf(ret, size, "%s/%s", t->dir, file);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* Returns 0 or an exit code after the message. */
static int
test_one(struct test *t, const struct test_case *c)
{
	_cleanup_envelope_ struct envelope e = ENVELOPE_INIT;
	_cleanup_buf_ struct buf facts = BUF_INIT(FACTS_MAX);
	struct aegis_error err = {0};
	struct trial_result got;
	char path[PATH_MAX];
	int r = case_path(t, c->file, path, sizeof(path));

	if (!r)
		r = trial_request_load(&e, path, &err);
	if (!r && *c->facts)
		r = case_path(t, c->facts, path, sizeof(path));
	if (!r && *c->facts)
		r = file_read(path, &facts, &err);
	if (r) {
		aegis_error_wrap(&err, r, "%s:%u", t->cases, t->line);
		return ctl_failed(&err);
	}
	trial_judge(&t->trial, t->policy, &e,
		    *c->facts ? TRIAL_RECORDED : TRIAL_HOST,
		    *c->facts ? buf_str(&facts) : NULL, ctl_now_ms(), &got);
	t->total++;
	if (case_holds(c, &got.verdict))
		return CTL_OK;
	t->differ++;
	test_report(t, c, &got);
	return CTL_OK;
}

static int
test_line(struct test *t, char *line)
{
	const char *column[CASE_COLUMNS] = {"", "", "", ""};
	struct test_case c;

	line[strcspn(line, "\r\n")] = '\0';
	if (!*line || *line == '#')
		return CTL_OK;
	for (int i = 0; i < CASE_COLUMNS && line; i++)
		column[i] = strsep(&line, "\t");
	c = (struct test_case){column[0], column[1], column[2], column[3]};
	if (strcmp(c.verdict, "allow") && strcmp(c.verdict, "deny") &&
	    strcmp(c.verdict, "audit"))
		return ctl_error(CTL_DATA,
				 "%s:%u: verdict '%s'; give allow, deny or "
				 "audit in the second column",
				 t->cases, t->line, c.verdict);
	if (*c.rule && strcmp(c.rule, "-") &&
	    rule_from_name(c.rule) == RULE_NONE)
		return ctl_error(CTL_DATA, "%s:%u: there is no rule '%s'",
				 t->cases, t->line, c.rule);
	return test_one(t, &c);
}

static int
test_print(struct test *t)
{
	int r;

	if (t->ctl->format == FORMAT_JSON) {
		json_out_array_end(&t->json);
		json_out_kv_int(&t->json, "cases", t->total);
		json_out_kv_int(&t->json, "differ", t->differ);
		json_out_object_end(&t->json);
		r = ctl_json(&t->json);
	} else {
		r = t->differ ? ctl_table(t->ctl, &t->table) : CTL_OK;
		printf("%s%u of %u cases as expected\n",
		       t->differ ? "\n" : "", t->total - t->differ, t->total);
	}
	if (r)
		return r;
	return t->differ ? CTL_FAILED : CTL_OK;
}

static int
test_all(struct test *t, char *text)
{
	if (t->ctl->format == FORMAT_JSON) {
		json_out_object(&t->json);
		json_out_key(&t->json, "differences");
		json_out_array(&t->json);
	}
	for (char *line; (line = strsep(&text, "\n"));) {
		int r;

		t->line++;
		r = test_line(t, line);
		if (r)
			return r;
	}
	if (!t->total)
		return ctl_error(CTL_DATA, "%s: no case in it", t->cases);
	return test_print(t);
}

static void
test_release(struct test *t)
{
	trial_release(&t->trial);
	policy_free(t->policy);
	table_release(&t->table);
	buf_release(&t->buf);
}

static void
test_dir(struct test *t)
{
	const char *dir = t->ctl->opt[OPT_DIR];
	const char *slash = strrchr(t->cases, '/');

	if (dir)
		snprintf(t->dir, sizeof(t->dir), "%s", dir);
	else if (slash)
		snprintf(t->dir, sizeof(t->dir), "%.*s",
			 (int)(slash - t->cases), t->cases);
	else
		snprintf(t->dir, sizeof(t->dir), ".");
}

int
policy_test(struct ctl *ctl)
{
	static const struct table_column columns[] = {
		{.title = "FILE"},
		{.title = "EXPECTED"},
		{.title = "GOT"},
		{.title = "MESSAGE", .shrink = true},
	};
	_cleanup_(test_release) struct test t = {
		.ctl = ctl,
		.trial.root = HOSTPATH_ROOT_INIT,
		.cases = ctl->opt[OPT_CASES],
		.buf = BUF_INIT(JSON_MAX),
	};
	_cleanup_buf_ struct buf text = BUF_INIT(CASES_MAX);
	struct aegis_error err = {0};
	int r;

	if (!t.cases)
		return ctl_error(CTL_USAGE,
				 "policy test: which cases? give --cases TSV");
	table_init(&t.table, columns, sizeof(columns) / sizeof(columns[0]));
	json_out_init(&t.json, &t.buf);
	test_dir(&t);
	r = trial_init(&t.trial, ctl);
	r = r ? r : trial_policy(ctl, &t.trial.settings, &t.policy);
	if (r)
		return r;
	if (file_read(t.cases, &text, &err))
		return ctl_failed(&err);
	if (!text.data)
		return ctl_error(CTL_DATA, "%s: empty", t.cases);
	return test_all(&t, text.data);
}
