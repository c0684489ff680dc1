/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What goes wrong in a call: every error of the interface has its code and its line, the connection
 * survives it; and an answer that makes no sense is never taken for one.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include "peer.h"
#include "samples.h"
#include "util.h"

#define OURS	"io.dwd.Watchdog."
#define SERVICE "org.varlink.service."

/* The calls that the tables below make; each returns what libdwd does. */
static ssize_t claim_any(struct dwd *d)
{
	struct dwd_stop *s = NULL;
	int r = dwd_claim(d, NULL, 0, &s);

	assert_true(r == 0 || !s);
	dwd_stop_free(s);
	return r;
}

static ssize_t claim_7(struct dwd *d)
{
	const struct dwd_selector sel = {.id = 7};
	struct dwd_stop *s = NULL;

	return dwd_claim(d, &sel, 0, &s);
}

static ssize_t wait_for_sshd(struct dwd *d)
{
	const struct dwd_selector sel = {.name = "ssh\x1b", .path = "/sbin/sshd"};
	struct dwd_stop *s = NULL;

	return dwd_wait(d, &sel, 2500, &s);
}

static ssize_t wait_for_pid(struct dwd *d)
{
	const struct dwd_selector sel = {.pid = 4711};
	struct dwd_stop *s = NULL;

	return dwd_wait(d, &sel, 0, &s);
}

static ssize_t continue_one(struct dwd *d)
{
	return dwd_continue(d, (uint64_t[]){7}, 1);
}

static ssize_t continue_two(struct dwd *d)
{
	return dwd_continue(d, (uint64_t[]){7, 8}, 2);
}

static ssize_t continue_with(struct dwd *d)
{
	return dwd_continue_with(d, (uint64_t[]){7}, 1, (const char *[]){"A=\x1b", NULL});
}

static ssize_t kill_all(struct dwd *d)
{
	return dwd_kill(d, NULL, 0, 9);
}

static ssize_t watch_x(struct dwd *d)
{
	struct dwd_watch *w = NULL;
	int r = dwd_watch(d, &(struct dwd_rule){.target = "x"}, &w);

	assert_true(r == 0 || !w);
	dwd_watch_free(w);
	return r;
}

static ssize_t unwatch_4(struct dwd *d)
{
	return dwd_unwatch(d, 4);
}

static ssize_t list_watches(struct dwd *d)
{
	struct dwd_watch **list = NULL;
	ssize_t r = dwd_watches(d, &list);

	assert_true(r >= 0 || !list);
	dwd_watches_free(list);
	return r;
}

static ssize_t list_stops(struct dwd *d)
{
	struct dwd_stop **list = NULL;
	ssize_t r = dwd_list(d, NULL, &list);

	assert_true(r >= 0 || !list);
	dwd_stops_free(list);
	return r;
}

static ssize_t get_status(struct dwd *d)
{
	struct dwd_status *s = NULL;
	int r = dwd_status(d, &s);

	assert_true(r == 0 || !s);
	dwd_status_free(s);
	return r;
}

static ssize_t get_history(struct dwd *d)
{
	return dwd_history(d, NULL, NULL);
}

#define REQUEST_CLAIM	CALL("Claim", "{}")
#define REQUEST_STATUS	CALL("Status", "{}")
#define REQUEST_WATCH	CALL("Watch", "{\"target\":\"x\"}")
#define REQUEST_UNWATCH CALL("Unwatch", "{\"id\":4}")
#define REQUEST_LIST	CALL_MORE("ListStops", "{}")

static const struct mapping {
	ssize_t (*call)(struct dwd *d);
	const char *request, *reply;
	int error;
	const char *message;
} mappings[] = {
	{claim_any, REQUEST_CLAIM, ERROR(OURS "NoSuchStop", "{}"), -ENOENT,
	 "no process is stopped and free to take"},
	{claim_7, CALL("Claim", "{\"id\":7}"), ERROR(OURS "NoSuchStop", "{}"), -ENOENT,
	 "there is no stop #7"},
	{wait_for_pid, CALL("Wait", "{\"pid\":4711}"), ERROR(OURS "NoSuchStop", "{}"), -ENOENT,
	 "no process with pid 4711 is stopped"},
	{continue_one, CALL_MORE("Continue", "{\"ids\":[7]}"), ERROR(OURS "NoSuchStop", "{}"),
	 -ENOENT, "there is no stop #7"},
	{continue_two, CALL_MORE("Continue", "{\"ids\":[7,8]}"), ERROR(OURS "NoSuchStop", "{}"),
	 -ENOENT, "one of these stops does not exist"},
	{continue_two, CALL_MORE("Continue", "{\"ids\":[7,8]}"),
	 ERROR(OURS "NoSuchStop", "{\"id\":8}"), -ENOENT, "there is no stop #8"},
	{wait_for_sshd,
	 CALL("Wait", "{\"name\":\"ssh\\u001b\",\"path\":\"/sbin/sshd\",\"timeout\":2500}"),
	 ERROR(OURS "TimedOut", "{}"), -ETIMEDOUT,
	 "no process named ssh\\x1b of /sbin/sshd was stopped within 2.5 s"},
	{unwatch_4, REQUEST_UNWATCH, ERROR(OURS "NoSuchWatch", "{\"id\":4}"), -ENOENT,
	 "there is no watch 4"},
	{claim_7, CALL("Claim", "{\"id\":7}"),
	 ERROR(OURS "AlreadyClaimed", "{\"id\":3,\"by\":123}"), -EBUSY,
	 "stop #3 is already taken by the client with pid 123"},
	{claim_any, REQUEST_CLAIM, ERROR(OURS "NotClaimed", "{\"id\":3}"), -EBUSY,
	 "stop #3 is not taken, so it cannot be given back or resumed"},
	{claim_any, REQUEST_CLAIM, ERROR(OURS "NotTraced", "{\"id\":3}"), -EBUSY,
	 "no debugger is attached to stop #3"},
	{claim_any, REQUEST_CLAIM, ERROR(OURS "WrongState", "{\"id\":3,\"state\":\"attached\"}"),
	 -EBUSY, "stop #3 is attached, which does not allow this"},
	{watch_x, REQUEST_WATCH, ERROR(OURS "LimitReached", "{\"limit\":\"watches\",\"value\":10}"),
	 -ENOSPC, "the limit for watches is reached (10): remove some first"},
	{watch_x, REQUEST_WATCH,
	 ERROR(OURS "InvalidTarget", "{\"target\":\"..\",\"reason\":\"it is relative\"}"), -EINVAL,
	 "cannot watch '..': it is relative"},
	{continue_with, CALL_MORE("Continue", "{\"ids\":[7],\"setenv\":[\"A=\\u001b\"]}"),
	 ERROR(OURS "InvalidVariable",
	       "{\"variable\":\"A=\\u001b\",\"reason\":\"it is too long\"}"),
	 -EINVAL, "cannot set 'A=\\x1b': it is too long"},
	{continue_with, CALL_MORE("Continue", "{\"ids\":[7],\"setenv\":[\"A=\\u001b\"]}"),
	 ERROR(OURS "EnvironmentNotSet", "{\"id\":7,\"reason\":\"it is set-id\"}"), -EOPNOTSUPP,
	 "cannot set variables in the process of stop #7, which stays stopped: it is set-id"},
	{kill_all, CALL_MORE("Kill", "{\"all\":true,\"signal\":9}"),
	 ERROR(OURS "KernelFailed", "{\"what\":\"signalling 7\",\"errno\":1}"), -EPERM,
	 "the kernel refused: signalling 7: Operation not permitted"},
	{kill_all, CALL_MORE("Kill", "{\"all\":true,\"signal\":9}"),
	 ERROR(OURS "KernelFailed", "{\"what\":\"a map\",\"errno\":2}"), -EIO,
	 "the kernel refused: a map: No such file or directory"},
	{kill_all, CALL_MORE("Kill", "{\"all\":true,\"signal\":9}"),
	 ERROR(OURS "KernelFailed", "{\"what\":\"a map\",\"errno\":-7}"), -EIO,
	 "the kernel refused: a map: unknown error"},
	{watch_x, REQUEST_WATCH, ERROR(OURS "NotPermitted", "{\"reason\":\"it is not yours\"}"),
	 -EPERM, "it is not yours"},
	{get_status, REQUEST_STATUS, ERROR(SERVICE "PermissionDenied", "{}"), -EPERM,
	 "dwdd permits Status to root only"},
	{get_status, REQUEST_STATUS, ERROR(SERVICE "MethodNotFound", "{\"method\":\"x\"}"), -EPROTO,
	 "dwdd does not know Status: it is older than libdwd or not dwdd"},
	{get_status, REQUEST_STATUS, ERROR(SERVICE "InterfaceNotFound", "{}"), -EPROTO,
	 "dwdd does not know Status: it is older than libdwd or not dwdd"},
	{watch_x, REQUEST_WATCH, ERROR(SERVICE "InvalidParameter", "{\"parameter\":\"target\"}"),
	 -EPROTO, "dwdd does not accept 'target' of Watch"},
	{list_stops, REQUEST_LIST, ERROR("com.example.Odd", "{}"), -EPROTO,
	 "dwdd answered ListStops with an unknown error, com.example.Odd"},
	{get_history, CALL_MORE("Subscribe", "{\"replay\":true}"), ERROR("com.example.Odd", "{}"),
	 -EPROTO, "dwdd answered Subscribe with an unknown error, com.example.Odd"},
	/* Not one error less because a field is missing. */
	{claim_any, REQUEST_CLAIM, "{\"error\":\"" OURS "AlreadyClaimed\"}", -EBUSY,
	 "stop #0 is already taken by the client with pid 0"},
};

/* After each error the same connection still answers. */
static void test_errors_of_the_daemon(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(mappings); i++) {
		const struct mapping *m = &mappings[i];
		const struct peer_step steps[] = {
			{PEER_ACCEPT},
			{PEER_EXPECT, 0, m->request},
			{PEER_SEND, 0, m->reply},
			{PEER_EXPECT, 0, REQUEST_STATUS},
			{PEER_SEND, 0, REPLY("{\"status\":" STATUS "}")},
			{PEER_EXPECT_END, 0},
			{PEER_END},
		};
		struct peer *peer = peer_start(steps);
		struct dwd *d = connect_to(peer);

		assert_string_equal(dwd_error(d), "");
		assert_int_equal(m->call(d), m->error);
		assert_string_equal(dwd_error(d), m->message);
		assert_int_equal(get_status(d), 0);
		dwd_close(d);
		peer_finish(peer);
	}
}

/* Answers whose content is not understood: an error that names the field, and life goes on. */
static const struct bad_content {
	ssize_t (*call)(struct dwd *d);
	const char *request, *reply, *field;
} bad_contents[] = {
	{get_status, REQUEST_STATUS, "{}", "status"},
	{get_status, REQUEST_STATUS, REPLY("{\"status\":null}"), "status"},
	{get_status, REQUEST_STATUS, REPLY("{\"status\":[]}"), "status"},
	{get_status, REQUEST_STATUS, REPLY("{\"status\":{}}"), "version"},
	{claim_any, REQUEST_CLAIM, REPLY("{\"stop\":{\"id\":7}}"), "watches"},
	{claim_any, REQUEST_CLAIM, REPLY("{\"stop\":" STOP_SINCE("yesterday") "}"), "since"},
	{claim_any, REQUEST_CLAIM, REPLY("{\"stop\":" STOP_SINCE("2024-02-29T12:00:00") "}"),
	 "since"},
	{watch_x, REQUEST_WATCH, REPLY("{\"watch\":7}"), "watch"},
	{list_stops, REQUEST_LIST, REPLY("{\"stops\":[" STOP ",{}]}"), "watches"},
	{list_watches, CALL_MORE("ListWatches", "{}"), REPLY("{\"watches\":[" WATCH ",1]}"),
	 "watch"},
	{kill_all, CALL_MORE("Kill", "{\"all\":true,\"signal\":9}"), REPLY("{}"), "signalled"},
	{kill_all, CALL_MORE("Kill", "{\"all\":true,\"signal\":9}"), REPLY("{\"signalled\":-1}"),
	 "signalled"},
	{continue_one, CALL_MORE("Continue", "{\"ids\":[7]}"), REPLY("{\"continued\":1.5}"),
	 "continued"},
};

static void test_content_is_checked(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_contents); i++) {
		const struct bad_content *b = &bad_contents[i];
		const struct peer_step steps[] = {
			{PEER_ACCEPT},
			{PEER_EXPECT, 0, b->request},
			{PEER_SEND, 0, b->reply},
			{PEER_EXPECT, 0, REQUEST_STATUS},
			{PEER_SEND, 0, REPLY("{\"status\":" STATUS "}")},
			{PEER_END},
		};
		struct peer *peer = peer_start(steps);
		struct dwd *d = connect_to(peer);
		char quoted[64];

		snprintf(quoted, sizeof(quoted), "'%s' is missing or wrong", b->field);
		assert_int_equal(b->call(d), -EPROTO);
		assert_non_null(strstr(dwd_error(d), quoted));
		assert_int_equal(get_status(d), 0);
		dwd_close(d);
		peer_finish(peer);
	}
}

/* A stop with one field after the other made wrong. */
static void test_every_field_of_a_stop(void **state)
{
	static const char *const wrong[][2] = {
		{"\"id\":7", "\"id\":-7"},
		{"\"pid\":4711", "\"pid\":4294967296"},
		{"\"state\":\"stopped\"", "\"state\":1"},
		{"\"exe\":\"/usr/sbin/sshd\"", "\"exe\":null"},
		{"\"argv\":[\"sshd\",\"-D\"]", "\"argv\":[\"sshd\",1]"},
		{"\"argv\":[\"sshd\",\"-D\"]", "\"argv\":\"sshd\""},
		{"\"uid\":1", "\"uid\":4294967296"},
		{"\"egid\":4", "\"egid\":\"root\""},
		{"\"watches\":[4,9]", "\"watches\":[4,-9]"},
		{"\"watches\":[4,9]", "\"watches\":{}"},
		{"\"comm\":", "\"Comm\":"},
		{"\"cgroup_id\":66", "\"cwd\":1"},
		{"\"cgroup_id\":66", "\"setenv\":\"A=1\""},
		{"\"cgroup_id\":66", "\"setenv\":[\"A=1\",2]"},
		{"\"cgroup_id\":66", "\"setenv_error\":true"},
		{"\"cgroup_id\":66", "\"tracer\":\"gdb\""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		static const char good[] = REPLY("{\"stop\":" STOP "}");
		const char *at = strstr(good, wrong[i][0]);
		char reply[sizeof(good) + 64];
		const struct peer_step steps[] = {
			{PEER_ACCEPT},
			{PEER_EXPECT, 0, REQUEST_CLAIM},
			{PEER_SEND, 0, reply},
			{PEER_END},
		};
		struct peer *peer;
		struct dwd *d;

		assert_non_null(at);
		snprintf(reply, sizeof(reply), "%.*s%s%s", (int)(at - good), good, wrong[i][1],
			 at + strlen(wrong[i][0]));
		peer = peer_start(steps);
		d = connect_to(peer);
		assert_int_equal(claim_any(d), -EPROTO);
		dwd_close(d);
		peer_finish(peer);
	}
}

/* Answers that leave it unclear what comes next: the connection is over. */
static const struct bad_stream {
	ssize_t (*call)(struct dwd *d);
	const char *request, *reply;
} bad_streams[] = {
	{get_status, REQUEST_STATUS, "hello"},
	{get_status, REQUEST_STATUS, "[]"},
	{get_status, REQUEST_STATUS, "{\"error\":7}"},
	{get_status, REQUEST_STATUS, "{\"parameters\":7}"},
	{get_status, REQUEST_STATUS, REPLY_CONTINUES("{\"status\":" STATUS "}")},
	{list_stops, REQUEST_LIST, REPLY("{}")},
	{list_stops, REQUEST_LIST, REPLY_CONTINUES("{\"stops\":{}}")},
	{list_watches, CALL_MORE("ListWatches", "{}"), REPLY("{\"stops\":[]}")},
	{continue_one, CALL_MORE("Continue", "{\"ids\":[7]}"), REPLY_CONTINUES("{}")},
};

static void test_stream_is_checked(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad_streams); i++) {
		const struct bad_stream *b = &bad_streams[i];
		const struct peer_step steps[] = {
			{PEER_ACCEPT},
			{PEER_EXPECT, 0, b->request},
			{PEER_SEND, 0, b->reply},
			{PEER_EXPECT_END, 0},
			{PEER_END},
		};
		struct peer *peer = peer_start(steps);
		struct dwd *d = connect_to(peer);

		assert_int_equal(b->call(d), -EPROTO);
		assert_int_equal(b->call(d), -ENOTCONN);
		assert_int_equal(strncmp(dwd_error(d), "not connected any more: ", 24), 0);
		dwd_close(d);
		peer_finish(peer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors_of_the_daemon),
		cmocka_unit_test(test_content_is_checked),
		cmocka_unit_test(test_every_field_of_a_stop),
		cmocka_unit_test(test_stream_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
