/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cmd.h"
#include "describe.h"
#include "path.h"
#include "print.h"
#include "printable.h"
#include "rules.h"
#include "targets.h"
#include "trial.h"
#include "util.h"
#include "watches.h"
#include "wrap.h"

/* What is asked for, for all targets. */
struct order {
	const struct args *args;
	struct rules rules;
	bool save, test;
	const char *name; /* of the file, NULL: the daemon's choice */
};

/* The i-th of the targets, which may stand behind `--` unless a command does; NULL at the end. */
static const char *target_at(const struct order *order, int i)
{
	const struct args *args = order->args;

	if (i < args->count)
		return args->words[i];
	i -= args->count;
	return !order->test && i < args->rest_count ? args->rest[i] : NULL;
}

static bool texts_equal(const char *printable, const char *bytes)
{
	return printable && bytes ? printable_equals(printable, bytes) : printable == bytes;
}

static bool lists_equal(const char *const *printable, const char *const *bytes)
{
	for (; printable && *printable && bytes && *bytes; printable++, bytes++) {
		if (!printable_equals(*printable, *bytes))
			return false;
	}
	return !(printable && *printable) && !(bytes && *bytes);
}

static bool is_same(const struct dwd_watch *w, const struct dwd_rule *r)
{
	return printable_equals(w->target, r->target) && w->has_uid == r->has_uid &&
	       (!w->has_uid || w->uid == r->uid) && lists_equal(w->args, r->args) &&
	       w->under == r->under && texts_equal(w->under_name, r->under_name) &&
	       texts_equal(w->cgroup, r->cgroup) && w->skip == r->skip && w->count == r->count &&
	       w->max_stopped == r->max_stopped && w->hold == r->hold &&
	       (!w->hold || texts_equal(w->then, r->then ? r->then : "continue")) &&
	       lists_equal(w->setenv, r->setenv);
}

/* Whether a watch like this is saved already; if so it is told where. */
static bool is_saved(struct client *c, const struct dwd_rule *rule)
{
	_cleanup_watches_ struct dwd_watch **watches = NULL;
	ssize_t n = dwd_watches(c->dwd, &watches);

	for (ssize_t i = 0; i < n; i++) {
		if (!watches[i]->saved || !is_same(watches[i], rule))
			continue;
		print_note(c, "watch %llu, saved in %s, is the same: no second line is written",
			   (unsigned long long)watches[i]->id, watches[i]->saved);
		return true;
	}
	return false;
}

/* Have the daemon bring it back when it starts. *watch becomes the watch as it is then. */
static enum exit_status save(struct client *c, const struct order *order, const char *target,
			     struct dwd_watch **watch)
{
	_cleanup_free_ char *line = rule_line_write(order->args, target, order->rules.cgroup);
	struct dwd_watch *saved;
	int r;

	if (!line)
		return print_failure("cannot save the watch", -ENOMEM);
	r = dwd_save(c->dwd, (*watch)->id, line, order->name, &saved);
	if (r < 0)
		return client_failed(c, r);
	dwd_watch_free(*watch);
	*watch = saved;
	return EXIT_DONE;
}

static enum exit_status watch_one(struct client *c, const char *text, const struct order *order,
				  struct print_array *json)
{
	struct dwd_rule rule = order->rules.rule;
	_cleanup_free_ char *target = NULL;
	_cleanup_watch_ struct dwd_watch *watch = NULL;
	enum exit_status status = EXIT_DONE;
	int r = path_target(text, NULL, &target);

	if (r < 0) {
		print_error("cannot make %s an absolute path: %s", text, strerror(-r));
		return exit_status(r);
	}
	rule.target = target;
	r = dwd_watch(c->dwd, &rule, &watch);
	if (r < 0)
		return client_failed(c, r);

	if (order->save && !is_saved(c, &rule)) {
		status = save(c, order, target, &watch);
		/* What was asked for is a watch that lasts. */
		if (status != EXIT_DONE) {
			dwd_unwatch(c->dwd, watch->id);
			return status;
		}
	}
	if (c->options.json)
		print_array_add(json, dwd_watch_json(watch));
	print_done(c, "watch %llu: %s%s%s", (unsigned long long)watch->id, watch->target,
		   watch->saved ? ", saved in " : "", watch->saved ? watch->saved : "");
	targets_remark(c, watch, target);
	return status;
}

static enum exit_status read_order(const struct client *c, const struct args *args,
				   struct order *ret)
{
	*ret = (struct order){
		.args = args,
		.save = args_get(args, "save") || args_get(args, "save-as"),
		.name = args_get(args, "save-as"),
		.test = args_get(args, "test"),
	};
	if (ret->name && rule_file_name_fault(ret->name)) {
		print_error("--save-as %s: %s", ret->name, rule_file_name_fault(ret->name));
		return EXIT_USAGE;
	}
	return rules_read(c, args, &ret->rules);
}

static enum exit_status watch_all(struct client *c, const struct order *order)
{
	struct print_array json = {0};
	enum exit_status first = EXIT_DONE;
	const char *target;

	for (int i = 0; (target = target_at(order, i)) && c->dwd; i++) {
		enum exit_status status = watch_one(c, target, order, &json);

		if (first == EXIT_DONE)
			first = status;
	}
	if (c->options.json)
		print_array_end(&json);
	return first;
}

/* Say what would be stopped, and stop nothing. */
static enum exit_status describe(const struct dwd_rule *rule)
{
	_cleanup_free_ char *text = describe_rule(rule), *line = NULL;
	size_t size;
	FILE *f = text ? open_memstream(&line, &size) : NULL;

	if (!f)
		return print_failure("cannot describe the watch", -ENOMEM);
	printable_put(f, text);
	fputc('\n', f);
	if (fclose(f) != 0)
		return print_failure("cannot describe the watch", -ENOMEM);
	wrap_put(line);
	return EXIT_DONE;
}

static enum exit_status try(const struct dwd_rule *rule, char *const argv[], const char *front)
{
	struct trial trial;
	int r = trial_run(&trial, rule, argv);

	if (r < 0) {
		print_error("cannot tell what %s would execute: %s", argv[0], strerror(-r));
		return EXIT_FAILED;
	}
	if (trial.matches || !*front) {
		printf("%s%s: ", front, trial.matches ? "would be stopped" : "would run");
		printable_put(stdout, trial.reason);
		putchar('\n');
	}
	free(trial.reason);
	return trial.matches ? EXIT_DONE : EXIT_NO_MATCH;
}

static enum exit_status try_watch(const struct dwd_watch *watch, char *const argv[])
{
	const struct dwd_rule rule = {
		.target = watch->target,
		.has_uid = watch->has_uid,
		.uid = watch->uid,
		.args = watch->args,
		.under = watch->under,
		.under_name = watch->under_name,
		.cgroup = watch->cgroup,
	};
	char front[64];

	snprintf(front, sizeof(front), "watch %llu: ", (unsigned long long)watch->id);
	return try(&rule, argv, front);
}

/* On the watches that there are. */
static enum exit_status try_watches(struct client *c, char *const argv[])
{
	_cleanup_watches_ struct dwd_watch **watches = NULL;
	enum exit_status status = client_connect(c, false), best = EXIT_NO_MATCH;
	ssize_t n;

	if (status != EXIT_DONE)
		return status;
	n = dwd_watches(c->dwd, &watches);
	if (n < 0)
		return client_failed(c, (int)n);
	for (ssize_t i = 0; i < n; i++) {
		status = try_watch(watches[i], argv);
		if (status == EXIT_FAILED)
			return status;
		if (status == EXIT_DONE)
			best = EXIT_DONE;
	}
	if (best == EXIT_NO_MATCH)
		puts("would run: no watch matches it");
	return best;
}

/* One target without a watch: described, or tried on a command. */
static enum exit_status consider(const struct order *order, const char *text)
{
	struct dwd_rule rule = order->rules.rule;
	_cleanup_free_ char *target = NULL;
	enum exit_status status = EXIT_DONE;
	int r = path_target(text, NULL, &target);

	if (r < 0)
		return print_failure("cannot make the target an absolute path", r);
	rule.target = target;
	if (args_get(order->args, "describe"))
		status = describe(&rule);
	if (status == EXIT_DONE && order->test)
		status = try(&rule, order->args->rest, "");
	return status;
}

static enum exit_status consider_all(struct client *c, const struct order *order)
{
	enum exit_status first = EXIT_DONE;
	const char *target;

	if (order->test && order->args->count == 0)
		return try_watches(c, order->args->rest);
	for (int i = 0; (target = target_at(order, i)); i++) {
		enum exit_status status = consider(order, target);

		if (first == EXIT_DONE)
			first = status;
	}
	return first;
}

static enum exit_status run(struct client *c, const struct args *args)
{
	struct order order;
	enum exit_status status;

	if (args_get(args, "test") && args->rest_count == 0)
		return cmd_misused(&cmd_watch, "--test needs a command after --");
	if (args_get(args, "test") && args->count == 0 && rule_option_given(args, 0))
		return cmd_misused(&cmd_watch,
				   "--%s needs a TARGET: the watches that there are have their own",
				   rule_option_given(args, 0));
	status = read_order(c, args, &order);
	if (status == EXIT_DONE && !order.test && !target_at(&order, 0))
		status = cmd_misused(&cmd_watch, "it needs a TARGET: NAME, PATH or PATH/");
	if (status == EXIT_DONE && (order.test || args_get(args, "describe"))) {
		status = consider_all(c, &order);
	} else if (status == EXIT_DONE) {
		status = client_connect(c, true);
		if (status == EXIT_DONE)
			status = watch_all(c, &order);
	}
	rules_done(&order.rules);
	return status;
}

static const struct option_spec options[] = {
	RULE_OPTIONS,
	{.name = "describe", .help = "say in a sentence what it would stop, and add nothing"},
	{.name = "test", .help = "say whether COMMAND would match, and add nothing"},
	{.name = "save", .help = "have it come back whenever the daemon starts"},
	{.name = "save-as", .value = "NAME", .help = "the same, in " DWD_WATCHES_DIR "/NAME.conf"},
	{0},
};

const struct cmd cmd_watch = {
	.name = "watch",
	.synopsis = "[FILTER]... [--save] TARGET... | --test [FILTER]... [TARGET]... -- COMMAND...",
	.summary = "stop a program whenever it is executed",
	.details =
		"From now on every process that executes a TARGET is stopped before its first\n"
		"instruction. A TARGET is one of\n"
		"  NAME   without a slash: the name a program is executed by, or of its file\n"
		"  PATH   the file there now, or whatever will be there\n"
		"  PATH/  everything beneath a directory\n"
		"Scripts count by their own name and path, and by their interpreter's.\n"
		"Filters are decided in the kernel, and all must hold: what they leave out is "
		"never\n"
		"stopped, not even for a moment. --test looks at the one exec of COMMAND itself,\n"
		"and without a TARGET asks the watches that there are.",
	.options = options,
	.operand = ARG_TARGET,
	.max = -1,
	.flags = CMD_REST,
	.rest = ARG_TARGET,
	.run = run,
};
