/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd.h"
#include "describe.h"
#include "print.h"
#include "table.h"
#include "targets.h"
#include "util.h"
#include "watches.h"

/* A dead file system may have many. */
#define REMARKS_MAX 16

/* Which columns are worth their room. */
struct shape {
	bool saved, options;
};

static void add_row(struct table *t, const struct dwd_watch *watch, struct shape shape)
{
	_cleanup_free_ char *options = describe_options(watch);

	table_row(t);
	table_cell(t, "%llu", (unsigned long long)watch->id);
	if (watch->count > 0)
		table_cell(t, "%llu of %llu", (unsigned long long)watch->caught,
			   (unsigned long long)watch->count);
	else
		table_cell(t, "%llu", (unsigned long long)watch->caught);
	table_cell(t, "%llu", (unsigned long long)watch->skipped);
	table_cell(t, "%s", watch->kind);
	if (shape.saved)
		table_cell(t, "%s", watch->saved ? path_leaf(watch->saved) : "");
	table_cell(t, "%s", watch->target);
	if (shape.options)
		table_cell(t, "%s", options ? options : "?");
}

static struct shape shape_of(struct dwd_watch *const *watches)
{
	struct shape shape = {false, false};

	for (; *watches; watches++) {
		_cleanup_free_ char *options = describe_options(*watches);

		shape.saved |= (*watches)->saved != NULL;
		shape.options |= options && *options;
	}
	return shape;
}

static int print_watches(struct dwd_watch *const *watches)
{
	struct table_column columns[7] = {
		{"ID", true},
		{"CAUGHT", true},
		{"SKIPPED", true, .spare = 1},
		{"KIND", .spare = 2},
	};
	struct shape shape = shape_of(watches);
	_cleanup_(table_freep) struct table *t = NULL;
	size_t n = 4;
	int r;

	if (shape.saved)
		columns[n++] = (struct table_column){"SAVED", .spare = 3};
	columns[n++] = (struct table_column){"TARGET"};
	if (shape.options)
		columns[n++] = (struct table_column){"OPTIONS"};
	r = table_new(&t, columns, n);
	if (r < 0)
		return r;
	for (; *watches; watches++)
		add_row(t, *watches, shape);
	return table_print(t);
}

/* Which of them are not what the table makes them look. */
static void remark_unresolved(const struct client *c, struct dwd_watch *const *watches)
{
	size_t n = 0;

	for (; *watches; watches++) {
		if ((*watches)->unresolved && n++ < REMARKS_MAX)
			targets_remark_unresolved(c, *watches);
	}
	if (n > REMARKS_MAX)
		print_note(c, "so it is with %zu more: dwd --json watches tells which",
			   n - REMARKS_MAX);
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
	if (r < 0)
		return print_failure("cannot print the table", r);
	remark_unresolved(c, watches);
	return EXIT_DONE;
}

const struct cmd cmd_watches = {
	.name = "watches",
	.synopsis = "",
	.summary = "list the watches, with what they caught and skipped",
	.details = "A skip is a match that was not stopped; dwd --json watches and dwd status tell "
		   "the\n"
		   "reasons, dwd events each of them. Remarks below the table name watches whose "
		   "path\n"
		   "or cgroup could not be looked at when that was last tried.",
	.run = run,
};
