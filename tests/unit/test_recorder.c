/*
 * The recorder with a loop made of paper: the clock moves when the test says so,
 * and answers are counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "authz-plugin/recorder.h"
#include "lib/httpd.h"
#include "lib/store/store.h"

/* --- the loop ------------------------------------------------------------------ */

struct httpd {
	uint64_t now_ms;
	void (*turn)(void *ctx);
	void *ctx;
	bool ticking;
};

struct httpd_request {
	unsigned answers;
	bool allowed;
};

void
httpd_reply(struct httpd_request *req, unsigned status, const char *type,
	    const char *body, size_t len)
{
	(void)status;
	(void)type;
	req->answers++;
	req->allowed = memmem(body, len, "\"Allow\":true", 12) != NULL;
}

void
httpd_on_turn(struct httpd *s, void (*fn)(void *ctx), void *ctx)
{
	s->turn = fn;
	s->ctx = ctx;
}

void
httpd_on_tick(struct httpd *s, unsigned interval_ms, void (*fn)(void *ctx),
	      void *ctx)
{
	(void)fn;
	(void)ctx;
	s->ticking = interval_ms != 0;
}

uint64_t
httpd_now_ms(const struct httpd *s)
{
	return s->now_ms;
}

/* --- what every test has ---------------------------------------------------------- */

static char folder[] = "/tmp/test_recorder.XXXXXX";
static char path[64];
static struct httpd loop;
static struct recorder *rec;

static int
set_up(void **state)
{
	static unsigned number;
	struct aegis_error err = {0};

	(void)state;
	snprintf(path, sizeof(path), "%s/%u.db", folder, number++);
	loop = (struct httpd){.now_ms = 1000};
	rec = NULL;
	if (recorder_new(&rec, &loop, path, &err) == 0)
		return 0;
	fprintf(stderr, "%s\n", err.text);
	return -1;
}

static int
tear_down(void **state)
{
	(void)state;
	recorder_free(rec);
	return 0;
}

static void
turn(uint64_t after_ms)
{
	loop.now_ms += after_ms;
	loop.turn(loop.ctx);
}

static void
add(struct httpd_request *req, uint64_t correlation, bool changes_state)
{
	struct record *r = record_new();

	assert_non_null(r);
	r->kind = RECORD_DECISION;
	r->request = req;
	r->correlation = correlation;
	r->changes_state = changes_state;
	r->makes_container = true;
	r->alert = false;
	snprintf(r->revision, sizeof(r->revision), "r1");
	snprintf(r->subject, sizeof(r->subject), "c%d", (int)correlation);
	r->decision = (struct decision){
		.timestamp = 1000,
		.method = "POST",
		.uri = "/v1.41/containers/create",
		.endpoint = "container.create",
		.class = "create",
		.subject = r->subject,
		.verdict = DECISION_ALLOW,
		.revision = r->revision,
	};
	record_reply(r, true, "");
	recorder_add(rec, r);
}

static void
shell(const char *text)
{
	char command[512];
	pid_t pid;
	int status;

	snprintf(command, sizeof(command), "p='%s'; %s", path, text);
	pid = fork();
	if (pid == 0) {
		execlp("sh", "sh", "-ec", command, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		fail_msg("%s", command);
}

struct rows {
	unsigned count, with_status;
};

static int
note_row(const struct decision *d, void *ctx)
{
	struct rows *rows = ctx;

	rows->count++;
	rows->with_status += d->status != 0;
	return 0;
}

static struct rows
rows(void)
{
	struct aegis_error err = {0};
	struct store *s = NULL;
	struct rows found = {0};

	if (store_open(&s, path, STORE_READ, &err) < 0 ||
	    store_check(s, &err) < 0 ||
	    store_decision_each(s, &(struct decision_filter){0}, note_row,
				&found, &err) < 0)
		fail_msg("%s", err.text);
	store_close(s);
	return found;
}

static void
assert_meta(const char *key, const char *part)
{
	struct aegis_error err = {0};
	struct store *s = NULL;
	char value[512] = "";

	assert_int_equal(store_open(&s, path, STORE_READ, &err), 0);
	if (store_meta_get(s, key, value, sizeof(value), &err) < 0 ||
	    !strstr(value, part))
		fail_msg("%s is \"%s\" %s", key, value, err.text);
	store_close(s);
}

/* --- a store that is there -------------------------------------------------------- */

static void
an_answer_comes_with_its_row(void **state)
{
	struct httpd_request req = {0};

	(void)state;
	add(&req, 1, true);
	assert_int_equal(req.answers, 0);
	turn(0);
	assert_int_equal(req.answers, 1);
	assert_true(req.allowed);
	recorder_outcome(rec, 1, 201, "c0ffee", NULL);
	turn(0);
	assert_int_equal(rows().count, 1);
	assert_int_equal(rows().with_status, 1);
}

/* --- a store that does not take rows ------------------------------------------------ */

static struct store *
lock(void)
{
	struct store *s = NULL;

	assert_int_equal(store_open(&s, path, STORE_WRITE, NULL), 0);
	assert_int_equal(store_begin(s, NULL), 0);
	return s;
}

static void
the_first_waits_and_the_next_ones_do_not(void **state)
{
	struct httpd_request first = {0}, read = {0}, write = {0}, last = {0};
	struct store *other;

	(void)state;
	turn(0);
	other = lock();
	add(&first, 1, true);
	turn(0);
	turn(RECORDER_WAIT_MS - 1);
	assert_int_equal(first.answers, 0);
	turn(1);
	assert_int_equal(first.answers, 1);
	assert_false(first.allowed);
	add(&read, 2, false);
	add(&write, 3, true);
	turn(0);
	assert_int_equal(read.answers, 1);
	assert_true(read.allowed);
	assert_int_equal(write.answers, 1);
	assert_false(write.allowed);
	assert_true(loop.ticking);
	store_rollback(other);
	store_close(other);
	turn(RECORDER_RETRY_MS);
	assert_int_equal(rows().count, 3);
	add(&last, 4, true);
	turn(0);
	assert_true(last.allowed);
	assert_false(loop.ticking);
}

/* --- a store that is another one ----------------------------------------------------- */

static const struct {
	const char *command;
	unsigned rows;
} losses[] = {
	{"rm $p $p-wal $p-shm", 3},
	{"rm $p", 3},
	{"mv $p $p.moved", 3},
	{"mkdir $p.d; mv $p $p-wal $p-shm $p.d", 3},
	{"sqlite3 $p \"vacuum into '$p.copy'\"; "
	 "sqlite3 $p.copy 'delete from decisions'; mv $p.copy $p",
	 3},
	{"rm $p-wal", 4},
	{"rm $p-shm", 4},
	{": >$p", 3},
};

/* Every decision that was answered is in the file that has the store's name, up to
 * those that were there long before: the one that was written just before the
 * accident, the one before it was seen, the one after. */
static void
no_answered_decision_is_lost_with_the_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		struct httpd_request req[4] = {0};

		if (i > 0) {
			recorder_free(rec);
			assert_int_equal(set_up(NULL), 0);
		}
		recorder_meta(rec, "gate.revision", "r1");
		recorder_policy(rec, "r1", "version: 1");
		add(&req[0], 1, true);
		turn(0);
		turn(RECORDER_LOOK_MS);
		recorder_look(rec);
		add(&req[1], 2, true);
		turn(0);
		shell(losses[i].command);
		add(&req[2], 3, true);
		turn(0);
		add(&req[3], 4, true);
		turn(RECORDER_LOOK_MS);
		for (int j = 0; j < 4; j++)
			if (req[j].answers != 1 || !req[j].allowed)
				fail_msg("%s: call %d", losses[i].command, j);
		if (rows().count != losses[i].rows)
			fail_msg("%s: %u rows", losses[i].command,
				 rows().count);
		assert_meta("gate.store_lost", "in use");
		assert_meta("gate.revision", "r1");
	}
}

/* Also without calls: the keeper asks for it. */
static void
an_idle_recorder_opens_a_store_again(void **state)
{
	(void)state;
	turn(0);
	shell("rm $p $p-wal $p-shm");
	recorder_look(rec);
	turn(0);
	assert_int_equal(rows().count, 0);
	assert_meta("gate.store_lost", "removed or moved");
}

static void
a_store_that_cannot_be_opened_denies_until_it_can(void **state)
{
	struct httpd_request write = {0}, read = {0}, after = {0};

	(void)state;
	turn(0);
	shell("rm $p $p-wal $p-shm; mkdir $p");
	turn(RECORDER_LOOK_MS);
	add(&write, 1, true);
	add(&read, 2, false);
	turn(0);
	assert_int_equal(write.answers, 1);
	assert_false(write.allowed);
	assert_true(read.allowed);
	assert_true(recorder_stats(rec).store_down);
	shell("rmdir $p");
	turn(RECORDER_REOPEN_MS);
	assert_false(recorder_stats(rec).store_down);
	add(&after, 3, true);
	turn(0);
	assert_true(after.allowed);
	assert_int_equal(rows().count, 3);
}

static void
a_damaged_store_denies_until_it_is_moved(void **state)
{
	struct httpd_request req[60] = {0}, write = {0}, after = {0};

	(void)state;
	for (unsigned i = 0; i < 50; i++)
		add(&req[i], i + 1, true);
	turn(0);
	shell("sqlite3 $p 'pragma wal_checkpoint(truncate)' >&2");
	shell("dd if=/dev/zero of=$p bs=2048 seek=1 count=40 conv=notrunc "
	      "2>/dev/null");
	recorder_distrust(rec); /* as the keeper does, who cannot read it */
	turn(0);
	add(&write, 100, true);
	turn(0);
	assert_int_equal(write.answers, 1);
	assert_false(write.allowed);
	shell("mkdir $p.d; mv $p* $p.d 2>/dev/null || :");
	turn(RECORDER_REOPEN_MS);
	add(&after, 101, true);
	turn(0);
	assert_true(after.allowed);
}

/* Its id is another call's in another store. */
static void
an_outcome_of_the_old_store_changes_no_row_of_the_new(void **state)
{
	struct httpd_request req[3] = {0};

	(void)state;
	add(&req[0], 1, true);
	turn(0);
	turn(RECORDER_LOOK_MS);
	recorder_look(rec);
	recorder_outcome(rec, 1, 201, "c0ffee", NULL); /* in the queue */
	shell("rm $p $p-wal $p-shm");
	add(&req[1], 2, true);
	turn(RECORDER_LOOK_MS);
	assert_true(req[1].allowed);
	recorder_outcome(rec, 1, 201, "c0ffee", NULL); /* in flight */
	turn(RECORDER_LOOK_MS);
	assert_int_equal(rows().count, 1);
	assert_int_equal(rows().with_status, 0);
	recorder_outcome(rec, 2, 201, "c0ffee", NULL);
	turn(RECORDER_LOOK_MS);
	assert_int_equal(rows().with_status, 1);
}

/* Who works on the file keeps the recorder from opening another one beside it. */
static void
a_held_store_is_not_opened_anew(void **state)
{
	struct httpd_request req = {0};
	struct store_file file;

	(void)state;
	turn(0);
	assert_true(recorder_store_hold(rec, &file));
	shell("rm $p $p-wal $p-shm");
	add(&req, 1, true);
	turn(RECORDER_LOOK_MS);
	assert_int_equal(req.answers, 0);
	recorder_store_release(rec);
	turn(RECORDER_RETRY_MS);
	assert_true(req.allowed);
	assert_int_equal(rows().count, 1);
}

static int
make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int
remove_folder(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "%s", folder);
	shell("rm -rf $p");
	return 0;
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_answer_comes_with_its_row),
		TEST(the_first_waits_and_the_next_ones_do_not),
		TEST(no_answered_decision_is_lost_with_the_file),
		TEST(an_idle_recorder_opens_a_store_again),
		TEST(a_store_that_cannot_be_opened_denies_until_it_can),
		TEST(a_damaged_store_denies_until_it_is_moved),
		TEST(an_outcome_of_the_old_store_changes_no_row_of_the_new),
		TEST(a_held_store_is_not_opened_anew),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
