/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer.h"

#include <sys/epoll.h>

#include "clock.h"
#include "log.h"
#include "methods.h"
#include "permissions.h"

#define MESSAGE_LIMIT (1024 * 1024)
#define QUEUE_LIMIT   (256 * 1024)
/* Calls or replies worked on before others get their turn, and for how long: with as many peers as
 * there may be, a round of turns is to take a fraction of a second. */
#define STEPS_A_TURN 16
#define TURN_US	     500

static struct peer *peer_of(struct call *call)
{
	return container_of(call, struct peer, call);
}

struct watchdog_client *call_client(struct call *call)
{
	return &peer_of(call)->client;
}

static bool has_room(const struct peer *peer)
{
	return varlink_queued(peer->link) < QUEUE_LIMIT;
}

/* Have on_work() called when its turn comes: behind all that is due already. (That is why it is a
 * timer. A defer source goes before everything else, each time that it is enabled: one peer with
 * many calls would keep all others waiting, and the engine.) */
static void wake(struct peer *peer)
{
	int enabled = SD_EVENT_OFF;

	sd_event_source_get_enabled(peer->work, &enabled);
	if (enabled != SD_EVENT_OFF)
		return;
	sd_event_source_set_time(peer->work, clock_monotonic_us());
	sd_event_source_set_enabled(peer->work, SD_EVENT_ONESHOT);
}

static void end_call(struct call *call)
{
	watchdog_cancel(call->service->watchdog, &call->waiter);
	sd_event_source_disable_unref(call->timer);
	json_decref(call->message);
	*call = (struct call){.service = call->service};
}

static void send_message(struct call *call, json_t *message)
{
	struct peer *peer = peer_of(call);
	int r;

	if (call->oneway) {
		json_decref(message);
		return;
	}
	r = varlink_enqueue(peer->link, message);
	if (r < 0) {
		log_error("dropped the connection of process %d: %s", (int)peer->client.pid,
			  strerror(-r));
		peer->broken = true;
		wake(peer);
	}
}

void call_reply(struct call *call, json_t *parameters)
{
	send_message(call, parameters ? varlink_reply(parameters, false) : NULL);
	end_call(call);
	wake(peer_of(call));
}

void call_reply_part(struct call *call, json_t *parameters)
{
	send_message(call, parameters ? varlink_reply(parameters, true) : NULL);
}

void call_fail(struct call *call, const char *error, json_t *parameters)
{
	send_message(call, varlink_error(error, parameters));
	end_call(call);
	wake(peer_of(call));
}

/* A call may last: what it is not made of is not kept for so long. */
static void keep_call_only(json_t *message)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(message, next, key, value)
	{
		if (!str_eq(key, "method") && !str_eq(key, "parameters"))
			json_object_del(message, key);
	}
}

static void begin_call(struct peer *peer, json_t *message)
{
	struct varlink_method_call received;

	if (varlink_parse_call(message, &received) < 0) {
		log_rarely(&peer->service->faults,
			   "closed the connection of process %d of user %u: it sent something that "
			   "is no call",
			   (int)peer->client.pid, peer->client.user.uid);
		json_decref(message);
		peer->broken = true;
		return;
	}
	keep_call_only(message);
	peer->call = (struct call){
		.service = peer->service,
		.message = message,
		.method = received.method,
		.parameters = received.parameters,
		.more = received.more && !received.oneway,
		.oneway = received.oneway,
		.active = true,
	};
	methods_run(&peer->call);
}

static const char *what_is_wrong(int error)
{
	switch (error) {
	case -EPIPE:
		return "it ended in the middle of a message";
	case -EMSGSIZE:
		return "it sent a message larger than it may (root: 1 MiB, others: 128 KiB)";
	case -EBADMSG:
		return "it sent what is no JSON, or has a key twice, \\u0000, too many levels or "
		       "a number too large (integers: beyond 64 bits)";
	}
	return strerror(-error);
}

static void input_ended(struct peer *peer, int error)
{
	peer->ended = true;
	if (error == -ECONNRESET)
		return;
	log_rarely(&peer->service->faults, "closed the connection of process %d of user %u: %s",
		   (int)peer->client.pid, peer->client.user.uid, what_is_wrong(error));
	peer->broken = true;
}

/* One reply, or one call. False if there is nothing to do for now. */
static bool step(struct peer *peer)
{
	json_t *message;
	int r;

	if (peer->broken || !has_room(peer))
		return false;
	if (peer->call.active) {
		if (!peer->call.produce || peer->call.follows_events)
			return false;
		peer->call.produce(&peer->call);
		return true;
	}
	if (peer->ended)
		return false;
	r = varlink_receive(peer->link, &message);
	if (r > 0)
		begin_call(peer, message);
	else if (r < 0)
		input_ended(peer, r);
	return r > 0;
}

static int on_unread(sd_event_source *source, uint64_t time, void *userdata)
{
	struct peer *peer = userdata;

	log_rarely(&peer->service->faults,
		   "closed the connection of process %d of user %u: for %g s it has read nothing "
		   "of what waits for it",
		   (int)peer->client.pid, peer->client.user.uid,
		   (double)peer->service->patience / 1000000);
	peer->broken = true;
	wake(peer);
	return 0;
}

/* The time of a peer that has no room runs from when it last read something. */
static void mind_unread(struct peer *peer, bool has_read)
{
	int enabled = SD_EVENT_OFF;

	sd_event_source_get_enabled(peer->unread, &enabled);
	if (has_room(peer)) {
		sd_event_source_set_enabled(peer->unread, SD_EVENT_OFF);
	} else if (has_read || enabled == SD_EVENT_OFF) {
		sd_event_source_set_time(peer->unread,
					 clock_monotonic_us() + peer->service->patience);
		sd_event_source_set_enabled(peer->unread, SD_EVENT_ONESHOT);
	}
}

static void flush(struct peer *peer)
{
	size_t queued = varlink_queued(peer->link);

	if (peer->broken)
		return;
	if (varlink_flush(peer->link) < 0) {
		/* It is gone; why is its own affair. */
		peer->broken = true;
		wake(peer);
	}
	mind_unread(peer, varlink_queued(peer->link) < queued);
}

static bool has_news(const struct peer *peer)
{
	return peer->call.follows_events &&
	       peer->call.place < watchdog_events(peer->service->watchdog)->next;
}

/* Events are read from the ring as long as there is room: later they may be overwritten there. */
static void feed_events(struct peer *peer)
{
	while (has_news(peer) && has_room(peer) && !peer->broken)
		peer->call.produce(&peer->call);
}

/* What could be done at once, without waiting for the socket. */
static bool has_work(const struct peer *peer)
{
	if (!has_room(peer))
		return false;
	if (peer->call.active)
		return peer->call.follows_events ? has_news(peer) : peer->call.produce != NULL;
	return !peer->ended && varlink_pending(peer->link);
}

/* See to it that what there is to do is done: now, or when the socket allows. */
static void go_on(struct peer *peer)
{
	uint32_t events = 0;

	if (has_work(peer))
		wake(peer);
	if (!peer->call.active && !peer->ended && has_room(peer))
		events |= EPOLLIN;
	if (varlink_queued(peer->link) > 0)
		events |= EPOLLOUT;
	sd_event_source_set_io_events(peer->io, events);
}

static bool is_done(const struct peer *peer)
{
	return peer->broken ||
	       (peer->ended && !peer->call.active && varlink_queued(peer->link) == 0);
}

static void work(struct peer *peer)
{
	uint64_t end = clock_monotonic_us() + TURN_US;

	for (int i = 0; i < STEPS_A_TURN && step(peer) && clock_monotonic_us() < end; i++)
		;
	feed_events(peer);
	flush(peer);
	if (is_done(peer))
		peer->service->remove(peer->service, peer);
	else
		go_on(peer);
}

static int on_work(sd_event_source *source, uint64_t time, void *userdata)
{
	work(userdata);
	return 0;
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct peer *peer = userdata;

	/* Both directions are closed. (One that only ended its input still gets its answers.) */
	if (revents & (EPOLLHUP | EPOLLERR))
		peer->broken = true;
	flush(peer);
	work(peer);
	return 0;
}

void peer_news(struct peer *peer)
{
	if (!peer->call.follows_events || peer->broken)
		return;
	feed_events(peer);
	flush(peer);
	go_on(peer);
}

/* A timer that is off. */
static int add_timer(struct peer *peer, sd_event_source **ret, uint64_t accuracy_us,
		     sd_event_time_handler_t handler)
{
	int r = sd_event_add_time(peer->service->event, ret, CLOCK_MONOTONIC, 0, accuracy_us,
				  handler, peer);

	return r < 0 ? r : sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
}

static int add_sources(struct peer *peer, int fd)
{
	int r;

	r = sd_event_add_io(peer->service->event, &peer->io, fd, EPOLLIN, on_io, peer);
	if (r >= 0)
		r = add_timer(peer, &peer->work, 1, on_work);
	return r < 0 ? r : add_timer(peer, &peer->unread, 0, on_unread);
}

struct principal peer_principal(const struct ucred *credentials)
{
	if (credentials->uid == geteuid())
		return (struct principal){};
	return (struct principal){.uid = credentials->uid, .gid = credentials->gid};
}

int peer_new(struct peer **ret, struct service *service, int fd, const struct ucred *credentials)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	int r;

	if (!peer)
		return -ENOMEM;
	peer->service = peer->call.service = service;
	peer->client = (struct watchdog_client){
		.pid = credentials->pid,
		.user = peer_principal(credentials),
	};
	r = add_sources(peer, fd);
	if (r >= 0)
		r = varlink_new(&peer->link, fd,
				principal_is_root(&peer->client.user) ? MESSAGE_LIMIT
								      : USER_MESSAGE_MAX);
	if (r < 0) {
		peer_free(peer);
		return r;
	}
	*ret = peer;
	return 0;
}

struct peer *peer_free(struct peer *peer)
{
	if (!peer)
		return NULL;
	if (peer->link && !peer->broken)
		varlink_flush(peer->link);
	end_call(&peer->call);
	watchdog_leave(peer->service->watchdog, &peer->client);
	sd_event_source_disable_unref(peer->io);
	sd_event_source_disable_unref(peer->work);
	sd_event_source_disable_unref(peer->unread);
	varlink_free(peer->link);
	free(peer);
	return NULL;
}
