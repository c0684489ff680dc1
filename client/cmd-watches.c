/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd.h"
#include "print.h"
#include "show.h"
#include "table.h"
#include "util.h"
#include "watches.h"

static void add_row(struct table *t, const struct dwd_watch *watch, bool with_saved)
{
	char user[64] = "any";

	if (watch->has_uid)
		show_user(watch->uid, user, sizeof(user));
	table_row(t);
	table_cell(t, "%llu", (unsigned long long)watch->id);
	table_cell(t, "%llu", (unsigned long long)watch->caught);
	table_cell(t, "%llu", (unsigned long long)watch->skipped);
	table_cell(t, "%s", user);
	table_cell(t, "%s", watch->kind);
	if (with_saved)
		table_cell(t, "%s", watch->saved ? path_leaf(watch->saved) : "");
	table_cell(t, "%s", watch->target);
}

static bool any_saved(struct dwd_watch *const *watches)
{
	while (*watches && !(*watches)->saved)
		watches++;
	return *watches;
}

static int print_watches(struct dwd_watch *const *watches)
{
	struct table_column columns[] = {
		{"ID", true},
		{"CAUGHT", true},
		{"SKIPPED", true, .spare = 1},
		{"USER", .spare = 2},
		{"KIND", .spare = 3},
		{"SAVED", .spare = 4},
		{"TARGET"},
	};
	const size_t n = ARRAY_SIZE(columns);
	bool with_saved = any_saved(watches);
	_cleanup_(table_freep) struct table *t = NULL;
	int r;

	if (!with_saved)
		columns[n - 2] = columns[n - 1];
	r = table_new(&t, columns, with_saved ? n : n - 1);
	if (r < 0)
		return r;
	for (; *watches; watches++)
		add_row(t, *watches, with_saved);
	return table_print(t);
}

static enum exit_status run(struct client *c, const struct args *args)
{
	_cleanup_watches_ struct dwd_watch **watches = NULL;
	enum exit_status status = client_connect(c, false);
	struct print_array json = {0};
	ssize_t n;
	int r;

	if (status != EXIT_DONE)
		return status;
	n = dwd_watches(c->dwd, &watches);
	if (n < 0)
		return client_failed(c, (int)n);

	if (c->options.json) {
		for (struct dwd_watch **w = watches; *w; w++)
			print_array_add(&json, dwd_watch_json(*w));
		print_array_end(&json);
		return EXIT_DONE;
	}
	if (n == 0) {
		print_note(c, "there are no watches; dwd watch TARGET adds one");
		return EXIT_DONE;
	}
	r = print_watches(watches);
	return r < 0 ? print_failure("cannot print the table", r) : EXIT_DONE;
}

const struct cmd cmd_watches = {
	.name = "watches",
	.synopsis = "",
	.summary = "list the watches, with what they caught and skipped",
	.details = "A skip is a match that was not stopped; dwd --json watches and dwd status tell "
		   "the\n"
		   "reasons, dwd events each of them.",
	.run = run,
};
