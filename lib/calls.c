/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The calls of libdwd, one function each: arguments to parameters, reply to structures. Arguments
 * are checked here only as far as the wire could not carry them; what they mean the daemon judges.
 */

#include "connection.h"

#include <limits.h>
#include <signal.h>

/* A call being put together. The first thing that fails ends it; request_call() then says so. */
struct request {
	struct dwd *d;
	json_t *parameters;
	int error;
};

static struct request request_new(struct dwd *d)
{
	struct request rq = {.d = d, .error = conn_check(d)};

	if (rq.error == 0)
		rq.parameters = json_object();
	return rq;
}

/* Steals `value`, which is NULL for lack of memory. */
static void set(struct request *rq, const char *key, json_t *value)
{
	if (rq->error < 0)
		json_decref(value);
	else if (json_object_set_new(rq->parameters, key, value) < 0)
		rq->error = conn_fail(rq->d, -ENOMEM, "%s", strerror(ENOMEM));
}

static void set_number(struct request *rq, const char *key, uint64_t value)
{
	if (rq->error == 0 && value > INT64_MAX)
		rq->error = conn_fail(rq->d, -EINVAL, "%s %llu: too large", key,
				      (unsigned long long)value);
	set(rq, key, json_integer((json_int_t)value));
}

/* NULL, and the request fails, if it is not text that can be sent. */
static json_t *text_value(struct request *rq, const char *key, const char *value)
{
	_cleanup_free_ char *shown = NULL;
	json_t *string = json_string(value);

	if (rq->error == 0 && !string) {
		shown = varlink_escape(value, strlen(value));
		rq->error =
			conn_fail(rq->d, -EINVAL, "%s '%s': not UTF-8", key, shown ? shown : "");
	}
	return string;
}

static void set_text(struct request *rq, const char *key, const char *value)
{
	if (rq->error == 0 && !value)
		rq->error = conn_fail(rq->d, -EINVAL, "%s is missing", key);
	else
		set(rq, key, text_value(rq, key, value));
}

static void set_selector(struct request *rq, const struct dwd_selector *sel)
{
	if (!sel)
		return;
	if (sel->id)
		set_number(rq, "id", sel->id);
	if (sel->pid)
		set(rq, "pid", json_integer(sel->pid));
	if (sel->name)
		set_text(rq, "name", sel->name);
	if (sel->path)
		set_text(rq, "path", sel->path);
}

static void set_timeout(struct request *rq, int timeout)
{
	if (timeout)
		set(rq, "timeout", json_integer(timeout));
}

/* NULL: all there are. */
static void set_ids(struct request *rq, const uint64_t *ids, size_t n)
{
	json_t *array;

	if (!ids) {
		set(rq, "all", json_true());
		return;
	}
	array = json_array();
	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(array, json_integer((json_int_t)ids[i])) < 0) {
			json_decref(array);
			array = NULL;
			break;
		}
	set(rq, "ids", array);
}

/* Of a list ended by NULL; an empty one is left out. */
static void set_texts(struct request *rq, const char *key, const char *const *values)
{
	json_t *array = json_array();

	for (; values && *values; values++)
		if (json_array_append_new(array, text_value(rq, key, *values)) < 0) {
			json_decref(array);
			array = NULL;
			break;
		}
	if (array && json_array_size(array) == 0)
		json_decref(array);
	else
		set(rq, key, array);
}

/* Do without the call: what failed, or 0. */
static int request_drop(struct request *rq)
{
	json_decref(rq->parameters);
	return rq->error;
}

static int request_call(struct request *rq, const char *method, int timeout, json_t **ret)
{
	if (rq->error < 0)
		return request_drop(rq);
	return conn_call(rq->d, method, steal_pointer(rq->parameters), timeout, ret);
}

static int request_collect(struct request *rq, const char *method, const char *key, json_t **ret)
{
	if (rq->error < 0)
		return request_drop(rq);
	return conn_collect(rq->d, method, steal_pointer(rq->parameters), key, ret);
}

/* The stop in a reply. */
static int take_stop(struct dwd *d, const json_t *reply, struct dwd_stop **ret)
{
	const char *bad = NULL;
	int r;

	r = stop_parse(ret, json_object_get(reply, "stop"), &bad);
	return r < 0 ? conn_fail_reply(d, r, bad) : 0;
}

/* A call whose one reply is a stop. `ret` may be NULL. */
static int call_for_stop(struct request *rq, const char *method, int timeout, struct dwd_stop **ret)
{
	json_auto_t *reply = NULL;
	int r;

	r = request_call(rq, method, timeout, &reply);
	return r < 0 || !ret ? r : take_stop(rq->d, reply, ret);
}

static ssize_t request_count(struct request *rq, const char *method, const char *key)
{
	if (rq->error < 0)
		return request_drop(rq);
	return conn_count(rq->d, method, steal_pointer(rq->parameters), key);
}

static void set_optional_number(struct request *rq, const char *key, uint64_t value)
{
	if (value > 0)
		set_number(rq, key, value);
}

static void set_optional_text(struct request *rq, const char *key, const char *value)
{
	if (value)
		set_text(rq, key, value);
}

static void set_rule(struct request *rq, const struct dwd_rule *rule)
{
	set_text(rq, "target", rule->target);
	if (rule->has_uid)
		set_number(rq, "uid", rule->uid);
	set_texts(rq, "args", rule->args);
	set_optional_number(rq, "under", (uint64_t)rule->under);
	set_optional_text(rq, "under_name", rule->under_name);
	set_optional_text(rq, "cgroup", rule->cgroup);
	set_optional_number(rq, "skip", rule->skip);
	set_optional_number(rq, "count", rule->count);
	set_optional_number(rq, "max_stopped", rule->max_stopped);
	set_optional_number(rq, "hold", rule->hold);
	set_optional_text(rq, "then", rule->then);
	if (rule->own)
		set(rq, "own", json_true());
	set_texts(rq, "setenv", rule->setenv);
}

int dwd_watch(struct dwd *d, const struct dwd_rule *rule, struct dwd_watch **ret)
{
	struct request rq = request_new(d);
	json_auto_t *reply = NULL;
	const char *bad = NULL;
	int r;

	set_rule(&rq, rule);
	r = request_call(&rq, "Watch", 0, &reply);
	if (r < 0 || !ret)
		return r;
	r = watch_parse(ret, json_object_get(reply, "watch"), &bad);
	return r < 0 ? conn_fail_reply(d, r, bad) : 0;
}

int dwd_unwatch(struct dwd *d, uint64_t id)
{
	struct request rq = request_new(d);
	json_auto_t *reply = NULL;

	set_number(&rq, "id", id);
	return request_call(&rq, "Unwatch", 0, &reply);
}

ssize_t dwd_watches(struct dwd *d, struct dwd_watch ***ret)
{
	_cleanup_(dwd_watches_freep) struct dwd_watch **watches = NULL;
	struct request rq = request_new(d);
	json_auto_t *all = NULL;
	const char *bad = NULL;
	size_t n;
	int r;

	r = request_collect(&rq, "ListWatches", "watches", &all);
	if (r < 0)
		return r;
	n = json_array_size(all);
	watches = calloc(n + 1, sizeof(*watches));
	if (!watches)
		return conn_fail_reply(d, -ENOMEM, NULL);
	for (size_t i = 0; i < n; i++) {
		r = watch_parse(&watches[i], json_array_get(all, i), &bad);
		if (r < 0)
			return conn_fail_reply(d, r, bad);
	}
	*ret = steal_pointer(watches);
	return (ssize_t)n;
}

int dwd_reload(struct dwd *d, struct dwd_reload **ret)
{
	struct request rq = request_new(d);
	json_auto_t *reply = NULL;
	const char *bad = NULL;
	int r;

	r = request_call(&rq, "Reload", 0, &reply);
	if (r < 0)
		return r;
	r = reload_parse(ret, reply, &bad);
	return r < 0 ? conn_fail_reply(d, r, bad) : 0;
}

int dwd_save(struct dwd *d, uint64_t watch, const char *line, const char *name,
	     struct dwd_watch **ret)
{
	struct request rq = request_new(d);
	json_auto_t *reply = NULL;
	const char *bad = NULL;
	int r;

	set_number(&rq, "id", watch);
	set_text(&rq, "line", line);
	if (name)
		set_text(&rq, "name", name);
	r = request_call(&rq, "Save", 0, &reply);
	if (r < 0 || !ret)
		return r;
	r = watch_parse(ret, json_object_get(reply, "watch"), &bad);
	return r < 0 ? conn_fail_reply(d, r, bad) : 0;
}

int dwd_unsave(struct dwd *d, uint64_t watch)
{
	struct request rq = request_new(d);
	json_auto_t *reply = NULL;

	set_number(&rq, "id", watch);
	return request_call(&rq, "Unsave", 0, &reply);
}

ssize_t dwd_list(struct dwd *d, const struct dwd_selector *sel, struct dwd_stop ***ret)
{
	_cleanup_(dwd_stops_freep) struct dwd_stop **stops = NULL;
	struct request rq = request_new(d);
	json_auto_t *all = NULL;
	const char *bad = NULL;
	size_t n;
	int r;

	set_selector(&rq, sel);
	r = request_collect(&rq, "ListStops", "stops", &all);
	if (r < 0)
		return r;
	n = json_array_size(all);
	stops = calloc(n + 1, sizeof(struct dwd_stop *));
	if (!stops)
		return conn_fail_reply(d, -ENOMEM, NULL);
	for (size_t i = 0; i < n; i++) {
		r = stop_parse(&stops[i], json_array_get(all, i), &bad);
		if (r < 0)
			return conn_fail_reply(d, r, bad);
	}
	*ret = steal_pointer(stops);
	return (ssize_t)n;
}

int dwd_info(struct dwd *d, const struct dwd_selector *sel, struct dwd_stop **ret)
{
	_cleanup_(dwd_stops_freep) struct dwd_stop **stops = NULL;
	ssize_t n;

	n = dwd_list(d, sel, &stops);
	if (n < 0 || !stops)
		return (int)n;
	if (n == 0)
		return error_from_reply(d, "io.dwd.Watchdog.NoSuchStop", NULL);
	if (n > 1)
		return conn_fail(d, -EBUSY, "%zd stops fit: name one by its id", n);
	*ret = steal_pointer(stops[0]);
	return 0;
}

int dwd_wait(struct dwd *d, const struct dwd_selector *sel, int timeout, struct dwd_stop **ret)
{
	struct request rq = request_new(d);

	set_selector(&rq, sel);
	set_timeout(&rq, timeout);
	return call_for_stop(&rq, "Wait", timeout, ret);
}

int dwd_claim(struct dwd *d, const struct dwd_selector *sel, int timeout, struct dwd_stop **ret)
{
	struct request rq = request_new(d);

	set_selector(&rq, sel);
	set_timeout(&rq, timeout);
	return call_for_stop(&rq, "Claim", timeout, ret);
}

int dwd_unclaim(struct dwd *d, uint64_t id, struct dwd_stop **ret)
{
	struct request rq = request_new(d);

	set_number(&rq, "id", id);
	return call_for_stop(&rq, "Unclaim", 0, ret);
}

int dwd_attached(struct dwd *d, uint64_t id)
{
	struct request rq = request_new(d);

	set_number(&rq, "id", id);
	return call_for_stop(&rq, "Attached", 0, NULL);
}

ssize_t dwd_continue(struct dwd *d, const uint64_t *ids, size_t n)
{
	return dwd_continue_with(d, ids, n, NULL);
}

ssize_t dwd_continue_with(struct dwd *d, const uint64_t *ids, size_t n,
			  const char *const *variables)
{
	struct request rq = request_new(d);

	if (ids && n == 0)
		return request_drop(&rq);
	set_ids(&rq, ids, n);
	set_texts(&rq, "setenv", variables);
	return request_count(&rq, "Continue", "continued");
}

ssize_t dwd_kill(struct dwd *d, const uint64_t *ids, size_t n, int signal)
{
	struct request rq = request_new(d);

	if (rq.error == 0 && (signal < 1 || signal > SIGRTMAX))
		rq.error = conn_fail(d, -EINVAL, "%d: not a signal", signal);
	if (ids && n == 0)
		return request_drop(&rq);
	set_ids(&rq, ids, n);
	set(&rq, "signal", json_integer(signal));
	return request_count(&rq, "Kill", "signalled");
}

int dwd_status(struct dwd *d, struct dwd_status **ret)
{
	struct request rq = request_new(d);
	json_auto_t *reply = NULL;
	const char *bad = NULL;
	int r;

	r = request_call(&rq, "Status", 0, &reply);
	if (r < 0)
		return r;
	r = status_parse(ret, json_object_get(reply, "status"), &bad);
	return r < 0 ? conn_fail_reply(d, r, bad) : 0;
}
