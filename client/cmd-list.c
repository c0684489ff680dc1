/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd.h"
#include "print.h"
#include "show.h"
#include "stops.h"
#include "util.h"

static enum exit_status nothing(struct client *c, const struct args *args)
{
	if (args->count > 0) {
		print_error("nothing that is stopped matches '%s'", args->words[0]);
		return EXIT_NO_MATCH;
	}
	print_note(c, client_has_watches(c) ? "nothing is stopped"
					    : "nothing is stopped, and there are no watches; dwd "
					      "watch TARGET adds one");
	return EXIT_DONE;
}

static enum exit_status run(struct client *c, const struct args *args)
{
	_cleanup_selector_ struct selector selector = {0};
	_cleanup_stops_ struct dwd_stop **stops = NULL;
	struct print_array json = {0};
	enum exit_status status;
	ssize_t n;
	int r;

	status = stops_selector(args, 0, &selector);
	if (status == EXIT_DONE)
		status = client_connect(c, false);
	if (status != EXIT_DONE)
		return status;
	n = dwd_list(c->dwd, &selector.match, &stops);
	if (n < 0)
		return client_failed(c, (int)n);

	if (c->options.json) {
		for (struct dwd_stop **s = stops; *s; s++)
			print_array_add(&json, dwd_stop_json(*s));
		print_array_end(&json);
	}
	if (n == 0)
		return nothing(c, args);
	r = c->options.json ? 0 : show_stops(stops, (size_t)n);
	return r < 0 ? print_failure("cannot print the table", r) : EXIT_DONE;
}

const struct cmd cmd_list = {
	.name = "list",
	.synopsis = "[SELECTOR]",
	.summary = "list the stopped processes",
	.operand = ARG_SELECTOR,
	.max = 1,
	.run = run,
};
