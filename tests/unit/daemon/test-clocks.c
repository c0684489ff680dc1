/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Clocks that jump: somebody sets the time of day, or the machine sleeps. Delays are measured by
 * the clock that does neither (CLOCK_MONOTONIC), records are stamped by the one that goes on in
 * sleep (CLOCK_BOOTTIME), and people are told the time of day.
 */

#include "harness.h"

#include <stdio.h>

#include "clock.h"
#include "faults.h"

#define YEAR_NS (INT64_C(365) * 24 * 3600 * 1000000000)
#define HOUR_NS (INT64_C(3600) * 1000000000)

static int clocks_teardown(void **state)
{
	faults_set_clock(CLOCK_REALTIME, 0);
	faults_set_clock(CLOCK_BOOTTIME, 0);
	return harness_teardown(state);
}

static const struct watch *watch_with_hold(struct harness *h, uint64_t hold)
{
	const struct watch_rule rule = {.target = "program", .hold = hold};
	const struct watch *watch;
	struct watch_fault fault;

	assert_int_equal(watchdog_add_watch(h->watchdog, &h->client, &rule, &watch, &fault),
			 ANSWER_OK);
	json_decref(harness_expect(h, "watched", 0));
	return watch;
}

/* Only the hold itself ends a hold, however the clocks stand. */
static void hold_through_jump(struct harness *h, clockid_t clock, int64_t ahead)
{
	struct child c = child_start_stopped();

	watch_with_hold(h, 24 * 3600 * 1000);
	harness_hold(h, c.pid);
	faults_set_clock(clock, ahead);
	fake_backend_ring_rescan(h->fake);
	harness_turn(h);
	harness_settle(h);
	harness_expect_no_event(h);
	assert_int_equal(harness_find(h, c.pid)->now.state, STOP_STOPPED);
	assert_false(child_has_resumed(&c));
}

static void test_hold_and_a_later_time_of_day(void **state)
{
	hold_through_jump(*state, CLOCK_REALTIME, YEAR_NS);
}

static void test_hold_and_an_earlier_time_of_day(void **state)
{
	hold_through_jump(*state, CLOCK_REALTIME, -YEAR_NS);
}

static void test_hold_and_sleep(void **state)
{
	hold_through_jump(*state, CLOCK_BOOTTIME, 48 * HOUR_NS);
}

static void test_short_hold_ends_though_time_went_back(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();

	watch_with_hold(h, 1);
	faults_set_clock(CLOCK_REALTIME, -YEAR_NS);
	harness_hold(h, c.pid);
	json_decref(harness_expect(h, "continued", 1));
	child_wait_resumed(&c);
}

/* A stop's time is told by the clock of then, and does not change when the clock does. */
static void test_since_stays(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	int64_t before = clock_realtime_us(), since;

	since = harness_hold(h, c.pid)->since;
	assert_true(since >= before - 1000000 && since <= clock_realtime_us());
	faults_set_clock(CLOCK_REALTIME, YEAR_NS);
	assert_true(watchdog_look(h->watchdog, harness_find(h, c.pid)));
	assert_true(harness_find(h, c.pid)->since == since);
}

/* A daemon that starts after a jump tells by the clock of now when an earlier one stopped it. */
static void test_since_after_a_restart(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	int64_t since = harness_hold(h, c.pid)->since, later;

	faults_set_clock(CLOCK_REALTIME, YEAR_NS);
	harness_restart(h);
	json_decref(harness_expect(h, "stopped", 1));
	later = harness_find(h, c.pid)->since - since - YEAR_NS / 1000;
	assert_true(later > -1000000 && later < 1000000);
}

/* What happens after a jump is told in the time of then; the order of events is that of their
 * happening, whatever their times say. */
static void test_events_in_order(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	json_auto_t *stopped = NULL, *continued = NULL;

	harness_ring_stop(h, c.pid);
	stopped = harness_expect(h, "stopped", 1);
	faults_set_clock(CLOCK_REALTIME, -YEAR_NS);
	assert_int_equal(watchdog_continue(h->watchdog, &h->client, harness_find(h, c.pid)),
			 ANSWER_OK);
	continued = harness_expect(h, "continued", 1);
	assert_true(strcmp(get_string(continued, "time"), get_string(stopped, "time")) < 0);
}

/* The machine slept between the decision and the end of an exec: the record looks old, and is taken
 * up though it is not confirmed; it is announced only once the process has stopped all the same. */
static void test_sleep_in_the_midst_of_an_exec(void **state)
{
	struct harness *h = *state;
	struct child c = child_start();
	struct dwd_stop_record *record = fake_backend_record(h->fake, c.pid);

	record->flags &= ~(uint32_t)DWD_STOP_CONFIRMED;
	faults_set_clock(CLOCK_BOOTTIME, HOUR_NS);
	fake_backend_ring_rescan(h->fake);
	while (!harness_find(h, c.pid))
		harness_turn(h);
	assert_int_equal(harness_find(h, c.pid)->now.state, STOP_STOPPING);
	harness_expect_no_event(h);
	child_stop(&c);
	json_decref(harness_expect(h, "stopped", 1));
	assert_true(record->flags & DWD_STOP_CONFIRMED);
}

static void test_times_can_be_read(void **state)
{
	static const struct {
		int64_t us;
		const char *text;
	} times[] = {
		{0, "1970-01-01T00:00:00.000000Z"},
		{1700000000123456, "2023-11-14T22:13:20.123456Z"},
		{-1, "1969-12-31T23:59:59.999999Z"},
		{-1500000, "1969-12-31T23:59:58.500000Z"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		char text[CLOCK_TEXT_SIZE];

		clock_format(times[i].us, text);
		assert_string_equal(text, times[i].text);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, harness_setup, clocks_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hold_and_a_later_time_of_day),
		TEST(test_hold_and_an_earlier_time_of_day),
		TEST(test_hold_and_sleep),
		TEST(test_short_hold_ends_though_time_went_back),
		TEST(test_since_stays),
		TEST(test_since_after_a_restart),
		TEST(test_events_in_order),
		TEST(test_sleep_in_the_midst_of_an_exec),
		cmocka_unit_test(test_times_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
