/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The structures of libdwd, made from JSON.
 *
 * Each public structure is the first member of a box that keeps the JSON object alive; its strings
 * point into that object, its arrays follow the box in the same allocation. So ten thousand stops
 * cost ten thousand allocations beside the JSON, and the text of one is made only for who asks.
 *
 * Fields that this library does not know are ignored, and text whose meaning it need not know
 * (states, kinds of events) is passed on: a newer daemon may say more.
 */

#include "connection.h"
#include "reader.h"

#include <limits.h>

/* What a structure was made from. */
struct origin {
	json_t *object;
	char *text; /* once asked for */
};

struct watch_box {
	struct dwd_watch watch;
	struct origin origin;
	struct dwd_count skips[]; /* then the pointers of args and of setenv */
};

struct stop_box {
	struct dwd_stop stop;
	struct origin origin;
	uint64_t watches[]; /* then the pointers of argv and variables */
};

struct status_box {
	struct dwd_status status;
	struct origin origin;
};

struct reload_box {
	struct dwd_reload reload;
	struct origin origin;
	const char *errors[];
};

struct event_box {
	struct dwd_event event;
	struct origin origin;
};

static const char *origin_text(struct origin *o)
{
	if (!o->text)
		o->text = json_dumps(o->object, JSON_COMPACT);
	return o->text;
}

static void origin_clear(struct origin *o)
{
	json_decref(o->object);
	free(o->text);
}

static struct watch_box *watch_box(const struct dwd_watch *w)
{
	return (struct watch_box *)container_of(w, struct watch_box, watch);
}

/* A map of counters, into `skips` unless it is NULL; returns their sum. */
static uint64_t read_skips(struct reader *r, struct dwd_count *skips)
{
	json_t *counters = json_object_get(r->object, "skipped"), *value;
	uint64_t total = 0;
	const char *name;

	if (!json_is_object(counters))
		reader_fail(r, "skipped");
	json_object_foreach (counters, name, value) {
		if (!json_is_integer(value) || json_integer_value(value) < 0)
			reader_fail(r, "skipped");
		if (skips)
			*skips++ = (struct dwd_count){name, (uint64_t)json_integer_value(value)};
		total += (uint64_t)json_integer_value(value);
	}
	return total;
}

static void read_strings(struct reader *r, const char *key, const json_t *strings, const char **ret)
{
	size_t i;
	json_t *value;

	if (strings && !json_is_array(strings))
		reader_fail(r, key);
	json_array_foreach (strings, i, value) {
		ret[i] = json_string_value(value);
		if (!ret[i])
			reader_fail(r, key);
	}
}

/* The strings of an optional array into *room, which moves on behind their NULL; NULL if there is
 * no array. */
static const char *const *read_list(struct reader *r, const char *key, const char ***room)
{
	const json_t *strings = reader_field(r, key);
	const char **list = *room;

	if (!strings)
		return NULL;
	if (!json_is_array(strings))
		reader_fail(r, key);
	read_strings(r, key, strings, list);
	*room += json_array_size(strings) + 1;
	return list;
}

/* The narrowing fields and what follows a stop. `room` is for as many strings as there are. */
static void read_rule(struct reader *r, struct dwd_watch *w, const char **room)
{
	w->has_uid = reader_field(r, "uid");
	w->uid = (uid_t)reader_optional_number(r, "uid", UINT32_MAX);
	w->args = read_list(r, "args", &room);
	w->under = (pid_t)reader_optional_number(r, "under", INT_MAX);
	w->under_name = reader_optional_text(r, "under_name");
	w->cgroup = reader_optional_text(r, "cgroup");
	w->skip = reader_optional_number(r, "skip", INT64_MAX);
	w->count = reader_optional_number(r, "count", INT64_MAX);
	w->max_stopped = reader_optional_number(r, "max_stopped", INT64_MAX);
	w->hold = reader_optional_number(r, "hold", INT64_MAX);
	w->then = reader_optional_text(r, "then");
	w->own = json_is_true(reader_field(r, "own"));
	w->setenv = read_list(r, "setenv", &room);
}

int watch_parse(struct dwd_watch **ret, json_t *object, const char **bad)
{
	struct reader r = reader_new(object, "watch");
	size_t n = json_object_size(json_object_get(object, "skipped"));
	size_t strings = json_array_size(json_object_get(object, "args")) +
			 json_array_size(json_object_get(object, "setenv")) + 2;
	_cleanup_free_ struct watch_box *box =
		calloc(1, sizeof(*box) + n * sizeof(box->skips[0]) + strings * sizeof(char *));

	if (!box)
		return -ENOMEM;
	box->watch = (struct dwd_watch){
		.id = reader_count(&r, "id"),
		.target = reader_text(&r, "target"),
		.kind = reader_text(&r, "kind"),
		.owner = reader_owner(&r, "owner"),
		.caught = reader_count(&r, "caught"),
		.skipped = read_skips(&r, box->skips),
		.skips = box->skips,
		.skips_count = n,
		.created = reader_text(&r, "created"),
		.saved = reader_optional_text(&r, "saved"),
		.unresolved = reader_optional_text(&r, "unresolved"),
	};
	read_rule(&r, &box->watch, (const char **)(box->skips + n));
	if (r.bad)
		return reader_error(&r, bad);
	box->origin.object = json_incref(object);
	*ret = &steal_pointer(box)->watch;
	return 0;
}

const char *dwd_watch_json(const struct dwd_watch *w)
{
	return origin_text(&watch_box(w)->origin);
}

struct dwd_watch *dwd_watch_free(struct dwd_watch *w)
{
	if (w) {
		origin_clear(&watch_box(w)->origin);
		free(watch_box(w));
	}
	return NULL;
}

static struct stop_box *stop_box(const struct dwd_stop *s)
{
	return (struct stop_box *)container_of(s, struct stop_box, stop);
}

static void read_watches(struct reader *r, const json_t *ids, uint64_t *ret)
{
	size_t i;
	json_t *value;

	json_array_foreach (ids, i, value) {
		if (!json_is_integer(value) || json_integer_value(value) < 0)
			reader_fail(r, "watches");
		ret[i] = (uint64_t)json_integer_value(value);
	}
}

int stop_parse(struct dwd_stop **ret, json_t *object, const char **bad)
{
	struct reader r = reader_new(object, "stop");
	const json_t *watches = reader_array(&r, "watches"), *argv = reader_array(&r, "argv");
	const json_t *setenv = reader_field(&r, "setenv");
	size_t watches_count = json_array_size(watches), argc = json_array_size(argv);
	size_t variables_count = json_array_size(setenv);
	_cleanup_free_ struct stop_box *box = NULL;
	const char **arguments, **variables;

	box = calloc(1, sizeof(*box) + watches_count * sizeof(box->watches[0]) +
				(argc + 1 + variables_count + 1) * sizeof(*arguments));
	if (!box)
		return -ENOMEM;
	arguments = (const char **)(box->watches + watches_count);
	read_watches(&r, watches, box->watches);
	variables = arguments + argc + 1;
	read_strings(&r, "argv", argv, arguments);
	read_strings(&r, "setenv", setenv, variables);
	box->stop = (struct dwd_stop){
		.id = reader_count(&r, "id"),
		.pid = reader_pid(&r, "pid"),
		.state = reader_text(&r, "state"),
		.exe = reader_text(&r, "exe"),
		.path = reader_text(&r, "path"),
		.comm = reader_text(&r, "comm"),
		.argv = arguments,
		.argc = argc,
		.truncated = json_is_true(reader_field(&r, "truncated")),
		.cwd = reader_optional_text(&r, "cwd"),
		.uid = reader_owner(&r, "uid"),
		.euid = reader_owner(&r, "euid"),
		.gid = reader_owner(&r, "gid"),
		.egid = reader_owner(&r, "egid"),
		.ppid = reader_pid(&r, "ppid"),
		.parent = reader_text(&r, "parent"),
		.watch = reader_count(&r, "watch"),
		.watches = box->watches,
		.watches_count = watches_count,
		.watches_total = reader_optional_number(&r, "watches_total", UINT32_MAX),
		.backend = reader_text(&r, "backend"),
		.since = reader_text(&r, "since"),
		.age = reader_age(&r, "since"),
		.container = reader_field(&r, "container"),
		.claimed_by = (pid_t)reader_optional_number(&r, "claimed_by", INT_MAX),
		.tracer = (pid_t)reader_optional_number(&r, "tracer", INT_MAX),
		.variables = variables,
		.variables_count = variables_count,
		.setenv_error = reader_optional_text(&r, "setenv_error"),
	};
	if (box->stop.watches_total == 0)
		box->stop.watches_total = watches_count;
	if (r.bad)
		return reader_error(&r, bad);
	box->origin.object = json_incref(object);
	*ret = &steal_pointer(box)->stop;
	return 0;
}

const char *dwd_stop_json(const struct dwd_stop *s)
{
	return origin_text(&stop_box(s)->origin);
}

struct dwd_stop *dwd_stop_free(struct dwd_stop *s)
{
	if (s) {
		origin_clear(&stop_box(s)->origin);
		free(stop_box(s));
	}
	return NULL;
}

struct dwd_watch **dwd_watches_free(struct dwd_watch **w)
{
	for (size_t i = 0; w && w[i]; i++)
		dwd_watch_free(w[i]);
	free(w);
	return NULL;
}

struct dwd_stop **dwd_stops_free(struct dwd_stop **s)
{
	for (size_t i = 0; s && s[i]; i++)
		dwd_stop_free(s[i]);
	free(s);
	return NULL;
}

static struct status_box *status_box(const struct dwd_status *s)
{
	return (struct status_box *)container_of(s, struct status_box, status);
}

static struct reload_box *reload_box(const struct dwd_reload *r)
{
	return (struct reload_box *)container_of(r, struct reload_box, reload);
}

int reload_parse(struct dwd_reload **ret, json_t *object, const char **bad)
{
	struct reader r = reader_new(object, "reload");
	const json_t *errors = reader_array(&r, "errors"), *error;
	size_t n = json_array_size(errors), i;
	_cleanup_free_ struct reload_box *box =
		calloc(1, sizeof(*box) + (n + 1) * sizeof(box->errors[0]));

	if (!box)
		return -ENOMEM;
	json_array_foreach (errors, i, error) {
		box->errors[i] = json_string_value(error);
		if (!box->errors[i])
			reader_fail(&r, "errors");
	}
	box->reload = (struct dwd_reload){
		.added = reader_count(&r, "added"),
		.removed = reader_count(&r, "removed"),
		.kept = reader_count(&r, "kept"),
		.errors = box->errors,
		.errors_count = n,
	};
	if (r.bad)
		return reader_error(&r, bad);
	box->origin.object = json_incref(object);
	*ret = &steal_pointer(box)->reload;
	return 0;
}

const char *dwd_reload_json(const struct dwd_reload *r)
{
	return origin_text(&reload_box(r)->origin);
}

struct dwd_reload *dwd_reload_free(struct dwd_reload *r)
{
	if (r) {
		origin_clear(&reload_box(r)->origin);
		free(reload_box(r));
	}
	return NULL;
}

int status_parse(struct dwd_status **ret, json_t *object, const char **bad)
{
	struct reader r = reader_new(object, "status");
	_cleanup_free_ struct status_box *box = calloc(1, sizeof(*box));

	if (!box)
		return -ENOMEM;
	box->status = (struct dwd_status){
		.version = reader_text(&r, "version"),
		.pid = reader_pid(&r, "pid"),
		.backend = reader_text(&r, "backend"),
		.watches = reader_count(&r, "watches"),
		.stops = reader_count(&r, "stops"),
		.max_stopped = reader_count(&r, "max_stopped"),
		.missed = reader_count(&r, "missed"),
		.caught = reader_count(&r, "caught"),
		.skipped = read_skips(&r, NULL),
		.clients = reader_count(&r, "clients"),
		.started = reader_text(&r, "started"),
		.kernel = reader_text(&r, "kernel"),
		.pinned = reader_optional_text(&r, "pinned"),
		.unpinned = reader_optional_text(&r, "unpinned"),
	};
	if (r.bad)
		return reader_error(&r, bad);
	box->origin.object = json_incref(object);
	*ret = &steal_pointer(box)->status;
	return 0;
}

const char *dwd_status_json(const struct dwd_status *s)
{
	return origin_text(&status_box(s)->origin);
}

struct dwd_status *dwd_status_free(struct dwd_status *s)
{
	if (s) {
		origin_clear(&status_box(s)->origin);
		free(status_box(s));
	}
	return NULL;
}

static struct event_box *event_box(const struct dwd_event *e)
{
	return (struct event_box *)container_of(e, struct event_box, event);
}

static void read_skip(struct reader *r, struct dwd_event *e)
{
	const json_t *skip = reader_field(r, "skip");
	struct reader s = reader_new(skip, "skip");

	if (!skip)
		return;
	e->skip_pid = reader_pid(&s, "pid");
	e->skip_comm = reader_text(&s, "comm");
	e->skip_reason = reader_text(&s, "reason");
	e->skip_watch = reader_count(&s, "watch");
	if (s.bad)
		reader_fail(r, s.bad);
}

/* The stop or the watch that the event is about. */
static int read_subject(struct dwd_event *e, const json_t *object, const char **bad)
{
	json_t *stop = json_object_get(object, "stop"), *watch = json_object_get(object, "watch");
	struct dwd_watch *w = NULL;
	struct dwd_stop *s = NULL;
	int r = 0;

	if (stop && !json_is_null(stop))
		r = stop_parse(&s, stop, bad);
	e->stop = s;
	if (r == 0 && watch && !json_is_null(watch))
		r = watch_parse(&w, watch, bad);
	e->watch = w;
	return r;
}

int event_parse(struct dwd_event **ret, json_t *object, const char **bad)
{
	struct reader r = reader_new(object, "event");
	_cleanup_(event_freep) struct dwd_event *e = NULL;
	struct event_box *box = calloc(1, sizeof(*box));
	int error;

	if (!box)
		return -ENOMEM;
	box->origin.object = json_incref(object);
	e = &box->event;
	*e = (struct dwd_event){
		.event = reader_text(&r, "event"),
		.time = reader_text(&r, "time"),
		.by = (pid_t)reader_optional_number(&r, "by", INT_MAX),
		.signal = reader_optional_text(&r, "signal"),
		.lost = reader_optional_number(&r, "lost", INT64_MAX),
	};
	read_skip(&r, e);
	error = read_subject(e, object, bad);
	if (error < 0)
		return error;
	if (r.bad)
		return reader_error(&r, bad);
	*ret = steal_pointer(e);
	return 0;
}

const char *dwd_event_json(const struct dwd_event *e)
{
	return origin_text(&event_box(e)->origin);
}

struct dwd_event *event_free(struct dwd_event *e)
{
	if (e) {
		dwd_stop_free((struct dwd_stop *)e->stop);
		dwd_watch_free((struct dwd_watch *)e->watch);
		origin_clear(&event_box(e)->origin);
		free(event_box(e));
	}
	return NULL;
}
