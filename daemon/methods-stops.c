/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Stops: list them, let them run, signal them. */

#include "methods.h"

#include <signal.h>

#define A_FEW 16

/* When few are asked for, see what each does now; of a single one all is told. */
static bool next_stop(struct call *call, json_t **ret)
{
	struct watchdog *w = call->service->watchdog;
	struct stop_selector selector = methods_selector(call);
	bool one = selector.id || selector.pid;
	struct stop *s;

	while ((s = watchdog_next_stop(w, call->place, &selector))) {
		call->place = s->id;
		if ((one || watchdog_has_few_stops(w)) && !watchdog_look(w, s))
			continue;
		*ret = stop_to_json(s, &s->now, &selector.viewer, one);
		return true;
	}
	return false;
}

void method_list_stops(struct call *call)
{
	methods_list(call, "stops", next_stop);
}

static int set_variables(struct call *call, struct stop *s)
{
	_cleanup_free_ const char **variables = NULL;
	int r;

	r = params_strings(call->parameters, "setenv", &variables);
	if (r < 0 || !variables)
		return r;
	return watchdog_set_variables(call->service->watchdog, call_client(call), s, variables);
}

static int do_continue(struct call *call, struct stop *s)
{
	int answer = set_variables(call, s);

	return answer == ANSWER_OK
		       ? watchdog_continue(call->service->watchdog, call_client(call), s)
		       : answer;
}

static int do_kill(struct call *call, struct stop *s)
{
	json_int_t number = SIGKILL;

	params_int(call->parameters, "signal", &number);
	return watchdog_kill(call->service->watchdog, call_client(call), s, (int)number);
}

static json_t *take_count(struct call *call)
{
	json_t *count = json_pack("{s:I}", call->key, (json_int_t)call->done);

	call->done = 0;
	return count;
}

static void reply_done(struct call *call)
{
	call_reply(call, take_count(call));
}

/* Thousands of processes that run again leave little of a small machine to the daemon: with `more`
 * the caller sees that it is at work. */
static void reply_progress(struct call *call)
{
	if (call->more && call->done >= CHUNK)
		call_reply_part(call, take_count(call));
}

/* A few at a time, so that thousands of them hold up nobody else. Those that cannot be, because a
 * debugger has them or they ended meanwhile, are passed by. */
static void act_on_some(struct call *call)
{
	const struct stop_selector all = {.viewer = *methods_user(call)};
	struct stop *s;

	for (int i = 0; i < A_FEW; i++) {
		s = watchdog_next_stop(call->service->watchdog, call->place, &all);
		if (!s || s->id > call->end) {
			reply_done(call);
			return;
		}
		call->place = s->id;
		call->done += call->act(call, s) == ANSWER_OK;
	}
	reply_progress(call);
}

static void act_on_one(struct call *call, uint64_t id)
{
	struct stop *s = methods_find_stop(call, id);
	int answer = ANSWER_NO_SUCH_STOP;

	if (s && !stop_is_over(s))
		answer = call->act(call, s);
	if (answer == ANSWER_OK) {
		call->done++;
	} else if (call->failure == ANSWER_OK) {
		call->failure = answer;
		call->failed_id = id;
		s = methods_find_stop(call, id);
		if (s)
			call->failed_now = s->now;
	}
}

/* All that can be done is done, also if something fails. To set variables takes long: one at a
 * time. */
static void act_on_named(struct call *call)
{
	const json_t *ids = json_object_get(call->parameters, "ids");
	int most = json_object_get(call->parameters, "setenv") ? 1 : A_FEW;

	for (int i = 0; i < most && call->place < json_array_size(ids); i++)
		act_on_one(call, (uint64_t)json_integer_value(json_array_get(ids, call->place++)));
	if (call->place < json_array_size(ids)) {
		reply_progress(call);
		return;
	}
	if (call->failure == ANSWER_OK)
		reply_done(call);
	else
		methods_fail(call, call->failure, call->failed_id, &call->failed_now);
}

static void act(struct call *call, int (*action)(struct call *, struct stop *), const char *key)
{
	json_t *ids = json_object_get(call->parameters, "ids");
	bool all = params_bool(call->parameters, "all", false);

	call->act = action;
	call->key = key;
	if ((json_array_size(ids) > 0) == all) {
		methods_fail_parameter(call, all ? "all" : "ids");
	} else if (all) {
		call->end = watchdog_newest_stop(call->service->watchdog);
		call->produce = act_on_some;
	} else {
		call->produce = act_on_named;
	}
}

/* Variables go with stops that are named: of `all`, those that cannot be given them would be passed
 * by in silence. */
void method_continue(struct call *call)
{
	_cleanup_free_ const char **variables = NULL;

	if (params_strings(call->parameters, "setenv", &variables) < 0) {
		methods_fail(call, -ENOMEM, 0, NULL);
	} else if (variables && params_bool(call->parameters, "all", false)) {
		methods_fail_parameter(call, "setenv");
	} else if (methods_check_variables(call, variables)) {
		act(call, do_continue, "continued");
	}
}

void method_kill(struct call *call)
{
	act(call, do_kill, "signalled");
}
