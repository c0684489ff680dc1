/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Events: none is lost on the way, none is delivered but by dwd_dispatch(), and who polls is woken.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <poll.h>

#include "peer.h"
#include "samples.h"
#include "util.h"

#define TIME	"\"time\":\"2024-02-29T12:00:00Z\""
#define STOPPED "{\"event\":\"stopped\"," TIME ",\"stop\":" STOP "}"
#define WATCHED "{\"event\":\"watched\"," TIME ",\"watch\":" WATCH ",\"by\":99}"
#define KILLED	"{\"event\":\"killed\"," TIME ",\"stop\":" STOP ",\"by\":5,\"signal\":\"SIGKILL\"}"
#define LOST	"{\"event\":\"gone\"," TIME ",\"stop\":" STOP ",\"lost\":12}"
#define NOVEL	"{\"event\":\"danced\"," TIME ",\"stop\":null,\"watch\":null,\"skip\":null}"
#define SKIPPED                                                                  \
	"{\"event\":\"skipped\"," TIME ",\"skip\":{\"pid\":6,\"comm\":\"java\"," \
	"\"reason\":\"limit\",\"watch\":4,\"watches\":[4]}}"

#define SUBSCRIBE      CALL_MORE("Subscribe", "{\"replay\":false,\"follow\":true}")
#define EVENTS(events) REPLY_CONTINUES("{\"events\":[" events "]}")
#define STATUS_CALL    CALL("Status", "{}")
#define STATUS_REPLY   REPLY("{\"status\":" STATUS "}")

/* What a listener saw. */
struct log {
	int events, errors, error;
	char kinds[512]; /* of the first events, each with a space */
	int nested;	 /* what a call from within the callback answered */
};

static void on_event(struct dwd *d, const struct dwd_event *event, void *userdata)
{
	struct log *log = userdata;
	size_t used = strlen(log->kinds);

	log->events++;
	if (used + strlen(event->event) + 2 < sizeof(log->kinds))
		strcat(strcat(log->kinds, event->event), " ");
	log->nested = dwd_unwatch(d, 1);
}

static void on_error(struct dwd *d, int error, const char *message, void *userdata)
{
	struct log *log = userdata;

	log->errors++;
	log->error = error;
	assert_string_equal(message, "dwdd closed the connection");
}

static const struct dwd_listener listener = {.event = on_event, .error = on_error};

static bool is_readable(struct dwd *d)
{
	struct pollfd p = {dwd_get_fd(d), (short)dwd_get_events(d), 0};

	return poll(&p, 1, 0) == 1;
}

/* Dispatch until `n` events were delivered altogether. */
static void dispatch_until(struct dwd *d, const struct log *log, int n)
{
	while (log->events < n) {
		int before = log->events, r;

		r = dwd_dispatch(d, -1);
		assert_true(r > 0);
		assert_int_equal(log->events, before + r);
	}
	assert_int_equal(log->events, n);
}

static int get_status(struct dwd *d)
{
	struct dwd_status *s = NULL;
	int r = dwd_status(d, &s);

	dwd_status_free(s);
	return r;
}

static void test_subscription(void **state)
{
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_ACCEPT},
		{PEER_EXPECT, 1, SUBSCRIBE},
		{PEER_SEND, 1, EVENTS("")},
		{PEER_SEND, 1, EVENTS(STOPPED "," WATCHED)},
		{PEER_SEND, 1, EVENTS(NOVEL)},
		{PEER_EXPECT_END, 1},
		{PEER_EXPECT_END, 0},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);
	struct log log = {};
	int fd = dwd_get_fd(d);

	assert_int_equal(dwd_subscribe(d, false, &listener, &log), 0);
	assert_int_equal(log.events, 0);
	dispatch_until(d, &log, 3);
	assert_string_equal(log.kinds, "stopped watched danced ");
	assert_int_equal(log.nested, -EDEADLK);
	assert_false(is_readable(d));
	assert_int_equal(dwd_dispatch(d, 0), 0);
	assert_int_equal(dwd_dispatch(d, 1), 0);
	assert_int_equal(dwd_get_fd(d), fd);
	assert_int_equal(log.errors, 0);
	dwd_close(d);
	peer_finish(peer);
}

static void test_replayed_come_first(void **state)
{
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_ACCEPT},
		{PEER_EXPECT, 1, CALL_MORE("Subscribe", "{\"replay\":true,\"follow\":true}")},
		{PEER_SEND, 1, EVENTS(WATCHED "," SKIPPED)},
		{PEER_EXPECT_END, 1},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);
	struct log log = {};

	assert_int_equal(dwd_subscribe(d, true, &listener, &log), 0);
	/* They came with the answer, so nothing is left on the socket; the descriptor tells anyway.
	 */
	assert_true(is_readable(d));
	assert_int_equal(dwd_dispatch(d, 0), 2);
	assert_string_equal(log.kinds, "watched skipped ");
	assert_false(is_readable(d));
	dwd_close(d);
	peer_finish(peer);
}

static void test_events_during_a_call(void **state)
{
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_ACCEPT},
		{PEER_EXPECT, 1, SUBSCRIBE},
		{PEER_SEND, 1, EVENTS("")},
		{PEER_EXPECT, 0, STATUS_CALL},
		{PEER_SEND, 1, EVENTS(STOPPED)},
		{PEER_SEND, 1, EVENTS(KILLED "," LOST)},
		{PEER_SEND, 0, STATUS_REPLY},
		{PEER_EXPECT, 0, STATUS_CALL},
		{PEER_SEND, 0, STATUS_REPLY},
		{PEER_EXPECT_END, 1},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);
	struct log log = {};

	assert_int_equal(dwd_subscribe(d, false, &listener, &log), 0);
	assert_int_equal(get_status(d), 0);
	assert_int_equal(get_status(d), 0);
	assert_int_equal(log.events, 0);
	assert_true(is_readable(d));
	assert_int_equal(dwd_dispatch(d, 0), 3);
	assert_string_equal(log.kinds, "stopped killed gone ");
	assert_false(is_readable(d));
	dwd_close(d);
	peer_finish(peer);
}

/* A little more than the queue takes: the rest waits on the socket, and comes afterwards. */
static void test_full_queue(void **state)
{
	enum { MESSAGES = 420, EVENTS_EACH = 10 };
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_ACCEPT},
		{PEER_EXPECT, 1, SUBSCRIBE},
		{PEER_SEND, 1, EVENTS("")},
		{PEER_EXPECT, 0, STATUS_CALL},
		{PEER_SEND, 1,
		 EVENTS(NOVEL "," NOVEL "," NOVEL "," NOVEL "," NOVEL "," NOVEL "," NOVEL "," NOVEL
			      "," NOVEL "," NOVEL),
		 MESSAGES},
		{PEER_SEND, 0, STATUS_REPLY},
		{PEER_EXPECT_END, 1},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);
	struct log log = {};
	int first;

	assert_int_equal(dwd_subscribe(d, false, &listener, &log), 0);
	assert_int_equal(get_status(d), 0);
	first = dwd_dispatch(d, 0);
	assert_in_range(first, 4096, MESSAGES * EVENTS_EACH - 1);
	dispatch_until(d, &log, MESSAGES * EVENTS_EACH);
	dwd_close(d);
	peer_finish(peer);
}

static void test_only_one_subscription(void **state)
{
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_ACCEPT},
		{PEER_EXPECT, 1, SUBSCRIBE},
		{PEER_SEND, 1, EVENTS("")},
		{PEER_EXPECT_END, 1},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);
	struct log log = {};

	assert_int_equal(dwd_subscribe(d, false, &listener, &log), 0);
	assert_int_equal(dwd_subscribe(d, false, &listener, &log), -EALREADY);
	dwd_close(d);
	peer_finish(peer);
}

/* A subscription that the daemon refuses leaves the connection, and what it has claimed, alone. */
static void test_refused_subscription(void **state)
{
	static const char *const refusals[] = {
		ERROR("io.dwd.Watchdog.LimitReached", "{\"limit\":\"subscriptions\",\"value\":1}"),
		"{\"error\":7}",
		REPLY("{\"events\":[]}"),
	};
	static const int errors[] = {-ENOSPC, -EPROTO, -EPROTO};

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct peer_step steps[] = {
			{PEER_ACCEPT},
			{PEER_ACCEPT},
			{PEER_EXPECT, 1, SUBSCRIBE},
			{PEER_SEND, 1, refusals[i]},
			{PEER_EXPECT_END, 1},
			{PEER_EXPECT, 0, STATUS_CALL},
			{PEER_SEND, 0, STATUS_REPLY},
			{PEER_END},
		};
		struct peer *peer = peer_start(steps);
		struct dwd *d = connect_to(peer);
		struct log log = {};

		assert_int_equal(dwd_subscribe(d, false, &listener, &log), errors[i]);
		assert_int_equal(get_status(d), 0);
		dwd_close(d);
		peer_finish(peer);
	}
}

/* What was read before the end is delivered before the error, and the error once. */
static void test_daemon_dies(void **state)
{
	for (int dying = 0; dying < 2; dying++) {
		const struct peer_step steps[] = {
			{PEER_ACCEPT},
			{PEER_ACCEPT},
			{PEER_EXPECT, 1, SUBSCRIBE},
			{PEER_SEND, 1, EVENTS("")},
			{PEER_SEND, 1, EVENTS(STOPPED)},
			{PEER_HANG_UP, dying},
			{PEER_EXPECT_END, 1 - dying},
			{PEER_END},
		};
		struct peer *peer = peer_start(steps);
		struct dwd *d = connect_to(peer);
		struct log log = {};
		int r;

		assert_int_equal(dwd_subscribe(d, false, &listener, &log), 0);
		dispatch_until(d, &log, 1);
		while ((r = dwd_dispatch(d, -1)) == 0)
			;
		assert_int_equal(r, -ECONNRESET);
		assert_int_equal(log.errors, 1);
		assert_int_equal(log.error, -ECONNRESET);
		assert_int_equal(dwd_dispatch(d, 0), -ECONNRESET);
		assert_int_equal(log.errors, 1);
		assert_int_equal(get_status(d), -ENOTCONN);
		dwd_close(d);
		peer_finish(peer);
	}
}

/* The subscription breaks while an answer is awaited: the call fails, and so does the next
 * dispatch, after it has delivered what came before. */
static void test_subscription_dies_during_a_call(void **state)
{
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_ACCEPT},
		{PEER_EXPECT, 1, SUBSCRIBE},
		{PEER_SEND, 1, EVENTS("")},
		{PEER_EXPECT, 0, STATUS_CALL},
		{PEER_SEND, 1, EVENTS(STOPPED)},
		{PEER_HANG_UP, 1},
		{PEER_EXPECT_END, 0},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);
	struct log log = {};

	assert_int_equal(dwd_subscribe(d, false, &listener, &log), 0);
	assert_int_equal(get_status(d), -ECONNRESET);
	assert_true(is_readable(d));
	assert_int_equal(dwd_dispatch(d, 0), 1);
	assert_int_equal(log.errors, 0);
	assert_true(is_readable(d));
	assert_int_equal(dwd_dispatch(d, -1), -ECONNRESET);
	assert_int_equal(log.errors, 1);
	dwd_close(d);
	peer_finish(peer);
}

/* A call finds the daemon dead; what it had told before is not lost. */
static void test_last_events_are_heard(void **state)
{
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_ACCEPT},
		{PEER_EXPECT, 1, SUBSCRIBE},
		{PEER_SEND, 1, EVENTS("")},
		{PEER_SEND, 1, EVENTS(STOPPED "," KILLED)},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);
	struct log log = {};

	assert_int_equal(dwd_subscribe(d, false, &listener, &log), 0);
	peer_finish(peer);
	assert_int_equal(get_status(d), -ECONNRESET);
	assert_int_equal(dwd_dispatch(d, -1), 2);
	assert_string_equal(log.kinds, "stopped killed ");
	assert_int_equal(dwd_dispatch(d, -1), -ECONNRESET);
	assert_int_equal(log.errors, 1);
	dwd_close(d);
}

static void test_bad_events(void **state)
{
	static const char *const bad[] = {
		EVENTS("{}"),
		EVENTS("{\"event\":\"gone\"," TIME ",\"stop\":{}}"),
		EVENTS("{\"event\":\"watched\"," TIME ",\"watch\":[]}"),
		EVENTS("{\"event\":\"skipped\"," TIME ",\"skip\":{\"pid\":1}}"),
		EVENTS("{\"event\":\"gone\",\"time\":1}"),
		EVENTS("1"),
		REPLY_CONTINUES("{}"),
		"{}",
		"nonsense",
		ERROR("com.example.Odd", "{}"),
	};
	static const struct dwd_listener without_error = {.event = on_event};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const struct peer_step steps[] = {
			{PEER_ACCEPT},
			{PEER_ACCEPT},
			{PEER_EXPECT, 1, SUBSCRIBE},
			{PEER_SEND, 1, EVENTS("")},
			{PEER_SEND, 1, bad[i]},
			{PEER_EXPECT_END, 1},
			{PEER_EXPECT_END, 0},
			{PEER_END},
		};
		struct peer *peer = peer_start(steps);
		struct dwd *d = connect_to(peer);
		struct log log = {};

		assert_int_equal(dwd_subscribe(d, false, &without_error, &log), 0);
		assert_int_equal(dwd_dispatch(d, -1), -EPROTO);
		assert_int_equal(log.events, 0);
		assert_int_equal(get_status(d), -ENOTCONN);
		peer_finish(peer);
		dwd_close(d);
	}
}

/* Compares the events of test_history() one by one. */
static void check_event(struct dwd *d, const struct dwd_event *event, void *userdata)
{
	static const char *const texts[] = {STOPPED, WATCHED, KILLED, LOST, SKIPPED};
	int *n = userdata;

	assert_in_range(*n, 0, ARRAY_SIZE(texts) - 1);
	assert_string_equal(dwd_event_json(event), texts[*n]);
	assert_string_equal(event->time, "2024-02-29T12:00:00Z");
	switch ((*n)++) {
	case 0:
		assert_string_equal(event->event, "stopped");
		assert_int_equal(event->stop->pid, 4711);
		assert_string_equal(dwd_stop_json(event->stop), STOP);
		assert_null(event->watch);
		assert_int_equal(event->by, 0);
		assert_null(event->signal);
		assert_int_equal(event->lost, 0);
		assert_null(event->skip_reason);
		break;
	case 1:
		assert_null(event->stop);
		assert_string_equal(event->watch->target, "sshd");
		assert_int_equal(event->by, 99);
		break;
	case 2:
		assert_string_equal(event->signal, "SIGKILL");
		break;
	case 3:
		assert_int_equal(event->lost, 12);
		break;
	case 4:
		assert_int_equal(event->skip_pid, 6);
		assert_string_equal(event->skip_comm, "java");
		assert_string_equal(event->skip_reason, "limit");
		assert_int_equal(event->skip_watch, 4);
		break;
	}
}

static void test_history(void **state)
{
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_EXPECT, 0, CALL_MORE("Subscribe", "{\"replay\":true}")},
		{PEER_SEND, 0, EVENTS(STOPPED "," WATCHED "," KILLED)},
		{PEER_SEND, 0, EVENTS("")},
		{PEER_SEND, 0, REPLY("{\"events\":[" LOST "," SKIPPED "]}")},
		{PEER_EXPECT, 0, STATUS_CALL},
		{PEER_SEND, 0, STATUS_REPLY},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);
	int n = 0;

	assert_int_equal(dwd_history(d, check_event, &n), 0);
	assert_int_equal(n, 5);
	assert_int_equal(get_status(d), 0);
	dwd_close(d);
	peer_finish(peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_subscription),
		cmocka_unit_test(test_replayed_come_first),
		cmocka_unit_test(test_events_during_a_call),
		cmocka_unit_test(test_full_queue),
		cmocka_unit_test(test_only_one_subscription),
		cmocka_unit_test(test_refused_subscription),
		cmocka_unit_test(test_daemon_dies),
		cmocka_unit_test(test_subscription_dies_during_a_call),
		cmocka_unit_test(test_last_events_are_heard),
		cmocka_unit_test(test_bad_events),
		cmocka_unit_test(test_history),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
