/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Watches, and events. */

#include "methods.h"
#include "permissions.h"

static bool is_kill(const char *then)
{
	return then && str_eq(then, "kill");
}

/* `rule` borrows from the parameters and from the arrays, which the caller frees. */
static int read_rule(json_t *parameters, struct watch_rule *rule, const char ***args,
		     const char ***variables)
{
	int r;

	r = params_strings(parameters, "args", args);
	if (r == 0)
		r = params_strings(parameters, "setenv", variables);
	*rule = (struct watch_rule){
		.target = params_string(parameters, "target"),
		.filters = watch_filters_from_json(parameters, *args),
		.hold = params_count(parameters, "hold"),
		.then_kill = is_kill(params_string(parameters, "then")),
		.own = params_bool(parameters, "own", false),
		.setenv = *variables,
	};
	return r;
}

static void fail_limit(struct call *call, const struct watch_fault *fault)
{
	methods_log_refusal(call, "a watch", "there are as many as may be");
	call_fail(call, ERROR("LimitReached"),
		  json_pack("{s:s, s:I}", "limit", "watches", "value", (json_int_t)fault->limit));
}

static void fail_not_permitted(struct call *call, const struct watch_fault *fault)
{
	methods_log_refusal(call, "a watch", fault->reason);
	call_fail(call, ERROR("NotPermitted"), json_pack("{s:s}", "reason", fault->reason));
}

static void add_watch(struct call *call, const struct watch_rule *rule)
{
	struct watchdog *w = call->service->watchdog;
	const struct watch *watch;
	struct watch_fault fault;
	int r;

	r = watchdog_add_watch(w, call_client(call), rule, &watch, &fault);
	if (r == ANSWER_INVALID_TARGET)
		call_fail(call, ERROR("InvalidTarget"),
			  json_pack("{s:s, s:s}", "target", rule->target, "reason", fault.reason));
	else if (r == ANSWER_INVALID_FILTER)
		call_fail(call, ERROR("InvalidFilter"),
			  json_pack("{s:s, s:s}", "filter", fault.filter, "reason", fault.reason));
	else if (r == ANSWER_LIMIT_REACHED)
		fail_limit(call, &fault);
	else if (r == ANSWER_NOT_PERMITTED)
		fail_not_permitted(call, &fault);
	else if (r != ANSWER_OK)
		methods_fail(call, r, 0, NULL);
	else
		call_reply(call, json_pack("{s:o}", "watch", watchdog_watch_to_json(w, watch)));
}

static bool is_action(const char *then)
{
	return !then || is_kill(then) || str_eq(then, "continue");
}

void method_watch(struct call *call)
{
	_cleanup_free_ const char **args = NULL, **variables = NULL;
	const char *then = params_string(call->parameters, "then");
	struct watch_rule rule;

	if (read_rule(call->parameters, &rule, &args, &variables) < 0)
		methods_fail(call, -ENOMEM, 0, NULL);
	else if (!is_action(then) || (then && !rule.hold))
		methods_fail_parameter(call, "then");
	else if (methods_check_variables(call, variables))
		add_watch(call, &rule);
}

/* Told to the administrator, not to him who asks. */
static bool is_of_others(struct call *call, uint64_t id)
{
	const struct watch *watch = id > 0 ? watchdog_next_watch(call->service->watchdog, id - 1)
					   : NULL;

	return watch && watch->id == id && !permissions_see_watch(methods_user(call), watch);
}

void method_unwatch(struct call *call)
{
	json_int_t id = 0;
	json_t *watch;
	int r;

	params_int(call->parameters, "id", &id);
	r = watchdog_remove_watch(call->service->watchdog, call_client(call), (uint64_t)id, &watch);
	if (r == ANSWER_NO_SUCH_WATCH && is_of_others(call, (uint64_t)id))
		methods_log_refusal(call, "an act on a watch", "it is not his");
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

	while (watch && !permissions_see_watch(methods_user(call), watch))
		watch = watchdog_next_watch(w, watch->id);
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

void methods_event_dropped(struct call *call, const struct event *event)
{
	if (call->reads_events && call->place <= event->number && event->number < call->end &&
	    permissions_see_event(methods_user(call), event))
		call->lost++;
}

/* NULL if there is none yet that is his, or no memory. */
static json_t *read_event(struct call *call)
{
	uint64_t place = call->place;
	json_t *event =
		events_read(watchdog_events(call->service->watchdog), methods_user(call), &place);

	if (event && call->lost &&
	    json_object_set_new(event, "lost", json_integer((json_int_t)call->lost)) < 0) {
		json_decref(event);
		return NULL;
	}
	call->place = place;
	if (event)
		call->lost = 0;
	return event;
}

static bool next_kept_event(struct call *call, json_t **ret)
{
	if (call->place >= call->end)
		return false;
	*ret = read_event(call);
	return *ret || call->place < call->end;
}

/* What has happened since the last reply; NULL without memory. */
static json_t *read_events(struct call *call)
{
	const struct events *events = watchdog_events(call->service->watchdog);
	json_t *array = json_array();
	size_t weight = 0;

	while (call->place < events->next && json_array_size(array) < CHUNK &&
	       weight < USER_REPLY_MAX) {
		json_t *event = read_event(call);

		if (!event && call->place == events->next)
			break; /* there was nothing more that is his */
		weight += event ? methods_weight(call, event) : 0;
		if (json_array_append_new(array, event) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static void reply_events(struct call *call, json_t *events)
{
	call_reply_part(call, json_pack("{s:o}", "events", events));
}

/* What happens to others, he is not even told the time of. */
static void produce_events(struct call *call)
{
	json_t *events;

	if (call->place >= watchdog_events(call->service->watchdog)->next)
		return;
	events = read_events(call);
	if (events && json_array_size(events) == 0)
		json_decref(events);
	else
		reply_events(call, events);
}

void method_subscribe(struct call *call)
{
	const struct events *events = watchdog_events(call->service->watchdog);
	bool replay = params_bool(call->parameters, "replay", false);
	bool follow = !replay || params_bool(call->parameters, "follow", false);

	call->place = replay ? 0 : events->next;
	call->end = follow ? UINT64_MAX : events->next;
	call->reads_events = true;
	if (!follow) {
		methods_list(call, "events", next_kept_event);
	} else if (!call->more) {
		call_fail(call, "org.varlink.service.ExpectedMore", NULL);
	} else {
		/* At once, so that the peer knows from when on it misses nothing. */
		call->produce = produce_events;
		call->follows_events = true;
		reply_events(call, read_events(call));
	}
}
