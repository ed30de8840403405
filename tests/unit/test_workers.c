/*
 * Workers: a task that hangs holds its thread, and nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authz-plugin/workers.h"
#include "lib/clock.h"

#define DEADLINE_S 20
#define THREADS_MAX (WORKERS_THREADS + WORKERS_EXTRA_MAX)

static struct workers *w;
static sem_t begun, go_on, done;

static void
wait_for(sem_t *sem)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += DEADLINE_S;
	while (sem_timedwait(sem, &until) < 0)
		if (errno != EINTR)
			fail_msg("not within the deadline");
}

/* As a system call on a file system that is dead. */
static void
hang(void *arg)
{
	(void)arg;
	sem_post(&begun);
	while (sem_wait(&go_on) < 0)
		;
	sem_post(&done);
}

static void
finish(void *arg)
{
	(void)arg;
	sem_post(&done);
}

static struct worker_task
task(void (*fn)(void *arg), uint64_t deadline_ms)
{
	return (struct worker_task){.fn = fn, .deadline_ms = deadline_ms};
}

static int
set_up(void **state)
{
	(void)state;
	sem_init(&begun, 0, 0);
	sem_init(&go_on, 0, 0);
	sem_init(&done, 0, 0);
	return workers_new(&w, NULL);
}

static int
tear_down(void **state)
{
	(void)state;
	return workers_stop(w, clock_monotonic_ms() + 1000 * DEADLINE_S) ? 0
									 : -1;
}

static void
hang_all(struct worker_task *tasks, unsigned count, uint64_t deadline_ms)
{
	for (unsigned i = 0; i < count; i++) {
		tasks[i] = task(hang, deadline_ms);
		assert_int_equal(workers_run(w, &tasks[i]), 0);
	}
	for (unsigned i = 0; i < count; i++)
		wait_for(&begun);
}

static void
let_go(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		sem_post(&go_on);
	for (unsigned i = 0; i < count; i++)
		wait_for(&done);
}

/* Time is an argument: nothing here waits for it. */
static void
slow_ones_do_not_hold_the_others(void **state)
{
	struct worker_task hung[WORKERS_THREADS], other = task(finish, 1);
	const uint64_t now_ms = clock_monotonic_ms();

	(void)state;
	hang_all(hung, WORKERS_THREADS, now_ms + 60000);
	assert_int_equal(workers_run(w, &other), 0);
	assert_int_equal(sem_trywait(&done), -1);
	assert_int_equal(workers_check(w, now_ms + 10000).stuck, 0);
	wait_for(&done);
	let_go(WORKERS_THREADS);
}

static void
stuck_ones_are_counted_and_come_back(void **state)
{
	struct worker_task hung[2];
	const uint64_t now_ms = clock_monotonic_ms();

	(void)state;
	hang_all(hung, 2, now_ms + 2000);
	assert_int_equal(workers_check(w, now_ms + 2000).slow, 2);
	assert_int_equal(workers_check(w, now_ms + 2000).stuck, 0);
	assert_int_equal(
		workers_check(w, now_ms + 4000 + WORKERS_STUCK_MS).stuck, 2);
	let_go(2);
	/* They are back a moment after they said so. */
	while (workers_check(w, now_ms).slow > 0)
		assert_true(clock_monotonic_ms() <
			    now_ms + 1000 * DEADLINE_S);
}

static void
beyond_the_most_there_is_a_no(void **state)
{
	static struct worker_task hung[THREADS_MAX];
	struct worker_task more = task(finish, 1);
	const uint64_t now_ms = clock_monotonic_ms();
	const uint64_t late_ms = now_ms + 100000;
	unsigned made = 0;

	(void)state;
	while (made < THREADS_MAX) {
		hang_all(hung + made, WORKERS_THREADS, now_ms);
		made += WORKERS_THREADS;
		assert_int_equal(workers_check(w, late_ms).stuck, made);
	}
	assert_int_equal(workers_run(w, &more), -EBUSY);
	let_go(THREADS_MAX);
	while (workers_run(w, &more) == -EBUSY)
		assert_true(clock_monotonic_ms() <
			    now_ms + 1000 * DEADLINE_S);
	wait_for(&done);
	workers_check(w, now_ms);
}

static void
what_has_not_begun_can_be_taken_back(void **state)
{
	struct worker_task hung[WORKERS_THREADS];
	struct worker_task first = task(finish, 1), last = first;

	(void)state;
	hang_all(hung, WORKERS_THREADS, clock_monotonic_ms() + 60000);
	assert_int_equal(workers_run(w, &first), 0);
	assert_int_equal(workers_run(w, &last), 0);
	assert_false(workers_cancel(w, &hung[0]));
	assert_true(workers_cancel(w, &last));
	assert_false(workers_cancel(w, &last));
	let_go(WORKERS_THREADS);
	wait_for(&done); /* first */
	assert_int_equal(sem_trywait(&done), -1);
}

static void
nobody_waits_for_one_that_hangs_at_the_end(void **state)
{
	struct worker_task hung, never = task(finish, 1);

	(void)state;
	hang_all(&hung, 1, 1);
	assert_false(workers_stop(w, clock_monotonic_ms()));
	assert_int_equal(workers_run(w, &never), -EBUSY);
	let_go(1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(slow_ones_do_not_hold_the_others),
		TEST(stuck_ones_are_counted_and_come_back),
		TEST(beyond_the_most_there_is_a_no),
		TEST(what_has_not_begun_can_be_taken_back),
		TEST(nobody_waits_for_one_that_hangs_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
