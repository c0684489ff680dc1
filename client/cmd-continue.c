/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cmd.h"
#include "print.h"
#include "show.h"
#include "stops.h"

static enum exit_status continue_one(struct client *c, const struct dwd_stop *stop, void *userdata)
{
	size_t *count = userdata;
	ssize_t n = dwd_continue(c->dwd, &stop->id, 1);

	if (n < 0)
		return client_failed(c, (int)n);
	*count += (size_t)n;
	print_done(c, "continued " STOP_FORMAT, STOP_ARGS(stop));
	return EXIT_DONE;
}

static enum exit_status continue_all(struct client *c, size_t *count)
{
	ssize_t n = dwd_continue(c->dwd, NULL, 0);

	if (n < 0)
		return client_failed(c, (int)n);
	*count = (size_t)n;
	print_done(c, "continued %zu process%s", *count, *count == 1 ? "" : "es");
	return EXIT_DONE;
}

static enum exit_status run(struct client *c, const struct args *args)
{
	bool all = args_get(args, "all");
	enum exit_status status;
	size_t count = 0;

	if (all == (args->count > 0))
		return cmd_misused(&cmd_continue, CMD_NEEDS_STOPS);
	status = client_connect(c, false);
	if (status != EXIT_DONE)
		return status;

	status = all ? continue_all(c, &count) : stops_for_each(c, args, continue_one, &count);
	if (c->options.json)
		printf("{\"continued\": %zu}\n", count);
	return status;
}

static const struct option_spec options[] = {
	CMD_OPTION_ALL("let all run on"),
	{0},
};

const struct cmd cmd_continue = {
	.name = "continue",
	.synopsis = "SELECTOR...|--all",
	.summary = "let stopped processes run on",
	.details =
		"A NAME or PATH that fits several lets all of them run. To most shells # begins a\n"
		"comment: write '#3' for the stop with id 3.",
	.options = options,
	.operand = ARG_SELECTOR,
	.max = -1,
	.run = run,
};
