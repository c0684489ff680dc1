/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cmd.h"
#include "print.h"
#include "show.h"
#include "stops.h"

/* What is released, and how. */
struct release {
	const char **variables; /* ended by NULL */
	size_t count;
};

static enum exit_status continue_one(struct client *c, const struct dwd_stop *stop, void *userdata)
{
	struct release *release = userdata;
	ssize_t n = dwd_continue_with(c->dwd, &stop->id, 1, release->variables);

	if (n < 0)
		return client_failed(c, (int)n);
	release->count += (size_t)n;
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
	_cleanup_free_ const char **variables = args_get_all(args, "setenv");
	struct release release = {.variables = variables};
	bool all = args_get(args, "all");
	enum exit_status status;

	if (!variables)
		return print_failure("cannot continue anything", -ENOMEM);
	if (all == (args->count > 0))
		return cmd_misused(&cmd_continue, CMD_NEEDS_STOPS);
	if (all && *variables)
		return cmd_misused(&cmd_continue, "--setenv needs to know whose environment: name "
						  "the stops instead of --all");
	status = client_connect(c, false);
	if (status != EXIT_DONE)
		return status;

	status = all ? continue_all(c, &release.count)
		     : stops_for_each(c, args, continue_one, &release);
	if (c->options.json)
		printf("{\"continued\": %zu}\n", release.count);
	return status;
}

static const struct option_spec options[] = {
	CMD_OPTION_ALL("let all run on"),
	CMD_OPTION_SETENV,
	{0},
};

const struct cmd cmd_continue = {
	.name = "continue",
	.synopsis = "[--setenv NAME=VALUE]... SELECTOR...|--all",
	.summary = "let stopped processes run on",
	.details =
		"A NAME or PATH that fits several lets all of them run. To most shells # begins a\n"
		"comment: write '#3' for the stop with id 3. With --setenv a process that has not\n"
		"run yet is given an environment variable, added or replaced; if that cannot be\n"
		"done it stays stopped.",
	.options = options,
	.operand = ARG_SELECTOR,
	.max = -1,
	.run = run,
};
