/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attach.h"
#include "cmd.h"
#include "debugger.h"
#include "each.h"
#include "print.h"
#include "show.h"
#include "stops.h"
#include "util.h"

#define NOTHING_WATCHED "waiting, though nothing is watched: dwd watch TARGET adds a watch"

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
		if (!client_has_watches(c))
			print_note(c, NOTHING_WATCHED);
		else if (timeout < 0)
			print_note(c, "waiting for a process to be stopped (Ctrl-C ends)");
		r = dwd_claim(c->dwd, &selector->match, timeout, ret);
	}
	if (r == -ENOENT && timeout == 0)
		r = -ETIMEDOUT;
	if (r == -EBUSY)
		return explain_busy(c, selector);
	return r < 0 ? client_failed(c, r) : EXIT_DONE;
}

static enum exit_status attach_one(struct client *c, const struct debugger *debugger,
				   const struct selector *selector, int timeout)
{
	_cleanup_stop_ struct dwd_stop *stop = NULL;
	enum exit_status status = client_connect(c, true);

	if (status == EXIT_DONE)
		status = claim(c, selector, timeout, &stop);
	return status == EXIT_DONE ? attach_debugger(c, debugger, stop) : status;
}

static enum exit_status status_of_each(const struct each *each, const struct each_result *result)
{
	if (result->interrupted)
		return (enum exit_status)(128 + result->interrupted);
	if (result->timed_out && result->runs == 0) {
		print_error("no process was stopped within %g s", each->timeout / 1000.0);
		return EXIT_TIMED_OUT;
	}
	return result->failed ? EXIT_FAILED : EXIT_DONE;
}

/* On a connection of its own, which ends with it. */
static enum exit_status attach_each(struct client *c, const struct each *each)
{
	struct client own = {.options = c->options};
	struct each_result result = {0};
	enum exit_status status = client_connect(&own, true);

	if (status == EXIT_DONE && !client_has_watches(&own))
		print_note(c, NOTHING_WATCHED);
	if (status == EXIT_DONE)
		status = each_run(&own, each, &result);
	client_disconnect(&own);
	return status == EXIT_DONE ? status_of_each(each, &result) : status;
}

static enum exit_status check_each(const struct args *args)
{
	static const char *const parts[] = {"count", "jobs", "log-dir"};

	for (size_t i = 0; i < ARRAY_SIZE(parts) && !args_get(args, "each"); i++) {
		if (args_get(args, parts[i]))
			return cmd_misused(&cmd_attach, "--%s needs --each", parts[i]);
	}
	return EXIT_DONE;
}

static enum exit_status read_count(const struct args *args, uint64_t *ret)
{
	const char *text = args_get(args, "count");
	char *end;

	if (!text)
		return EXIT_DONE;
	errno = 0;
	*ret = strtoull(text, &end, 10);
	if (errno || *end || !*text || text[strspn(text, "0123456789")] || *ret == 0)
		return cmd_misused(&cmd_attach, "--count %s: not a number of processes", text);
	return EXIT_DONE;
}

static enum exit_status run(struct client *c, const struct args *args)
{
	const char *const *own = (const char *const *)args->rest;
	_cleanup_selector_ struct selector selector = {0};
	_cleanup_debugger_ struct debugger debugger = {0};
	struct each each = {.debugger = &debugger};
	enum exit_status status;
	int timeout = -1;

	status = stops_selector(args, 0, &selector);
	if (status == EXIT_DONE)
		status = cmd_timeout(args, &timeout);
	if (status == EXIT_DONE)
		status = check_each(args);
	if (status == EXIT_DONE)
		status = read_count(args, &each.count);
	if (status == EXIT_DONE)
		status = each_from_args(args, &each);
	if (status == EXIT_DONE)
		status = debugger_choose(args, own, &debugger);
	if (status != EXIT_DONE)
		return status;
	if (!args_get(args, "each"))
		return attach_one(c, &debugger, &selector, timeout);
	debugger_is_unattended(&debugger);
	if (debugger_is_alone(&debugger))
		each.jobs = 1;
	each.match = selector.match;
	each.timeout = timeout;
	return attach_each(c, &each);
}

static const struct option_spec options[] = {
	DEBUGGER_OPTIONS,
	EACH_OPTIONS,
	{.name = "count", .value = "N", .help = "with --each: end after so many"},
	CMD_OPTION_TIMEOUT,
	{0},
};

const struct cmd cmd_attach = {
	.name = "attach",
	.synopsis = "[SELECTOR] [--gdb|--lldb|...] [--each] [--timeout T] [-- ARGS]",
	.summary = "put a debugger on a stopped process, waiting for one if need be",
	.details =
		"Takes the oldest stop that fits and that nobody has taken. In the debugger the "
		"first\n"
		"continue lets the process run; so do detach and quitting. ARGS are the debugger's "
		"own.\n"
		"The exit status is the debugger's, or 1 if the process is still stopped in the "
		"end.",
	.options = options,
	.operand = ARG_SELECTOR,
	.max = 1,
	.flags = CMD_REST,
	.run = run,
};
