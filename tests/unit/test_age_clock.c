/*
 * When the keeper may believe that so much time has passed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "authz-plugin/age_clock.h"

#define MINUTE (60 * 1000LL)
#define DAY (24 * 60 * MINUTE)
#define START (1000 * DAY)

static void
a_clock_that_goes_is_believed(void **state)
{
	struct age_clock c;

	(void)state;
	age_clock_init(&c, START, 5 * MINUTE);
	for (int64_t t = 0; t < 100 * DAY; t += DAY / 2)
		assert_int_equal(
			age_clock_doubt(&c, START + t, 5 * MINUTE + t), 0);
}

static void
a_clock_that_is_ahead_is_doubted_until_it_is_set(void **state)
{
	struct age_clock c;

	(void)state;
	age_clock_init(&c, START, 0);
	assert_int_equal(age_clock_doubt(&c, START + 40 * DAY, 0), 40 * DAY);
	assert_int_equal(age_clock_doubt(&c, START + 40 * DAY + MINUTE, MINUTE),
			 40 * DAY);
	assert_int_equal(age_clock_doubt(&c, START + 2 * MINUTE, 2 * MINUTE), 0);
	/* Wrong again: the doubt begins anew. */
	assert_int_equal(age_clock_doubt(&c, START + 40 * DAY, DAY), 39 * DAY);
	assert_int_equal(age_clock_doubt(&c, START + 41 * DAY - 1, 2 * DAY - 1),
			 39 * DAY);
}

static void
a_clock_that_stays_ahead_is_believed_after_a_day(void **state)
{
	struct age_clock c;

	(void)state;
	age_clock_init(&c, START, 0);
	assert_true(age_clock_doubt(&c, START + 40 * DAY, 0) > 0);
	assert_true(age_clock_doubt(&c, START + 41 * DAY - 1, DAY - 1) > 0);
	assert_int_equal(age_clock_doubt(&c, START + 41 * DAY, DAY), 0);
	assert_int_equal(age_clock_doubt(&c, START + 41 * DAY + MINUTE,
					 DAY + MINUTE),
			 0);
}

static void
a_clock_that_is_behind_is_believed(void **state)
{
	struct age_clock c;

	(void)state;
	age_clock_init(&c, START, 0);
	assert_int_equal(age_clock_doubt(&c, START - 400 * DAY, MINUTE), 0);
	/* Set right again, it jumps, and a jump is doubted. */
	assert_int_equal(age_clock_doubt(&c, START + MINUTE, 2 * MINUTE),
			 400 * DAY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clock_that_goes_is_believed),
		cmocka_unit_test(a_clock_that_is_ahead_is_doubted_until_it_is_set),
		cmocka_unit_test(a_clock_that_stays_ahead_is_believed_after_a_day),
		cmocka_unit_test(a_clock_that_is_behind_is_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
