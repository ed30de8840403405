/*
 * The store: what is committed stays, whoever else opens, locks or dies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "lib/clock.h"
#include "lib/store/store.h"

static char folder[] = "/tmp/test_store.XXXXXX";
static char path[64];

static int
make_path(void **state)
{
	static unsigned number;

	(void)state;
	snprintf(path, sizeof(path), "%s/%u.db", folder, number++);
	return 0;
}

static struct store *
open_store(enum store_mode mode)
{
	struct aegis_error err = {0};
	struct store *s = NULL;

	if (store_open(&s, path, mode, &err) < 0)
		fail_msg("%s", err.text);
	return s;
}

static int64_t
insert(struct store *s, const struct decision *d)
{
	struct aegis_error err = {0};
	int64_t id = 0;

	if (store_decision_insert(s, d, &id, &err) < 0)
		fail_msg("%s", err.text);
	return id;
}

static const struct decision sample = {
	.timestamp = 1000,
	.user = "ann",
	.method = "POST",
	.uri = "/v1.41/containers/create",
	.endpoint = "container.create",
	.class = "create",
	.subject = "nginx:1.27",
	.verdict = DECISION_DENY,
	.rule = "containers.privileged",
	.message = "no",
	.revision = "abc",
};

static int64_t
commit_one(struct store *s, const struct decision *d)
{
	int64_t id;

	assert_int_equal(store_begin(s, NULL), 0);
	id = insert(s, d);
	assert_int_equal(store_commit(s, NULL), 0);
	return id;
}

struct found {
	unsigned count;
	int64_t id, status;
	char subject[64], container[64];
};

static int
note_row(const struct decision *d, void *ctx)
{
	struct found *f = ctx;

	f->count++;
	f->id = d->id;
	f->status = d->status;
	snprintf(f->subject, sizeof(f->subject), "%s",
		 d->subject ? d->subject : "");
	snprintf(f->container, sizeof(f->container), "%s",
		 d->container ? d->container : "");
	return 0;
}

static struct found
find(struct store *s, struct decision_filter filter)
{
	struct found f = {0};
	struct aegis_error err = {0};

	if (store_decision_each(s, &filter, note_row, &f, &err) < 0)
		fail_msg("%s", err.text);
	return f;
}

static void
decisions_are_found_by_what_they_are(void **state)
{
	struct store *s = open_store(STORE_WRITE);
	struct decision read = sample;
	int64_t id;

	(void)state;
	read.timestamp = 2000;
	read.class = "read";
	read.verdict = DECISION_ALLOW;
	read.rule = NULL;
	id = commit_one(s, &sample);
	commit_one(s, &read);
	assert_int_equal(find(s, (struct decision_filter){0}).count, 2);
	assert_int_equal(find(s, (struct decision_filter){.limit = 1}).count, 1);
	const struct {
		const char *why;
		struct decision_filter filter;
		int64_t only; /* 0: the other one */
	} cases[] = {
		{"verdict", {.verdict = DECISION_DENY}, id},
		{"changes", {.changes_only = true}, id},
		{"rule", {.rule = "containers.privileged"}, id},
		{"until", {.until_ms = 1500}, id},
		{"since", {.since_ms = 1500}, 0},
		{"before id", {.before_id = id + 1}, id},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct found f = find(s, cases[i].filter);

		if (f.count != 1 || (f.id == id) != (cases[i].only == id))
			fail_msg("%s: %u rows, id %lld", cases[i].why, f.count,
				 (long long)f.id);
	}
	assert_int_equal(find(s, (struct decision_filter){.user = "bob"}).count,
			 0);
	store_close(s);
}

static void
an_outcome_completes_its_decision(void **state)
{
	struct store *s = open_store(STORE_WRITE);
	int64_t id = commit_one(s, &sample);
	struct found f = {0};

	(void)state;
	assert_int_equal(store_begin(s, NULL), 0);
	assert_int_equal(store_decision_outcome(s, id, 201, "c0ffee", NULL, NULL),
			 0);
	assert_int_equal(store_commit(s, NULL), 0);
	assert_int_equal(store_decision_get(s, id, note_row, &f, NULL), 0);
	assert_int_equal(f.status, 201);
	assert_string_equal(f.container, "c0ffee");
	assert_string_equal(f.subject, sample.subject);
	assert_int_equal(store_decision_get(s, id + 1, note_row, &f, NULL),
			 -ENOENT);
	store_close(s);
}

static void
a_rolled_back_batch_is_not_there(void **state)
{
	struct store *s = open_store(STORE_WRITE);

	(void)state;
	assert_int_equal(store_begin(s, NULL), 0);
	insert(s, &sample);
	store_rollback(s);
	assert_int_equal(find(s, (struct decision_filter){0}).count, 0);
	store_close(s);
}

static void
a_locked_store_is_busy_at_once(void **state)
{
	struct store *a = open_store(STORE_WRITE);
	struct store *b = open_store(STORE_WRITE);

	(void)state;
	assert_int_equal(store_begin(a, NULL), 0);
	assert_int_equal(store_begin(b, NULL), -EBUSY);
	assert_int_equal(store_commit(a, NULL), 0);
	assert_int_equal(store_begin(b, NULL), 0);
	store_rollback(b);
	store_close(a);
	store_close(b);
}

static void
readers_see_commits_and_cannot_write(void **state)
{
	struct store *w = open_store(STORE_WRITE), *r;

	(void)state;
	commit_one(w, &sample);
	r = open_store(STORE_READ);
	assert_int_equal(find(r, (struct decision_filter){0}).count, 1);
	assert_true(store_begin(r, NULL) < 0 ||
		    store_meta_set(r, "key", "value", NULL) < 0);
	store_close(r);
	store_close(w);
}

/* The locks of fcntl(2) go with the first close of any descriptor of the file:
 * once a second connection had opened and closed it, another process took the
 * store for unused, removed the log, and the gate's commits went nowhere. */
static void
a_second_connection_does_not_cost_the_first_its_locks(void **state)
{
	struct store *first = open_store(STORE_WRITE), *fresh;
	int status;
	pid_t pid;

	(void)state;
	commit_one(first, &sample);
	store_close(open_store(STORE_WRITE));
	pid = fork();
	if (pid == 0) {
		char shell[160];

		snprintf(shell, sizeof(shell), "%s", path);
		execlp("sqlite3", "sqlite3", shell,
		       "begin immediate; rollback; pragma wal_checkpoint;",
		       (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	commit_one(first, &sample);
	fresh = open_store(STORE_READ);
	assert_int_equal(find(fresh, (struct decision_filter){0}).count, 2);
	store_close(fresh);
	store_close(first);
}

/* --- kill -9 -------------------------------------------------------------------- */

#define CRASH_ROWS 200

/* Commits for ever; tells each id only when it is committed. */
static void
write_until_killed(int out)
{
	struct store *s = NULL;

	if (store_open(&s, path, STORE_WRITE, NULL) < 0)
		_exit(1);
	for (;;) {
		int64_t id = 0;

		if (store_begin(s, NULL) < 0 ||
		    store_decision_insert(s, &sample, &id, NULL) < 0 ||
		    store_commit(s, NULL) < 0 ||
		    write(out, &id, sizeof(id)) != sizeof(id))
			_exit(1);
	}
}

static void
what_was_told_survives_kill_9(void **state)
{
	int ends[2];
	int64_t id, last = 0;
	struct store *s;
	struct found f;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0)
		write_until_killed(ends[1]);
	close(ends[1]);
	for (unsigned i = 0; i < CRASH_ROWS; i++) {
		assert_int_equal(read(ends[0], &id, sizeof(id)), sizeof(id));
		last = id;
	}
	kill(pid, SIGKILL);
	while (read(ends[0], &id, sizeof(id)) == sizeof(id))
		last = id;
	close(ends[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	s = open_store(STORE_WRITE);
	assert_int_equal(store_check(s, NULL), 0);
	f = find(s, (struct decision_filter){.before_id = last + 1});
	assert_int_equal(f.count, last);
	store_close(s);
}

/* SQLite's cache is 2 MB: a longer batch goes to the log while it is made, and what
 * is changed again then is written over there, with new checksums in the frames
 * behind it.  lib/store/wal.c has to let all of that through in order. */
static const struct batch_case {
	const char *why;
	unsigned rows;
	size_t request_len;
	bool changed_again; /* the first row, after the last one */
	bool rolled_back;
} batch_cases[] = {
	{"one small row", 1, 10, false, false},
	{"one row of many pages", 1, 100 * 1000, false, false},
	{"as many as the gate's longest", 256, 2000, false, false},
	{"longer than the cache", 60, 100 * 1000, false, false},
	{"longer than the cache, a page twice", 60, 100 * 1000, true, false},
	{"longer than the cache, and taken back", 60, 100 * 1000, true, true},
};

static bool
write_batch(struct store *s, const struct batch_case *c, char *request)
{
	struct decision d = sample;
	int64_t id = 0, first = 0;

	memset(request, 'x', c->request_len);
	request[c->request_len] = '\0';
	d.request = request;
	if (store_begin(s, NULL) < 0)
		return false;
	for (unsigned i = 0; i < c->rows; i++) {
		if (store_decision_insert(s, &d, &id, NULL) < 0)
			return false;
		first = first ? first : id;
	}
	if (c->changed_again &&
	    store_decision_outcome(s, first, 201, "c0ffee", NULL, NULL) < 0)
		return false;
	if (!c->rolled_back)
		return store_commit(s, NULL) == 0;
	store_rollback(s);
	return true;
}

static void
write_batch_and_die(const struct batch_case *c)
{
	static char request[100 * 1000 + 1];
	struct store *s = NULL;

	if (store_open(&s, path, STORE_WRITE, NULL) == 0 &&
	    store_begin(s, NULL) == 0 &&
	    store_decision_insert(s, &sample, &(int64_t){0}, NULL) == 0 &&
	    store_commit(s, NULL) == 0 && write_batch(s, c, request))
		raise(SIGKILL);
	_exit(1);
}

static void
a_batch_of_any_size_survives_kill_9(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(batch_cases) / sizeof(batch_cases[0]);
	     i++) {
		const struct batch_case *c = &batch_cases[i];
		const unsigned rows = 1 + (c->rolled_back ? 0 : c->rows);
		struct found all, last;
		struct store *s;
		int status;
		pid_t pid;

		make_path(NULL);
		pid = fork();
		if (pid == 0)
			write_batch_and_die(c);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFSIGNALED(status))
			fail_msg("%s: not written", c->why);
		s = open_store(STORE_WRITE);
		assert_int_equal(store_check(s, NULL), 0);
		all = find(s, (struct decision_filter){0});
		last = find(s, (struct decision_filter){.before_id = 3,
							.limit = 1});
		if (all.count != rows)
			fail_msg("%s: %u of %u rows", c->why, all.count, rows);
		if (!c->rolled_back && c->changed_again && last.status != 201)
			fail_msg("%s: the change is lost", c->why);
		store_close(s);
	}
}

/* --- files that are taken away, changed or cut ----------------------------------- */

static void
shell(const char *format)
{
	char command[512];
	pid_t pid;
	int status;

	snprintf(command, sizeof(command), "p='%s'; %s", path, format);
	pid = fork();
	if (pid == 0) {
		execlp("sh", "sh", "-ec", command, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		fail_msg("%s", command);
}

static int64_t
count_in(const char *suffix)
{
	struct aegis_error err = {0};
	struct store *s = NULL;
	struct found f = {0};
	char name[96];

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	if (store_open(&s, name, STORE_READ, &err) < 0)
		fail_msg("%s", err.text);
	if (store_check(s, &err) < 0 ||
	    store_decision_each(s, &(struct decision_filter){0}, note_row, &f,
				&err) < 0)
		fail_msg("%s", err.text);
	store_close(s);
	return f.count;
}

/* What a long batch wrote before it was rolled back is nobody's: it must not come
 * over what another connection committed since. */
static void
a_rolled_back_batch_spoils_nobody_elses(void **state)
{
	static char request[100 * 1000 + 1];
	const struct batch_case back = {"", 60, 100 * 1000, false, true};
	const struct batch_case kept = {"", 80, 90 * 1000, false, false};
	struct store *a = open_store(STORE_WRITE), *b = open_store(STORE_WRITE);
	unsigned left;

	(void)state;
	commit_one(a, &sample);
	/* So that rolling back reads nothing from the log. */
	assert_int_equal(store_checkpoint(a, &left, NULL), 0);
	assert_true(write_batch(a, &back, request));
	assert_true(write_batch(b, &kept, request));
	commit_one(a, &sample);
	/* What would be found after a power cut. */
	shell("cp $p $p.copy; cp $p-wal $p.copy-wal");
	assert_int_equal(count_in(".copy"), 82);
	store_close(b);
	store_close(a);
}

/* What is done to a store with two rows, the second in its log alone; what is
 * said of it, and what is found afterwards. */
static const struct {
	const char *command, *said;
	int64_t rows;        /* in path, when it is opened anew */
	const char *moved;   /* another store, with all rows */
} accidents[] = {
	{"rm $p $p-wal $p-shm", "removed or moved", 0, NULL},
	{"rm $p", "removed or moved", 0, NULL},
	{"mv $p $p.moved", "removed or moved", 0, ".moved"},
	{"cp $p $p.copy; mv $p $p.moved; mv $p.copy $p", "replaced", 1, ".moved"},
	{"rm $p-wal", "-wal", 2, NULL},
	{"rm $p-shm", "-shm", 2, NULL},
	{": >$p", "cut short", 0, NULL},
};

static void
a_file_that_is_not_the_one_in_use_is_noticed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(accidents) / sizeof(accidents[0]); i++) {
		struct aegis_error err = {0};
		struct store *s;
		unsigned left;
		int r;

		make_path(NULL);
		s = open_store(STORE_WRITE);
		commit_one(s, &sample);
		assert_int_equal(store_checkpoint(s, &left, NULL), 0);
		assert_int_equal(left, 0);
		commit_one(s, &sample);
		assert_int_equal(store_look(s, NULL), 0);
		shell(accidents[i].command);
		r = store_look(s, &err);
		if (r != -ESTALE || !strstr(err.text, accidents[i].said))
			fail_msg("%s: %d %s", accidents[i].command, r, err.text);
		store_abandon(s);
		store_close(open_store(STORE_WRITE_NOW));
		if (count_in("") != accidents[i].rows)
			fail_msg("%s: %d rows", accidents[i].command,
				 (int)count_in(""));
		if (accidents[i].moved && count_in(accidents[i].moved) != 2)
			fail_msg("%s: rows are lost", accidents[i].command);
	}
}

/* A hole in the log reads as zeros, and a checkpoint would copy them.  Whether the
 * next write or the next look notices depends on the tick it falls into. */
static void
a_log_that_is_cut_is_not_written_on(void **state)
{
	struct store *s = open_store(STORE_WRITE), *joined = NULL;
	const struct store_file file = store_file(s);
	struct aegis_error err = {0};
	unsigned left;
	int r;

	(void)state;
	commit_one(s, &sample);
	assert_int_equal(store_checkpoint(s, &left, NULL), 0);
	commit_one(s, &sample);
	shell(": >$p-wal");
	assert_int_equal(store_begin(s, NULL), 0);
	insert(s, &sample);
	r = store_commit(s, NULL);
	assert_true(r == -EIO || r == 0);
	store_rollback(s);
	/* Who copies the log back looks, and does not. */
	if (store_join(&joined, path, &file, NULL) == 0)
		assert_true(r < 0 || store_look(joined, NULL) == -ESTALE);
	store_close(joined);
	assert_int_equal(store_look(s, &err), -ESTALE);
	assert_non_null(strstr(err.text, "-wal was cut short"));
	store_abandon(s);
	s = open_store(STORE_WRITE_NOW);
	assert_int_equal(find(s, (struct decision_filter){0}).count, 1);
	commit_one(s, &sample);
	store_close(s);
	assert_int_equal(count_in(""), 2);
}

/* Neither is an accident: nothing is lost by them. */
static void
another_program_may_vacuum_and_empty_the_log(void **state)
{
	struct store *s = open_store(STORE_WRITE);
	struct decision d = sample;
	static char request[20000];
	unsigned left, deleted;

	(void)state;
	memset(request, 'x', sizeof(request) - 1);
	d.request = request;
	for (int i = 0; i < 50; i++)
		commit_one(s, &d);
	assert_int_equal(store_decision_expire(s, 2000, 100, &deleted, NULL), 0);
	assert_int_equal(store_checkpoint(s, &left, NULL), 0);
	assert_int_equal(store_look(s, NULL), 0);
	shell("sqlite3 $p 'vacuum; pragma wal_checkpoint(truncate);' >&2");
	assert_int_equal(store_look(s, NULL), 0);
	commit_one(s, &sample);
	assert_int_equal(store_look(s, NULL), 0);
	store_close(s);
	assert_int_equal(count_in(""), 2);
}

static void
a_second_connection_takes_no_other_file(void **state)
{
	struct store *s = open_store(STORE_WRITE), *joined = NULL;
	struct store_file file = store_file(s);

	(void)state;
	commit_one(s, &sample);
	assert_int_equal(store_join(&joined, path, &file, NULL), 0);
	store_close(joined);
	joined = NULL;
	shell("mv $p $p.moved");
	assert_int_equal(store_join(&joined, path, &file, NULL), -ESTALE);
	assert_int_equal(access(path, F_OK), -1);
	shell("cp $p.moved $p");
	assert_int_equal(store_join(&joined, path, &file, NULL), -ESTALE);
	assert_null(joined);
	assert_int_equal(store_look(s, NULL), -ESTALE);
	store_abandon(s);
}

static void
a_damaged_file_names_the_way_out(void **state)
{
	struct store *s = open_store(STORE_WRITE);
	struct aegis_error err = {0};

	(void)state;
	for (int i = 0; i < 50; i++)
		commit_one(s, &sample);
	store_close(s);
	s = NULL;
	shell("dd if=/dev/zero of=$p bs=2048 seek=1 count=20 conv=notrunc "
	      "2>/dev/null");
	assert_int_equal(store_open(&s, path, STORE_WRITE, &err), -EUCLEAN);
	assert_non_null(strstr(err.text, "move it and its -wal and -shm"));
	assert_null(s);
}

/* It may be opened in a loop that must not wait. */
static void
opening_now_does_not_wait_for_a_lock(void **state)
{
	struct store *a = open_store(STORE_WRITE), *b = NULL;
	uint64_t begin_ms;

	(void)state;
	shell("sqlite3 $p 'pragma user_version = 0'");
	assert_int_equal(store_begin(a, NULL), 0);
	begin_ms = clock_monotonic_ms();
	assert_int_equal(store_open(&b, path, STORE_WRITE_NOW, NULL), -EBUSY);
	assert_true(clock_monotonic_ms() - begin_ms < STORE_OPEN_TIMEOUT_MS);
	store_rollback(a);
	store_close(a);
}

/* --- what is no store --------------------------------------------------------------- */

static void
write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
what_is_no_store_is_refused(void **state)
{
	char target[80];
	struct store *s = NULL;

	(void)state;
	assert_int_equal(store_open(&s, path, STORE_READ, NULL), -ENOENT);
	write_file("this is not a database, whatever its name says, and it is "
		   "long enough to be read as the header of one of them");
	assert_int_equal(store_open(&s, path, STORE_WRITE, NULL), -EUCLEAN);
	make_path(NULL);
	snprintf(target, sizeof(target), "%s/elsewhere", folder);
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(store_open(&s, path, STORE_WRITE, NULL), -ELOOP);
	assert_null(s);
}

/* --- upkeep ----------------------------------------------------------------------------- */

static void
old_decisions_expire_and_new_ones_stay(void **state)
{
	struct store *s = open_store(STORE_WRITE);
	struct decision recent = sample;
	unsigned deleted = 0;

	(void)state;
	recent.timestamp = 5000;
	for (unsigned i = 0; i < 5; i++)
		commit_one(s, &sample);
	commit_one(s, &recent);
	assert_int_equal(store_decision_expire(s, 2000, 3, &deleted, NULL), 0);
	assert_int_equal(deleted, 3);
	assert_int_equal(store_decision_expire(s, 2000, 3, &deleted, NULL), 0);
	assert_int_equal(deleted, 2);
	assert_int_equal(store_decision_expire(s, 2000, 3, &deleted, NULL), 0);
	assert_int_equal(deleted, 0);
	assert_int_equal(find(s, (struct decision_filter){0}).count, 1);
	store_close(s);
}

static int
note_alert(const struct alert *a, void *ctx)
{
	*(int64_t *)ctx += a->decision_id;
	return 0;
}

static void
an_alert_goes_with_its_decision(void **state)
{
	struct store *s = open_store(STORE_WRITE);
	int64_t left = 0;
	unsigned deleted;

	(void)state;
	for (int64_t i = 1; i <= 3; i++) {
		const struct alert a = {.service = "x",
					.alert_type = "y",
					.message = "z",
					.timestamp = sample.timestamp,
					.decision_id = i};

		commit_one(s, &sample);
		assert_int_equal(store_begin(s, NULL), 0);
		assert_int_equal(store_alert_insert(s, &a, NULL), 0);
		assert_int_equal(store_commit(s, NULL), 0);
	}
	assert_int_equal(store_decision_expire(s, INT64_MAX, 1, &deleted, NULL),
			 0);
	assert_int_equal(deleted, 1);
	assert_int_equal(store_alert_each(s, 0, 0, note_alert, &left, NULL), 0);
	assert_int_equal(left, 2 + 3);
	store_close(s);
}

/* Where the rows end that are old is found before the write lock is asked for; a
 * scan for it under the lock kept the gate waiting for seconds. */
static void
what_is_old_is_sought_without_the_write_lock(void **state)
{
	struct store *s = open_store(STORE_WRITE), *locked;
	unsigned deleted = 1;

	(void)state;
	for (int i = 0; i < 5; i++)
		commit_one(s, &sample);
	locked = open_store(STORE_WRITE);
	assert_int_equal(store_begin(locked, NULL), 0);
	assert_int_equal(store_decision_expire(s, 1000, 10, &deleted, NULL), 0);
	assert_int_equal(deleted, 0);
	assert_int_equal(store_decision_expire(s, 1001, 10, &deleted, NULL),
			 -EBUSY);
	store_rollback(locked);
	store_close(locked);
	store_close(s);
}

static void
counts_and_lists_begin_where_they_should(void **state)
{
	struct store *s = open_store(STORE_WRITE);
	struct decision_counts counts;
	struct decision d = sample;

	(void)state;
	/* The clock was set back once. */
	for (int64_t t = 0; t < 10; t++) {
		d.timestamp = t == 5 ? 900 : 1000 + t;
		commit_one(s, &d);
	}
	assert_int_equal(store_decision_counts(s, 1004, &counts, NULL), 0);
	assert_int_equal(counts.deny, 5);
	assert_int_equal(find(s, (struct decision_filter){.since_ms = 1004})
				 .count,
			 5);
	assert_int_equal(find(s, (struct decision_filter){.since_ms = 2000})
				 .count,
			 0);
	assert_int_equal(find(s, (struct decision_filter){.after_id = 7}).count,
			 3);
	store_close(s);
}

/* An id names one decision for ever, or an outcome would find another's row. */
static void
ids_are_not_used_again_after_expiry(void **state)
{
	struct store *s = open_store(STORE_WRITE);
	unsigned deleted = 0;
	int64_t last;

	(void)state;
	commit_one(s, &sample);
	last = commit_one(s, &sample);
	assert_int_equal(store_decision_expire(s, 2000, 10, &deleted, NULL), 0);
	assert_int_equal(deleted, 1);
	assert_true(commit_one(s, &sample) > last);
	store_close(s);
}

static void
meta_and_policies_are_kept_by_key(void **state)
{
	struct store *s = open_store(STORE_WRITE);
	char value[16], *text = NULL;

	(void)state;
	assert_int_equal(store_meta_get(s, "k", value, sizeof(value), NULL),
			 -ENOENT);
	assert_int_equal(store_meta_set(s, "k", "one", NULL), 0);
	assert_int_equal(store_meta_set(s, "k", "two", NULL), 0);
	assert_int_equal(store_meta_get(s, "k", value, sizeof(value), NULL), 0);
	assert_string_equal(value, "two");
	assert_int_equal(store_policy_put(s, "r1", "version: 1", 1, NULL), 0);
	assert_int_equal(store_policy_put(s, "r1", "version: 1", 2, NULL), 0);
	assert_int_equal(store_policy_get(s, "r1", &text, NULL), 0);
	assert_string_equal(text, "version: 1");
	free(text);
	assert_int_equal(store_policy_get(s, "r2", &text, NULL), -ENOENT);
	store_close(s);
}

static int
remove_folder(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		execlp("rm", "rm", "-rf", folder, (char *)NULL);
		_exit(127);
	}
	return waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

static int
make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, make_path)
	const struct CMUnitTest tests[] = {
		TEST(decisions_are_found_by_what_they_are),
		TEST(an_outcome_completes_its_decision),
		TEST(a_rolled_back_batch_is_not_there),
		TEST(a_locked_store_is_busy_at_once),
		TEST(readers_see_commits_and_cannot_write),
		TEST(a_second_connection_does_not_cost_the_first_its_locks),
		TEST(what_was_told_survives_kill_9),
		TEST(a_batch_of_any_size_survives_kill_9),
		TEST(a_rolled_back_batch_spoils_nobody_elses),
		TEST(a_file_that_is_not_the_one_in_use_is_noticed),
		TEST(a_log_that_is_cut_is_not_written_on),
		TEST(another_program_may_vacuum_and_empty_the_log),
		TEST(a_second_connection_takes_no_other_file),
		TEST(a_damaged_file_names_the_way_out),
		TEST(opening_now_does_not_wait_for_a_lock),
		TEST(what_is_no_store_is_refused),
		TEST(old_decisions_expire_and_new_ones_stay),
		TEST(an_alert_goes_with_its_decision),
		TEST(what_is_old_is_sought_without_the_write_lock),
		TEST(counts_and_lists_begin_where_they_should),
		TEST(ids_are_not_used_again_after_expiry),
		TEST(meta_and_policies_are_kept_by_key),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
