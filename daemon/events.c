/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "events.h"

#include <signal.h>

#include "backend.h"
#include "clock.h"
#include "permissions.h"
#include "varlink.h"

static const char *const type_names[] = {
	[EVENT_STOPPED] = "stopped",	 [EVENT_ATTACHED] = "attached",
	[EVENT_DETACHED] = "detached",	 [EVENT_CONTINUED] = "continued",
	[EVENT_KILLED] = "killed",	 [EVENT_GONE] = "gone",
	[EVENT_SKIPPED] = "skipped",	 [EVENT_WATCHED] = "watched",
	[EVENT_UNWATCHED] = "unwatched",
};

_Static_assert(ARRAY_SIZE(type_names) == EVENT_TYPE_COUNT, "an event has no name");

static struct event *at(const struct events *e, uint64_t number)
{
	return (struct event *)&e->ring[number % EVENTS_KEPT];
}

static uint64_t back(const struct events *e, uint64_t count)
{
	return e->next > count ? e->next - count : 0;
}

void events_init(struct events *e)
{
	TAILQ_INIT(&e->listeners);
}

static void drop(struct event *event)
{
	stop_unref(event->stop);
	json_decref(event->watch);
	*event = (struct event){};
}

void events_destroy(struct events *e)
{
	for (size_t i = 0; i < EVENTS_KEPT; i++)
		drop(&e->ring[i]);
}

void events_add(struct events *e, const struct event *event)
{
	struct event *place = at(e, e->next);
	struct events_listener *l;

	drop(place);
	*place = *event;
	place->time = clock_realtime_us();
	if (place->stop)
		stop_ref(place->stop);
	json_incref(place->watch);
	e->next++;
	TAILQ_FOREACH(l, &e->listeners, entry)
	l->added(l);
}

void events_listen(struct events *e, struct events_listener *l)
{
	TAILQ_INSERT_TAIL(&e->listeners, l, entry);
}

void events_unlisten(struct events *e, struct events_listener *l)
{
	TAILQ_REMOVE(&e->listeners, l, entry);
}

uint64_t events_replay_from(const struct events *e)
{
	return back(e, EVENTS_REPLAY);
}

static json_t *skip_to_json(const struct event *event, const struct principal *viewer)
{
	json_int_t watch = (json_int_t)(principal_is_root(viewer) ? event->skip.watch
								  : event->skip.users_watch);
	json_t *object = json_pack("{s:i, s:s, s:I}", "pid", event->skip.pid, "reason",
				   backend_skip_name(event->skip.reason), "watch", watch);

	if (object && varlink_set_bytes(object, "comm", event->skip.comm,
					strnlen(event->skip.comm, DWD_COMM_LEN)) < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

/* "SIGKILL"; real-time signals have no names of their own: "SIGRTMIN+2". */
static json_t *signal_to_json(int number)
{
	const char *name = sigabbrev_np(number);

	if (name)
		return json_sprintf("SIG%s", name);
	return number >= SIGRTMIN ? json_sprintf("SIGRTMIN+%d", number - SIGRTMIN)
				  : json_sprintf("SIG%d", number);
}

static int fill(json_t *object, const struct event *event, const struct principal *viewer)
{
	if (event->stop &&
	    json_object_set_new(object, "stop",
				stop_to_json(event->stop, &event->now, viewer, false)) < 0)
		return -ENOMEM;
	if (event->watch && json_object_set(object, "watch", event->watch) < 0)
		return -ENOMEM;
	if (event->type == EVENT_SKIPPED &&
	    json_object_set_new(object, "skip", skip_to_json(event, viewer)) < 0)
		return -ENOMEM;
	if (event->by && json_object_set_new(object, "by", json_integer(event->by)) < 0)
		return -ENOMEM;
	if (event->signal &&
	    json_object_set_new(object, "signal", signal_to_json(event->signal)) < 0)
		return -ENOMEM;
	return 0;
}

static json_t *event_to_json(const struct event *event, const struct principal *viewer,
			     uint64_t lost)
{
	char time[CLOCK_TEXT_SIZE];
	json_t *object;

	clock_format(event->time, time);
	object = json_pack("{s:s, s:s}", "event", type_names[event->type], "time", time);
	if (!object)
		return NULL;
	if (fill(object, event, viewer) < 0 ||
	    (lost && json_object_set_new(object, "lost", json_integer((json_int_t)lost)) < 0)) {
		json_decref(object);
		return NULL;
	}
	return object;
}

json_t *events_read(const struct events *e, const struct principal *viewer, uint64_t *place)
{
	uint64_t oldest = back(e, EVENTS_KEPT);
	uint64_t number = *place < oldest ? oldest : *place;
	uint64_t lost = number - *place;
	json_t *object;

	while (number < e->next && !permissions_see_event(viewer, at(e, number)))
		number++;
	if (number >= e->next) {
		*place = e->next;
		return NULL;
	}
	object = event_to_json(at(e, number), viewer, lost);
	if (object)
		*place = number + 1;
	return object;
}
