/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A kernel side that fails, records that are damaged, descriptors that run out: whatever it is, no
 * process stays stopped with nobody to release it, and the daemon goes on.
 */

#include "service-harness.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "log.h"

#define MANY 600 /* more than are taken up in one turn */

static void expect(struct harness *h, const char *type, uint64_t id)
{
	json_decref(harness_expect(h, type, id));
}

static int trouble_setup(void **state)
{
	int r = service_setup(state);

	log_set_level(LOG_CRIT); /* all of this is logged */
	return r;
}

static void continue_it(struct harness *h, pid_t pid)
{
	assert_int_equal(watchdog_continue(h->watchdog, &h->client, harness_find(h, pid)),
			 ANSWER_OK);
}

/* ---- a kernel side that fails ---------------------------------------------------------------- */

static void test_not_armed(void **state)
{
	struct harness *h = *state;

	watchdog_free(h->watchdog);
	h->fake->arm_error = -EPERM;
	assert_int_equal(watchdog_new(&h->watchdog, h->event, &h->fake->backend), 0);
	assert_int_equal(watchdog_start(h->watchdog), -EPERM);
}

static void test_confirm_fails(void **state)
{
	struct harness *h = ((struct fixture *)*state)->h;
	struct child c = child_start_stopped();
	struct dwd_stop_record *record = fake_backend_record(h->fake, c.pid);

	record->flags &= ~(uint32_t)DWD_STOP_CONFIRMED;
	record->time -= 1000000000;
	h->fake->confirm_error = -ENOSPC;
	fake_backend_ring_rescan(h->fake);
	expect(h, "stopped", 1);
	continue_it(h, c.pid);
	expect(h, "continued", 1);
	child_wait_resumed(&c);
}

/* The process runs all the same, and the record goes as soon as it can. */
static void test_forget_fails(void **state)
{
	struct harness *h = ((struct fixture *)*state)->h;
	struct child c = child_start_stopped();
	struct dwd_stop_key key = harness_hold(h, c.pid)->key;

	h->fake->forget_error = -EIO;
	continue_it(h, c.pid);
	expect(h, "continued", 1);
	child_wait_resumed(&c);
	assert_true(fake_backend_has_record(h->fake, &key));
	h->fake->forget_error = 0;
	while (fake_backend_has_record(h->fake, &key))
		harness_turn(h);
}

static void test_records_cannot_be_listed_yet(void **state)
{
	struct harness *h = ((struct fixture *)*state)->h;
	struct child c = child_start_stopped();

	h->fake->each_error = -ENOMEM;
	fake_backend_record(h->fake, c.pid);
	fake_backend_ring_rescan(h->fake);
	harness_turn(h);
	harness_settle(h);
	harness_expect_no_event(h);
	h->fake->each_error = 0;
	expect(h, "stopped", 1);
}

static void test_ring_cannot_be_read(void **state)
{
	struct harness *h = ((struct fixture *)*state)->h;
	struct child c = child_start_stopped();

	h->fake->dispatch_error = -EIO;
	harness_ring_stop(h, c.pid);
	expect(h, "stopped", 1); /* found in the map */
}

static void record_many(struct harness *h)
{
	for (size_t i = 0; i < MANY; i++) {
		struct child c = child_start_plain();

		child_wait_state(&c, 'T');
		fake_backend_record(h->fake, c.pid);
	}
}

static size_t stops_known(const struct harness *h)
{
	struct watchdog_status status;

	watchdog_get_status(h->watchdog, &root, &status);
	return status.stops;
}

/* More were stopped than the doorbell told of than can be taken up at once: clients and timers get
 * their turns in between. */
static void test_many_nobody_rang_for(void **state)
{
	struct harness *h = ((struct fixture *)*state)->h;

	record_many(h);
	fake_backend_ring_rescan(h->fake);
	while (stops_known(h) == 0)
		harness_turn(h);
	assert_in_range(stops_known(h), 1, MANY / 2);
	while (stops_known(h) < MANY)
		harness_turn(h);
}

/* A daemon that starts takes up all of them before it serves anybody. */
static void test_many_at_the_start(void **state)
{
	struct harness *h = *state;
	unsigned beats = h->fake->beats;

	record_many(h);
	harness_restart(h);
	assert_int_equal(stops_known(h), MANY);
	assert_true(h->fake->beats > beats); /* meanwhile it was not taken for dead */
}

static void test_sigcont_is_not_noticed(void **state)
{
	struct harness *h = ((struct fixture *)*state)->h;
	struct child c = child_start_stopped();

	h->fake->signals_error = -ENOSPC;
	harness_hold(h, c.pid);
	assert_false(h->fake->signals_watched);
	kill(c.pid, SIGCONT);
	expect(h, "continued", 1); /* the patrol sees it */
}

static void test_counters_cannot_be_read(void **state)
{
	struct fixture *f = *state;
	_cleanup_varlink_ struct varlink *v = connect_to(f);
	json_auto_t *message = NULL;
	json_t *watch;

	f->h->fake->counters_error = -EIO;
	watch = json_object_get(
		call(f, v, "io.dwd.Watchdog.Watch", "{\"target\": \"x\"}", &message), "watch");
	assert_int_equal(get_int(watch, "caught"), 0);
}

/* His own watch cannot be taken out of force: it stays, as one that is nobody's, and is listed. */
static void test_own_watch_cannot_end(void **state)
{
	struct harness *h = ((struct fixture *)*state)->h;
	struct watchdog_client client = {.pid = 99};
	const struct watch_rule rule = {.target = "program", .own = true};
	const struct watch *watch;
	struct watch_fault fault;

	assert_int_equal(watchdog_add_watch(h->watchdog, &client, &rule, &watch, &fault),
			 ANSWER_OK);
	h->fake->remove_watch_error = -EIO;
	watchdog_leave(h->watchdog, &client);
	assert_ptr_equal(watchdog_next_watch(h->watchdog, 0), watch);
	assert_null(watch->holder);
	h->fake->remove_watch_error = 0;
	harness_remove_watches(h);
}

/* ---- records that are damaged ---------------------------------------------------------------- */

/* Nobody hears of the process, and it runs. */
static void expect_let_run(struct harness *h, const struct child *c, struct dwd_stop_key key)
{
	fake_backend_ring_stopped(h->fake, &key);
	while (fake_backend_has_record(h->fake, &key))
		harness_turn(h);
	child_wait_resumed(c);
	harness_expect_no_event(h);
	assert_null(harness_find(h, c->pid));
}

static void test_record_without_id(void **state)
{
	struct harness *h = ((struct fixture *)*state)->h;
	struct child c = child_start_stopped();
	struct dwd_stop_record *record = fake_backend_record(h->fake, c.pid);

	record->id = 0;
	expect_let_run(h, &c, record->key);
}

static void test_record_with_numbers_of_no_sense(void **state)
{
	struct harness *h = ((struct fixture *)*state)->h;
	struct child c = child_start_stopped();
	struct dwd_stop_record *record = fake_backend_record(h->fake, c.pid);

	record->backend = DWD_BACKEND_COUNT;
	expect_let_run(h, &c, record->key);
}

static void test_record_with_the_id_of_another(void **state)
{
	struct harness *h = ((struct fixture *)*state)->h;
	struct child first = child_start_stopped(), second = child_start_stopped();
	struct dwd_stop_record *record;

	harness_hold(h, first.pid);
	record = fake_backend_record(h->fake, second.pid);
	record->id = 1;
	expect_let_run(h, &second, record->key);
	assert_int_equal(harness_find(h, first.pid)->now.state, STOP_STOPPED);
	assert_false(child_has_resumed(&first));
}

/* A SIGCONT before the stop would be lost. */
static void test_damaged_record_of_one_that_still_runs(void **state)
{
	struct harness *h = ((struct fixture *)*state)->h;
	struct child c = child_start();
	struct dwd_stop_record *record = fake_backend_record(h->fake, c.pid);
	struct dwd_stop_key key = record->key;

	record->id = 0;
	fake_backend_ring_stopped(h->fake, &key);
	harness_turn(h);
	assert_true(fake_backend_has_record(h->fake, &key));
	child_stop(&c);
	while (fake_backend_has_record(h->fake, &key))
		harness_turn(h);
	child_wait_resumed(&c);
}

static void test_damaged_record_of_a_dead_process(void **state)
{
	struct harness *h = ((struct fixture *)*state)->h;
	struct child c = child_start_stopped();
	struct dwd_stop_record *record = fake_backend_record(h->fake, c.pid);
	struct dwd_stop_key key = record->key;

	record->id = 0;
	child_end(&c);
	fake_backend_ring_stopped(h->fake, &key);
	while (fake_backend_has_record(h->fake, &key))
		harness_turn(h);
	harness_expect_no_event(h);
}

static void test_damaged_notification(void **state)
{
	struct harness *h = ((struct fixture *)*state)->h;
	const struct dwd_ring_record wrong[] = {
		{.reason = DWD_SKIP_COUNT, .key.tgid = 1, .watch = 1},
		{.reason = DWD_SKIP_LIMIT, .key.tgid = UINT32_MAX, .watch = 1},
		{.reason = DWD_SKIP_LIMIT, .key.tgid = 1, .watch = UINT64_MAX},
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		fake_backend_ring_skipped(h->fake, &wrong[i]);
	harness_turn(h);
	harness_settle(h);
	harness_expect_no_event(h);
}

/* ---- descriptors that run out ---------------------------------------------------------------- */

/* As if all that are open were all that may be. */
static struct rlimit take_descriptors(void)
{
	struct rlimit before, none;
	int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(lowest >= 0);
	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t)lowest;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	return before;
}

static void give_descriptors(const struct rlimit *limit)
{
	assert_int_equal(setrlimit(RLIMIT_NOFILE, limit), 0);
}

/* It stays in the map, and is taken up as soon as there is a descriptor to hold it by. */
static void test_no_descriptor_for_a_process(void **state)
{
	struct harness *h = ((struct fixture *)*state)->h;
	struct child c = child_start_stopped();
	struct rlimit limit;
	struct dwd_stop_key key = harness_ring_stop(h, c.pid);

	limit = take_descriptors();
	harness_turn(h);
	harness_expect_no_event(h);
	assert_true(fake_backend_has_record(h->fake, &key));
	give_descriptors(&limit);
	expect(h, "stopped", 1);
}

/* One that is held already can be seen and released: that takes no descriptor that is not there. */
static void test_release_without_descriptors(void **state)
{
	struct harness *h = ((struct fixture *)*state)->h;
	struct child c = child_start_stopped();
	struct rlimit limit;

	harness_hold(h, c.pid);
	limit = take_descriptors();
	assert_true(watchdog_look(h->watchdog, harness_find(h, c.pid))); /* cannot: later */
	continue_it(h, c.pid);
	give_descriptors(&limit);
	expect(h, "continued", 1);
	child_wait_resumed(&c);
}

/* The others are served; it waits in the socket's queue. */
static void test_no_descriptor_for_a_connection(void **state)
{
	struct fixture *f = *state;
	_cleanup_varlink_ struct varlink *v = connect_to(f), *late = NULL;
	json_auto_t *message = NULL, *answer = NULL;
	struct rlimit limit;

	harness_settle(f->h);
	late = connect_to(f);
	limit = take_descriptors();
	call(f, v, "io.dwd.Watchdog.Status", NULL, &message);
	give_descriptors(&limit);
	call(f, late, "io.dwd.Watchdog.Status", NULL, &answer);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, trouble_setup, service_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_not_armed, harness_setup, harness_teardown),
		TEST(test_confirm_fails),
		TEST(test_forget_fails),
		TEST(test_records_cannot_be_listed_yet),
		TEST(test_ring_cannot_be_read),
		TEST(test_many_nobody_rang_for),
		cmocka_unit_test_setup_teardown(test_many_at_the_start, harness_setup,
						harness_teardown),
		TEST(test_sigcont_is_not_noticed),
		TEST(test_counters_cannot_be_read),
		TEST(test_own_watch_cannot_end),
		TEST(test_record_without_id),
		TEST(test_record_with_numbers_of_no_sense),
		TEST(test_record_with_the_id_of_another),
		TEST(test_damaged_record_of_one_that_still_runs),
		TEST(test_damaged_record_of_a_dead_process),
		TEST(test_damaged_notification),
		TEST(test_no_descriptor_for_a_process),
		TEST(test_release_without_descriptors),
		TEST(test_no_descriptor_for_a_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
