/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attach.h"
#include "cmd.h"
#include "debugger.h"
#include "each.h"
#include "own-watches.h"
#include "print.h"
#include "rules.h"
#include "show.h"
#include "stops.h"
#include "util.h"

/* What is asked for. */
struct request {
	struct selector selector;
	struct rules rules; /* of --watch */
	struct debugger debugger;
	struct each each;
	int timeout; /* ms; negative: none */
};

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
			print_note(c, CLIENT_WAITS_FOR_NOTHING);
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
	return status == EXIT_DONE ? attach_debugger(c, debugger, stop, true) : status;
}

/* The next process that watches of our own catch. On a connection of its own, with which they end.
 */
static enum exit_status attach_next(struct client *c, const struct debugger *debugger,
				    const struct args *args, struct dwd_rule rule, int timeout)
{
	_cleanup_stop_ struct dwd_stop *stop = NULL;
	struct client own = {.options = c->options};
	enum exit_status status = client_connect(&own, true);

	/* Nobody would see to another. */
	rule.count = 1;
	if (status == EXIT_DONE)
		status = own_watches_claim(&own, args, &rule, timeout, &stop);
	if (status == EXIT_DONE)
		status = attach_debugger(&own, debugger, stop, false);
	client_disconnect(&own);
	return status;
}

static enum exit_status status_of_each(const struct each *each, const struct selector *selector,
				       const struct each_result *result)
{
	_cleanup_free_ char *which = selector_phrase(selector);

	if (result->interrupted)
		return (enum exit_status)(128 + result->interrupted);
	if (result->timed_out && result->runs == 0) {
		print_error("no process%s was stopped within %g s", which ? which : "",
			    each->timeout / 1000.0);
		return EXIT_TIMED_OUT;
	}
	return result->failed ? EXIT_FAILED : EXIT_DONE;
}

/* On a connection of its own, which ends with it. */
static enum exit_status attach_each(struct client *c, const struct args *args,
				    const struct dwd_rule *rule, const struct selector *selector,
				    const struct each *asked)
{
	_cleanup_own_watches_ struct own_watches watches = {0};
	struct client own = {.options = c->options};
	struct each each = *asked;
	struct each_result result = {0};
	enum exit_status status = client_connect(&own, true);

	if (status == EXIT_DONE && args_get(args, "watch")) {
		status = own_watches_add(&own, args, rule, &watches);
		each.watches = &watches;
	}
	if (status == EXIT_DONE && !client_has_watches(&own))
		print_note(c, CLIENT_WAITS_FOR_NOTHING);
	if (status == EXIT_DONE)
		status = each_run(&own, &each, &result);
	client_disconnect(&own);
	return status == EXIT_DONE ? status_of_each(&each, selector, &result) : status;
}

/* How many there are to be makes sense for --each alone, and then also without --watch. */
static bool is_limit(const char *option)
{
	return str_eq(option, "count") || str_eq(option, "once");
}

static enum exit_status check(const struct args *args)
{
	static const char *const parts[] = {"count", "once", "jobs", "log-dir"};
	const char *filter;

	for (size_t i = 0; i < ARRAY_SIZE(parts) && !args_get(args, "each"); i++) {
		if (args_get(args, parts[i]))
			return cmd_misused(&cmd_attach, "--%s needs --each", parts[i]);
	}
	if (args_get(args, "watch"))
		return args->count == 0
			       ? EXIT_DONE
			       : cmd_misused(&cmd_attach,
					     "--watch catches what it is to have: '%s' is one "
					     "word too many",
					     args->words[0]);
	for (size_t i = 0; (filter = rule_option_given(args, i)); i++) {
		if (!is_limit(filter))
			return cmd_misused(&cmd_attach,
					   "--%s narrows a --watch TARGET: give that too", filter);
	}
	return EXIT_DONE;
}

/* All that can be wrong is found before anything is watched or stopped. */
static enum exit_status read_all(struct client *c, const struct args *args, struct request *ret)
{
	enum exit_status status = stops_selector(args, 0, &ret->selector);

	ret->timeout = -1;
	if (status == EXIT_DONE)
		status = cmd_timeout(args, &ret->timeout);
	if (status == EXIT_DONE)
		status = check(args);
	if (status == EXIT_DONE)
		status = rules_read(c, args, &ret->rules);
	if (status == EXIT_DONE)
		status = each_from_args(args, &ret->each);
	if (status == EXIT_DONE)
		status = debugger_choose(args, (const char *const *)args->rest, &ret->debugger);
	if (status == EXIT_DONE)
		status = each_make_log_dir(&ret->each);
	return status;
}

static void request_done(struct request *request)
{
	selector_done(&request->selector);
	rules_done(&request->rules);
	debugger_done(&request->debugger);
}

static enum exit_status run(struct client *c, const struct args *args)
{
	_cleanup_(request_done) struct request request = {0};
	const struct dwd_rule *rule = &request.rules.rule;
	struct debugger *debugger = &request.debugger;
	struct each *each = &request.each;
	enum exit_status status = read_all(c, args, &request);

	if (status != EXIT_DONE)
		return status;
	if (!args_get(args, "each"))
		return args_get(args, "watch")
			       ? attach_next(c, debugger, args, *rule, request.timeout)
			       : attach_one(c, debugger, &request.selector, request.timeout);
	debugger_is_unattended(debugger);
	if (debugger_is_alone(debugger))
		each->jobs = 1;
	each->debugger = debugger;
	each->match = request.selector.match;
	each->count = rule->count;
	each->timeout = request.timeout;
	return attach_each(c, args, rule, &request.selector, each);
}

static const struct option_spec options[] = {
	DEBUGGER_OPTIONS,
	OWN_WATCHES_OPTION("take the next process that executes this, watched meanwhile"),
	RULE_OPTIONS,
	EACH_OPTIONS,
	CMD_OPTION_TIMEOUT,
	{0},
};

const struct cmd cmd_attach = {
	.name = "attach",
	.synopsis = "[SELECTOR | --watch TARGET [FILTER]...] [--gdb|...] [--each] [--timeout T] "
		    "[-- ARGS]",
	.summary = "put a debugger on a stopped process, waiting for one if need be",
	.details =
		"Takes the oldest stop that fits and that nobody has taken. In the debugger the "
		"first\n"
		"continue lets the process run; so do detach and quitting. ARGS are the debugger's "
		"own.\n"
		"The exit status is the debugger's, or 1 if the process is still stopped in the "
		"end.\n\n"
		"With --watch a TARGET, narrowed as with watch, is watched for this command "
		"alone:\n"
		"its next process is taken, or with --each all, and --count ends after so many.",
	.options = options,
	.operand = ARG_SELECTOR,
	.max = 1,
	.flags = CMD_REST,
	.run = run,
};
