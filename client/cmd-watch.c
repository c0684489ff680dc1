/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sys/stat.h>

#include "cmd.h"
#include "path.h"
#include "print.h"
#include "rules.h"
#include "util.h"
#include "watches.h"

/* What somebody who watches this path may not expect. */
static void remark(const struct client *c, const char *target)
{
	struct stat st;

	if (*target != '/')
		return;
	if (stat(target, &st) < 0)
		print_note(c, "%s does not exist yet; its first exec will be caught", target);
	else if (S_ISDIR(st.st_mode) && *path_leaf(target))
		print_note(c, "%s is a directory; %s/ would watch what lies beneath it", target,
			   target);
}

static enum exit_status watch_one(struct client *c, const char *text, struct dwd_rule rule,
				  struct print_array *json)
{
	_cleanup_free_ char *target = NULL;
	_cleanup_watch_ struct dwd_watch *watch = NULL;
	int r = path_target(text, NULL, &target);

	if (r < 0) {
		print_error("cannot make %s an absolute path: %s", text, strerror(-r));
		return exit_status(r);
	}
	rule.target = target;
	r = dwd_watch(c->dwd, &rule, &watch);
	if (r < 0)
		return client_failed(c, r);

	if (c->options.json)
		print_array_add(json, dwd_watch_json(watch));
	print_done(c, "watch %llu: %s", (unsigned long long)watch->id, watch->target);
	remark(c, target);
	return EXIT_DONE;
}

static enum exit_status run(struct client *c, const struct args *args)
{
	struct print_array json = {0};
	enum exit_status first;
	_cleanup_(rule_done) struct rule words;
	struct dwd_rule rule;

	first = rules_read(args, &words, &rule);
	if (first == EXIT_DONE)
		first = client_connect(c, true);
	if (first != EXIT_DONE)
		return first;

	for (int i = 0; i < args->count && c->dwd; i++) {
		enum exit_status status = watch_one(c, args->words[i], rule, &json);

		if (first == EXIT_DONE)
			first = status;
	}
	if (c->options.json)
		print_array_end(&json);
	return first;
}

static const struct option_spec options[] = {
	RULE_OPTIONS,
	{0},
};

const struct cmd cmd_watch = {
	.name = "watch",
	.synopsis = "[FILTER]... TARGET...",
	.summary = "stop a program whenever it is executed",
	.details = "From now on every process that executes a TARGET is stopped before its first\n"
		   "instruction. A TARGET is one of\n"
		   "  NAME   without a slash: the name a program is executed by, or of its file\n"
		   "  PATH   the file there now, or whatever will be there\n"
		   "  PATH/  everything beneath a directory\n"
		   "Scripts count by their own name and path, and by their interpreter's.\n"
		   "Filters are decided in the kernel, and all must hold: what they leave out is "
		   "never\n"
		   "stopped, not even for a moment.",
	.options = options,
	.operand = ARG_TARGET,
	.min = 1,
	.max = -1,
	.run = run,
};
