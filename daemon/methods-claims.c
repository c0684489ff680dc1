/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Waiting for a stop, taking it and giving it back. */

#include "methods.h"

static struct call *call_of(struct watchdog_waiter *waiter)
{
	return container_of(waiter, struct call, waiter);
}

static void on_found(struct watchdog_waiter *waiter, struct stop *s)
{
	struct call *call = call_of(waiter);

	call_reply(call, methods_stop(call, s));
}

static int on_timeout(sd_event_source *source, uint64_t time, void *userdata)
{
	call_fail(userdata, ERROR("TimedOut"), NULL);
	return 0;
}

/* Milliseconds; 0: do not wait, negative: for ever. Who wants no reply cannot wait for one. */
static json_int_t timeout_of(const struct call *call)
{
	json_int_t timeout = 0;

	params_int(call->parameters, "timeout", &timeout);
	return call->oneway ? 0 : timeout;
}

static void wait_for(struct call *call, const struct stop_selector *selector,
		     struct watchdog_client *client, json_int_t timeout)
{
	/* Longer than a machine lives is for ever. */
	if (timeout > 0 && timeout < INT32_MAX * (json_int_t)1000) {
		int r = sd_event_add_time_relative(call->service->event, &call->timer,
						   CLOCK_MONOTONIC, (uint64_t)timeout * 1000, 1000,
						   on_timeout, call);
		if (r < 0) {
			methods_fail(call, r, 0, NULL);
			return;
		}
	}
	call->waiter.found = on_found;
	call->waiter.selector = *selector;
	call->waiter.client = client;
	watchdog_wait(call->service->watchdog, &call->waiter);
}

/* Who names a stop of somebody else's is told that there is none, and the administrator that he
 * has. (By NAME and PATH one asks for what there may be of one's own.) */
static void log_others(struct call *call, const struct stop_selector *selector)
{
	struct stop_selector anybodys = *selector;

	anybodys.viewer = (struct principal){};
	if ((selector->id || selector->pid) &&
	    !watchdog_next_stop(call->service->watchdog, 0, selector) &&
	    watchdog_next_stop(call->service->watchdog, 0, &anybodys))
		methods_log_refusal(call, "an act on a stop", "it is not his");
}

void method_claim(struct call *call)
{
	struct stop_selector selector = methods_selector(call);
	json_int_t timeout = timeout_of(call);
	struct stop *s = NULL;
	int answer;

	log_others(call, &selector);
	answer = watchdog_claim(call->service->watchdog, call_client(call), &selector, &s);
	if (answer == ANSWER_OK)
		call_reply(call, methods_stop(call, s));
	else if (timeout == 0)
		methods_fail(call, answer, s ? s->id : 0, s ? &s->now : NULL);
	else
		wait_for(call, &selector, call_client(call), timeout);
}

void method_wait(struct call *call)
{
	struct watchdog *w = call->service->watchdog;
	struct stop_selector selector = methods_selector(call);
	json_int_t timeout = timeout_of(call);
	struct stop *s;
	uint64_t id = 0;

	log_others(call, &selector);
	while ((s = watchdog_next_stop(w, id, &selector))) {
		id = s->id;
		if (watchdog_look(w, s) && s->now.state != STOP_STOPPING) {
			call_reply(call, methods_stop(call, s));
			return;
		}
	}
	if (timeout == 0)
		methods_fail(call, ANSWER_NO_SUCH_STOP, 0, NULL);
	else
		wait_for(call, &selector, NULL, timeout);
}

/* The stop with the `id` of the call, or NULL when the call is failed. */
static struct stop *named_stop(struct call *call)
{
	json_int_t id = 0;
	struct stop *s;

	params_int(call->parameters, "id", &id);
	s = methods_find_stop(call, (uint64_t)id);
	if (!s)
		methods_fail(call, ANSWER_NO_SUCH_STOP, 0, NULL);
	return s;
}

void method_unclaim(struct call *call)
{
	struct stop *s = named_stop(call);
	int answer;

	if (!s)
		return;
	call->waiter.found = on_found;
	answer = watchdog_unclaim(call->service->watchdog, call_client(call), s, &call->waiter);
	if (answer != ANSWER_OK)
		methods_fail(call, answer, s->id, &s->now);
}

void method_attached(struct call *call)
{
	struct stop *s = named_stop(call);
	int answer;

	if (!s)
		return;
	answer = watchdog_attached(call->service->watchdog, call_client(call), s);
	if (answer == ANSWER_OK)
		call_reply(call, methods_stop(call, s));
	else
		methods_fail(call, answer, s->id, &s->now);
}
