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

/* Of a process that was let run and that only root watches it is not known whose it is. */
#define OWNER_UNKNOWN ((uid_t)-1)

static uid_t owner_of(const struct event *event)
{
	if (event->stop)
		return event->stop->uid;
	return event->watch || event->skip.users_watch ? event->user : OWNER_UNKNOWN;
}

static bool is_roots(uid_t owner)
{
	return owner == 0;
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
	for (size_t i = 0; i < e->count; i++)
		drop(&e->kept[i]);
}

/* ---- whose events are kept, and whose go ----------------------------------------------------- */

static void count_one_more(struct events *e, uid_t owner)
{
	size_t i = 0;

	if (is_roots(owner))
		return;
	while (i < e->user_count && e->users[i].owner != owner)
		i++;
	if (i == e->user_count) {
		e->users[i].owner = owner;
		e->users[i].count = 0;
		e->user_count++;
	}
	e->users[i].count++;
	e->users_events++;
}

static void count_one_less(struct events *e, uid_t owner)
{
	size_t i = 0;

	if (is_roots(owner))
		return;
	while (e->users[i].owner != owner)
		i++;
	if (--e->users[i].count == 0)
		e->users[i] = e->users[--e->user_count];
	e->users_events--;
}

/* Whether one has to go before there can be another of this owner's. */
static bool is_full_for(const struct events *e, uid_t owner)
{
	return is_roots(owner) ? e->count - e->users_events == EVENTS_ROOTS
			       : e->users_events == EVENTS_USERS;
}

/* Who has to give one for it: root himself, or the user who has most. */
static uid_t who_gives(const struct events *e, uid_t owner)
{
	size_t most = 0;

	if (is_roots(owner))
		return owner;
	for (size_t i = 1; i < e->user_count; i++)
		if (e->users[i].count > e->users[most].count ||
		    (e->users[i].count == e->users[most].count && e->users[i].owner == owner))
			most = i;
	return e->users[most].owner;
}

/* Take away the oldest event of this owner's, of which there is one. The place that is free now. */
static uint32_t take_oldest(struct events *e, uid_t owner)
{
	struct events_listener *l;
	uint32_t place;
	size_t i = 0;

	while (e->order[i].owner != owner)
		i++;
	place = e->order[i].at;
	TAILQ_FOREACH(l, &e->listeners, entry)
	l->dropped(l, &e->kept[place]);
	drop(&e->kept[place]);
	e->count--;
	memmove(&e->order[i], &e->order[i + 1], (e->count - i) * sizeof(e->order[0]));
	count_one_less(e, owner);
	return place;
}

void events_add(struct events *e, const struct event *event)
{
	uid_t owner = owner_of(event);
	uint32_t at = is_full_for(e, owner) ? take_oldest(e, who_gives(e, owner))
					    : (uint32_t)e->count;
	struct event *place = &e->kept[at];
	struct events_listener *l;

	*place = *event;
	place->number = e->next++;
	place->time = clock_realtime_us();
	if (place->stop)
		stop_ref(place->stop);
	json_incref(place->watch);
	e->order[e->count].owner = owner;
	e->order[e->count].at = at;
	e->count++;
	count_one_more(e, owner);
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

/* ---- reading --------------------------------------------------------------------------------- */

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

static json_t *event_to_json(const struct event *event, const struct principal *viewer)
{
	char time[CLOCK_TEXT_SIZE];
	json_t *object;

	clock_format(event->time, time);
	object = json_pack("{s:s, s:s}", "event", type_names[event->type], "time", time);
	if (object && fill(object, event, viewer) < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static const struct event *in_order(const struct events *e, size_t i)
{
	return &e->kept[e->order[i].at];
}

/* The first that is kept from this number on, as an index of `order`. */
static size_t find(const struct events *e, uint64_t number)
{
	size_t from = 0, to = e->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (in_order(e, middle)->number < number)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

json_t *events_read(const struct events *e, const struct principal *viewer, uint64_t *place)
{
	size_t i = find(e, *place);
	json_t *object;

	while (i < e->count && !permissions_see_event(viewer, in_order(e, i)))
		i++;
	if (i == e->count) {
		*place = e->next;
		return NULL;
	}
	object = event_to_json(in_order(e, i), viewer);
	if (object)
		*place = in_order(e, i)->number + 1;
	return object;
}
