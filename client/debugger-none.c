/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * No debugger: the process has been given the variables that its watch asks for, and runs on.
 */

#include "debugger-kind.h"
#include "print.h"
#include "show.h"
#include "util.h"

static enum exit_status check_none(const struct debugger *d)
{
	if (!d->args || !*d->args)
		return EXIT_DONE;
	print_error("%s none: there is no debugger to take '%s'", d->named_by, *d->args);
	return EXIT_USAGE;
}

static int run_none(const struct debugger *d, struct client *c, const struct dwd_stop *stop)
{
	ssize_t n = dwd_continue(c->dwd, &stop->id, 1);

	(void)d;
	if (n < 0 && n != -ENOENT)
		return client_failed(c, (int)n);
	if (!stop->setenv_error)
		return EXIT_DONE;
	print_error(STOP_FORMAT " runs without the variables asked for: %s", STOP_ARGS(stop),
		    stop->setenv_error);
	return EXIT_FAILED;
}

const struct debugger_kind debugger_none = {
	.name = "none",
	.check = check_none,
	.run = run_none,
};
