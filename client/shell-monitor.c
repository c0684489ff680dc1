/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shell-monitor.h"

#include <stdarg.h>
#include <stdio.h>

#include "show.h"
#include "stops.h"
#include "util.h"

/* Of what happens at once, so much is shown. */
#define LINES_AT_ONCE  20
#define ROUNDS_AT_ONCE 64

/* The prompt does not wait longer for a daemon that hangs. */
#define PATIENCE_MS 1000

/* A process that is stopped, or was when last heard of. */
struct monitored {
	uint64_t id;
	bool stopped; /* and not in a debugger's hands */
	bool own;     /* this process has acted on it: what follows is no news */
	char *news;   /* still to be told, if it is stopped by then; or NULL */
};

struct shell_monitor {
	struct client *client;
	struct shell_monitor_listener listener;
	struct dwd *dwd;
	struct monitored *known; /* by id */
	size_t known_count;
	bool was_connected;
	bool missed; /* events were lost */
	bool catching_up;
	size_t said;
};

static _printf_(3, 4) void say(struct shell_monitor *m, enum color color, const char *format, ...)
{
	_cleanup_free_ char *line = NULL;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&line, format, ap) < 0)
		line = NULL;
	va_end(ap);
	if (line && m->said++ < LINES_AT_ONCE)
		m->listener.say(line, color, m->listener.userdata);
}

/* The index of a stop, or where it belongs. */
static size_t place_of(const struct shell_monitor *m, uint64_t id)
{
	size_t low = 0, high = m->known_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (m->known[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct monitored *find(struct shell_monitor *m, uint64_t id)
{
	size_t i = place_of(m, id);

	return i < m->known_count && m->known[i].id == id ? &m->known[i] : NULL;
}

/* The stop, which is made known if it is not. NULL on lack of memory. */
static struct monitored *learn(struct shell_monitor *m, uint64_t id)
{
	struct monitored *known = find(m, id);
	size_t i = place_of(m, id);

	if (known)
		return known;
	known = reallocarray(m->known, m->known_count + 1, sizeof(*known));
	if (!known)
		return NULL;
	m->known = known;
	memmove(known + i + 1, known + i, (m->known_count++ - i) * sizeof(*known));
	known[i] = (struct monitored){.id = id};
	return &known[i];
}

static void forget(struct shell_monitor *m, struct monitored *known)
{
	size_t i = (size_t)(known - m->known);

	free(known->news);
	memmove(known, known + 1, (--m->known_count - i) * sizeof(*known));
}

static void forget_all(struct shell_monitor *m)
{
	while (m->known_count > 0)
		forget(m, &m->known[m->known_count - 1]);
}

static char *describe(const struct dwd_event *event)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	show_event(f, event);
	fclose(f);
	return text;
}

/* A process was stopped. While catching up that may be over already, so it is told in the end. */
static void on_stopped(struct shell_monitor *m, const struct dwd_event *event)
{
	struct monitored *known = learn(m, event->stop->id);
	char *text = describe(event);

	if (known)
		known->stopped = true;
	if (known && m->catching_up) {
		free(known->news);
		known->news = text;
		return;
	}
	say(m, COLOR_STOPPED, "%s", text ? text : event->event);
	free(text);
}

/* Whether whatever happens to a stop is over with this. */
static bool is_end(const struct dwd_event *event)
{
	return str_eq(event->event, "continued") || str_eq(event->event, "gone");
}

/* Something else happened to a stop that is known. */
static void on_change(struct shell_monitor *m, const struct dwd_event *event)
{
	struct monitored *known = find(m, event->stop->id);
	_cleanup_free_ char *text = describe(event);
	bool untold;

	if (!known)
		return;
	untold = known->news;
	known->stopped = str_eq(event->stop->state, "stopped");
	known->own |= event->by == getpid();
	/* Of what came and went while a command ran nobody has heard. */
	if (!known->own && !untold)
		say(m, color_of_state(event->stop->state), "%s", text ? text : event->event);
	if (is_end(event))
		forget(m, known);
}

static void on_event(struct dwd *d, const struct dwd_event *event, void *userdata)
{
	struct shell_monitor *m = userdata;
	_cleanup_free_ char *text = NULL;

	m->missed |= event->lost > 0;
	if (event->stop && str_eq(event->event, "stopped")) {
		on_stopped(m, event);
	} else if (event->stop) {
		on_change(m, event);
	} else if (str_eq(event->event, "skipped")) {
		text = describe(event);
		say(m, COLOR_PLAIN, "%s", text ? text : event->event);
	}
}

static void on_error(struct dwd *d, int error, const char *message, void *userdata)
{
	say(userdata, COLOR_ERROR, "dwd: the daemon is gone (%s); looking for it", message);
}

/* Take the stops there are for known, and no others. 0 or -errno. */
static int take_stock(struct shell_monitor *m)
{
	_cleanup_stops_ struct dwd_stop **stops = NULL;
	ssize_t n = dwd_list(m->dwd, NULL, &stops);

	if (n < 0)
		return (int)n;
	forget_all(m);
	for (struct dwd_stop **s = stops; *s; s++) {
		struct monitored *known = learn(m, (*s)->id);

		if (!known)
			return -ENOMEM;
		known->stopped = str_eq((*s)->state, "stopped");
	}
	m->missed = false;
	return 0;
}

static void disconnect(struct shell_monitor *m)
{
	m->dwd = dwd_close(m->dwd);
	forget_all(m);
}

static void announce(struct shell_monitor *m)
{
	struct dwd_status *status = NULL;

	if (dwd_status(m->dwd, &status) < 0)
		return;
	say(m, COLOR_PLAIN, "dwd: the daemon is %s (pid %d, %s backend, %llu watch%s)",
	    m->was_connected ? "back" : "there", (int)status->pid, status->backend,
	    (unsigned long long)status->watches, status->watches == 1 ? "" : "es");
	dwd_status_free(status);
}

static void connect_quietly(struct shell_monitor *m)
{
	static const struct dwd_listener listener = {.event = on_event, .error = on_error};
	bool first = !m->was_connected && m->client->dwd;

	if (dwd_connect(&m->dwd, client_socket(m->client)) < 0)
		return;
	dwd_set_patience(m->dwd, PATIENCE_MS);
	/* What is stopped in between is told twice rather than not at all. */
	if (dwd_subscribe(m->dwd, false, &listener, m) < 0 || take_stock(m) < 0) {
		disconnect(m);
		return;
	}
	if (!first)
		announce(m);
	m->was_connected = true;
}

/* Hand out what is there; of a flood that does not end, some, so that keys are heard. */
static void dispatch(struct shell_monitor *m)
{
	int r = 1;

	for (int i = 0; i < ROUNDS_AT_ONCE && r > 0; i++)
		r = dwd_dispatch(m->dwd, 0);
	if (r >= 0 && m->missed)
		r = take_stock(m);
	if (r < 0)
		disconnect(m);
}

static void tell_rest(struct shell_monitor *m)
{
	if (m->said > LINES_AT_ONCE) {
		size_t rest = m->said - LINES_AT_ONCE;

		m->said = 0;
		say(m, COLOR_PLAIN, "... and %zu more; events tells all", rest);
	}
	m->said = 0;
}

void shell_monitor_update(struct shell_monitor *m)
{
	if (!m->dwd)
		connect_quietly(m);
	if (m->dwd)
		dispatch(m);
	tell_rest(m);
}

void shell_monitor_catch_up(struct shell_monitor *m)
{
	const struct client *c = m->client;

	m->catching_up = true;
	if (m->dwd)
		dispatch(m);
	m->catching_up = false;
	for (size_t i = 0; i < m->known_count; i++) {
		struct monitored *known = &m->known[i];

		if (known->news && known->stopped && !known->own && !c->shown_all &&
		    known->id != c->shown_stop)
			say(m, COLOR_STOPPED, "%s", known->news);
		free(known->news);
		known->news = NULL;
	}
	shell_monitor_update(m);
}

int shell_monitor_new(struct shell_monitor **ret, struct client *c,
		      const struct shell_monitor_listener *listener)
{
	struct shell_monitor *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->client = c;
	m->listener = *listener;
	*ret = m;
	return 0;
}

struct shell_monitor *shell_monitor_free(struct shell_monitor *m)
{
	if (m) {
		disconnect(m);
		free(m->known);
		free(m);
	}
	return NULL;
}

int shell_monitor_fd(const struct shell_monitor *m)
{
	return m->dwd ? dwd_get_fd(m->dwd) : -1;
}

bool shell_monitor_connected(const struct shell_monitor *m)
{
	return m->dwd;
}

size_t shell_monitor_stopped(const struct shell_monitor *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->known_count; i++)
		n += m->known[i].stopped;
	return n;
}
