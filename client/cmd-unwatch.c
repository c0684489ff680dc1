/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd.h"
#include "path.h"
#include "print.h"
#include "printable.h"
#include "util.h"
#include "watches.h"

/* What is done, and with what result so far. */
struct removal {
	struct client *client;
	struct dwd_watch *const *watches;
	bool save; /* take it out of its file, too */
	struct print_array json;
	size_t removed;
};

static enum exit_status remove_watch(struct removal *job, const struct dwd_watch *watch)
{
	struct client *c = job->client;
	int r = job->save && watch->saved ? dwd_unsave(c->dwd, watch->id) : 0;

	if (r >= 0)
		r = dwd_unwatch(c->dwd, watch->id);
	if (r < 0)
		return client_failed(c, r);
	if (c->options.json)
		print_array_add(&job->json, dwd_watch_json(watch));
	print_done(c, "unwatched %llu: %s", (unsigned long long)watch->id, watch->target);
	if (watch->saved && !job->save)
		print_note(c,
			   "it is still in %s, and comes back when the daemon starts or reloads; "
			   "unwatch --save takes it out there, too",
			   watch->saved);
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

/* Those that a running command has for itself end with it: they are not meant by `all`. */
static bool is_left(const struct removal *job, const struct dwd_watch *watch)
{
	if (watch->own)
		print_note(job->client,
			   "left watch %llu: %s, which ends with the command that added it; "
			   "unwatch %llu removes it",
			   (unsigned long long)watch->id, watch->target,
			   (unsigned long long)watch->id);
	return watch->own;
}

/* Remove what `wanted` (NULL: everything) names among the watches. */
static enum exit_status remove_wanted(struct removal *job, const struct wanted *wanted)
{
	enum exit_status first = EXIT_DONE;

	for (struct dwd_watch *const *w = job->watches; *w && job->client->dwd; w++) {
		enum exit_status status;

		if (wanted ? !is_wanted(wanted, *w) : is_left(job, *w))
			continue;
		status = remove_watch(job, *w);
		if (first == EXIT_DONE)
			first = status;
		job->removed++;
	}
	return first;
}

static enum exit_status remove_operand(struct removal *job, const char *text)
{
	size_t before = job->removed;
	struct wanted wanted;
	enum exit_status status;
	int r = parse_wanted(text, &wanted);

	if (r < 0) {
		print_error("cannot make %s an absolute path: %s", text, strerror(-r));
		return exit_status(r);
	}
	status = remove_wanted(job, &wanted);
	free(wanted.target);
	if (job->removed > before)
		return status;
	print_error("there is no watch '%s'; dwd watches lists them", text);
	return EXIT_NO_MATCH;
}

static enum exit_status run(struct client *c, const struct args *args)
{
	_cleanup_watches_ struct dwd_watch **watches = NULL;
	struct removal job = {.client = c, .save = args_get(args, "save")};
	bool all = args_get(args, "all");
	enum exit_status first;
	ssize_t n;

	if (all == (args->count > 0))
		return cmd_misused(&cmd_unwatch, "it needs watches to remove, or --all alone");
	first = client_connect(c, false);
	if (first != EXIT_DONE)
		return first;
	n = dwd_watches(c->dwd, &watches);
	if (n < 0)
		return client_failed(c, (int)n);

	job.watches = watches;
	if (all)
		first = remove_wanted(&job, NULL);
	for (int i = 0; i < args->count && c->dwd; i++) {
		enum exit_status status = remove_operand(&job, args->words[i]);

		if (first == EXIT_DONE)
			first = status;
	}
	if (c->options.json)
		print_array_end(&job.json);
	return first;
}

static const struct option_spec options[] = {
	CMD_OPTION_ALL("remove all watches"),
	{.name = "save", .help = "take a saved watch out of its file, too"},
	{0},
};

const struct cmd cmd_unwatch = {
	.name = "unwatch",
	.synopsis = "[--save] ID|TARGET...|--all",
	.summary = "remove watches",
	.details =
		"A number is the id of a watch; a TARGET removes every watch on it. Processes "
		"that\n"
		"were stopped stay stopped and listed. --all leaves those of a running dwd run or "
		"attach.\n"
		"A saved watch comes back when the daemon "
		"starts\n"
		"or reloads, unless --save takes it out of its file.",
	.options = options,
	.operand = ARG_WATCH,
	.max = -1,
	.run = run,
};
