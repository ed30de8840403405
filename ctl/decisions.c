/*
 * decisions - the record of the gate, as table or JSON; alerts beside it.
 */
#include "ctl/records.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#include "lib/conf.h"
#include "lib/gate/endpoint.h"
#include "lib/gate/rule.h"

#define FOLLOW_INTERVAL_MS 300
/* Records kept while a batch of new ones is turned round. */
#define FOLLOW_BATCH_MAX 10000
#define FOLLOW_ENDS (-1) /* not an exit code: the output is closed */
#define JSON_MAX (256UL * 1024 * 1024)

static const struct table_column columns[] = {
	{.title = "ID", .right = true},
	{.title = "AGE", .right = true},
	{.title = "VERDICT"},
	{.title = "CALL"},
	{.title = "SUBJECT", .shrink = true},
	{.title = "RULE"},
	{.title = "MESSAGE", .shrink = true},
	/* from here on only -o wide */
	{.title = "USER", .shrink = true},
	{.title = "STATUS", .right = true},
	{.title = "LATENCY", .right = true},
	{.title = "POLICY"},
	{.title = "URI", .shrink = true},
};
#define COLUMNS_WIDE (sizeof(columns) / sizeof(columns[0]))
#define COLUMNS_SHORT 7

struct list {
	struct ctl *ctl;
	struct records records;
	struct table table;
	struct json_out json;
	struct buf buf;
	unsigned count;
	int64_t newest_id;
	int64_t now_ms;
};

/* --- selecting --------------------------------------------------------------------- */

static enum decision_verdict
verdict_parse(const char *text)
{
	for (int v = DECISION_INVALID + 1; v < DECISION_MAX; v++)
		if (!strcmp(text, decision_verdict_name(v)))
			return (enum decision_verdict)v;
	return DECISION_INVALID;
}

/* A name that is none would look like a record without such decisions. */
static int
unknown_name(const char *option, const char *name, const char *const *names,
	     size_t count)
{
	const char *near = conf_nearest(name, names, count);

	return ctl_error(CTL_USAGE, "--%s %s: there is none of that name%s%s%s",
			 option, name, near ? "; did you mean '" : "",
			 near ? near : "", near ? "'?" : "");
}

static int
check_rule(const char *name)
{
	const char *names[RULE_MAX];

	if (!name || rule_from_name(name) != RULE_NONE)
		return CTL_OK;
	for (int i = RULE_NONE + 1; i < RULE_MAX; i++)
		names[i - 1] = rule_get((enum rule_id)i)->name;
	return unknown_name("rule", name, names, RULE_MAX - 1);
}

static int
check_endpoint(const char *name)
{
	const char *names[ENDPOINT_MAX];

	for (int i = 0; i < ENDPOINT_MAX; i++) {
		names[i] = endpoint_get((enum endpoint_id)i)->name;
		if (!name || !strcmp(name, names[i]))
			return CTL_OK;
	}
	return unknown_name("endpoint", name, names, ENDPOINT_MAX);
}

int
records_options(const struct ctl *ctl, unsigned limit_default,
		struct records *ret)
{
	const char *verdict = ctl->opt[OPT_VERDICT];
	const char *limit = ctl->opt[OPT_LIMIT];
	unsigned long n = limit_default;
	int r;

	*ret = (struct records){
		.reads = ctl->opt[OPT_ALL],
		.filter = {
			.user = ctl->opt[OPT_USER],
			.rule = ctl->opt[OPT_RULE],
			.endpoint = ctl->opt[OPT_ENDPOINT],
			.subject = ctl->opt[OPT_SUBJECT],
		},
	};
	if (verdict)
		ret->filter.verdict = verdict_parse(verdict);
	if (verdict && !ret->filter.verdict)
		return ctl_error(CTL_USAGE,
				 "--verdict %s: give allow, deny or audit",
				 verdict);
	r = check_rule(ctl->opt[OPT_RULE]);
	r = r ? r : check_endpoint(ctl->opt[OPT_ENDPOINT]);
	if (r)
		return r;
	if (limit && number_parse(limit, 1000000000, &n))
		return ctl_error(CTL_USAGE, "-n %s: give a number", limit);
	ret->limit = (unsigned)n;
	r = ctl_time(ctl, OPT_SINCE, &ret->filter.since_ms);
	return r ? r : ctl_time(ctl, OPT_UNTIL, &ret->filter.until_ms);
}

int
records_open(const struct ctl *ctl, struct settings *settings,
	     struct store **ret)
{
	struct aegis_error err = {0};
	int r = ctl_settings(ctl, settings);

	if (r)
		return r;
	r = store_open(ret, settings->store, STORE_READ, &err);
	if (r == -ENOENT)
		return ctl_error(CTL_NOT_FOUND,
				 "%s: no store yet; the gate makes it when it "
				 "starts",
				 settings->store);
	if (r == -EACCES || r == -EPERM)
		return ctl_error(CTL_FAILED,
				 "%s: permission denied; run aegis-ctl as root",
				 settings->store);
	return r ? ctl_failed(&err) : CTL_OK;
}

bool
records_want(const struct records *r, const struct decision *d)
{
	bool read = d->class && !strcmp(d->class, "read");

	return r->reads || !read || d->verdict != DECISION_ALLOW;
}

/* --- one record ---------------------------------------------------------------------- */

static void
decision_row(struct list *l, const struct decision *d)
{
	const char *verdict = decision_verdict_name(d->verdict);
	struct table *t = &l->table;
	char age[16];

	time_age(d->timestamp, l->now_ms, age, sizeof(age));
	table_addf(t, TABLE_PLAIN, "%lld", (long long)d->id);
	table_add(t, age, TABLE_PLAIN);
	table_add(t, verdict, ctl_verdict_color(verdict));
	table_add(t, d->endpoint, TABLE_PLAIN);
	ctl_add_name(l->ctl, t, d->subject);
	table_add(t, d->rule, TABLE_PLAIN);
	ctl_add_message(l->ctl, t, d->message, d->rule);
	if (l->ctl->format != FORMAT_WIDE)
		return;
	table_add(t, d->user, TABLE_PLAIN);
	if (d->status)
		table_addf(t, TABLE_PLAIN, "%lld", (long long)d->status);
	else
		table_add(t, NULL, TABLE_PLAIN);
	table_addf(t, TABLE_PLAIN, "%lldus", (long long)d->latency_us);
	table_add(t, d->revision, TABLE_PLAIN);
	table_add(t, d->uri, TABLE_PLAIN);
}

/* Field names are the store's columns (DESIGN section 8). */
static void
decision_json(struct json_out *o, const struct decision *d, bool full)
{
	json_out_object(o);
	json_out_kv_int(o, "id", d->id);
	json_out_key(o, "timestamp");
	json_out_time_ms(o, d->timestamp);
	json_out_kv_string(o, "user", d->user);
	json_out_kv_string(o, "method", d->method);
	json_out_kv_string(o, "uri", d->uri);
	json_out_kv_string(o, "endpoint", d->endpoint);
	json_out_kv_string(o, "class", d->class);
	json_out_kv_string(o, "subject", d->subject);
	json_out_kv_string(o, "container", d->container);
	json_out_kv_string(o, "image", d->image);
	json_out_kv_string(o, "image_id", d->image_id);
	json_out_kv_string(o, "verdict", decision_verdict_name(d->verdict));
	json_out_kv_string(o, "rule", d->rule);
	json_out_kv_string(o, "field", d->field);
	json_out_kv_string(o, "message", d->message);
	json_out_kv_string(o, "exception", d->exception);
	json_out_kv_int(o, "latency_us", d->latency_us);
	json_out_kv_string(o, "revision", d->revision);
	json_out_kv_int(o, "status", d->status);
	if (full) {
		ctl_json_value(o, "request", d->request);
		ctl_json_value(o, "facts", d->facts);
	}
	json_out_object_end(o);
}

/* --- list ------------------------------------------------------------------------------ */

static int
print_line(struct list *l)
{
	int r = ctl_json(&l->json);

	buf_clear(&l->buf);
	json_out_init(&l->json, &l->buf);
	return r;
}

static void
list_add(struct list *l, const struct decision *d)
{
	if (l->newest_id < d->id)
		l->newest_id = d->id;
	l->count++;
	switch (l->ctl->format) {
	case FORMAT_JSON:
		decision_json(&l->json, d, false);
		break;
	case FORMAT_JSONL:
		decision_json(&l->json, d, false);
		print_line(l);
		break;
	default:
		decision_row(l, d);
		break;
	}
}

static int
list_row(const struct decision *d, void *ctx)
{
	struct list *l = ctx;

	if (!records_want(&l->records, d))
		return 0;
	if (l->records.limit && l->count == l->records.limit)
		return 1;
	list_add(l, d);
	return 0;
}

static void
list_init(struct list *l, struct ctl *ctl)
{
	*l = (struct list){.ctl = ctl, .now_ms = ctl_now_ms()};
	l->buf = BUF_INIT(JSON_MAX);
	json_out_init(&l->json, &l->buf);
	table_init(&l->table, columns,
		   ctl->format == FORMAT_WIDE ? COLUMNS_WIDE : COLUMNS_SHORT);
}

static void
list_release(struct list *l)
{
	table_release(&l->table);
	buf_release(&l->buf);
}

static int
list_once(struct list *l, struct store *store)
{
	struct aegis_error err = {0};
	int r;

	if (l->ctl->format == FORMAT_JSON)
		json_out_array(&l->json);
	r = store_decision_each(store, &l->records.filter, list_row, l, &err);
	if (r < 0)
		return ctl_failed(&err);
	if (l->ctl->format == FORMAT_JSON) {
		json_out_array_end(&l->json);
		return ctl_json(&l->json);
	}
	if (l->ctl->format == FORMAT_JSONL)
		return CTL_OK;
	return ctl_table(l->ctl, &l->table);
}

/* --- follow ---------------------------------------------------------------------------- */

/* Ids of the records of one look, newest first; rows are read again one by one,
 * since their strings live only during the call. */
struct batch {
	struct list *list;
	int64_t ids[FOLLOW_BATCH_MAX];
	size_t count;
	int64_t after_id, newest_id;
};

static int
batch_row(const struct decision *d, void *ctx)
{
	struct batch *b = ctx;

	if (d->id <= b->after_id)
		return 1;
	if (d->id > b->newest_id)
		b->newest_id = d->id;
	if (!records_want(&b->list->records, d))
		return 0;
	if (b->list->records.limit && b->count >= b->list->records.limit)
		return 1;
	b->ids[b->count++] = d->id;
	return b->count == FOLLOW_BATCH_MAX;
}

static int
follow_row(const struct decision *d, void *ctx)
{
	list_add(ctx, d);
	return 0;
}

/* Returns 0 or an exit code. */
static int
follow_look(struct batch *b, struct store *store)
{
	struct list *l = b->list;
	struct aegis_error err = {0};
	int r;

	b->count = 0;
	l->now_ms = ctl_now_ms();
	r = store_decision_each(store, &l->records.filter, batch_row, b, &err);
	if (r < 0 && r != -EBUSY)
		return ctl_failed(&err);
	for (size_t i = b->count; i-- > 0;)
		store_decision_get(store, b->ids[i], follow_row, l, NULL);
	/* Only the first look is limited: what comes later is all shown. */
	l->records.limit = 0;
	l->records.filter.after_id = b->after_id = b->newest_id;
	r = l->ctl->format == FORMAT_JSONL ? CTL_OK
					   : ctl_table(l->ctl, &l->table);
	/* main() says what is wrong, unless it is that nobody reads on. */
	return r ? r : ctl_flush() ? FOLLOW_ENDS : CTL_OK;
}

static int
follow(struct list *l, struct store *store)
{
	static const struct timespec pause = {
		.tv_nsec = FOLLOW_INTERVAL_MS * 1000000L};
	_cleanup_free_ struct batch *b = calloc(1, sizeof(*b));
	sigset_t stop;
	int r = CTL_OK;

	if (!b)
		return ctl_error(CTL_FAILED, "out of memory");
	b->list = l;
	if (l->ctl->format == FORMAT_JSON)
		l->ctl->format = FORMAT_JSONL;
	sigemptyset(&stop);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	do
		r = follow_look(b, store);
	while (!r && sigtimedwait(&stop, NULL, &pause) < 0);
	return r == FOLLOW_ENDS ? CTL_OK : r;
}

int
decisions_list(struct ctl *ctl)
{
	_cleanup_(list_release) struct list l;
	_cleanup_store_ struct store *store = NULL;
	struct settings settings;
	int r;

	list_init(&l, ctl);
	r = records_options(ctl, RECORDS_LIMIT_DEFAULT, &l.records);
	r = r ? r : records_open(ctl, &settings, &store);
	if (r)
		return r;
	return ctl->opt[OPT_FOLLOW] ? follow(&l, store) : list_once(&l, store);
}

/* --- show ------------------------------------------------------------------------------- */

static int
show_json(const struct decision *d, void *ctx)
{
	_cleanup_buf_ struct buf buf = BUF_INIT(JSON_MAX);
	struct json_out o;

	(void)ctx;
	json_out_init(&o, &buf);
	decision_json(&o, d, true);
	return ctl_json(&o);
}

static void
show_line(const char *name, const char *value)
{
	if (value && *value)
		ctl_text(stdout, "%-10s  %s\n", name, value);
}

/* A long text whole: ctl_text() has a bound that a request may pass. */
static int
show_document(const char *name, const char *json)
{
	static const struct table_column column = {.title = ""};
	_cleanup_table_ struct table t = {0};
	_cleanup_buf_ struct buf out = BUF_INIT(JSON_MAX);
	struct table_style plain = {0};

	if (!json)
		return CTL_OK;
	table_init(&t, &column, 1);
	table_add(&t, json, TABLE_PLAIN);
	if (table_print(&t, &plain, &out))
		return ctl_error(CTL_FAILED, "out of memory");
	printf("\n%s\n%s", name, buf_str(&out));
	return CTL_OK;
}

static int
show_text(const struct decision *d, void *ctx)
{
	_cleanup_buf_ struct buf time = BUF_INIT(128);
	struct json_out o;
	char age[16], status[32], latency[32];
	int r;

	(void)ctx;
	json_out_init(&o, &time);
	json_out_time_ms(&o, d->timestamp);
	time_age(d->timestamp, ctl_now_ms(), age, sizeof(age));
	snprintf(status, sizeof(status), "%lld", (long long)d->status);
	snprintf(latency, sizeof(latency), "%lld us",
		 (long long)d->latency_us);
	ctl_text(stdout, "%-10s  %lld\n", "decision", (long long)d->id);
	ctl_text(stdout, "%-10s  %.*s (%s ago)\n", "time",
		 time.len > 2 ? (int)time.len - 2 : 0, buf_str(&time) + 1, age);
	show_line("verdict", decision_verdict_name(d->verdict));
	show_line("rule", d->rule);
	show_line("field", d->field);
	show_line("message", d->message);
	show_line("exception", d->exception);
	show_line("call", d->endpoint);
	show_line("method", d->method);
	show_line("uri", d->uri);
	show_line("user", d->user);
	show_line("subject", d->subject);
	show_line("container", d->container);
	show_line("image", d->image);
	show_line("image id", d->image_id);
	show_line("policy", d->revision);
	show_line("latency", latency);
	show_line("status",
		  d->status ? status
		  : d->verdict == DECISION_DENY
			  ? "403, the gate's; dockerd did not act on it"
			  : "not known (no answer seen)");
	r = show_document("request", d->request);
	return r ? r : show_document("facts", d->facts);
}

int
decisions_show(struct ctl *ctl)
{
	_cleanup_store_ struct store *store = NULL;
	struct settings settings;
	struct aegis_error err = {0};
	unsigned long id;
	int r;

	if (number_parse(ctl->args[0], INT64_MAX, &id))
		return ctl_error(CTL_USAGE,
				 "'%s' is no id; see aegis-ctl decisions",
				 ctl->args[0]);
	r = records_open(ctl, &settings, &store);
	if (r)
		return r;
	r = store_decision_get(store, (int64_t)id,
			       ctl->format == FORMAT_JSON ? show_json
							  : show_text,
			       NULL, &err);
	if (r == -ENOENT)
		return ctl_error(CTL_NOT_FOUND, "no decision %lu", id);
	return r < 0 ? ctl_failed(&err) : r;
}
