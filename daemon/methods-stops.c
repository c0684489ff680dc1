/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Stops: list them, let them run, signal them. */

#include "methods.h"

#include <signal.h>

/* When few are asked for, see what each does now; of a single one all is told. */
static bool next_stop(struct call *call, json_t **ret)
{
	struct watchdog *w = call->service->watchdog;
	struct stop_selector selector = methods_selector(call->parameters);
	bool one = selector.id || selector.pid;
	struct stop *s;

	while ((s = watchdog_next_stop(w, call->place, &selector))) {
		call->place = s->id;
		if ((one || watchdog_has_few_stops(w)) && !watchdog_look(w, s))
			continue;
		*ret = stop_to_json(s, &s->now, one);
		return true;
	}
	return false;
}

void method_list_stops(struct call *call)
{
	methods_list(call, "stops", next_stop);
}

/* What is done to each stop of a call. */
typedef int (*stop_action)(struct call *call, struct stop *s);

static int do_continue(struct call *call, struct stop *s)
{
	return watchdog_continue(call->service->watchdog, call_client(call), s);
}

static int do_kill(struct call *call, struct stop *s)
{
	json_int_t number = SIGKILL;

	params_int(call->parameters, "signal", &number);
	return watchdog_kill(call->service->watchdog, call_client(call), s, (int)number);
}

static json_int_t act_on_all(struct call *call, stop_action action)
{
	static const struct stop_selector any;
	struct stop *s;
	uint64_t id = 0;
	json_int_t done = 0;

	while ((s = watchdog_next_stop(call->service->watchdog, id, &any))) {
		id = s->id;
		done += action(call, s) == ANSWER_OK;
	}
	return done;
}

/* All that can be done is done; the first that could not be is what the call fails with. */
struct outcome {
	json_int_t done;
	int failure; /* ANSWER_OK: none; else: */
	uint64_t id;
	struct stop_now now;
};

static void act_on_one(struct call *call, stop_action action, uint64_t id, struct outcome *outcome)
{
	struct stop *s = watchdog_find_stop(call->service->watchdog, id);
	int answer = ANSWER_NO_SUCH_STOP;

	if (s && !stop_is_over(s))
		answer = action(call, s);
	if (answer == ANSWER_OK) {
		outcome->done++;
	} else if (outcome->failure == ANSWER_OK) {
		outcome->failure = answer;
		outcome->id = id;
		s = watchdog_find_stop(call->service->watchdog, id);
		if (s)
			outcome->now = s->now;
	}
}

static void act(struct call *call, stop_action action, const char *key)
{
	json_t *ids = json_object_get(call->parameters, "ids"), *id;
	bool all = params_bool(call->parameters, "all", false);
	struct outcome outcome = {};
	size_t i;

	if ((json_array_size(ids) > 0) == all) {
		methods_fail_parameter(call, all ? "all" : "ids");
		return;
	}
	if (all)
		outcome.done = act_on_all(call, action);
	json_array_foreach (ids, i, id)
		act_on_one(call, action, (uint64_t)json_integer_value(id), &outcome);
	if (outcome.failure != ANSWER_OK)
		methods_fail(call, outcome.failure, outcome.id, &outcome.now);
	else
		call_reply(call, json_pack("{s:I}", key, outcome.done));
}

void method_continue(struct call *call)
{
	act(call, do_continue, "continued");
}

void method_kill(struct call *call)
{
	act(call, do_kill, "signalled");
}
