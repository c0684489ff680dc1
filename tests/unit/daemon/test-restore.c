/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What outlives the daemon, on a backend that outlives it: the engine is freed without a word, as a
 * killed daemon's would be, and another is made.
 */

#include "harness.h"

#include <signal.h>

#include "watch-text.h"

static const struct watch *add(struct harness *h, const struct watch_rule *rule)
{
	const struct watch *watch;
	struct watch_fault fault;

	assert_int_equal(watchdog_add_watch(h->watchdog, &h->client, rule, &watch, &fault),
			 ANSWER_OK);
	json_decref(harness_expect(h, "watched", 0));
	return watch;
}

static uint64_t add_named(struct harness *h, const char *target, bool own)
{
	const struct watch_rule rule = {.target = target, .own = own};

	return add(h, &rule)->id;
}

/* A stop of that watch. */
static struct stop *hold_for(struct harness *h, pid_t pid, uint64_t watch)
{
	struct dwd_stop_record *record = fake_backend_record(h->fake, pid);

	record->watches[0] = watch;
	fake_backend_ring_stopped(h->fake, &record->key);
	json_decref(harness_expect(h, "stopped", record->id));
	return harness_find(h, pid);
}

/* Whatever else happens before. */
static void await(struct harness *h, const char *type, uint64_t id)
{
	for (;;) {
		json_t *event;
		bool found;

		while (h->place >= watchdog_events(h->watchdog)->next)
			harness_turn(h);
		event = events_read(watchdog_events(h->watchdog), &root, &h->place);
		assert_non_null(event);
		found = str_eq(get_string(event, "event"), type) &&
			get_int(json_object_get(event, "stop"), "id") == (json_int_t)id;
		json_decref(event);
		if (found)
			return;
	}
}

static size_t count_texts(const struct harness *h, enum backend_text kind)
{
	size_t n = 0;

	for (size_t i = 0; i < h->fake->texts_count; i++)
		n += h->fake->texts[i].kind == kind;
	return n;
}

/* ---- watches --------------------------------------------------------------------------------- */

static void test_watches_come_back(void **state)
{
	static const char *const args[] = {"*x", "\xff\xc3 bytes", NULL};
	static const char *const variables[] = {"A=1", NULL};
	const struct watch_rule rule = {
		.target = "/a/b/",
		.filters = {.has_uid = true,
			    .uid = 7,
			    .args = args,
			    .under_name = "init",
			    .skip = 1,
			    .count = 2,
			    .max_stopped = 3},
		.hold = 5000,
		.then_kill = true,
		.setenv = variables,
	};
	struct harness *h = *state;
	const struct watch *watch = add(h, &rule);
	uint32_t slot = watch->slot;
	json_t *before, *after;

	watchdog_mark_saved(h->watchdog, watch->id, "/etc/x.conf", "/a/b/ # \xff");
	h->fake->counters[slot].caught = 9;
	before = watchdog_watch_to_json(h->watchdog, watch);
	harness_restart(h);

	watch = watchdog_find_watch(h->watchdog, 1);
	assert_non_null(watch);
	assert_int_equal(watch->slot, slot);
	assert_true(h->fake->watched[slot]);
	assert_string_equal(watch->saved_line, "/a/b/ # \xff");
	assert_string_equal(watch->filters.args[1], args[1]);
	assert_int_equal(h->fake->restored, 1); /* this time, not when it was new */
	after = watchdog_watch_to_json(h->watchdog, watch);
	assert_true(json_equal(before, after));
	json_decref(before);
	json_decref(after);
}

static void test_removed_ones_do_not(void **state)
{
	struct harness *h = *state;
	uint64_t stays = add_named(h, "stays", false), goes = add_named(h, "goes", false);
	json_t *watch;

	assert_int_equal(watchdog_remove_watch(h->watchdog, &h->client, goes, &watch), ANSWER_OK);
	json_decref(watch);
	harness_restart(h);
	assert_non_null(watchdog_find_watch(h->watchdog, stays));
	assert_null(watchdog_find_watch(h->watchdog, goes));
	/* An id is never given again. */
	assert_int_equal(add_named(h, "new", false), goes + 1);
}

static void test_what_is_not_kept_is_not_added(void **state)
{
	const struct watch_rule rule = {.target = "name"};
	struct harness *h = *state;
	const struct watch *watch;
	struct watch_fault fault;

	h->fake->keep_text_error = -E2BIG;
	assert_int_equal(watchdog_add_watch(h->watchdog, &h->client, &rule, &watch, &fault),
			 -E2BIG);
	assert_null(watchdog_next_watch(h->watchdog, 0));
	assert_false(h->fake->watched[0]);
}

static void test_what_is_not_added_is_not_kept(void **state)
{
	const struct watch_rule rule = {.target = "name"};
	struct harness *h = *state;
	const struct watch *watch;
	struct watch_fault fault;

	h->fake->add_watch_error = -EIO;
	assert_int_equal(watchdog_add_watch(h->watchdog, &h->client, &rule, &watch, &fault), -EIO);
	assert_int_equal(h->fake->texts_count, 0);
}

static void test_nonsense_is_dropped(void **state)
{
	static const char *const texts[] =
		{
			"",
			"[]",
			"{\"id\":1}",
			"{\"id\":7,\"slot\":1,\"target\":\"x\",\"owner\":0,\"group\":0,\"created\":"
			"1}", /* another's */
			"{\"id\":5,\"slot\":99999,\"target\":\"x\",\"owner\":0,\"group\":0,"
			"\"created\":1}",
			"{\"id\":6,\"slot\":1,\"target\":\"a/"
			"b\",\"owner\":0,\"group\":0,\"created\":1}",
			"{\"id\":7,\"slot\":1,\"target\":\"x\",\"owner\":0,\"group\":0,\"created\":"
			"1,\"setenv\":[\"\"]"
			"}",
			"{\"id\":8,\"slot\":1,\"target\":\"x\",\"owner\":0,\"group\":0,\"created\":"
			"1,\"args\":[\"*\"]}",
			"{\"id\":9,\"slot\":1,\"target\":\"\\u4e00\",\"owner\":0,\"group\":0,"
			"\"created\":1}",
			"{\"id\":10,\"slot\":1,\"target\":\"x\",\"owner\":0,\"group\":0,"
			"\"created\":1,\"more\":1}",
			"{\"id\":11,\"slot\":2,\"target\":\"good\",\"owner\":0,\"group\":0,"
			"\"created\":1}",
			"{\"id\":12,\"slot\":2,\"target\":\"same "
			"slot\",\"owner\":0,\"group\":0,\"created\":1}",
		};
	struct harness *h = *state;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		fake_backend_keep(h->fake, BACKEND_TEXT_WATCH, i + 1, texts[i]);
	harness_restart(h);
	assert_int_equal(watchdog_next_watch(h->watchdog, 0)->id, 11);
	assert_null(watchdog_next_watch(h->watchdog, 11));
	assert_int_equal(count_texts(h, BACKEND_TEXT_WATCH), 1);
}

static void test_own_watches_end(void **state)
{
	struct harness *h = *state;
	struct child own = child_start_stopped(), both = child_start_stopped();
	uint64_t ends = add_named(h, "ends", true), stays = add_named(h, "stays", false);
	struct dwd_stop_record *record;

	hold_for(h, own.pid, ends);
	record = fake_backend_record(h->fake, both.pid);
	record->watches[0] = ends;
	record->watches[1] = stays;
	record->watch_count = 2;
	harness_restart(h);

	assert_null(watchdog_find_watch(h->watchdog, ends));
	await(h, "continued", 1);
	child_wait_resumed(&own);
	while (harness_find(h, both.pid)->now.state != STOP_STOPPED)
		harness_turn(h);
	assert_false(child_has_resumed(&both));
}

/* Killed right after it took up that own watches have ended, the next knows it still. */
static void test_own_watches_end_twice(void **state)
{
	struct harness *h = *state;
	struct child own = child_start_stopped();

	hold_for(h, own.pid, add_named(h, "ends", true));
	h->fake->get_stop_error = -EIO; /* it does not come to release them */
	harness_restart(h);
	assert_false(child_has_resumed(&own));
	h->fake->get_stop_error = 0;
	harness_restart(h);
	await(h, "continued", 1);
	child_wait_resumed(&own);
}

/* ---- stops ----------------------------------------------------------------------------------- */

static void test_stops_come_back(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	struct stop *s = hold_for(h, c.pid, add_named(h, "name", false));
	uint64_t id = s->id, recorded = s->recorded;

	harness_restart(h);
	await(h, "stopped", id);
	s = harness_find(h, c.pid);
	assert_int_equal(s->id, id);
	assert_int_equal(s->recorded, recorded);
	assert_int_equal(s->now.state, STOP_STOPPED);
}

/* Killed between the mark and the SIGCONT. */
static void test_a_release_is_finished(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();

	hold_for(h, c.pid, 1);
	h->fake->records[0]->flags |= DWD_STOP_RELEASED;
	harness_restart(h);
	await(h, "continued", 1);
	child_wait_resumed(&c);
	assert_int_equal(h->fake->records_count, 0);
}

static void test_a_release_is_marked_first(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	struct stop *s = hold_for(h, c.pid, 1);

	s->pidfd = close_fd(s->pidfd); /* so that the SIGCONT is not sent */
	assert_int_equal(watchdog_continue(h->watchdog, &h->client, s), ANSWER_OK);
	assert_true(h->fake->flagged & DWD_STOP_RELEASED);
}

static void test_a_hold_counts_from_the_stop(void **state)
{
	const struct watch_rule rule = {.target = "name", .hold = 3600 * 1000};
	struct harness *h = *state;
	struct child c = child_start_stopped();

	hold_for(h, c.pid, add(h, &rule)->id);
	h->fake->records[0]->time -= 3600ULL * 1000000000;
	harness_restart(h);
	await(h, "stopped", 1);
	await(h, "continued", 1);
	child_wait_resumed(&c);
}

static void test_variables_are_known(void **state)
{
	static const char *const variables[] = {"A=1", "B=\xff", NULL};
	struct harness *h = *state;
	struct child c = child_start_stopped();
	_cleanup_free_ char *text = variables_to_text(variables);
	struct stop *s;

	s = hold_for(h, c.pid, 1);
	fake_backend_keep(h->fake, BACKEND_TEXT_STOP, s->id, text);
	fake_backend_keep(h->fake, BACKEND_TEXT_STOP, 4711, text); /* of one that has ended */
	harness_restart(h);
	await(h, "stopped", 1);
	s = harness_find(h, c.pid);
	assert_int_equal(s->variables_count, 2);
	assert_string_equal(s->variables[1], variables[1]);
	assert_null(s->setenv_error);
	assert_null(fake_backend_text(h->fake, BACKEND_TEXT_STOP, 4711));
	assert_int_equal(watchdog_continue(h->watchdog, &h->client, s), ANSWER_OK);
	assert_int_equal(count_texts(h, BACKEND_TEXT_STOP), 0);
	child_wait_resumed(&c);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void test_nothing_is_left_in_order(void **state)
{
	struct harness *h = *state;

	assert_false(watchdog_took_over(h->watchdog));
	add_named(h, "name", false);
	watchdog_shutdown(h->watchdog, false);
	assert_true(h->fake->taken_down);
	assert_false(h->fake->armed);
}

static void test_all_is_left_on_demand(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();

	h->fake->keeps = true;
	hold_for(h, c.pid, add_named(h, "name", false));
	watchdog_shutdown(h->watchdog, true);
	assert_true(h->fake->armed);
	assert_false(h->fake->taken_down);
	harness_restart(h);
	assert_true(watchdog_took_over(h->watchdog));
	assert_non_null(watchdog_find_watch(h->watchdog, 1));
	await(h, "stopped", 1);
}

static void test_exempt_until_debuggers_are_done(void **state)
{
	struct harness *h = *state;

	/* Nobody debugs anything. */
	assert_true(h->fake->disowned);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, harness_setup, harness_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_watches_come_back),
		TEST(test_removed_ones_do_not),
		TEST(test_what_is_not_kept_is_not_added),
		TEST(test_what_is_not_added_is_not_kept),
		TEST(test_nonsense_is_dropped),
		TEST(test_own_watches_end),
		TEST(test_own_watches_end_twice),
		TEST(test_stops_come_back),
		TEST(test_a_release_is_finished),
		TEST(test_a_release_is_marked_first),
		TEST(test_a_hold_counts_from_the_stop),
		TEST(test_variables_are_known),
		TEST(test_nothing_is_left_in_order),
		TEST(test_all_is_left_on_demand),
		TEST(test_exempt_until_debuggers_are_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
