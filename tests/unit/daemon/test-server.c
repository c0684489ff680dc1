/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The service, whatever is called: introspection, order, streams, and peers who behave badly.
 */

#include "service-harness.h"

#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>

#include "interface.h"

static void test_introspection(void **state)
{
	struct fixture *f = *state;
	_cleanup_varlink_ struct varlink *v = connect_to(f);
	json_auto_t *info = NULL, *ours = NULL, *service = NULL;
	json_t *parameters;

	parameters = call(f, v, "org.varlink.service.GetInfo", NULL, &info);
	assert_string_equal(get_string(parameters, "version"), DWD_VERSION);
	assert_int_equal(json_array_size(json_object_get(parameters, "interfaces")), 2);
	parameters = call(f, v, "org.varlink.service.GetInterfaceDescription",
			  "{\"interface\": \"io.dwd.Watchdog\"}", &ours);
	assert_string_equal(get_string(parameters, "description"), dwd_interface_varlink);
	parameters = call(f, v, "org.varlink.service.GetInterfaceDescription",
			  "{\"interface\": \"org.varlink.service\"}", &service);
	assert_non_null(strstr(get_string(parameters, "description"), "interface org.varlink"));
	expect_failure(f, v, "org.varlink.service.GetInterfaceDescription",
		       "{\"interface\": \"a.b\"}", "org.varlink.service.InterfaceNotFound",
		       "{\"interface\": \"a.b\"}");
}

static void test_unknown_methods(void **state)
{
	struct fixture *f = *state;
	_cleanup_varlink_ struct varlink *v = connect_to(f);

	expect_failure(f, v, "io.dwd.Watchdog.Dance", NULL, "org.varlink.service.MethodNotFound",
		       "{\"method\": \"io.dwd.Watchdog.Dance\"}");
	expect_failure(f, v, "io.dwd.Other.Status", NULL, "org.varlink.service.InterfaceNotFound",
		       "{\"interface\": \"io.dwd.Other\"}");
	expect_failure(f, v, "Status", NULL, "org.varlink.service.InterfaceNotFound",
		       "{\"interface\": \"\"}");
	expect_alive(f);
}

static void test_wrong_parameters(void **state)
{
	static const struct {
		const char *method, *parameters, *name;
	} wrong[] = {
		{"Watch", NULL, "target"},
		{"Watch", "{\"target\": 1}", "target"},
		{"Watch", "{\"target\": null}", "target"},
		{"Watch", "{\"target\": \"x\", \"uid\": \"root\"}", "uid"},
		{"Watch", "{\"target\": \"x\", \"uid\": -1}", "uid"},
		{"Watch", "{\"target\": \"x\", \"uid\": 4294967295}", "uid"},
		{"Watch", "{\"target\": \"x\", \"gid\": 1}", "gid"},
		{"Unwatch", "{\"id\": 1.5}", "id"},
		{"Unwatch", "{\"id\": 0}", "id"},
		{"ListWatches", "{\"x\": 1}", "x"},
		{"ListStops", "{\"pid\": 2147483648}", "pid"},
		{"ListStops", "{\"name\": []}", "name"},
		{"Claim", "{\"timeout\": true}", "timeout"},
		{"Continue", NULL, "ids"},
		{"Continue", "{\"ids\": []}", "ids"},
		{"Continue", "{\"ids\": [\"1\"]}", "ids"},
		{"Continue", "{\"ids\": 1}", "ids"},
		{"Continue", "{\"ids\": [1], \"all\": true}", "all"},
		{"Continue", "{\"all\": 1}", "all"},
		{"Kill", "{\"all\": true, \"signal\": 65}", "signal"},
		{"Kill", "{\"all\": true, \"signal\": 0}", "signal"},
		{"Subscribe", "{\"follow\": \"yes\"}", "follow"},
	};
	struct fixture *f = *state;
	_cleanup_varlink_ struct varlink *v = connect_to(f);

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		char method[64], expected[64];

		snprintf(method, sizeof(method), "io.dwd.Watchdog.%s", wrong[i].method);
		snprintf(expected, sizeof(expected), "{\"parameter\": \"%s\"}", wrong[i].name);
		expect_failure(f, v, method, wrong[i].parameters,
			       "org.varlink.service.InvalidParameter", expected);
	}
}

static int replies_so_far(struct varlink *v)
{
	json_t *message;
	int n = 0;

	for (; varlink_receive(v, &message) > 0; n++)
		json_decref(message);
	return n;
}

/* However many one connection has sent ahead, each turn is a short one. */
static void test_many_calls_leave_others_their_turn(void **state)
{
	struct fixture *f = *state;
	_cleanup_varlink_ struct varlink *busy = connect_to(f), *other = connect_to(f);
	json_auto_t *first = NULL, *answer = NULL;

	for (int i = 0; i < 200; i++)
		send_call(busy, "org.varlink.service.GetInfo", NULL, "");
	first = next_reply(f, busy);
	send_call(other, "org.varlink.service.GetInfo", NULL, "");
	answer = next_reply(f, other);
	assert_in_range(replies_so_far(busy), 1, 100);
}

/* What a waiting connection sends is answered after it, in order; others are served meanwhile. */
static void test_calls_of_a_connection_in_order(void **state)
{
	struct fixture *f = *state;
	struct child c = child_start_stopped();
	_cleanup_varlink_ struct varlink *v = connect_to(f);
	json_auto_t *waited = NULL, *status = NULL, *pending = NULL;
	struct varlink_method_reply reply;

	send_call(v, "io.dwd.Watchdog.Wait", "{\"timeout\": -1}", "");
	send_call(v, "io.dwd.Watchdog.Status", NULL, "");
	harness_settle(f->h);
	assert_int_equal(varlink_receive(v, &pending), 0);
	expect_alive(f);
	harness_hold(f->h, c.pid);
	waited = next_reply(f, v);
	assert_int_equal(stop_id(waited), 1);
	status = next_reply(f, v);
	assert_int_equal(varlink_parse_reply(status, &reply), 0);
	assert_non_null(json_object_get(reply.parameters, "status"));
}

static void test_oneway(void **state)
{
	struct fixture *f = *state;
	_cleanup_varlink_ struct varlink *v = connect_to(f);
	json_auto_t *message = NULL;
	json_t *watches;

	send_call(v, "io.dwd.Watchdog.Watch", "{\"target\": \"quiet\"}", "o");
	send_call(v, "io.dwd.Watchdog.Nonsense", NULL, "o");
	send_call(v, "io.dwd.Watchdog.Claim", "{\"timeout\": -1}", "o");
	send_call(v, "io.dwd.Watchdog.Subscribe", NULL, "om");
	watches = json_object_get(call(f, v, "io.dwd.Watchdog.ListWatches", NULL, &message),
				  "watches");
	assert_int_equal(json_array_size(watches), 1);
}

/* Bytes that end the connection, and it alone. */
static void expect_cut_off(struct fixture *f, const void *bytes, size_t size)
{
	struct varlink *v;
	int fd = connect_raw(f);

	assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), size);
	assert_int_equal(varlink_new(&v, fd, 4096), 0);
	expect_closed(f, v);
	varlink_free(v);
	expect_alive(f);
}

static void test_malformed(void **state)
{
	static const char *const malformed[] = {
		"",
		"{",
		"[]",
		"1",
		"{\"method\": 1}",
		"{}",
		"{\"method\": \"a.b\", \"more\": 1}",
		"{\"method\": \"a.b\", \"parameters\": []}",
		"{\"method\": \"\xff\"}",
		"null",
	};

	for (size_t i = 0; i < ARRAY_SIZE(malformed); i++)
		expect_cut_off(*state, malformed[i], strlen(malformed[i]) + 1);
}

/* Keep writing, the server running meanwhile, until it does not take any more. */
static void test_oversized(void **state)
{
	struct fixture *f = *state;
	int fd = connect_raw(f);
	char block[4096];
	size_t sent = 0;

	memset(block, ' ', sizeof(block));
	for (;;) {
		ssize_t n = send(fd, block, sizeof(block), MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN)
			break;
		if (n < 0)
			harness_turn(f->h);
		else
			sent += (size_t)n;
	}
	assert_true(errno == EPIPE || errno == ECONNRESET);
	assert_true(sent >= 1024 * 1024 && sent < 4 * 1024 * 1024);
	close(fd);
	expect_alive(f);
}

static void test_half_a_message(void **state)
{
	static const char half[] = "{\"method\": \"io.dwd.Watchdog.Sta";
	struct fixture *f = *state;
	int fd = connect_raw(f);

	assert_int_equal(send(fd, half, sizeof(half) - 1, 0), sizeof(half) - 1);
	harness_settle(f->h);
	expect_alive(f);
	close(fd);
	expect_alive(f);
	harness_settle(f->h);
	assert_int_not_equal(server_idle_since(f->server), 0);
}

/* As `printf ... | nc -U -N` does: it sends, closes its side, and reads. */
static void test_peer_that_ends_its_input(void **state)
{
	struct fixture *f = *state;
	struct child c = child_start_stopped();
	_cleanup_varlink_ struct varlink *v = connect_to(f);
	json_auto_t *waited = NULL;

	send_call(v, "io.dwd.Watchdog.Wait", "{\"timeout\": -1}", "");
	assert_int_equal(shutdown(varlink_fd(v), SHUT_WR), 0);
	harness_settle(f->h);
	harness_hold(f->h, c.pid);
	waited = next_reply(f, v);
	assert_int_equal(stop_id(waited), 1);
	expect_closed(f, v);
}

/* A long list needs `more`, comes in pieces, and is made only as fast as it is read. */
static void test_long_list(void **state)
{
	enum { COUNT = 5000 };
	struct fixture *f = *state;
	_cleanup_varlink_ struct varlink *v = connect_to(f);
	bool continues = true;
	json_int_t last = 0;
	size_t replies = 0;

	add_watches(f, COUNT);
	expect_failure(f, v, "io.dwd.Watchdog.ListWatches", NULL,
		       "org.varlink.service.ExpectedMore", "{}");
	send_call(v, "io.dwd.Watchdog.ListWatches", NULL, "m");
	harness_settle(f->h); /* as far as the socket and the queue hold */
	expect_alive(f);
	for (; continues; replies++) {
		json_auto_t *message = next_reply(f, v);
		struct varlink_method_reply reply;
		json_t *watches, *watch;
		size_t i;

		assert_int_equal(varlink_parse_reply(message, &reply), 0);
		watches = json_object_get(reply.parameters, "watches");
		json_array_foreach (watches, i, watch)
			assert_int_equal(get_int(watch, "id"), ++last);
		continues = reply.continues;
	}
	assert_int_equal(last, COUNT);
	assert_true(replies > COUNT / 1000);
}

/* How many watches a list has that is read while it is made. */
static size_t read_list(struct varlink *v)
{
	struct varlink_method_reply reply = {.continues = true};
	size_t count = 0;

	send_call(v, "io.dwd.Watchdog.ListWatches", NULL, "m");
	while (reply.continues) {
		json_auto_t *message = NULL;
		struct pollfd p = {.fd = varlink_fd(v), .events = POLLIN};

		if (varlink_receive(v, &message) == 0)
			poll(&p, 1, -1);
		else if (!message || varlink_parse_reply(message, &reply) < 0 || reply.error)
			return 0;
		else
			count += json_array_size(json_object_get(reply.parameters, "watches"));
	}
	return count;
}

/* Now the server waits for the reader, now the reader for the server: never both. */
static void test_reader_beside_the_server(void **state)
{
	enum { COUNT = 5000 };
	struct fixture *f = *state;
	int status;
	pid_t reader;

	add_watches(f, COUNT);
	reader = fork();
	assert_true(reader >= 0);
	if (reader == 0) {
		struct varlink *v = connect_to(f);

		alarm(60);
		for (int i = 0; i < 10; i++)
			if (read_list(v) != COUNT)
				_exit(1);
		_exit(0);
	}
	while (waitpid(reader, &status, WNOHANG) == 0)
		sd_event_run(f->h->event, 100000);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Many calls at once from one that does not read: he waits for himself, and gets every answer. */
static void test_many_calls_and_no_reading(void **state)
{
	enum { COUNT = 3000 };
	struct fixture *f = *state;
	_cleanup_varlink_ struct varlink *v = connect_to(f);
	size_t received = 0;

	for (int i = 0; i < COUNT; i++)
		assert_int_equal(varlink_enqueue(v, varlink_call("io.dwd.Watchdog.Status", NULL,
								 false, false)),
				 0);
	for (int i = 0; i < 100; i++) {
		varlink_flush(v);
		harness_settle(f->h);
	}
	expect_alive(f);
	while (received < COUNT) {
		json_t *message;
		int r;

		varlink_flush(v);
		r = varlink_receive(v, &message);
		assert_true(r >= 0);
		if (r == 0) {
			harness_turn(f->h);
			continue;
		}
		json_decref(message);
		received++;
	}
}

/* Each event is told once, or counted as lost; the daemon does not grow meanwhile. */
static void test_slow_subscriber(void **state)
{
	enum { COUNT = 20000 };
	struct fixture *f = *state;
	const struct dwd_ring_record record = {.comm = "x"};
	_cleanup_varlink_ struct varlink *v = connect_to(f);
	size_t told = 0, lost = 0;
	json_auto_t *first = NULL;

	send_call(v, "io.dwd.Watchdog.Subscribe", NULL, "m");
	next_events(f, v, &first);
	for (int i = 0; i < COUNT; i++)
		fake_backend_ring_skipped(f->h->fake, &record);
	harness_settle(f->h);
	expect_alive(f);
	while (told + lost < COUNT) {
		json_auto_t *message = NULL;
		json_t *events = next_events(f, v, &message), *event;
		size_t i;

		json_array_foreach (events, i, event) {
			json_t *missed = json_object_get(event, "lost");

			told++;
			lost += missed ? (size_t)json_integer_value(missed) : 0;
		}
	}
	assert_int_equal(told + lost, COUNT);
	assert_true(lost > 0);
}

/* What `v` asks for is broken off as nothing of it is read; others are served. */
static void expect_broken_off(struct fixture *f, struct varlink *v)
{
	json_t *message;
	int r;

	while (server_idle_since(f->server) == 0)
		harness_turn(f->h);
	expect_alive(f);
	while ((r = varlink_receive(v, &message)) > 0)
		json_decref(message);
	assert_true(r == -EPIPE || r == -ECONNRESET);
}

static void test_unread_list(void **state)
{
	struct fixture *f = *state;
	_cleanup_varlink_ struct varlink *v = connect_to(f);

	add_watches(f, 5000);
	server_set_patience(f->server, 20000);
	send_call(v, "io.dwd.Watchdog.ListWatches", NULL, "m");
	harness_settle(f->h);
	expect_broken_off(f, v);
}

static void test_unread_events(void **state)
{
	struct fixture *f = *state;
	const struct dwd_ring_record record = {.comm = "x"};
	_cleanup_varlink_ struct varlink *v = connect_to(f);
	json_auto_t *first = NULL;

	server_set_patience(f->server, 20000);
	send_call(v, "io.dwd.Watchdog.Subscribe", NULL, "m");
	next_events(f, v, &first);
	for (int i = 0; i < 20000; i++)
		fake_backend_ring_skipped(f->h->fake, &record);
	expect_broken_off(f, v);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, service_setup, service_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_introspection),
		TEST(test_unknown_methods),
		TEST(test_wrong_parameters),
		TEST(test_many_calls_leave_others_their_turn),
		TEST(test_calls_of_a_connection_in_order),
		TEST(test_oneway),
		TEST(test_malformed),
		TEST(test_oversized),
		TEST(test_half_a_message),
		TEST(test_peer_that_ends_its_input),
		TEST(test_long_list),
		TEST(test_reader_beside_the_server),
		TEST(test_many_calls_and_no_reading),
		TEST(test_slow_subscriber),
		TEST(test_unread_list),
		TEST(test_unread_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
