/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service-harness.h"

int service_setup(void **state)
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

int service_teardown(void **state)
{
	struct fixture *f = *state;

	server_free(f->server);
	harness_teardown((void **)&f->h);
	free(f);
	return 0;
}

int connect_raw(struct fixture *f)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&f->address, f->address_size), 0);
	return fd;
}

struct varlink *connect_to(struct fixture *f)
{
	struct varlink *v;

	assert_int_equal(varlink_new(&v, connect_raw(f), 64 << 20), 0);
	return v;
}

void send_call(struct varlink *v, const char *method, const char *parameters, const char *flags)
{
	json_t *json = parameters ? json_loads(parameters, 0, NULL) : NULL;

	assert_true(json || !parameters);
	assert_int_equal(varlink_enqueue(v, varlink_call(method, json, strchr(flags, 'm'),
							 strchr(flags, 'o'))),
			 0);
	assert_int_equal(varlink_flush(v), 1);
}

json_t *next_reply(struct fixture *f, struct varlink *v)
{
	json_t *message;
	int r;

	while ((r = varlink_receive(v, &message)) == 0)
		harness_turn(f->h);
	assert_int_equal(r, 1);
	return message;
}

void expect_closed(struct fixture *f, struct varlink *v)
{
	json_t *message;
	int r;

	while ((r = varlink_receive(v, &message)) == 0)
		harness_turn(f->h);
	assert_int_equal(r, -ECONNRESET);
}

json_t *call(struct fixture *f, struct varlink *v, const char *method, const char *parameters,
	     json_t **message)
{
	struct varlink_method_reply reply;

	send_call(v, method, parameters, "");
	*message = next_reply(f, v);
	assert_int_equal(varlink_parse_reply(*message, &reply), 0);
	assert_null(reply.error);
	assert_false(reply.continues);
	return reply.parameters;
}

void expect_error(struct fixture *f, struct varlink *v, const char *error, const char *parameters)
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

void expect_failure(struct fixture *f, struct varlink *v, const char *method,
		    const char *parameters, const char *error, const char *error_parameters)
{
	send_call(v, method, parameters, "");
	expect_error(f, v, error, error_parameters);
}

void expect_alive(struct fixture *f)
{
	_cleanup_varlink_ struct varlink *v = connect_to(f);
	json_auto_t *message = NULL;

	call(f, v, "io.dwd.Watchdog.Status", NULL, &message);
}

json_int_t stop_id(json_t *message)
{
	struct varlink_method_reply reply;

	assert_int_equal(varlink_parse_reply(message, &reply), 0);
	assert_null(reply.error);
	return get_int(json_object_get(reply.parameters, "stop"), "id");
}

void add_watches(struct fixture *f, int count)
{
	for (int i = 0; i < count; i++) {
		const struct watch *w;

		assert_int_equal(harness_add_watch(f->h, &f->h->client, "name", NULL, &w),
				 ANSWER_OK);
	}
}

json_t *next_events(struct fixture *f, struct varlink *v, json_t **message)
{
	struct varlink_method_reply reply;

	*message = next_reply(f, v);
	assert_int_equal(varlink_parse_reply(*message, &reply), 0);
	assert_null(reply.error);
	return json_object_get(reply.parameters, "events");
}
