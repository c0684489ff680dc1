/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The life of a stop: from the doorbell to its end, whoever brings it about.
 */

#include "harness.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "clock.h"

/* Several looks of the agenda at a process that does not do what is waited for, not so many that it
 * would be given up. */
static void turn_often(struct harness *h)
{
	for (int i = 0; i < 10; i++)
		harness_turn(h);
}

static void expect_continued_by(struct harness *h, uint64_t id, pid_t by)
{
	json_auto_t *event = harness_expect(h, "continued", id);

	if (by)
		assert_int_equal(get_int(event, "by"), by);
	else
		assert_null(json_object_get(event, "by"));
	assert_string_equal(get_string(json_object_get(event, "stop"), "state"), "running");
}

static void expect(struct harness *h, const char *type, uint64_t id)
{
	json_decref(harness_expect(h, type, id));
}

static void test_announces_a_stopped_process(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	json_auto_t *event = NULL;
	struct dwd_stop_key key;

	assert_true(h->fake->armed);
	assert_false(h->fake->signals_watched);
	key = harness_ring_stop(h, c.pid);
	event = harness_expect(h, "stopped", 1);
	assert_int_equal(get_int(json_object_get(event, "stop"), "pid"), c.pid);
	assert_string_equal(get_string(json_object_get(event, "stop"), "state"), "stopped");
	assert_true(h->fake->signals_watched);
	assert_true(fake_backend_has_record(h->fake, &key));
	assert_int_equal(harness_find(h, c.pid)->now.state, STOP_STOPPED);
}

static void test_does_not_announce_before_it_has_stopped(void **state)
{
	struct harness *h = *state;
	struct child c = child_start();

	harness_ring_stop(h, c.pid);
	turn_often(h);
	harness_expect_no_event(h);
	assert_int_equal(harness_find(h, c.pid)->now.state, STOP_STOPPING);
	child_stop(&c);
	expect(h, "stopped", 1);
}

static void test_doorbell_rung_twice(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	struct dwd_stop_key key = harness_ring_stop(h, c.pid);

	fake_backend_ring_stopped(h->fake, &key);
	fake_backend_ring_rescan(h->fake);
	expect(h, "stopped", 1);
	harness_settle(h);
	harness_expect_no_event(h);
}

static void test_continue(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	struct stop *s = harness_hold(h, c.pid);
	struct dwd_stop_key key = s->key;

	assert_int_equal(watchdog_continue(h->watchdog, &h->client, s), ANSWER_OK);
	expect_continued_by(h, 1, h->client.pid);
	child_wait_resumed(&c);
	assert_false(fake_backend_has_record(h->fake, &key));
	assert_null(harness_find(h, c.pid));
	assert_null(watchdog_find_stop(h->watchdog, 1));
}

static void test_continue_waits_for_the_stop(void **state)
{
	struct harness *h = *state;
	struct child c = child_start();

	harness_ring_stop(h, c.pid);
	harness_turn(h);
	assert_int_equal(watchdog_continue(h->watchdog, &h->client, harness_find(h, c.pid)),
			 ANSWER_OK);
	turn_often(h);
	harness_expect_no_event(h);
	child_stop(&c);
	expect_continued_by(h, 1, h->client.pid); /* and it was never announced */
	child_wait_resumed(&c);
}

static void test_continued_by_an_outsider(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	struct dwd_stop_key key = harness_hold(h, c.pid)->key;

	kill(c.pid, SIGCONT);
	fake_backend_ring_continued(h->fake, &key);
	expect_continued_by(h, 1, 0);
	assert_false(fake_backend_has_record(h->fake, &key));
	assert_null(harness_find(h, c.pid));
}

static void test_continued_and_nobody_told(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();

	harness_hold(h, c.pid);
	kill(c.pid, SIGCONT);
	fake_backend_ring_rescan(h->fake);
	expect_continued_by(h, 1, 0);
}

/* A child that whenever it runs has a page fault, as a new program has, and stops itself again. */
static pid_t start_stubborn(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			char *page = mmap(NULL, 1, PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

			*page = 1;
			raise(SIGSTOP);
		}
	}
	assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
	return pid;
}

/* Run to the next stop of its own. */
static void go_round(struct harness *h, pid_t pid, const struct dwd_stop_key *key)
{
	kill(pid, SIGCONT);
	assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
	fake_backend_ring_continued(h->fake, key);
}

static void end_stubborn(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_continued_to_stop_itself(void **state)
{
	struct harness *h = *state;
	pid_t pid = start_stubborn();
	struct dwd_stop_key key = harness_hold(h, pid)->key;

	go_round(h, pid, &key);
	expect_continued_by(h, 1, 0);
	assert_false(fake_backend_has_record(h->fake, &key));
	end_stubborn(pid);
}

static void on_settled(struct watchdog_waiter *waiter, struct stop *s)
{
}

/* Who takes a stop may make it run as far as he likes, and leave it stopped. */
static void test_continued_and_stopped_by_who_took_it(void **state)
{
	struct watchdog_waiter waiter = {.found = on_settled};
	struct stop_selector any = {};
	struct harness *h = *state;
	pid_t pid = start_stubborn();
	struct dwd_stop_key key = harness_hold(h, pid)->key;
	struct stop *s;

	assert_int_equal(watchdog_claim(h->watchdog, &h->client, &any, &s), ANSWER_OK);
	go_round(h, pid, &key);
	harness_settle(h);
	assert_int_equal(watchdog_unclaim(h->watchdog, &h->client, s, &waiter), ANSWER_OK);
	go_round(h, pid, &key);
	harness_settle(h);
	assert_int_equal(harness_find(h, pid)->now.state, STOP_STOPPED);
	end_stubborn(pid);
}

static void test_sigcont_without_effect(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	struct dwd_stop_key key = harness_hold(h, c.pid)->key;

	fake_backend_ring_continued(h->fake, &key);
	harness_turn(h);
	harness_turn(h);
	harness_settle(h);
	harness_expect_no_event(h);
	assert_int_equal(harness_find(h, c.pid)->now.state, STOP_STOPPED);
}

static void test_killed_by_an_outsider(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	struct dwd_stop_key key = harness_hold(h, c.pid)->key;

	kill(c.pid, SIGKILL);
	expect(h, "gone", 1);
	assert_false(fake_backend_has_record(h->fake, &key));
	assert_null(harness_find(h, c.pid));
}

/* Nobody has heard of it, and nobody hears that it is gone. */
static void test_gone_before_looked_at(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	struct dwd_stop_key key = harness_ring_stop(h, c.pid);

	child_end(&c);
	harness_settle(h);
	harness_expect_no_event(h);
	assert_false(fake_backend_has_record(h->fake, &key));
}

/* So a stopped process looks when its cgroup, of version 1, is frozen: it may be stopped still. */
static void test_blocked(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped_to_block();
	struct dwd_stop_key key = harness_hold(h, c.pid)->key;
	uint64_t begin;

	kill(c.pid, SIGCONT);
	child_wait_state(&c, 'D');
	fake_backend_ring_continued(h->fake, &key);
	/* Far longer than one that seems to run is doubted. */
	for (begin = clock_monotonic_us(); clock_monotonic_us() < begin + 200000;)
		harness_turn(h);
	harness_expect_no_event(h);
	assert_int_equal(harness_find(h, c.pid)->now.state, STOP_STOPPED);
	child_end(&c); /* reaped: it is not seen running towards its end */
	expect(h, "gone", 1);
}

static void test_recycled_pid_is_never_signalled(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	struct dwd_stop_record *record = fake_backend_record(h->fake, c.pid);

	record->key.start_time -= 1000000000;
	fake_backend_ring_stopped(h->fake, &record->key);
	harness_settle(h);
	harness_expect_no_event(h);
	watchdog_shutdown(h->watchdog, false);
	assert_false(child_has_resumed(&c));
}

/* It got a SIGCONT before it took the SIGSTOP. */
static void test_escaped(void **state)
{
	struct harness *h = *state;
	struct child c = child_start();
	struct dwd_stop_key key = harness_ring_stop(h, c.pid);

	expect_continued_by(h, 1, 0);
	assert_false(fake_backend_has_record(h->fake, &key));
}

/* A process that is caught again did not stay in its former stop. */
static void test_caught_again(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();

	harness_hold(h, c.pid);
	harness_ring_stop(h, c.pid);
	expect_continued_by(h, 1, 0);
	expect(h, "stopped", 2);
	assert_int_equal(harness_find(h, c.pid)->id, 2);
}

static void test_kill(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	struct stop *s = harness_hold(h, c.pid);
	json_auto_t *event = NULL;

	assert_int_equal(watchdog_kill(h->watchdog, &h->client, s, SIGKILL), ANSWER_OK);
	event = harness_expect(h, "killed", 1);
	assert_string_equal(get_string(event, "signal"), "SIGKILL");
	assert_int_equal(get_int(event, "by"), h->client.pid);
	expect(h, "gone", 1);
}

static void test_other_signals_stay_pending(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	struct stop *s = harness_hold(h, c.pid);
	json_auto_t *event = NULL;
	int status;

	assert_int_equal(watchdog_kill(h->watchdog, &h->client, s, SIGRTMIN + 2), ANSWER_OK);
	event = harness_expect(h, "killed", 1);
	assert_string_equal(get_string(event, "signal"), "SIGRTMIN+2");
	assert_true(watchdog_look(h->watchdog, s));
	assert_int_equal(s->now.state, STOP_STOPPED);
	assert_int_equal(watchdog_kill(h->watchdog, &h->client, s, SIGCONT), ANSWER_OK);
	expect_continued_by(h, 1, h->client.pid);
	assert_int_equal(waitid(P_PID, (id_t)c.pid, &(siginfo_t){}, WEXITED | WNOWAIT), 0);
	assert_int_equal(waitpid(c.pid, &status, WNOHANG | WUNTRACED), c.pid);
	assert_int_equal(WTERMSIG(status), SIGRTMIN + 2);
	child_forget(&c);
}

static void test_debugger_from_outside(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	struct stop *s = harness_hold(h, c.pid);
	json_auto_t *event = NULL;

	assert_int_equal(ptrace(PTRACE_SEIZE, c.pid, 0, 0), 0);
	event = harness_expect(h, "attached", 1); /* the patrol notices */
	assert_null(json_object_get(event, "by"));
	assert_int_equal(get_int(json_object_get(event, "stop"), "tracer"), getpid());
	assert_int_equal(watchdog_continue(h->watchdog, &h->client, s), ANSWER_WRONG_STATE);
	assert_int_equal(waitpid(c.pid, NULL, __WALL), c.pid);
	assert_int_equal(ptrace(PTRACE_DETACH, c.pid, 0, 0), 0);
	expect(h, "detached", 1);
	assert_int_equal(s->now.state, STOP_STOPPED);
	assert_int_equal(s->now.tracer, 0);
	assert_false(child_has_resumed(&c));
}

static void test_debugger_lets_it_run(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	struct stop *s = harness_hold(h, c.pid);
	struct dwd_stop_key key = s->key;
	json_auto_t *event = NULL;

	assert_int_equal(ptrace(PTRACE_SEIZE, c.pid, 0, 0), 0);
	assert_true(watchdog_look(h->watchdog, s));
	expect(h, "attached", 1);
	assert_int_equal(waitpid(c.pid, NULL, __WALL), c.pid);
	kill(c.pid, SIGCONT);
	assert_int_equal(ptrace(PTRACE_DETACH, c.pid, 0, 0), 0);
	event = harness_expect(h, "detached", 1);
	expect_continued_by(h, 1, 0);
	child_wait_resumed(&c);
	assert_false(fake_backend_has_record(h->fake, &key));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, harness_setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_announces_a_stopped_process),
		TEST(test_does_not_announce_before_it_has_stopped),
		TEST(test_doorbell_rung_twice),
		TEST(test_continue),
		TEST(test_continue_waits_for_the_stop),
		TEST(test_continued_by_an_outsider),
		TEST(test_continued_and_nobody_told),
		TEST(test_continued_to_stop_itself),
		TEST(test_continued_and_stopped_by_who_took_it),
		TEST(test_sigcont_without_effect),
		TEST(test_killed_by_an_outsider),
		TEST(test_gone_before_looked_at),
		TEST(test_blocked),
		TEST(test_recycled_pid_is_never_signalled),
		TEST(test_escaped),
		TEST(test_caught_again),
		TEST(test_kill),
		TEST(test_other_signals_stay_pending),
		TEST(test_debugger_from_outside),
		TEST(test_debugger_lets_it_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
