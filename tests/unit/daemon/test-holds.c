/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * How long a stop may last that nobody takes: --hold and --then.
 */

#include "harness.h"

#include <signal.h>
#include <sys/wait.h>

#define SHORT 1 /* ms; how long it really takes is not looked at */
#define LONG  (24 * 3600 * 1000)

static void expect(struct harness *h, const char *type, uint64_t id)
{
	json_decref(harness_expect(h, type, id));
}

/* The first watch has id 1, and so on. */
static void add_watch(struct harness *h, uint64_t hold, bool then_kill)
{
	const struct watch_rule rule = {.target = "program", .hold = hold, .then_kill = then_kill};
	const struct watch *watch;
	struct watch_fault fault;

	assert_int_equal(watchdog_add_watch(h->watchdog, &h->client, &rule, &watch, &fault),
			 ANSWER_OK);
	expect(h, "watched", 0);
}

/* Caught by this watch alone. */
static void ring_of(struct harness *h, const struct child *c, uint64_t watch)
{
	struct dwd_stop_record *record = fake_backend_record(h->fake, c->pid);

	record->watches[0] = watch;
	fake_backend_ring_stopped(h->fake, &record->key);
	expect(h, "stopped", record->id);
}

/* Caught by the watches with ids 1 to `watches`. */
static void ring(struct harness *h, const struct child *c, uint32_t watches)
{
	struct dwd_stop_record *record = fake_backend_record(h->fake, c->pid);

	for (uint32_t i = 0; i < watches && i < DWD_RECORD_WATCHES; i++)
		record->watches[i] = i + 1;
	record->watch_count = watches;
	fake_backend_ring_stopped(h->fake, &record->key);
	expect(h, "stopped", record->id);
}

static void expect_held(struct harness *h, const struct child *c)
{
	harness_settle(h);
	harness_expect_no_event(h);
	assert_int_equal(harness_find(h, c->pid)->now.state, STOP_STOPPED);
	assert_false(child_has_resumed(c));
}

static void test_continues(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();

	add_watch(h, SHORT, false);
	ring(h, &c, 1);
	expect(h, "continued", 1);
	child_wait_resumed(&c);
}

static void test_kills(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	int status;

	add_watch(h, SHORT, true);
	ring(h, &c, 1);
	expect(h, "killed", 1);
	expect(h, "gone", 1);
	assert_int_equal(waitpid(c.pid, &status, 0), c.pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	child_forget(&c);
}

/* Each at its own time, however they come. */
static void test_several_stops(void **state)
{
	struct harness *h = *state;
	struct child patient = child_start_stopped(), hasty = child_start_stopped();

	add_watch(h, LONG, false);
	add_watch(h, SHORT, false);
	ring_of(h, &patient, 1);
	ring_of(h, &hasty, 2);
	expect(h, "continued", 2);
	child_wait_resumed(&hasty);
	expect_held(h, &patient);
}

static void test_the_longest_counts(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	const struct stop *s;

	add_watch(h, SHORT, true);
	add_watch(h, LONG, false);
	ring(h, &c, 2);
	s = harness_find(h, c.pid);
	assert_true(s->hold_until > s->arrived + (uint64_t)LONG * 999);
	assert_false(s->hold_kills);
	expect_held(h, &c);
}

static void test_none_means_for_ever(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();

	add_watch(h, SHORT, true);
	add_watch(h, 0, false);
	ring(h, &c, 2);
	assert_int_equal(harness_find(h, c.pid)->hold_until, 0);
	expect_held(h, &c);
}

/* One of those that the record has no room to name may have none. */
static void test_more_watches_than_are_named(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();

	add_watch(h, SHORT, true);
	ring(h, &c, DWD_RECORD_WATCHES + 1);
	assert_int_equal(harness_find(h, c.pid)->hold_until, 0);
}

static void test_watch_that_is_no_more(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();

	ring(h, &c, 1);
	assert_int_equal(harness_find(h, c.pid)->hold_until, 0);
}

/* Who has taken it may keep it; given back after its time, it ends at once. */
static void test_claimed_meanwhile(void **state)
{
	struct harness *h = *state;
	const struct stop_selector selector = {.pid = 0};
	struct child c = child_start_stopped(), other = child_start_stopped();
	struct stop *s = NULL;

	add_watch(h, LONG, false);
	add_watch(h, SHORT, false);
	ring_of(h, &c, 1);
	assert_int_equal(watchdog_claim(h->watchdog, &h->client, &selector, &s), ANSWER_OK);
	s->hold_until = 1; /* long over */
	ring_of(h, &other, 2);
	expect(h, "continued", 2);
	expect_held(h, &c);
	watchdog_leave(h->watchdog, &h->client);
	expect(h, "continued", 1);
	child_wait_resumed(&c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, harness_setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_continues),
		TEST(test_kills),
		TEST(test_several_stops),
		TEST(test_the_longest_counts),
		TEST(test_none_means_for_ever),
		TEST(test_more_watches_than_are_named),
		TEST(test_watch_that_is_no_more),
		TEST(test_claimed_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
