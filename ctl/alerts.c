/*
 * alerts - the security alerts of the store.
 */
#include "ctl/records.h"

#include <string.h>

#define JSON_MAX (64UL * 1024 * 1024)

struct alerts {
	struct ctl *ctl;
	struct table table;
	struct json_out json;
	struct buf buf;
	int64_t now_ms;
};

static void
alert_json(struct json_out *o, const struct alert *a)
{
	json_out_object(o);
	json_out_kv_int(o, "id", a->id);
	json_out_key(o, "timestamp");
	json_out_time_ms(o, a->timestamp);
	json_out_kv_string(o, "service", a->service);
	json_out_kv_string(o, "alert_type", a->alert_type);
	json_out_kv_string(o, "message", a->message);
	json_out_kv_int(o, "decision_id", a->decision_id);
	json_out_object_end(o);
}

static int
alert_row(const struct alert *a, void *ctx)
{
	struct alerts *l = ctx;
	char age[16];

	if (l->ctl->format != FORMAT_TABLE) {
		alert_json(&l->json, a);
		if (l->ctl->format == FORMAT_JSONL) {
			ctl_json(&l->json);
			buf_clear(&l->buf);
			json_out_init(&l->json, &l->buf);
		}
		return 0;
	}
	time_age(a->timestamp, l->now_ms, age, sizeof(age));
	table_addf(&l->table, TABLE_PLAIN, "%lld", (long long)a->id);
	table_add(&l->table, age, TABLE_PLAIN);
	table_add(&l->table, a->alert_type, TABLE_YELLOW);
	ctl_add_name(l->ctl, &l->table, a->service);
	table_addf(&l->table, TABLE_PLAIN, "%lld",
		   (long long)a->decision_id);
	ctl_add_message(l->ctl, &l->table, a->message, a->alert_type);
	return 0;
}

static void
alerts_release(struct alerts *l)
{
	table_release(&l->table);
	buf_release(&l->buf);
}

static int
alerts_print(struct alerts *l, struct store *store,
	     const struct records *records)
{
	struct aegis_error err = {0};
	int r;

	if (l->ctl->format == FORMAT_JSON)
		json_out_array(&l->json);
	r = store_alert_each(store, records->filter.since_ms, records->limit,
			     alert_row, l, &err);
	if (r < 0)
		return ctl_failed(&err);
	if (l->ctl->format == FORMAT_TABLE)
		return ctl_table(l->ctl, &l->table);
	if (l->ctl->format == FORMAT_JSONL)
		return CTL_OK;
	json_out_array_end(&l->json);
	return ctl_json(&l->json);
}

int
alerts_list(struct ctl *ctl)
{
	static const struct table_column columns[] = {
		{.title = "ID", .right = true},
		{.title = "AGE", .right = true},
		{.title = "ALERT"},
		{.title = "SERVICE", .shrink = true},
		{.title = "DECISION", .right = true},
		{.title = "MESSAGE", .shrink = true},
	};
	_cleanup_(alerts_release) struct alerts l = {
		.ctl = ctl,
		.buf = BUF_INIT(JSON_MAX),
		.now_ms = ctl_now_ms(),
	};
	_cleanup_store_ struct store *store = NULL;
	struct settings settings;
	struct records records;
	int r;

	table_init(&l.table, columns, sizeof(columns) / sizeof(columns[0]));
	json_out_init(&l.json, &l.buf);
	r = records_options(ctl, RECORDS_LIMIT_DEFAULT, &records);
	r = r ? r : records_open(ctl, &settings, &store);
	return r ? r : alerts_print(&l, store, &records);
}
