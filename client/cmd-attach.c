/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd.h"
#include "debugger.h"
#include "print.h"
#include "show.h"
#include "stops.h"
#include "util.h"

/* The one stop that was asked for is not to be had: say who has it. */
static enum exit_status explain_busy(struct client *c, const struct selector *selector)
{
	_cleanup_free_ char *refusal = strdup(dwd_error(c->dwd));
	_cleanup_stop_ struct dwd_stop *stop = NULL;

	if (dwd_info(c->dwd, &selector->match, &stop) >= 0 && stop->tracer)
		print_error(STOP_FORMAT " is already traced by process %d; end that first",
			    STOP_ARGS(stop), (int)stop->tracer);
	else
		print_error("%s", refusal ? refusal : strerror(EBUSY));
	return exit_status(-EBUSY);
}

/* Claim what fits at once, or wait for it. */
static enum exit_status claim(struct client *c, const struct selector *selector, int timeout,
			      struct dwd_stop **ret)
{
	bool patient = timeout > 0 || (timeout < 0 && !selector_is_single(selector));
	int r = dwd_claim(c->dwd, &selector->match, 0, ret);

	if (r == -ENOENT && patient) {
		enum exit_status status = stops_may_come(selector);

		if (status != EXIT_DONE)
			return status;
		if (timeout < 0)
			print_note(c, "waiting for a process to be stopped (Ctrl-C ends)%s",
				   client_has_watches(c)
					   ? ""
					   : "; there are no watches: dwd watch TARGET adds one");
		r = dwd_claim(c->dwd, &selector->match, timeout, ret);
	}
	if (r == -ENOENT && timeout == 0)
		r = -ETIMEDOUT;
	if (r == -EBUSY)
		return explain_busy(c, selector);
	return r < 0 ? client_failed(c, r) : EXIT_DONE;
}

/* The debugger has ended with `status`: see what became of the process. */
static enum exit_status give_back(struct client *c, const struct dwd_stop *claimed, int status)
{
	_cleanup_stop_ struct dwd_stop *stop = NULL;
	int r = dwd_unclaim(c->dwd, claimed->id, &stop);

	/* A process that ended under the debugger has no stop any more. */
	if (r == -ENOENT)
		return status;
	if (r < 0) {
		client_failed(c, r);
		return status != EXIT_DONE ? status : EXIT_FAILED;
	}
	if (!str_eq(stop->state, "stopped") && !str_eq(stop->state, "stopping"))
		return status;
	print_error(STOP_FORMAT " is still stopped: dwd attach %d tries "
				"again, dwd continue %d lets it go",
		    STOP_ARGS(stop), (int)stop->pid, (int)stop->pid);
	return EXIT_FAILED;
}

static enum exit_status debug(struct client *c, const char *gdb, const struct dwd_stop *stop,
			      char *const *gdb_args)
{
	enum exit_status status = debugger_check(stop);
	int r;

	if (status != EXIT_DONE) {
		dwd_unclaim(c->dwd, stop->id, NULL);
		return status;
	}
	r = debugger_run(c, gdb, stop, gdb_args);
	if (r < 0) {
		dwd_unclaim(c->dwd, stop->id, NULL);
		return EXIT_FAILED;
	}
	return give_back(c, stop, r);
}

static enum exit_status run(struct client *c, const struct args *args)
{
	static char *const none[] = {NULL};
	_cleanup_selector_ struct selector selector = {0};
	_cleanup_stop_ struct dwd_stop *stop = NULL;
	_cleanup_free_ char *gdb = NULL;
	enum exit_status status;
	int timeout = -1;

	status = stops_selector(args, 0, &selector);
	if (status == EXIT_DONE)
		status = cmd_timeout(args, &timeout);
	if (status == EXIT_DONE)
		status = debugger_find(&gdb);
	if (status == EXIT_DONE)
		status = client_connect(c, true);
	if (status == EXIT_DONE)
		status = claim(c, &selector, timeout, &stop);
	if (status != EXIT_DONE)
		return status;
	return debug(c, gdb, stop, args->rest ? args->rest : none);
}

static const struct option_spec options[] = {
	{.name = "gdb", .help = "with gdb (the default, and so far the only one)"},
	CMD_OPTION_TIMEOUT,
	{0},
};

const struct cmd cmd_attach = {
	.name = "attach",
	.synopsis = "[SELECTOR] [--gdb] [--timeout T] [-- GDB-ARGS]",
	.summary = "put gdb on a stopped process, waiting for one if need be",
	.details = "Takes the oldest stop that fits and that nobody has taken. In gdb the first "
		   "continue\n"
		   "lets the process run; so do detach and quitting gdb. The exit status is gdb's, "
		   "or 1\n"
		   "if the process is still stopped in the end.",
	.options = options,
	.operand = ARG_SELECTOR,
	.max = 1,
	.flags = CMD_REST,
	.run = run,
};
