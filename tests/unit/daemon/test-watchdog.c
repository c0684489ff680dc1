/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The engine: from the doorbell to the end of a stop, whoever brings it about.
 */

#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* Several looks of the agenda at a process that does not do what is waited for. */
static void turn_often(struct harness *h)
{
	for (int i = 0; i < 20; i++)
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

static void test_gone_before_looked_at(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	struct dwd_stop_key key = harness_ring_stop(h, c.pid);
	json_auto_t *event = NULL;

	child_end(&c);
	event = harness_expect(h, "gone", 1);
	assert_string_equal(get_string(json_object_get(event, "stop"), "exe"), "/opt/program");
	assert_false(fake_backend_has_record(h->fake, &key));
}

static void test_recycled_pid_is_never_signalled(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	struct dwd_stop_record *record = fake_backend_record(h->fake, c.pid);

	record->key.start_time -= 1000000000;
	fake_backend_ring_stopped(h->fake, &record->key);
	expect(h, "gone", 1);
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

static void test_unconfirmed_is_not_taken_up(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	struct dwd_stop_record *record = fake_backend_record(h->fake, c.pid);

	record->flags &= ~(uint32_t)DWD_STOP_CONFIRMED;
	fake_backend_ring_rescan(h->fake);
	harness_turn(h);
	harness_settle(h);
	harness_expect_no_event(h);
	assert_null(harness_find(h, c.pid));
	record->flags |= DWD_STOP_CONFIRMED;
	fake_backend_ring_stopped(h->fake, &record->key);
	expect(h, "stopped", 1);
}

static void test_doorbell_without_record(void **state)
{
	struct harness *h = *state;
	const struct dwd_stop_key key = {.start_time = 1, .tgid = 1};

	fake_backend_ring_stopped(h->fake, &key);
	fake_backend_ring_continued(h->fake, &key);
	harness_turn(h);
	harness_settle(h);
	harness_expect_no_event(h);
}

static void test_record_that_cannot_be_read_yet(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();

	h->fake->get_stop_error = -EIO; /* logged: an error */
	harness_ring_stop(h, c.pid);
	harness_turn(h);
	harness_expect_no_event(h);
	h->fake->get_stop_error = 0;
	expect(h, "stopped", 1);
}

static void test_lost_notification(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();

	fake_backend_record(h->fake, c.pid);
	fake_backend_ring_rescan(h->fake);
	expect(h, "stopped", 1);
}

static void test_restart_finds_what_is_stopped(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();

	harness_hold(h, c.pid);
	harness_restart(h);
	expect(h, "stopped", 1);
	assert_int_equal(harness_find(h, c.pid)->now.state, STOP_STOPPED);
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

static void test_watches(void **state)
{
	struct harness *h = *state;
	const struct watch *w;
	const char *reason;
	const uid_t uid = 5;
	json_auto_t *watched = NULL, *removed = NULL;

	assert_int_equal(watchdog_add_watch(h->watchdog, &h->client, "x/y", NULL, &w, &reason),
			 ANSWER_INVALID_TARGET);
	assert_int_equal(watchdog_add_watch(h->watchdog, &h->client, "prog", &uid, &w, &reason),
			 ANSWER_OK);
	assert_int_equal(w->owner, h->client.uid);
	assert_true(h->fake->watched[w->slot]);
	watched = harness_expect(h, "watched", 0);
	assert_int_equal(get_int(json_object_get(watched, "watch"), "uid"), 5);
	h->fake->counters[w->slot] = (struct dwd_counters){.caught = 3, .skipped = {1, 2}};
	assert_int_equal(watchdog_remove_watch(h->watchdog, &h->client, w->id, &removed),
			 ANSWER_OK);
	assert_int_equal(get_int(removed, "caught"), 3);
	expect(h, "unwatched", 0);
	assert_null(watchdog_next_watch(h->watchdog, 0));
	assert_int_equal(watchdog_remove_watch(h->watchdog, &h->client, 1, &removed),
			 ANSWER_NO_SUCH_WATCH);
}

static void test_watch_the_kernel_refuses(void **state)
{
	struct harness *h = *state;
	const struct watch *w = NULL;
	const char *reason;

	h->fake->add_watch_error = -ENOSPC;
	assert_int_equal(watchdog_add_watch(h->watchdog, &h->client, "prog", NULL, &w, &reason),
			 ANSWER_LIMIT_REACHED);
	h->fake->add_watch_error = -EIO;
	assert_int_equal(watchdog_add_watch(h->watchdog, &h->client, "prog", NULL, &w, &reason),
			 -EIO);
	assert_null(watchdog_next_watch(h->watchdog, 0));
	harness_expect_no_event(h);
}

static void test_watch_the_kernel_keeps(void **state)
{
	struct harness *h = *state;
	const struct watch *w;
	const char *reason;
	json_t *removed = NULL;

	assert_int_equal(watchdog_add_watch(h->watchdog, &h->client, "prog", NULL, &w, &reason),
			 ANSWER_OK);
	h->fake->remove_watch_error = -EIO;
	assert_int_equal(watchdog_remove_watch(h->watchdog, &h->client, w->id, &removed), -EIO);
	assert_null(removed);
	assert_ptr_equal(watchdog_next_watch(h->watchdog, 0), w);
}

static void test_status_counts_removed_watches(void **state)
{
	struct harness *h = *state;
	struct watchdog_status status;
	const struct watch *w;
	const char *reason;
	json_auto_t *removed = NULL;

	watchdog_add_watch(h->watchdog, &h->client, "one", NULL, &w, &reason);
	h->fake->counters[w->slot].caught = 3;
	watchdog_remove_watch(h->watchdog, &h->client, w->id, &removed);
	watchdog_add_watch(h->watchdog, &h->client, "two", NULL, &w, &reason);
	h->fake->counters[w->slot].caught = 4;
	h->fake->counters[w->slot].skipped[DWD_SKIP_LIMIT] = 5;
	watchdog_get_status(h->watchdog, &status);
	assert_int_equal(status.watches, 1);
	assert_int_equal(status.total.caught, 7);
	assert_int_equal(status.total.skipped[DWD_SKIP_LIMIT], 5);
	assert_string_equal(status.refused[DWD_BACKEND_LSM], "bpf is not an active LSM");
}

static void test_skip(void **state)
{
	struct harness *h = *state;
	const struct dwd_ring_record record = {
		.reason = DWD_SKIP_ALREADY_TRACED,
		.key.tgid = 99,
		.watch = 8,
		.watch_count = 1,
		.comm = "traced\xff",
	};
	json_auto_t *event = NULL;
	json_t *skip;

	fake_backend_ring_skipped(h->fake, &record);
	event = harness_expect(h, "skipped", 0);
	skip = json_object_get(event, "skip");
	assert_int_equal(get_int(skip, "pid"), 99);
	assert_int_equal(get_int(skip, "watch"), 8);
	assert_string_equal(get_string(skip, "reason"), "already-traced");
	assert_string_equal(get_string(skip, "comm"), "traced\\xff");
}

static void test_slow_reader_learns_what_he_lost(void **state)
{
	struct harness *h = *state;
	const struct dwd_ring_record record = {.comm = "x"};
	struct events *events = watchdog_events(h->watchdog);
	json_auto_t *first = NULL, *second = NULL;
	uint64_t place = 0;

	for (int i = 0; i < EVENTS_KEPT + 10; i++)
		fake_backend_ring_skipped(h->fake, &record);
	harness_turn(h);
	first = events_read(events, &place);
	assert_int_equal(get_int(first, "lost"), 10);
	second = events_read(events, &place);
	assert_null(json_object_get(second, "lost"));
	assert_int_equal(events_replay_from(events), EVENTS_KEPT + 10 - EVENTS_REPLAY);
}

/* An event tells what was true when it happened, however late it is read. */
static void test_events_keep_their_state(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	json_auto_t *event = NULL;

	harness_ring_stop(h, c.pid);
	while (!harness_find(h, c.pid))
		harness_turn(h);
	child_end(&c);
	while (harness_find(h, c.pid))
		harness_turn(h);
	event = harness_expect(h, "stopped", 1);
	assert_string_equal(get_string(json_object_get(event, "stop"), "state"), "stopped");
	expect(h, "gone", 1);
}

static bool may_open(rlim_t files)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max < files)
		return false;
	limit.rlim_cur = files;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static void test_thousands(void **state)
{
	enum { COUNT = 2000 };
	struct harness *h = *state;
	const struct stop_selector any = {};
	struct stop *s;
	uint64_t id = 0;
	size_t seen = 0;

	if (!may_open(2 * COUNT)) {
		print_message("SKIP: the limit on open files allows no %d\n", 2 * COUNT);
		skip();
	}
	harness_restart(h);
	for (int i = 0; i < COUNT; i++)
		harness_ring_stop(h, child_start_plain().pid);
	for (int i = 1; i <= COUNT; i++)
		expect(h, "stopped", 0);
	for (; (s = watchdog_next_stop(h->watchdog, id, &any)); seen++) {
		assert_true(s->id > id);
		id = s->id;
	}
	assert_int_equal(seen, COUNT);
	for (int i = 1; i <= COUNT; i++) {
		s = watchdog_find_stop(h->watchdog, (uint64_t)i);
		if (i % 2)
			assert_int_equal(watchdog_continue(h->watchdog, &h->client, s), ANSWER_OK);
		else
			assert_int_equal(watchdog_kill(h->watchdog, &h->client, s, SIGKILL),
					 ANSWER_OK);
	}
	while (watchdog_next_stop(h->watchdog, 0, &any))
		harness_turn(h);
	assert_int_equal(h->fake->records_count, 0);
	assert_int_not_equal(watchdog_idle_since(h->watchdog), 0);
}

static bool was_continued(pid_t pid)
{
	int status;

	return waitpid(pid, &status, WCONTINUED | WNOHANG) == pid && WIFCONTINUED(status);
}

/* Half of the limit is for stops, if it is as low as this; whoever comes after is let run. */
static void test_out_of_descriptors(void **state)
{
	enum { FILES = 64, KEPT = FILES / 2, COUNT = KEPT + 3 };
	struct harness *h = *state;
	struct watchdog_status status;
	rlim_t before = sysconf(_SC_OPEN_MAX);
	pid_t pids[COUNT];
	int continued = 0;

	assert_true(may_open(FILES));
	harness_restart(h);
	for (int i = 0; i < COUNT; i++) {
		pids[i] = child_start_plain().pid;
		assert_int_equal(waitpid(pids[i], NULL, WUNTRACED), pids[i]);
		harness_ring_stop(h, pids[i]);
	}
	for (int i = 0; i < KEPT; i++)
		expect(h, "stopped", 0);
	for (int i = KEPT; i < COUNT; i++) {
		json_auto_t *event = harness_expect(h, "skipped", 0);

		assert_string_equal(get_string(json_object_get(event, "skip"), "reason"),
				    "no-memory");
	}
	harness_expect_no_event(h);
	for (int i = 0; i < COUNT; i++)
		continued += was_continued(pids[i]);
	assert_int_equal(continued, COUNT - KEPT);
	watchdog_get_status(h->watchdog, &status);
	assert_int_equal(status.total.skipped[DWD_SKIP_NO_MEMORY], COUNT - KEPT);
	assert_int_equal(status.stops, KEPT);
	assert_true(may_open(before));
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
		TEST(test_sigcont_without_effect),
		TEST(test_killed_by_an_outsider),
		TEST(test_gone_before_looked_at),
		TEST(test_recycled_pid_is_never_signalled),
		TEST(test_escaped),
		TEST(test_unconfirmed_is_not_taken_up),
		TEST(test_doorbell_without_record),
		TEST(test_record_that_cannot_be_read_yet),
		TEST(test_lost_notification),
		TEST(test_restart_finds_what_is_stopped),
		TEST(test_caught_again),
		TEST(test_kill),
		TEST(test_other_signals_stay_pending),
		TEST(test_debugger_from_outside),
		TEST(test_debugger_lets_it_run),
		TEST(test_watches),
		TEST(test_watch_the_kernel_refuses),
		TEST(test_watch_the_kernel_keeps),
		TEST(test_status_counts_removed_watches),
		TEST(test_skip),
		TEST(test_slow_reader_learns_what_he_lost),
		TEST(test_events_keep_their_state),
		TEST(test_thousands),
		TEST(test_out_of_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
