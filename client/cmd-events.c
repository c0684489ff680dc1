/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cmd.h"
#include "follow.h"
#include "print.h"
#include "show.h"
#include "util.h"

/* What happened to a stop: whose, and for a fresh one by which watch and what it runs. */
static void print_stop(const struct dwd_event *event)
{
	const struct dwd_stop *stop = event->stop;
	_cleanup_free_ char *command = NULL;

	printf(" " STOP_FORMAT, STOP_ARGS(stop));
	if (!str_eq(event->event, "stopped"))
		return;
	command = show_command(stop);
	printf(" by watch %llu: %s", (unsigned long long)stop->watch, command ? command : "?");
}

static void print_event(const struct dwd_event *event)
{
	printf("%s %s", event->time, event->event);
	if (event->stop)
		print_stop(event);
	if (event->watch)
		printf(" watch %llu: %s", (unsigned long long)event->watch->id,
		       event->watch->target);
	if (event->skip_reason)
		printf(" %s (pid %d) by watch %llu: %s", event->skip_comm, (int)event->skip_pid,
		       (unsigned long long)event->skip_watch, event->skip_reason);
	if (event->signal)
		printf(", %s", event->signal);
	if (event->by)
		printf(", by process %d", (int)event->by);
	if (event->lost)
		printf(" (%llu events before this one were lost)", (unsigned long long)event->lost);
	putchar('\n');
}

static void show(struct dwd *d, const struct dwd_event *event, void *userdata)
{
	const struct client *c = userdata;

	if (c->options.json)
		print_json_line(dwd_event_json(event));
	else
		print_event(event);
}

static enum exit_status follow(struct client *c)
{
	static const struct dwd_listener listener = {.event = show};
	int r = dwd_subscribe(c->dwd, true, &listener, c);

	/* Each batch goes out at once; when nobody reads any more, there is nothing left to do. */
	while (r >= 0)
		r = follow_next(c, -1);
	return r == -EPIPE ? EXIT_DONE : client_failed(c, r);
}

static enum exit_status run(struct client *c, const struct args *args)
{
	enum exit_status status = client_connect(c, false);
	int r;

	if (status != EXIT_DONE)
		return status;
	if (args_get(args, "follow")) {
		status = follow(c);
		/* A subscription lasts as long as its connection. */
		client_disconnect(c);
		return status;
	}
	r = dwd_history(c->dwd, show, c);
	return r < 0 ? client_failed(c, r) : EXIT_DONE;
}

static const struct option_spec options[] = {
	{.name = "follow", .letter = 'f', .help = "go on with what happens from now on"},
	{0},
};

const struct cmd cmd_events = {
	.name = "events",
	.synopsis = "[--follow]",
	.summary = "print what happened, oldest first",
	.details = "One line for each of the events that the daemon has kept; with --json one "
		   "object a\n"
		   "line.",
	.options = options,
	.run = run,
};
