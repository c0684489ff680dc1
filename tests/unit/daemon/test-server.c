/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The service on a real socket: what peers say, well or badly, and what they hear.
 */

#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "interface.h"
#include "server.h"
#include "varlink.h"

struct fixture {
	struct harness *h; /* first */
	struct server *server;
	struct sockaddr_un address; /* an abstract one */
	socklen_t address_size;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_non_null(f);
	harness_setup((void **)&f->h);
	f->address.sun_family = AF_UNIX;
	f->address_size = sizeof(sa_family_t);
	assert_int_equal(bind(fd, (struct sockaddr *)&f->address, f->address_size), 0);
	f->address_size = sizeof(f->address);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&f->address, &f->address_size), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(server_new(&f->server, f->h->event, f->h->watchdog, fd), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	server_free(f->server);
	harness_teardown((void **)&f->h);
	free(f);
	return 0;
}

static int connect_raw(struct fixture *f)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&f->address, f->address_size), 0);
	return fd;
}

DEFINE_CLEANUP(struct varlink *, varlink_free)
#define _cleanup_varlink_ _cleanup_(varlink_freep)

static struct varlink *connect_to(struct fixture *f)
{
	struct varlink *v;

	assert_int_equal(varlink_new(&v, connect_raw(f), 64 << 20), 0);
	return v;
}

/* `parameters` as JSON text, NULL for none; `flags` of "mo": more, oneway. */
static void send_call(struct varlink *v, const char *method, const char *parameters,
		      const char *flags)
{
	json_t *json = parameters ? json_loads(parameters, 0, NULL) : NULL;

	assert_true(json || !parameters);
	assert_int_equal(varlink_enqueue(v, varlink_call(method, json, strchr(flags, 'm'),
							 strchr(flags, 'o'))),
			 0);
	assert_int_equal(varlink_flush(v), 1);
}

/* The next reply, the server being run meanwhile. */
static json_t *next_reply(struct fixture *f, struct varlink *v)
{
	json_t *message;
	int r;

	while ((r = varlink_receive(v, &message)) == 0)
		harness_turn(f->h);
	assert_int_equal(r, 1);
	return message;
}

static void expect_closed(struct fixture *f, struct varlink *v)
{
	json_t *message;
	int r;

	while ((r = varlink_receive(v, &message)) == 0)
		harness_turn(f->h);
	assert_int_equal(r, -ECONNRESET);
}

/* Call, and give the parameters of the reply, which is to be freed with *message. */
static json_t *call(struct fixture *f, struct varlink *v, const char *method,
		    const char *parameters, json_t **message)
{
	struct varlink_method_reply reply;

	send_call(v, method, parameters, "");
	*message = next_reply(f, v);
	assert_int_equal(varlink_parse_reply(*message, &reply), 0);
	assert_null(reply.error);
	assert_false(reply.continues);
	return reply.parameters;
}

static void expect_error(struct fixture *f, struct varlink *v, const char *error,
			 const char *parameters)
{
	json_auto_t *message = next_reply(f, v);
	json_auto_t *expected = json_loads(parameters, 0, NULL);
	struct varlink_method_reply reply;

	assert_non_null(expected);
	assert_int_equal(varlink_parse_reply(message, &reply), 0);
	assert_non_null(reply.error);
	assert_string_equal(reply.error, error);
	assert_true(json_equal(reply.parameters, expected));
}

static void expect_failure(struct fixture *f, struct varlink *v, const char *method,
			   const char *parameters, const char *error, const char *error_parameters)
{
	send_call(v, method, parameters, "");
	expect_error(f, v, error, error_parameters);
}

/* It still serves: with an answer to whoever asks. */
static void expect_alive(struct fixture *f)
{
	_cleanup_varlink_ struct varlink *v = connect_to(f);
	json_auto_t *message = NULL;

	call(f, v, "io.dwd.Watchdog.Status", NULL, &message);
}

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
	watch = json_array_get(json_object_get(call(f, v, "io.dwd.Watchdog.ListWatches", NULL,
						    &listed),
					       "watches"),
			       0);
	assert_int_equal(get_int(watch, "id"), 1);
	call(f, v, "io.dwd.Watchdog.Unwatch", "{\"id\": 1}", &removed);
	expect_failure(f, v, "io.dwd.Watchdog.Unwatch", "{\"id\": 1}",
		       "io.dwd.Watchdog.NoSuchWatch", "{\"id\": 1}");
	expect_failure(f, v, "io.dwd.Watchdog.Watch", "{\"target\": \"..\"}",
		       "io.dwd.Watchdog.InvalidTarget",
		       "{\"target\": \"..\", \"reason\": "
		       "\"\\\".\\\" and \\\"..\\\" are not names of programs\"}");
	f->h->fake->add_watch_error = -ENOSPC;
	expect_failure(f, v, "io.dwd.Watchdog.Watch", "{\"target\": \"x\"}",
		       "io.dwd.Watchdog.LimitReached",
		       "{\"limit\": \"watches\", \"value\": 10000}");
	f->h->fake->add_watch_error = -EIO;
	expect_failure(f, v, "io.dwd.Watchdog.Watch", "{\"target\": \"x\"}",
		       "io.dwd.Watchdog.KernelFailed", "{\"what\": \"Watch\", \"errno\": 5}");
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
	assert_int_equal(get_int(call(f, v, "io.dwd.Watchdog.Continue", "{\"all\": true}",
				      &message),
				 "continued"),
			 0);
}

static json_int_t stop_id(json_t *message)
{
	struct varlink_method_reply reply;

	assert_int_equal(varlink_parse_reply(message, &reply), 0);
	assert_null(reply.error);
	return get_int(json_object_get(reply.parameters, "stop"), "id");
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
		"", "{", "[]", "1", "{\"method\": 1}", "{}", "{\"method\": \"a.b\", \"more\": 1}",
		"{\"method\": \"a.b\", \"parameters\": []}", "{\"method\": \"\xff\"}", "null",
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
	assert_true(sent >= 1024 * 1024);
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

static void add_watches(struct fixture *f, int count)
{
	for (int i = 0; i < count; i++) {
		const struct watch *w;
		const char *reason;

		assert_int_equal(watchdog_add_watch(f->h->watchdog, &f->h->client, "name", NULL, &w,
						    &reason),
				 ANSWER_OK);
	}
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
		json_t *watch;
		size_t i;

		assert_int_equal(varlink_parse_reply(message, &reply), 0);
		json_array_foreach(json_object_get(reply.parameters, "watches"), i, watch)
			assert_int_equal(get_int(watch, "id"), ++last);
		continues = reply.continues;
	}
	assert_int_equal(last, COUNT);
	assert_true(replies > COUNT / 1000);
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

static json_t *next_events(struct fixture *f, struct varlink *v, json_t **message)
{
	struct varlink_method_reply reply;

	*message = next_reply(f, v);
	assert_int_equal(varlink_parse_reply(*message, &reply), 0);
	assert_null(reply.error);
	return json_object_get(reply.parameters, "events");
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
	events = json_object_get(call(f, v, "io.dwd.Watchdog.Subscribe", "{\"replay\": true}",
				      &message),
				 "events");
	assert_int_equal(json_array_size(events), 3);
	send_call(v, "io.dwd.Watchdog.Subscribe", "{\"replay\": true, \"follow\": true}", "m");
	assert_int_equal(json_array_size(next_events(f, v, &followed)), 3);
	add_watches(f, 1);
	assert_int_equal(json_array_size(next_events(f, v, &news)), 1);
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
fprintf(stderr,"told %zu lost %zu\n",told,lost);
		json_auto_t *message = NULL;
		json_t *event;
		size_t i;

		json_array_foreach(next_events(f, v, &message), i, event) {
			json_t *missed = json_object_get(event, "lost");

			told++;
			lost += missed ? (size_t)json_integer_value(missed) : 0;
		}
	}
	assert_int_equal(told + lost, COUNT);
	assert_true(lost > 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_introspection),
		TEST(test_unknown_methods),
		TEST(test_wrong_parameters),
		TEST(test_watches),
		TEST(test_status),
		TEST(test_list_and_continue),
		TEST(test_kill_all),
		TEST(test_claims),
		TEST(test_continue_what_is_debugged),
		TEST(test_vanished_client_gives_back),
		TEST(test_waits_time_out),
		TEST(test_calls_of_a_connection_in_order),
		TEST(test_oneway),
		TEST(test_malformed),
		TEST(test_oversized),
		TEST(test_half_a_message),
		TEST(test_peer_that_ends_its_input),
		TEST(test_long_list),
		TEST(test_many_calls_and_no_reading),
		TEST(test_subscribe),
		TEST(test_replay),
		TEST(test_slow_subscriber),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
