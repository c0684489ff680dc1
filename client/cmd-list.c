/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <stdio.h>

#include "cmd.h"
#include "follow.h"
#include "print.h"
#include "screen.h"
#include "show.h"
#include "stops.h"
#include "tree.h"
#include "util.h"

/* How the stops are to be shown. */
struct view {
	struct client *client;
	struct selector selector;
	const char *wanted; /* the selector as it was typed; NULL: none */
	bool tree;
};

static void view_done(struct view *v)
{
	selector_done(&v->selector);
}

static enum exit_status nothing(const struct view *v)
{
	struct client *c = v->client;

	if (v->wanted) {
		print_error("nothing that is stopped matches '%s'; dwd list shows all that is",
			    v->wanted);
		return EXIT_NO_MATCH;
	}
	print_note(c, client_has_watches(c) ? "nothing is stopped"
					    : "nothing is stopped, and there are no watches; dwd "
					      "watch TARGET adds one");
	return EXIT_DONE;
}

static int table_of(const struct view *v, struct dwd_stop *const *stops, size_t n, char **ret)
{
	return v->tree ? tree_text(stops, n, ret) : show_stops_text(stops, n, ret);
}

/* A stop as one line of JSON, malloc()ed; with --tree its ancestors are in it. */
static char *json_of(const struct view *v, const struct dwd_stop *stop)
{
	const char *text = dwd_stop_json(stop);
	json_auto_t *object = NULL;

	if (!v->tree || !text)
		return text ? strdup(text) : NULL;
	object = json_loads(text, 0, NULL);
	if (!object || json_object_set_new(object, "ancestors", tree_ancestors(stop->pid)) < 0)
		return NULL;
	return json_dumps(object, JSON_COMPACT);
}

static void print_json(const struct view *v, struct dwd_stop *const *stops)
{
	struct print_array array = {0};

	for (; *stops; stops++) {
		_cleanup_free_ char *line = json_of(v, *stops);

		print_array_add(&array, line);
	}
	print_array_end(&array);
}

static enum exit_status list(const struct view *v)
{
	_cleanup_stops_ struct dwd_stop **stops = NULL;
	_cleanup_free_ char *table = NULL;
	struct client *c = v->client;
	ssize_t n = dwd_list(c->dwd, &v->selector.match, &stops);
	int r = 0;

	if (n < 0)
		return client_failed(c, (int)n);
	if (c->options.json)
		print_json(v, stops);
	if (n == 0)
		return nothing(v);
	if (!c->options.json)
		r = table_of(v, stops, (size_t)n, &table);
	if (r < 0)
		return print_failure("cannot print the table", r);
	if (table)
		fputs(table, stdout);
	return EXIT_DONE;
}

/* One line that holds all stops. */
static void print_json_at_once(const struct view *v, struct dwd_stop *const *stops)
{
	for (size_t i = 0; stops[i]; i++) {
		_cleanup_free_ char *line = json_of(v, stops[i]);

		printf("%s%s", i ? ", " : "[", line ? line : "null");
	}
	puts(stops[0] ? "]" : "[]");
}

/* Show how things stand. 0, or what libdwd or the table failed with. */
static int refresh(const struct view *v, struct screen *screen)
{
	_cleanup_stops_ struct dwd_stop **stops = NULL;
	_cleanup_free_ char *table = NULL;
	ssize_t n = dwd_list(v->client->dwd, &v->selector.match, &stops);
	int r = 0;

	if (n < 0)
		return (int)n;
	if (v->client->options.json) {
		print_json_at_once(v, stops);
		return 0;
	}
	if (n > 0)
		r = table_of(v, stops, (size_t)n, &table);
	if (r == 0)
		screen_show(screen, table ? table : "nothing is stopped\n");
	return r;
}

static volatile sig_atomic_t resized;

static void on_resize(int signal)
{
	resized = true;
}

/* An event that changes the list. */
static void on_event(struct dwd *d, const struct dwd_event *event, void *userdata)
{
	bool *changed = userdata;

	*changed |= event->stop != NULL || event->lost > 0;
}

/* Wait for a change of what is shown; on a terminal the ages change every second. 0, or why there
 * is nothing more to be waited for. */
static int await_change(struct follow *f, bool *changed)
{
	bool terminal = isatty(STDOUT_FILENO) && !f->client->options.json;

	for (*changed = false; !*changed;) {
		int r = follow_next(f, terminal ? 1000 : -1);

		if (r == -EINTR && resized)
			r = 0;
		if (r < 0)
			return r;
		resized = false;
		if (r == 0 && terminal)
			break;
	}
	return 0;
}

static enum exit_status follow(const struct view *v)
{
	static const struct dwd_listener listener = {.event = on_event};
	const struct sigaction action = {.sa_handler = on_resize};
	_cleanup_(screen_done) struct screen screen = {0};
	struct client *c = v->client;
	struct sigaction before;
	struct follow f;
	bool changed;
	int r;

	follow_begin(&f, c);
	sigaction(SIGWINCH, &action, &before);
	r = dwd_subscribe(c->dwd, false, &listener, &changed);
	while (r >= 0) {
		r = refresh(v, &screen);
		if (r >= 0)
			r = await_change(&f, &changed);
	}
	sigaction(SIGWINCH, &before, NULL);
	follow_end(&f);
	if (r == -ENOMEM)
		return print_failure("cannot show the list", r);
	return r == -EPIPE ? EXIT_DONE : client_failed(c, r);
}

static enum exit_status run(struct client *c, const struct args *args)
{
	_cleanup_(view_done) struct view view = {
		.client = c,
		.wanted = args->count > 0 ? args->words[0] : NULL,
		.tree = args_get(args, "tree"),
	};
	enum exit_status status;

	status = stops_selector(args, 0, &view.selector);
	if (status == EXIT_DONE)
		status = client_connect(c, false);
	if (status != EXIT_DONE)
		return status;
	if (!args_get(args, "follow"))
		return list(&view);
	status = follow(&view);
	c->shown_all = true;
	/* A subscription lasts as long as its connection. */
	client_disconnect(c);
	return status;
}

static const struct option_spec options[] = {
	{.name = "follow", .letter = 'f', .help = "show the list anew whenever it changes"},
	{.name = "tree", .help = "show the processes among their ancestors"},
	{0},
};

const struct cmd cmd_list = {
	.name = "list",
	.synopsis = "[--follow] [--tree] [SELECTOR]",
	.summary = "list the stopped processes",
	.details = "With --follow a terminal shows the list in place until Ctrl-C; elsewhere it is "
		   "printed\n"
		   "again at each change, with --json one array a line.",
	.options = options,
	.operand = ARG_SELECTOR,
	.max = 1,
	.run = run,
};
