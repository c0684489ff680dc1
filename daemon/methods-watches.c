/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Watches, and events. */

#include "methods.h"

void method_watch(struct call *call)
{
	struct watchdog *w = call->service->watchdog;
	const char *target = params_string(call->parameters, "target"), *reason;
	const struct watch *watch;
	json_int_t number;
	bool has_uid = params_int(call->parameters, "uid", &number);
	uid_t uid = has_uid ? (uid_t)number : 0;
	int r;

	r = watchdog_add_watch(w, call_client(call), target, has_uid ? &uid : NULL, &watch,
			       &reason);
	if (r == ANSWER_INVALID_TARGET)
		call_fail(call, ERROR("InvalidTarget"),
			  json_pack("{s:s, s:s}", "target", target, "reason", reason));
	else if (r == ANSWER_LIMIT_REACHED)
		call_fail(call, ERROR("LimitReached"),
			  json_pack("{s:s, s:i}", "limit", "watches", "value", WATCHES_MAX));
	else if (r != ANSWER_OK)
		methods_fail(call, r, 0, NULL);
	else
		call_reply(call, json_pack("{s:o}", "watch", watchdog_watch_to_json(w, watch)));
}

void method_unwatch(struct call *call)
{
	json_int_t id = 0;
	json_t *watch;
	int r;

	params_int(call->parameters, "id", &id);
	r = watchdog_remove_watch(call->service->watchdog, call_client(call), (uint64_t)id, &watch);
	if (r == ANSWER_NO_SUCH_WATCH)
		call_fail(call, ERROR("NoSuchWatch"), json_pack("{s:I}", "id", id));
	else if (r != ANSWER_OK)
		methods_fail(call, r, 0, NULL);
	else
		call_reply(call, json_pack("{s:o}", "watch", watch));
}

static bool next_watch(struct call *call, json_t **ret)
{
	const struct watchdog *w = call->service->watchdog;
	const struct watch *watch = watchdog_next_watch(w, call->place);

	if (!watch)
		return false;
	call->place = watch->id;
	*ret = watchdog_watch_to_json(w, watch);
	return true;
}

void method_list_watches(struct call *call)
{
	methods_list(call, "watches", next_watch);
}

static bool next_kept_event(struct call *call, json_t **ret)
{
	if (call->place >= call->end)
		return false;
	*ret = events_read(watchdog_events(call->service->watchdog), &call->place);
	return true;
}

/* What has happened since the last reply; NULL without memory. */
static json_t *read_events(struct call *call)
{
	const struct events *events = watchdog_events(call->service->watchdog);
	json_t *array = json_array();

	while (call->place < events->next && json_array_size(array) < CHUNK)
		if (json_array_append_new(array, events_read(events, &call->place)) < 0) {
			json_decref(array);
			return NULL;
		}
	return json_pack("{s:o}", "events", array);
}

static void produce_events(struct call *call)
{
	if (call->place < watchdog_events(call->service->watchdog)->next)
		call_reply_part(call, read_events(call));
}

void method_subscribe(struct call *call)
{
	const struct events *events = watchdog_events(call->service->watchdog);
	bool replay = params_bool(call->parameters, "replay", false);

	call->place = replay ? events_replay_from(events) : events->next;
	call->end = events->next;
	if (replay && !params_bool(call->parameters, "follow", false)) {
		methods_list(call, "events", next_kept_event);
	} else if (!call->more) {
		call_fail(call, "org.varlink.service.ExpectedMore", NULL);
	} else {
		/* At once, so that the peer knows from when on it misses nothing. */
		call->produce = produce_events;
		call->follows_events = true;
		call_reply_part(call, read_events(call));
	}
}
