/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd.h"
#include "print.h"
#include "show.h"
#include "stops.h"
#include "util.h"

static enum exit_status run(struct client *c, const struct args *args)
{
	_cleanup_selector_ struct selector selector = {0};
	_cleanup_stop_ struct dwd_stop *stop = NULL;
	enum exit_status status;
	int timeout = -1, r;

	status = stops_selector(args, 0, &selector);
	if (status == EXIT_DONE)
		status = cmd_timeout(args, &timeout);
	if (status == EXIT_DONE)
		status = stops_may_come(&selector);
	if (status == EXIT_DONE)
		status = client_connect(c, true);
	if (status != EXIT_DONE)
		return status;

	if (timeout != 0 && !client_has_watches(c))
		print_note(c, CLIENT_WAITS_FOR_NOTHING);
	r = dwd_wait(c->dwd, &selector.match, timeout, &stop);
	if (r == -ENOENT && timeout == 0)
		r = -ETIMEDOUT;
	if (r < 0)
		return client_failed(c, r);

	c->shown_stop = stop->id;
	if (c->options.json) {
		print_json_line(dwd_stop_json(stop));
		return EXIT_DONE;
	}
	r = show_stops(&stop, 1);
	return r < 0 ? print_failure("cannot print the table", r) : EXIT_DONE;
}

static const struct option_spec options[] = {
	CMD_OPTION_TIMEOUT,
	{0},
};

const struct cmd cmd_wait = {
	.name = "wait",
	.synopsis = "[SELECTOR] [--timeout T]",
	.summary = "wait until a process is stopped, and print it",
	.details = "Does not wait if one is stopped already. Exit status 124: none was in time.",
	.options = options,
	.operand = ARG_SELECTOR,
	.max = 1,
	.run = run,
};
