/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Run a command and catch beneath it alone.
 *
 * The watches are this connection's own and narrowed to this process and what descends from it, so
 * the same program started elsewhere is not touched, and however dwd ends they end with it and what
 * they have stopped runs on. They are in force before the command's own exec, which they may catch.
 * While it runs dwd adopts orphans among its descendants: a process remains beneath the command
 * when its parent has ended.
 */

#include <stdio.h>
#include <sys/prctl.h>

#include "cmd.h"
#include "debugger.h"
#include "each.h"
#include "launch.h"
#include "own-watches.h"
#include "print.h"
#include "rules.h"
#include "util.h"
#include "words.h"

/* What is to be done with what is caught. */
struct plan {
	struct debugger debugger;
	struct words debugger_args;
	struct each each;
	struct rules rules;
	struct own_watches watches;
};

static void plan_done(struct plan *p)
{
	debugger_done(&p->debugger);
	words_done(&p->debugger_args);
	rules_done(&p->rules);
	own_watches_done(&p->watches);
}

static enum exit_status read_debugger_args(const struct args *args, struct words *ret)
{
	const char *text = args_get(args, "debugger-args");
	int r = text ? words_split(ret, text) : 0;

	if (r == -EINVAL)
		return cmd_misused(&cmd_run_command, "--debugger-args: a quote is not closed");
	return r < 0 ? print_failure("--debugger-args", r) : EXIT_DONE;
}

/* What is caught: all that the filters allow, beneath this process. */
static enum exit_status read_rule(const struct client *c, const struct args *args, struct plan *p)
{
	if (args_get(args, "under"))
		return cmd_misused(&cmd_run_command, "--under: it catches beneath COMMAND alone");
	return rules_read(c, args, &p->rules);
}

/* Who asks for variables, and for nothing about a debugger, wants the programs to run with them. */
static bool wants_variables_alone(const struct args *args)
{
	return args_get(args, "setenv") && !debugger_is_given(args) && !args_get(args, "each") &&
	       !args_get(args, "debugger-args");
}

/*
 * Somebody at a terminal who named no debugger is told of each stop, and puts one on it from
 * another terminal; one whom he named gets this terminal, once for each stop. Without a terminal
 * nobody is there to do either, and it is as with --each.
 */
static enum exit_status make_plan(const struct client *c, const struct args *args, struct plan *p)
{
	bool given = debugger_is_given(args), none = wants_variables_alone(args);
	bool each = args_get(args, "each") || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO);
	enum exit_status status = read_debugger_args(args, &p->debugger_args);

	p->each.timeout = -1;
	p->each.watches = &p->watches;
	if (status == EXIT_DONE)
		status = cmd_timeout(args, &p->each.timeout);
	if (status == EXIT_DONE)
		status = read_rule(c, args, p);
	if (status == EXIT_DONE)
		status = each_from_args(args, &p->each);
	if (none)
		debugger_choose_none(&p->debugger);
	else if (status == EXIT_DONE && (each || given))
		status = debugger_choose(args, (const char *const *)p->debugger_args.words,
					 &p->debugger);
	/* Nobody needs a terminal for it. */
	each |= debugger_is_none(&p->debugger);
	if (status == EXIT_DONE && each)
		status = each_make_log_dir(&p->each);
	if (status != EXIT_DONE)
		return status;

	if (each)
		debugger_is_unattended(&p->debugger);
	if (debugger_is_alone(&p->debugger))
		p->each.jobs = 1;
	if (each || given)
		p->each.debugger = &p->debugger;
	if (given && !each) {
		p->each.at_terminal = true;
		p->each.jobs = 1;
	}
	return EXIT_DONE;
}

static enum exit_status add_watches(struct client *c, const struct args *args, struct plan *p)
{
	struct dwd_rule rule = p->rules.rule;
	enum exit_status status = client_connect(c, true);

	rule.under = getpid();
	return status == EXIT_DONE ? own_watches_add(c, args, &rule, &p->watches) : status;
}

/* As a shell has it. */
static enum exit_status explain_exec(const char *program, int error)
{
	print_error("cannot run %s: %s", program, strerror(-error));
	return error == -ENOENT ? 127 : 126;
}

/* On a connection of its own, with which all ends. */
static enum exit_status watch_and_run(struct client *c, const struct args *args, struct plan *p)
{
	_cleanup_launch_ struct launch launch = {0};
	struct each_result result = {0};
	enum exit_status status;
	int r = launch_prepare(&launch, args->rest, p->each.at_terminal);

	if (r < 0)
		return print_failure("cannot start the command", r);
	p->each.command = launch.pid;
	status = add_watches(c, args, p);
	if (status != EXIT_DONE)
		return status;
	r = launch_go(&launch);
	if (r < 0)
		return explain_exec(args->rest[0], r);
	status = each_run(c, &p->each, &result);
	if (status == EXIT_DONE && result.timed_out) {
		print_error("%s did not end within %g s, and was ended", args->rest[0],
			    p->each.timeout / 1000.0);
		return EXIT_TIMED_OUT;
	}
	if (status == EXIT_DONE)
		status = (enum exit_status)result.command_status;
	return status == EXIT_DONE && result.lost ? EXIT_FAILED : status;
}

static enum exit_status run(struct client *c, const struct args *args)
{
	_cleanup_(plan_done) struct plan plan = {0};
	struct client own = {.options = c->options};
	enum exit_status status;

	if (!args_get(args, "watch"))
		return cmd_misused(&cmd_run_command, "what is to be caught? --watch TARGET");
	if (args->rest_count == 0)
		return cmd_misused(&cmd_run_command, "what is to be run? -- COMMAND");
	status = make_plan(c, args, &plan);
	if (status != EXIT_DONE)
		return status;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	status = watch_and_run(&own, args, &plan);
	client_disconnect(&own);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	return status;
}

static const struct option_spec options[] = {
	OWN_WATCHES_OPTION("catch this beneath COMMAND; may be given several times"),
	RULE_OPTIONS,
	DEBUGGER_OPTIONS,
	{.name = "debugger-args",
	 .value = "ARGS",
	 .help = "arguments of the debugger, quoted as for a shell"},
	EACH_OPTIONS,
	{.name = "timeout",
	 .letter = 't',
	 .value = "T",
	 .help = "end COMMAND after T (seconds, or with a unit: 300ms, 2m)"},
	{0},
};

const struct cmd cmd_run_command = {
	.name = "run",
	.synopsis = "--watch TARGET [FILTER]... [--gdb|...] [--each] [--timeout T] -- COMMAND...",
	.summary = "run a command and catch programs beneath it",
	.details =
		"Runs COMMAND; whatever executes a TARGET as COMMAND itself or as a descendant of\n"
		"it is stopped, and handed to the debugger. The same program elsewhere is not\n"
		"touched. When COMMAND ends, or dwd does, everything is released. The exit status\n"
		"is COMMAND's, or 124 if it was ended after --timeout.\n\n"
		"At a terminal the debugger has it, once for each stop; without a debugger you "
		"are\n"
		"told of each stop, to attach from another terminal. With --each, or without a\n"
		"terminal, every stop gets its own debugger, as with attach --each. --setenv\n"
		"without --each and any debugger implies --debugger none: what is caught gets its\n"
		"variables and runs on.",
	.options = options,
	.flags = CMD_REST,
	.rest = ARG_TARGET,
	.run = run,
};
