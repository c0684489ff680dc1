/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd.h"
#include "path.h"
#include "print.h"
#include "printable.h"
#include "util.h"
#include "watches.h"

static enum exit_status remove_watch(struct client *c, const struct dwd_watch *watch,
				     struct print_array *json)
{
	int r = dwd_unwatch(c->dwd, watch->id);

	if (r < 0)
		return client_failed(c, r);
	if (c->options.json)
		print_array_add(json, dwd_watch_json(watch));
	print_done(c, "unwatched %llu: %s", (unsigned long long)watch->id, watch->target);
	return EXIT_DONE;
}

/* What an operand names: the watch with that id, or all with that target. */
struct wanted {
	uint64_t id;
	char *target;
};

static int parse_wanted(const char *text, struct wanted *ret)
{
	if (*text && !text[strspn(text, "0123456789")]) {
		*ret = (struct wanted){.id = strtoull(text, NULL, 10)};
		return 0;
	}
	*ret = (struct wanted){0};
	return path_target(text, NULL, &ret->target);
}

static bool is_wanted(const struct wanted *wanted, const struct dwd_watch *watch)
{
	return wanted->target ? printable_equals(watch->target, wanted->target)
			      : wanted->id == watch->id;
}

/* Remove what `wanted` (NULL: everything) names among `watches`; *removed counts them. */
static enum exit_status remove_wanted(struct client *c, const struct wanted *wanted,
				      struct dwd_watch *const *watches, struct print_array *json,
				      size_t *removed)
{
	enum exit_status first = EXIT_DONE;

	for (; *watches && c->dwd; watches++) {
		enum exit_status status;

		if (wanted && !is_wanted(wanted, *watches))
			continue;
		status = remove_watch(c, *watches, json);
		if (first == EXIT_DONE)
			first = status;
		++*removed;
	}
	return first;
}

static enum exit_status remove_operand(struct client *c, const char *text,
				       struct dwd_watch *const *watches, struct print_array *json)
{
	struct wanted wanted;
	enum exit_status status;
	size_t removed = 0;
	int r = parse_wanted(text, &wanted);

	if (r < 0) {
		print_error("cannot make %s an absolute path: %s", text, strerror(-r));
		return exit_status(r);
	}
	status = remove_wanted(c, &wanted, watches, json, &removed);
	free(wanted.target);
	if (removed > 0)
		return status;
	print_error("there is no watch '%s'; dwd watches lists them", text);
	return EXIT_NO_MATCH;
}

static enum exit_status run(struct client *c, const struct args *args)
{
	_cleanup_watches_ struct dwd_watch **watches = NULL;
	bool all = args_get(args, "all");
	struct print_array json = {0};
	enum exit_status first;
	size_t removed = 0;
	ssize_t n;

	if (all == (args->count > 0))
		return cmd_misused(&cmd_unwatch, "it needs watches to remove, or --all alone");
	first = client_connect(c, false);
	if (first != EXIT_DONE)
		return first;
	n = dwd_watches(c->dwd, &watches);
	if (n < 0)
		return client_failed(c, (int)n);

	if (all)
		first = remove_wanted(c, NULL, watches, &json, &removed);
	for (int i = 0; i < args->count && c->dwd; i++) {
		enum exit_status status = remove_operand(c, args->words[i], watches, &json);

		if (first == EXIT_DONE)
			first = status;
	}
	if (c->options.json)
		print_array_end(&json);
	return first;
}

static const struct option_spec options[] = {
	CMD_OPTION_ALL("remove all watches"),
	{0},
};

const struct cmd cmd_unwatch = {
	.name = "unwatch",
	.synopsis = "ID|TARGET...|--all",
	.summary = "remove watches",
	.details = "A number is the id of a watch; a TARGET removes every watch on it. Processes "
		   "that\n"
		   "were stopped stay stopped and listed.",
	.options = options,
	.operand = ARG_WATCH,
	.max = -1,
	.run = run,
};
