/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cmd.h"
#include "follow.h"
#include "print.h"
#include "show.h"
#include "util.h"

static void show(struct dwd *d, const struct dwd_event *event, void *userdata)
{
	const struct client *c = userdata;

	if (c->options.json) {
		print_json_line(dwd_event_json(event));
		return;
	}
	printf("%s ", event->time);
	show_event(stdout, event);
	putchar('\n');
}

static enum exit_status follow(struct client *c)
{
	static const struct dwd_listener listener = {.event = show};
	struct follow f;
	int r;

	follow_begin(&f, c);
	r = dwd_subscribe(c->dwd, true, &listener, c);
	/* Each batch goes out at once; when nobody reads any more, there is nothing left to do. */
	while (r >= 0)
		r = follow_next(&f, -1);
	follow_end(&f);
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
		c->shown_all = true;
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
