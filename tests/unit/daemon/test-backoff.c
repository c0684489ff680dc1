/* SPDX-License-Identifier: GPL-2.0-or-later */

/* When something is tried again. */

#include "harness.h"

#include "backoff.h"

static void test_nothing_to_try(void **state)
{
	const struct backoff b = {};

	assert_false(backoff_due(&b));
	assert_false(backoff_failed(&b));
}

static void test_ever_longer_but_bounded(void **state)
{
	struct backoff b = {};
	uint64_t last = 0;

	for (int i = 0; i < 100; i++) {
		backoff_fail(&b);
		assert_true(b.delay > last || i > 6);
		assert_in_range(b.delay, 1, 64000000);
		assert_false(backoff_due(&b));
		last = b.delay;
	}
	assert_int_equal(last, 64000000);
}

static void test_reason_to_try_now(void **state)
{
	struct backoff b = {};

	backoff_now(&b);
	assert_false(backoff_failed(&b)); /* that is no failure */
	backoff_fail(&b);
	backoff_now(&b);
	assert_true(backoff_due(&b));
	assert_true(backoff_failed(&b));
	backoff_fail(&b);
	assert_false(backoff_due(&b));
	assert_int_equal(b.delay, 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_to_try),
		cmocka_unit_test(test_ever_longer_but_bounded),
		cmocka_unit_test(test_reason_to_try_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
