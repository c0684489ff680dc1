/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Events of libdwd: the subscription, the queue, delivery.
 *
 * The queue is bounded. When it is full the subscription's socket is no longer read: it is the
 * daemon then that drops events, counts them and says so in the next one (`lost`). So a program
 * that sits in a call for hours neither grows nor misses silently.
 */

#include "connection.h"

#include <poll.h>

/* A reply may bring several events, so the queue can grow somewhat longer. */
#define QUEUE_MAX 4096

bool events_wanted(const struct dwd *d)
{
	return json_array_size(d->queue) < QUEUE_MAX;
}

static int enqueue(struct dwd *d, const json_t *parameters)
{
	json_t *events = json_object_get(parameters, "events");

	if (!json_is_array(events))
		return conn_break(d, -EPROTO, "dwdd sent events without 'events'");
	if (json_array_extend(d->queue, events) < 0)
		return conn_break(d, -ENOMEM, "events: %s", strerror(ENOMEM));
	return 0;
}

/* One message of the subscription. */
static int read_reply(struct dwd *d, json_t *message)
{
	struct varlink_method_reply reply;
	int r;

	r = varlink_parse_reply(message, &reply);
	if (r < 0)
		return conn_fail_stream(d, d->events, r);
	if (reply.error)
		return conn_break(d, -EPROTO, "dwdd ended the subscription: %s", reply.error);
	r = enqueue(d, reply.parameters);
	if (r == 0 && !reply.continues)
		return conn_break(d, -ECONNRESET, "dwdd ended the subscription");
	return r;
}

int events_read(struct dwd *d)
{
	int r = 0;

	while (r == 0 && events_wanted(d)) {
		json_auto_t *message = NULL;

		r = varlink_receive(d->events, &message);
		if (r == 0)
			break;
		r = r < 0 ? conn_fail_stream(d, d->events, r) : read_reply(d, message);
	}
	if (r == 0)
		conn_update_wake(d);
	return r;
}

int dwd_subscribe(struct dwd *d, bool replay, const struct dwd_listener *listener, void *userdata)
{
	_cleanup_(varlink_freep) struct varlink *v = NULL;
	json_auto_t *first = NULL;
	bool continues = false;
	int r;

	r = conn_check(d);
	if (r == 0 && d->events)
		r = conn_fail(d, -EALREADY, "there is a subscription already");
	if (r == 0)
		r = conn_open(d, &v);
	if (r == 0)
		r = conn_send(d, v, "Subscribe",
			      json_pack("{s:b, s:b}", "replay", replay, "follow", true), true);
	if (r == 0)
		r = conn_receive(d, v, 0, &first, &continues);
	if (r < 0)
		return r;
	if (!continues)
		return conn_fail(d, -EPROTO, "dwdd ended the subscription at once");
	d->events = steal_pointer(v);
	d->listener = *listener;
	d->userdata = userdata;
	r = enqueue(d, first);
	if (r == 0)
		conn_update_wake(d);
	return r;
}

typedef void (*event_callback)(struct dwd *d, const struct dwd_event *event, void *userdata);

/* Hand events to `callback`, which may be NULL. Returns how many, or fails by conn_fail_reply(). */
static ssize_t deliver(struct dwd *d, const json_t *events, event_callback callback, void *userdata)
{
	size_t n = json_array_size(events);

	for (size_t i = 0; i < n && callback; i++) {
		_cleanup_(event_freep) struct dwd_event *event = NULL;
		const char *bad = NULL;
		int r;

		r = event_parse(&event, json_array_get(events, i), &bad);
		if (r < 0)
			return conn_fail_reply(d, r, bad);
		d->in_callback = true;
		callback(d, event, userdata);
		d->in_callback = false;
	}
	return (ssize_t)n;
}

int dwd_history(struct dwd *d, event_callback cb, void *userdata)
{
	json_auto_t *events = NULL;
	ssize_t n;
	int r;

	r = conn_check(d);
	if (r == 0)
		r = conn_collect(d, "Subscribe", json_pack("{s:b}", "replay", true), "events",
				 &events);
	if (r < 0)
		return r;
	n = deliver(d, events, cb, userdata);
	return n < 0 ? (int)n : 0;
}

/* Look at both sockets. What is wrong with them is in d->broken afterwards. */
static void look(struct dwd *d)
{
	json_auto_t *message = NULL;
	int r;

	if (!d->broken && d->events)
		(void)events_read(d);
	if (d->broken)
		return;
	/* No call is in progress, so this can only show that the daemon is gone. */
	r = varlink_receive(d->calls, &message);
	if (r < 0)
		(void)conn_fail_stream(d, d->calls, r);
	else if (r > 0)
		(void)conn_break(d, -EPROTO, "dwdd answered without having been asked");
}

/* Deliver what is queued. Returns how many. */
static int deliver_queue(struct dwd *d)
{
	ssize_t n = deliver(d, d->queue, d->listener.event, d->userdata);

	json_array_clear(d->queue);
	if (n < 0)
		return conn_break(d, (int)n, "%s", dwd_error(d));
	conn_update_wake(d);
	return (int)n;
}

static int tell_broken(struct dwd *d)
{
	if (d->listener.error && !d->broken_told) {
		d->broken_told = true;
		d->in_callback = true;
		d->listener.error(d, d->broken, conn_broken_message(d), d->userdata);
		d->in_callback = false;
	}
	return conn_fail(d, d->broken, "%s", conn_broken_message(d));
}

int dwd_dispatch(struct dwd *d, int timeout)
{
	int64_t start = conn_now();

	if (d->in_callback)
		return conn_check(d);
	for (;;) {
		struct pollfd p = {.fd = d->epoll_fd, .events = POLLIN};
		int r;

		look(d);
		r = deliver_queue(d);
		if (r != 0)
			return r;
		if (d->broken)
			return tell_broken(d);
		r = poll(&p, 1, conn_time_left(timeout, start));
		if (r < 0)
			return conn_fail(d, -errno, "waiting for events: %s", strerror(errno));
		if (r == 0)
			return 0;
	}
}
