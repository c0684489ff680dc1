/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The engine as a whole: its backend's truth and doorbells, watches, events, its limits.
 */

#include "harness.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void expect(struct harness *h, const char *type, uint64_t id)
{
	json_decref(harness_expect(h, type, id));
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

/* What was to confirm it, and to ring, was never run. */
static void test_unconfirmed_for_long(void **state)
{
	struct harness *h = *state;
	const struct watchdog_client client = {.pid = 99};
	struct child c = child_start_stopped();
	struct dwd_stop_record *record = fake_backend_record(h->fake, c.pid);
	const struct watch *watch;

	record->flags &= ~(uint32_t)DWD_STOP_CONFIRMED;
	record->time -= 1000000000;
	assert_int_equal(harness_add_watch(h, &client, "program", NULL, &watch), ANSWER_OK);
	expect(h, "watched", 0);
	expect(h, "stopped", 1);
	assert_true(record->flags & DWD_STOP_CONFIRMED);
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

static void test_watches(void **state)
{
	struct harness *h = *state;
	const struct watch *w;
	const uid_t uid = 5;
	json_auto_t *watched = NULL, *removed = NULL;

	assert_int_equal(harness_add_watch(h, &h->client, "x/y", NULL, &w), ANSWER_INVALID_TARGET);
	assert_int_equal(harness_add_watch(h, &h->client, "prog", &uid, &w), ANSWER_OK);
	assert_int_equal(w->owner.uid, h->client.user.uid);
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

/* A watch that cannot give its variables to any child of the test, all of which have run for long.
 */
static void watch_with_variables(struct harness *h)
{
	const struct watch_rule rule = {
		.target = "prog",
		.setenv = (const char *const[]){"A=1", "B=", NULL},
	};
	json_auto_t *watched = NULL, *expected = json_pack("[ss]", "A=1", "B=");
	const struct watch *w;
	struct watch_fault fault;

	assert_int_equal(watchdog_add_watch(h->watchdog, &h->client, &rule, &w, &fault), ANSWER_OK);
	watched = harness_expect(h, "watched", 0);
	assert_true(
		json_equal(json_object_get(json_object_get(watched, "watch"), "setenv"), expected));
}

/* It is announced all the same, and says so. */
static void test_variables_of_a_watch(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	json_auto_t *stopped = NULL;

	watch_with_variables(h);
	harness_ring_stop(h, c.pid);
	stopped = harness_expect(h, "stopped", 1);
	assert_non_null(get_string(json_object_get(stopped, "stop"), "setenv_error"));
	assert_null(json_object_get(json_object_get(stopped, "stop"), "setenv"));
	assert_false(child_has_resumed(&c));
}

/* Released before it has stopped, it is given them (or not, as here) all the same. */
static void test_variables_before_an_early_release(void **state)
{
	struct harness *h = *state;
	struct child c = child_start();
	json_auto_t *continued = NULL;

	watch_with_variables(h);
	harness_ring_stop(h, c.pid);
	harness_turn(h);
	assert_int_equal(watchdog_continue(h->watchdog, &h->client, harness_find(h, c.pid)),
			 ANSWER_OK);
	child_stop(&c);
	continued = harness_expect(h, "continued", 1);
	assert_non_null(get_string(json_object_get(continued, "stop"), "setenv_error"));
	child_wait_resumed(&c);
}

static void test_watch_the_kernel_refuses(void **state)
{
	struct harness *h = *state;
	const struct watch *w = NULL;

	h->fake->add_watch_error = -ENOSPC; /* not for there being too many */
	assert_int_equal(harness_add_watch(h, &h->client, "prog", NULL, &w), -ENOSPC);
	h->fake->add_watch_error = -EIO;
	assert_int_equal(harness_add_watch(h, &h->client, "prog", NULL, &w), -EIO);
	assert_null(watchdog_next_watch(h->watchdog, 0));
	harness_expect_no_event(h);
}

/* That there is none, and that it cannot be looked at, are not the same. */
static void test_watch_with_a_bad_cgroup(void **state)
{
	const struct watch_rule rule = {.target = "prog", .filters = {.cgroup = "/none"}};
	struct harness *h = *state;
	struct watch_fault none, later;
	const struct watch *w;

	h->fake->add_watch_error = -EDESTADDRREQ;
	assert_int_equal(watchdog_add_watch(h->watchdog, &h->client, &rule, &w, &none),
			 ANSWER_INVALID_FILTER);
	h->fake->add_watch_error = -EAGAIN;
	assert_int_equal(watchdog_add_watch(h->watchdog, &h->client, &rule, &w, &later),
			 ANSWER_INVALID_FILTER);
	assert_string_equal(later.filter, "cgroup");
	assert_string_not_equal(none.reason, later.reason);
	assert_int_equal(h->fake->texts_count, 0);
	harness_expect_no_event(h);
}

static void test_watch_the_kernel_keeps(void **state)
{
	struct harness *h = *state;
	const struct watch *w;
	json_t *removed = NULL;

	assert_int_equal(harness_add_watch(h, &h->client, "prog", NULL, &w), ANSWER_OK);
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
	json_auto_t *removed = NULL;

	harness_add_watch(h, &h->client, "one", NULL, &w);
	h->fake->counters[w->slot].caught = 3;
	watchdog_remove_watch(h->watchdog, &h->client, w->id, &removed);
	harness_add_watch(h, &h->client, "two", NULL, &w);
	h->fake->counters[w->slot].caught = 4;
	h->fake->counters[w->slot].skipped[DWD_SKIP_LIMIT] = 5;
	watchdog_get_status(h->watchdog, &root, &status);
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

/* The address sanitizer makes starting a process a hundred times slower. */
#ifdef __SANITIZE_ADDRESS__
#define THOUSANDS 200
#else
#define THOUSANDS 2000
#endif

static void test_thousands(void **state)
{
	enum { COUNT = THOUSANDS };
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
	watchdog_get_status(h->watchdog, &root, &status);
	assert_int_equal(status.total.skipped[DWD_SKIP_NO_MEMORY], COUNT - KEPT);
	assert_int_equal(status.stops, KEPT);
	assert_true(may_open(before));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, harness_setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_unconfirmed_is_not_taken_up),
		TEST(test_unconfirmed_for_long),
		TEST(test_doorbell_without_record),
		TEST(test_record_that_cannot_be_read_yet),
		TEST(test_lost_notification),
		TEST(test_restart_finds_what_is_stopped),
		TEST(test_watches),
		TEST(test_variables_of_a_watch),
		TEST(test_variables_before_an_early_release),
		TEST(test_watch_the_kernel_refuses),
		TEST(test_watch_with_a_bad_cgroup),
		TEST(test_watch_the_kernel_keeps),
		TEST(test_status_counts_removed_watches),
		TEST(test_skip),
		TEST(test_events_keep_their_state),
		TEST(test_thousands),
		TEST(test_out_of_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
