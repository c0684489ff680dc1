/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Every call of libdwd: what it puts on the wire, and what it makes of the answer.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <signal.h>
#include <time.h>

#include "peer.h"
#include "samples.h"

static void test_watch(void **state)
{
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_EXPECT, 0, CALL("Watch", "{\"target\":\"sshd\"}")},
		{PEER_SEND, 0, REPLY("{\"watch\":" WATCH "}")},
		{PEER_EXPECT, 0, CALL("Watch", "{\"target\":\"/opt/\",\"uid\":1000}")},
		{PEER_SEND, 0, REPLY("{\"watch\":" WATCH_OF_UID "}")},
		{PEER_EXPECT_END, 0},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);
	struct dwd_watch *w = NULL;
	const uid_t uid = 1000;

	assert_int_equal(dwd_watch(d, &(struct dwd_rule){.target = "sshd"}, &w), 0);
	assert_int_equal(w->id, 4);
	assert_string_equal(w->target, "sshd");
	assert_string_equal(w->kind, "name");
	assert_false(w->has_uid);
	assert_int_equal(w->owner, 0);
	assert_int_equal(w->caught, 17);
	assert_int_equal(w->skipped, 5);
	assert_int_equal(w->skips_count, 2);
	assert_string_equal(w->skips[0].name, "limit");
	assert_int_equal(w->skips[0].value, 3);
	assert_string_equal(w->skips[1].name, "already-traced");
	assert_int_equal(w->skips[1].value, 2);
	assert_string_equal(w->created, "2024-02-29T12:00:00Z");
	assert_null(w->unresolved);
	assert_string_equal(dwd_watch_json(w), WATCH);
	w = dwd_watch_free(w);

	assert_int_equal(
		dwd_watch(d, &(struct dwd_rule){.target = "/opt/", .has_uid = true, .uid = uid},
			  &w),
		0);
	assert_true(w->has_uid);
	assert_int_equal(w->uid, 1000);
	assert_int_equal(w->owner, 4294967294);
	assert_string_equal(w->unresolved, "path");
	dwd_watch_free(w);
	dwd_close(d);
	peer_finish(peer);
}

static void test_watch_without_result(void **state)
{
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_EXPECT, 0, CALL("Watch", "{\"target\":\"x\"}")},
		{PEER_SEND, 0, REPLY("{\"watch\":" WATCH "}")},
		{PEER_EXPECT, 0, CALL("Unwatch", "{\"id\":4}")},
		{PEER_SEND, 0, REPLY("{\"watch\":" WATCH "}")},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);

	assert_int_equal(dwd_watch(d, &(struct dwd_rule){.target = "x"}, NULL), 0);
	assert_int_equal(dwd_unwatch(d, 4), 0);
	dwd_close(d);
	peer_finish(peer);
}

static void test_watches(void **state)
{
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_EXPECT, 0, CALL_MORE("ListWatches", "{}")},
		{PEER_SEND, 0, REPLY_CONTINUES("{\"watches\":[" WATCH "]}")},
		{PEER_SEND, 0, REPLY_CONTINUES("{\"watches\":[]}")},
		{PEER_SEND, 0, REPLY("{\"watches\":[" WATCH_OF_UID "]}")},
		{PEER_EXPECT, 0, CALL_MORE("ListWatches", "{}")},
		{PEER_SEND, 0, REPLY("{\"watches\":[]}")},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);
	struct dwd_watch **list = NULL;

	assert_int_equal(dwd_watches(d, &list), 2);
	assert_int_equal(list[0]->id, 4);
	assert_int_equal(list[1]->id, 5);
	assert_null(list[2]);
	assert_null(dwd_watches_free(list));
	assert_int_equal(dwd_watches(d, &list), 0);
	assert_null(list[0]);
	dwd_watches_free(list);
	dwd_close(d);
	peer_finish(peer);
}

static void test_stop_fields(void **state)
{
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_EXPECT, 0, CALL_MORE("ListStops", "{}")},
		{PEER_SEND, 0, REPLY("{\"stops\":[" STOP "," RICH_STOP "]}")},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);
	struct dwd_stop **list = NULL;
	const struct dwd_stop *s;

	assert_int_equal(dwd_list(d, NULL, &list), 2);
	assert_null(list[2]);
	s = list[0];
	assert_int_equal(s->id, 7);
	assert_int_equal(s->pid, 4711);
	assert_string_equal(s->state, "stopped");
	assert_string_equal(s->exe, "/usr/sbin/sshd");
	assert_string_equal(s->path, "sshd");
	assert_string_equal(s->comm, "sshd");
	assert_int_equal(s->argc, 2);
	assert_string_equal(s->argv[0], "sshd");
	assert_string_equal(s->argv[1], "-D");
	assert_null(s->argv[2]);
	assert_false(s->truncated);
	assert_null(s->cwd);
	assert_int_equal(s->uid, 1);
	assert_int_equal(s->euid, 2);
	assert_int_equal(s->gid, 3);
	assert_int_equal(s->egid, 4);
	assert_int_equal(s->ppid, 1);
	assert_string_equal(s->parent, "systemd");
	assert_int_equal(s->watch, 4);
	assert_int_equal(s->watches_count, 2);
	assert_int_equal(s->watches[0], 4);
	assert_int_equal(s->watches[1], 9);
	assert_string_equal(s->backend, "lsm");
	assert_string_equal(s->since, "2024-02-29T12:00:00Z");
	assert_false(s->container);
	assert_int_equal(s->claimed_by, 0);
	assert_int_equal(s->tracer, 0);
	assert_int_equal(s->variables_count, 0);
	assert_null(s->variables[0]);
	assert_null(s->setenv_error);
	assert_string_equal(dwd_stop_json(s), STOP);

	s = list[1];
	assert_int_equal(s->argc, 0);
	assert_null(s->argv[0]);
	assert_int_equal(s->watches_count, 0);
	assert_true(s->truncated);
	assert_string_equal(s->cwd, "/root");
	assert_true(s->container);
	assert_int_equal(s->claimed_by, 12);
	assert_int_equal(s->tracer, 13);
	assert_int_equal(s->variables_count, 2);
	assert_string_equal(s->variables[0], "A=1");
	assert_string_equal(s->variables[1], "B=");
	assert_null(s->variables[2]);
	assert_string_equal(s->setenv_error, "no room");
	dwd_stops_free(list);
	dwd_close(d);
	peer_finish(peer);
}

/* Seconds since 2001-09-09T01:46:40.25Z. */
static double since_then(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)(now.tv_sec - 1000000000) + (double)now.tv_nsec / 1e9 - 0.25;
}

/* `since` of three stops names one instant; the fourth is in the future. */
#define ONE_SINCE(since) REPLY_CONTINUES("{\"stops\":[" STOP_SINCE(since) "]}")

static void test_age(void **state)
{
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_EXPECT, 0, CALL_MORE("ListStops", "{}")},
		{PEER_SEND, 0, ONE_SINCE("2001-09-09T01:46:40.25Z")},
		{PEER_SEND, 0, ONE_SINCE("2001-09-09T03:46:40.250000+02:00")},
		{PEER_SEND, 0, ONE_SINCE("2001-09-08T20:16:40.250-05:30")},
		{PEER_SEND, 0, ONE_SINCE("2999-01-01T00:00:00Z")},
		{PEER_SEND, 0, REPLY("{\"stops\":[]}")},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);
	struct dwd_stop **list = NULL;
	double before, after;

	before = since_then();
	assert_int_equal(dwd_list(d, NULL, &list), 4);
	after = since_then();
	for (int i = 0; i < 3; i++)
		/* But for the rounding of doubles. */
		assert_true(list[i]->age > before - 1e-3 && list[i]->age < after + 1e-3);
	assert_true(list[3]->age == 0);
	dwd_stops_free(list);
	dwd_close(d);
	peer_finish(peer);
}

static void test_list_with_selector(void **state)
{
	const struct dwd_selector sel = {7, 4711, "sshd", "/usr/sbin/\xc3\xa4"};
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_EXPECT, 0,
		 CALL_MORE("ListStops", "{\"id\":7,\"pid\":4711,\"name\":\"sshd\","
					"\"path\":\"/usr/sbin/\xc3\xa4\"}")},
		{PEER_SEND, 0, REPLY_CONTINUES("{\"stops\":[" STOP "]}"), 250},
		{PEER_SEND, 0, REPLY("{\"stops\":[]}")},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);
	struct dwd_stop **list = NULL;

	assert_int_equal(dwd_list(d, &sel, &list), 250);
	assert_int_equal(list[249]->id, 7);
	assert_null(list[250]);
	assert_null(dwd_stops_free(list));
	dwd_close(d);
	peer_finish(peer);
}

static void test_info(void **state)
{
	const struct dwd_selector sel = {.name = "sshd"};
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_EXPECT, 0, CALL_MORE("ListStops", "{\"name\":\"sshd\"}")},
		{PEER_SEND, 0, REPLY("{\"stops\":[" STOP "]}")},
		{PEER_EXPECT, 0, CALL_MORE("ListStops", "{\"name\":\"sshd\"}")},
		{PEER_SEND, 0, REPLY("{\"stops\":[]}")},
		{PEER_EXPECT, 0, CALL_MORE("ListStops", "{\"name\":\"sshd\"}")},
		{PEER_SEND, 0, REPLY("{\"stops\":[" STOP "," STOP "]}")},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);
	struct dwd_stop *s = NULL;

	assert_int_equal(dwd_info(d, &sel, &s), 0);
	assert_int_equal(s->pid, 4711);
	s = dwd_stop_free(s);
	assert_int_equal(dwd_info(d, &sel, &s), -ENOENT);
	assert_string_equal(dwd_error(d), "no process named sshd is stopped");
	assert_int_equal(dwd_info(d, &sel, &s), -EBUSY);
	assert_string_equal(dwd_error(d), "2 stops fit: name one by its id");
	assert_null(s);
	dwd_close(d);
	peer_finish(peer);
}

static void test_wait_and_claim(void **state)
{
	const struct dwd_selector sel = {.pid = 4711};
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_EXPECT, 0, CALL("Wait", "{}")},
		{PEER_SEND, 0, REPLY("{\"stop\":" STOP "}")},
		{PEER_EXPECT, 0, CALL("Wait", "{\"pid\":4711,\"timeout\":1500}")},
		{PEER_SEND, 0, REPLY("{\"stop\":" STOP "}")},
		{PEER_EXPECT, 0, CALL("Claim", "{\"timeout\":-1}")},
		{PEER_SEND, 0, REPLY("{\"stop\":" STOP "}")},
		{PEER_EXPECT, 0, CALL("Claim", "{\"pid\":4711}")},
		{PEER_SEND, 0, REPLY("{\"stop\":" STOP "}")},
		{PEER_EXPECT, 0, CALL("Attached", "{\"id\":7}")},
		{PEER_SEND, 0, REPLY("{\"stop\":" STOP "}")},
		{PEER_EXPECT, 0, CALL("Unclaim", "{\"id\":7}")},
		{PEER_SEND, 0, REPLY("{\"stop\":" RICH_STOP "}")},
		{PEER_EXPECT, 0, CALL("Unclaim", "{\"id\":7}")},
		{PEER_SEND, 0, REPLY("{\"stop\":" RICH_STOP "}")},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);
	struct dwd_stop *s = NULL;

	assert_int_equal(dwd_wait(d, NULL, 0, &s), 0);
	s = dwd_stop_free(s);
	assert_int_equal(dwd_wait(d, &sel, 1500, &s), 0);
	s = dwd_stop_free(s);
	assert_int_equal(dwd_claim(d, NULL, -1, &s), 0);
	s = dwd_stop_free(s);
	assert_int_equal(dwd_claim(d, &sel, 0, &s), 0);
	s = dwd_stop_free(s);
	assert_int_equal(dwd_attached(d, 7), 0);
	assert_int_equal(dwd_unclaim(d, 7, &s), 0);
	assert_string_equal(s->state, "running");
	dwd_stop_free(s);
	assert_int_equal(dwd_unclaim(d, 7, NULL), 0);
	dwd_close(d);
	peer_finish(peer);
}

static void test_continue_and_kill(void **state)
{
	const uint64_t ids[] = {7, 9007199254740993};
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_EXPECT, 0, CALL_MORE("Continue", "{\"ids\":[7,9007199254740993]}")},
		{PEER_SEND, 0, REPLY("{\"continued\":2}")},
		{PEER_EXPECT, 0, CALL_MORE("Continue", "{\"all\":true}")},
		{PEER_SEND, 0, REPLY_CONTINUES("{\"continued\":128}")},
		{PEER_SEND, 0, REPLY_CONTINUES("{\"continued\":130}")},
		{PEER_SEND, 0, REPLY("{\"continued\":42}")},
		{PEER_EXPECT, 0,
		 CALL_MORE("Continue", "{\"ids\":[7],\"setenv\":[\"A=1\",\"B=\"]}")},
		{PEER_SEND, 0, REPLY("{\"continued\":1}")},
		{PEER_EXPECT, 0, CALL_MORE("Continue", "{\"ids\":[7]}")},
		{PEER_SEND, 0, REPLY("{\"continued\":1}")},
		{PEER_EXPECT, 0, CALL_MORE("Kill", "{\"ids\":[7],\"signal\":15}")},
		{PEER_SEND, 0, REPLY("{\"signalled\":1}")},
		{PEER_EXPECT, 0, CALL_MORE("Kill", "{\"all\":true,\"signal\":9}")},
		{PEER_SEND, 0, REPLY("{\"signalled\":0}")},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);

	assert_int_equal(dwd_continue(d, ids, 2), 2);
	assert_int_equal(dwd_continue(d, NULL, 0), 300);
	/* None is not all. */
	assert_int_equal(dwd_continue(d, ids, 0), 0);
	assert_int_equal(dwd_kill(d, ids, 0, SIGKILL), 0);
	assert_int_equal(dwd_continue_with(d, ids, 1, (const char *[]){"A=1", "B=", NULL}), 1);
	assert_int_equal(dwd_continue_with(d, ids, 1, (const char *[]){NULL}), 1);
	assert_int_equal(dwd_kill(d, ids, 1, SIGTERM), 1);
	assert_int_equal(dwd_kill(d, NULL, 0, SIGKILL), 0);
	dwd_close(d);
	peer_finish(peer);
}

static void test_status(void **state)
{
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_EXPECT, 0, CALL("Status", "{}")},
		{PEER_SEND, 0, REPLY("{\"status\":" STATUS "}")},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);
	struct dwd_status *s = NULL;

	assert_int_equal(dwd_status(d, &s), 0);
	assert_string_equal(s->version, "0.1.0");
	assert_int_equal(s->pid, 321);
	assert_string_equal(s->backend, "fentry");
	assert_int_equal(s->watches, 1);
	assert_int_equal(s->stops, 2);
	assert_int_equal(s->max_stopped, 1000);
	assert_int_equal(s->missed, 4);
	assert_int_equal(s->caught, 30);
	assert_int_equal(s->skipped, 9);
	assert_int_equal(s->clients, 4);
	assert_string_equal(s->started, "2024-02-29T12:00:00Z");
	assert_string_equal(s->kernel, "6.1.0");
	assert_string_equal(dwd_status_json(s), STATUS);
	assert_null(dwd_status_free(s));
	dwd_close(d);
	peer_finish(peer);
}

/* What the wire could not carry never gets there, and does not harm the connection. */
static void test_bad_arguments(void **state)
{
	const struct dwd_selector sel = {.path = "/\xff"};
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_EXPECT, 0, CALL("Status", "{}")},
		{PEER_SEND, 0, REPLY("{\"status\":" STATUS "}")},
		{PEER_EXPECT_END, 0},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);
	struct dwd_status *status;
	struct dwd_stop **list = NULL;

	assert_int_equal(dwd_watch(d, &(struct dwd_rule){.target = "a\xff\n"}, NULL), -EINVAL);
	assert_string_equal(dwd_error(d), "target 'a\\xff\\n': not UTF-8");
	assert_int_equal(dwd_unwatch(d, UINT64_MAX), -EINVAL);
	assert_int_equal(dwd_list(d, &sel, &list), -EINVAL);
	assert_null(list);
	assert_int_equal(dwd_continue_with(d, NULL, 0, (const char *[]){"A=\xff", NULL}), -EINVAL);
	assert_string_equal(dwd_error(d), "setenv 'A=\\xff': not UTF-8");
	assert_int_equal(dwd_kill(d, NULL, 0, 0), -EINVAL);
	assert_int_equal(dwd_kill(d, NULL, 0, SIGRTMAX + 1), -EINVAL);
	assert_int_equal(dwd_status(d, &status), 0);
	dwd_status_free(status);
	dwd_close(d);
	peer_finish(peer);
}

static void test_free_nothing(void **state)
{
	assert_null(dwd_close(NULL));
	assert_null(dwd_watch_free(NULL));
	assert_null(dwd_watches_free(NULL));
	assert_null(dwd_stop_free(NULL));
	assert_null(dwd_stops_free(NULL));
	assert_null(dwd_status_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_watch_without_result),
		cmocka_unit_test(test_watches),
		cmocka_unit_test(test_stop_fields),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_list_with_selector),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_wait_and_claim),
		cmocka_unit_test(test_continue_and_kill),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_bad_arguments),
		cmocka_unit_test(test_free_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
