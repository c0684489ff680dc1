/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What each method of io.dwd.Watchdog does and answers.
 */

#include "service-harness.h"

#include <stdio.h>
#include <sys/ptrace.h>

static json_t *first_watch(struct fixture *f, struct varlink *v, json_t **message)
{
	return json_array_get(
		json_object_get(call(f, v, "io.dwd.Watchdog.ListWatches", NULL, message),
				"watches"),
		0);
}

static void test_watches(void **state)
{
	struct fixture *f = *state;
	_cleanup_varlink_ struct varlink *v = connect_to(f);
	json_auto_t *added = NULL, *listed = NULL, *removed = NULL;
	json_t *watch;

	watch = json_object_get(call(f, v, "io.dwd.Watchdog.Watch",
				     "{\"target\": \"/a//b\", \"uid\": null}", &added),
				"watch");
	assert_string_equal(get_string(watch, "target"), "/a/b");
	assert_string_equal(get_string(watch, "kind"), "path");
	assert_int_equal(get_int(first_watch(f, v, &listed), "id"), 1);
	call(f, v, "io.dwd.Watchdog.Unwatch", "{\"id\": 1}", &removed);
	expect_failure(f, v, "io.dwd.Watchdog.Unwatch", "{\"id\": 1}",
		       "io.dwd.Watchdog.NoSuchWatch", "{\"id\": 1}");
	expect_failure(f, v, "io.dwd.Watchdog.Watch", "{\"target\": \"..\"}",
		       "io.dwd.Watchdog.InvalidTarget",
		       "{\"target\": \"..\", \"reason\": "
		       "\"\\\".\\\" and \\\"..\\\" are not names of programs\"}");
	f->h->fake->add_watch_error = -EIO;
	expect_failure(f, v, "io.dwd.Watchdog.Watch", "{\"target\": \"x\"}",
		       "io.dwd.Watchdog.KernelFailed", "{\"what\": \"Watch\", \"errno\": 5}");
}

/* NULL: nothing is. */
static void expect_unresolved(json_t *watch, const char *what)
{
	if (what)
		assert_string_equal(get_string(watch, "unresolved"), what);
	else
		assert_null(json_object_get(watch, "unresolved"));
}

/* Whoever is told of a watch is told, and only as long as it is so. */
static void test_what_could_not_be_looked_at(void **state)
{
	struct fixture *f = *state;
	_cleanup_varlink_ struct varlink *v = connect_to(f);
	json_auto_t *added = NULL, *blind = NULL, *seen = NULL, *removed = NULL;
	enum backend_unresolved *unresolved = f->h->fake->unresolved;

	for (size_t slot = 0; slot < DWD_MAX_WATCHES; slot++)
		unresolved[slot] = BACKEND_UNRESOLVED_PATH;
	expect_unresolved(json_object_get(call(f, v, "io.dwd.Watchdog.Watch",
					       "{\"target\": \"/mnt/x\"}", &added),
					  "watch"),
			  "path");

	unresolved = &unresolved[watchdog_find_watch(f->h->watchdog, 1)->slot];
	*unresolved = BACKEND_UNRESOLVED_CGROUP;
	expect_unresolved(first_watch(f, v, &blind), "cgroup");
	*unresolved = BACKEND_RESOLVED;
	expect_unresolved(first_watch(f, v, &seen), NULL);
	*unresolved = BACKEND_UNRESOLVED_PATH;
	expect_unresolved(
		json_object_get(call(f, v, "io.dwd.Watchdog.Unwatch", "{\"id\": 1}", &removed),
				"watch"),
		"path");
}

static void test_status(void **state)
{
	struct fixture *f = *state;
	_cleanup_varlink_ struct varlink *v = connect_to(f), *other = connect_to(f);
	json_auto_t *first = NULL, *message = NULL;
	json_t *status;

	call(f, other, "io.dwd.Watchdog.Status", NULL, &first);
	status = json_object_get(call(f, v, "io.dwd.Watchdog.Status", NULL, &message), "status");
	assert_int_equal(get_int(status, "clients"), 2);
	assert_int_equal(get_int(status, "pid"), getpid());
	assert_int_equal(get_int(status, "max_stopped"), 1024);
	assert_string_equal(get_string(status, "backend"), "fentry");
	assert_string_equal(get_string(json_object_get(status, "refused"), "lsm"),
			    "bpf is not an active LSM");
}

static json_t *first_stop(struct fixture *f, struct varlink *v, const char *selector, json_t **m)
{
	return json_array_get(
		json_object_get(call(f, v, "io.dwd.Watchdog.ListStops", selector, m), "stops"), 0);
}

static void test_list_and_continue(void **state)
{
	struct fixture *f = *state;
	struct child c = child_start_stopped();
	_cleanup_varlink_ struct varlink *v = connect_to(f);
	json_auto_t *found = NULL, *other = NULL, *again = NULL, *continued = NULL, *none = NULL;

	harness_hold(f->h, c.pid);
	assert_int_equal(get_int(first_stop(f, v, "{\"name\": \"link\"}", &found), "pid"), c.pid);
	assert_null(first_stop(f, v, "{\"name\": \"other\"}", &other));
	assert_non_null(first_stop(f, v, "{\"id\": 1, \"path\": \"/opt/program\"}", &again));
	expect_failure(f, v, "io.dwd.Watchdog.Continue", "{\"ids\": [7, 1]}",
		       "io.dwd.Watchdog.NoSuchStop", "{\"id\": 7}");
	child_wait_resumed(&c); /* the one that could be, was */
	call(f, v, "io.dwd.Watchdog.Continue", "{\"all\": true}", &continued);
	assert_null(first_stop(f, v, NULL, &none));
}

static void test_kill_all(void **state)
{
	struct fixture *f = *state;
	struct child a = child_start_stopped(), b = child_start_stopped();
	_cleanup_varlink_ struct varlink *v = connect_to(f);
	json_auto_t *message = NULL;

	harness_hold(f->h, a.pid);
	harness_hold(f->h, b.pid);
	assert_int_equal(get_int(call(f, v, "io.dwd.Watchdog.Kill", "{\"all\": true}", &message),
				 "signalled"),
			 2);
	json_decref(harness_expect(f->h, "killed", 1));
	json_decref(harness_expect(f->h, "killed", 2));
	json_decref(harness_expect(f->h, "gone", 0));
	json_decref(harness_expect(f->h, "gone", 0));
}

/* Many, with `more`: it is told as it goes on. */
static void test_kill_many_with_progress(void **state)
{
	struct fixture *f = *state;
	const int most = 200;
	_cleanup_varlink_ struct varlink *v = connect_to(f);
	json_int_t signalled = 0;
	size_t replies = 0;
	bool continues;

	for (int i = 0; i < most; i++)
		harness_hold(f->h, child_start_plain().pid);
	send_call(v, "io.dwd.Watchdog.Kill", "{\"all\": true}", "m");
	do {
		json_auto_t *message = next_reply(f, v);
		struct varlink_method_reply reply;

		assert_int_equal(varlink_parse_reply(message, &reply), 0);
		assert_null(reply.error);
		signalled += get_int(reply.parameters, "signalled");
		continues = reply.continues;
		replies++;
	} while (continues);
	assert_int_equal(signalled, most);
	assert_true(replies > 1);
}

static void test_claims(void **state)
{
	struct fixture *f = *state;
	struct child c = child_start_stopped();
	_cleanup_varlink_ struct varlink *one = connect_to(f), *two = connect_to(f);
	json_auto_t *claimed = NULL, *given = NULL;
	char by[64];

	expect_failure(f, one, "io.dwd.Watchdog.Claim", "{}", "io.dwd.Watchdog.NoSuchStop", "{}");
	harness_hold(f->h, c.pid);
	call(f, one, "io.dwd.Watchdog.Claim", "{\"timeout\": 0}", &claimed);
	snprintf(by, sizeof(by), "{\"id\": 1, \"by\": %d}", (int)getpid());
	expect_failure(f, two, "io.dwd.Watchdog.Claim", "{\"id\": 1}",
		       "io.dwd.Watchdog.AlreadyClaimed", by);
	expect_failure(f, two, "io.dwd.Watchdog.Claim", NULL, "io.dwd.Watchdog.NoSuchStop", "{}");
	expect_failure(f, two, "io.dwd.Watchdog.Unclaim", "{\"id\": 1}",
		       "io.dwd.Watchdog.NotClaimed", "{\"id\": 1}");
	expect_failure(f, two, "io.dwd.Watchdog.Attached", "{\"id\": 1}",
		       "io.dwd.Watchdog.NotTraced", "{\"id\": 1}");
	expect_failure(f, two, "io.dwd.Watchdog.Unclaim", "{\"id\": 9}",
		       "io.dwd.Watchdog.NoSuchStop", "{}");
	call(f, one, "io.dwd.Watchdog.Unclaim", "{\"id\": 1}", &given);
	expect_failure(f, two, "io.dwd.Watchdog.Attached", "{\"id\": 1}",
		       "io.dwd.Watchdog.NotClaimed", "{\"id\": 1}");
}

static void test_continue_what_is_debugged(void **state)
{
	struct fixture *f = *state;
	struct child c = child_start_stopped();
	_cleanup_varlink_ struct varlink *v = connect_to(f);
	json_auto_t *message = NULL;

	harness_hold(f->h, c.pid);
	assert_int_equal(ptrace(PTRACE_SEIZE, c.pid, 0, 0), 0);
	expect_failure(f, v, "io.dwd.Watchdog.Continue", "{\"ids\": [1]}",
		       "io.dwd.Watchdog.WrongState", "{\"id\": 1, \"state\": \"attached\"}");
	assert_int_equal(
		get_int(call(f, v, "io.dwd.Watchdog.Continue", "{\"all\": true}", &message),
			"continued"),
		0);
}

/* A child of the test has run for long. */
static void test_continue_with_variables(void **state)
{
	struct fixture *f = *state;
	struct child c = child_start_stopped();
	_cleanup_varlink_ struct varlink *v = connect_to(f);
	json_auto_t *first = NULL, *failed = NULL, *second = NULL, *third = NULL;

	harness_hold(f->h, c.pid);
	expect_failure(f, v, "io.dwd.Watchdog.Continue", "{\"ids\": [1], \"setenv\": [\"A=1\", 2]}",
		       "org.varlink.service.InvalidParameter", "{\"parameter\": \"setenv\"}");
	expect_failure(f, v, "io.dwd.Watchdog.Continue", "{\"all\": true, \"setenv\": [\"A=1\"]}",
		       "org.varlink.service.InvalidParameter", "{\"parameter\": \"setenv\"}");
	expect_failure(f, v, "io.dwd.Watchdog.Continue", "{\"ids\": [1], \"setenv\": [\"A\"]}",
		       "io.dwd.Watchdog.InvalidVariable",
		       "{\"variable\": \"A\", \"reason\": \"it has no '=': write NAME=VALUE\"}");
	assert_null(json_object_get(first_stop(f, v, NULL, &first), "setenv_error"));

	send_call(v, "io.dwd.Watchdog.Continue", "{\"ids\": [1], \"setenv\": [\"A=1\"]}", "");
	failed = next_reply(f, v);
	assert_string_equal(get_string(failed, "error"), "io.dwd.Watchdog.EnvironmentNotSet");
	assert_non_null(get_string(first_stop(f, v, NULL, &second), "setenv_error"));
	assert_string_equal(get_string(first_stop(f, v, NULL, &third), "state"), "stopped");
	assert_false(child_has_resumed(&c));
}

/* Two wait: one gets it, and the other, when the first vanishes without a word. */
static void test_vanished_client_gives_back(void **state)
{
	struct fixture *f = *state;
	struct child c = child_start_stopped();
	struct varlink *one = connect_to(f);
	_cleanup_varlink_ struct varlink *two = connect_to(f);
	json_auto_t *first = NULL, *second = NULL, *pending = NULL;

	send_call(one, "io.dwd.Watchdog.Claim", "{\"timeout\": -1}", "");
	harness_settle(f->h);
	send_call(two, "io.dwd.Watchdog.Claim", "{\"timeout\": -1}", "");
	harness_settle(f->h);
	harness_hold(f->h, c.pid);
	first = next_reply(f, one);
	assert_int_equal(stop_id(first), 1);
	harness_settle(f->h);
	assert_int_equal(varlink_receive(two, &pending), 0);
	varlink_free(one);
	second = next_reply(f, two);
	assert_int_equal(stop_id(second), 1);
}

/* One who waits vanishes: the stop goes to who waits behind him. */
static void test_waiting_client_vanishes(void **state)
{
	struct fixture *f = *state;
	struct child c = child_start_stopped();
	struct varlink *one = connect_to(f);
	_cleanup_varlink_ struct varlink *two = connect_to(f);
	json_auto_t *message = NULL;

	send_call(one, "io.dwd.Watchdog.Claim", "{\"timeout\": -1}", "");
	harness_settle(f->h);
	send_call(two, "io.dwd.Watchdog.Claim", "{\"timeout\": -1}", "");
	harness_settle(f->h);
	varlink_free(one);
	harness_settle(f->h);
	harness_hold(f->h, c.pid);
	message = next_reply(f, two);
	assert_int_equal(stop_id(message), 1);
}

static void test_waits_time_out(void **state)
{
	struct fixture *f = *state;
	_cleanup_varlink_ struct varlink *v = connect_to(f);

	expect_failure(f, v, "io.dwd.Watchdog.Wait", NULL, "io.dwd.Watchdog.NoSuchStop", "{}");
	expect_failure(f, v, "io.dwd.Watchdog.Wait", "{\"timeout\": 20}",
		       "io.dwd.Watchdog.TimedOut", "{}");
	expect_failure(f, v, "io.dwd.Watchdog.Claim", "{\"timeout\": 20}",
		       "io.dwd.Watchdog.TimedOut", "{}");
}

static void test_subscribe(void **state)
{
	struct fixture *f = *state;
	struct child c = child_start_stopped();
	_cleanup_varlink_ struct varlink *v = connect_to(f);
	json_auto_t *first = NULL, *second = NULL;
	json_t *events;

	expect_failure(f, v, "io.dwd.Watchdog.Subscribe", NULL, "org.varlink.service.ExpectedMore",
		       "{}");
	add_watches(f, 1); /* before: not told */
	send_call(v, "io.dwd.Watchdog.Subscribe", NULL, "m");
	assert_int_equal(json_array_size(next_events(f, v, &first)), 0);
	harness_ring_stop(f->h, c.pid);
	events = next_events(f, v, &second);
	assert_int_equal(json_array_size(events), 1);
	assert_string_equal(get_string(json_array_get(events, 0), "event"), "stopped");
}

static void test_replay(void **state)
{
	struct fixture *f = *state;
	_cleanup_varlink_ struct varlink *v = connect_to(f);
	json_auto_t *message = NULL, *followed = NULL, *news = NULL;
	json_t *events;

	add_watches(f, 3);
	events = json_object_get(
		call(f, v, "io.dwd.Watchdog.Subscribe", "{\"replay\": true}", &message), "events");
	assert_int_equal(json_array_size(events), 3);
	send_call(v, "io.dwd.Watchdog.Subscribe", "{\"replay\": true, \"follow\": true}", "m");
	assert_int_equal(json_array_size(next_events(f, v, &followed)), 3);
	add_watches(f, 1);
	assert_int_equal(json_array_size(next_events(f, v, &news)), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, service_setup, service_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_watches),
		TEST(test_what_could_not_be_looked_at),
		TEST(test_status),
		TEST(test_list_and_continue),
		TEST(test_kill_all),
		TEST(test_kill_many_with_progress),
		TEST(test_claims),
		TEST(test_continue_what_is_debugged),
		TEST(test_continue_with_variables),
		TEST(test_vanished_client_gives_back),
		TEST(test_waiting_client_vanishes),
		TEST(test_waits_time_out),
		TEST(test_subscribe),
		TEST(test_replay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
