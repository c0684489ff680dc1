/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <jansson.h>
#include <stdio.h>

#include "cmd.h"
#include "print.h"
#include "util.h"

DEFINE_CLEANUP(struct dwd_status *, dwd_status_free)

/* Why each better backend is not in use: only the daemon's JSON has it, since which ones there are
 * may change. */
static void print_refused(json_t *status)
{
	const char *backend;
	json_t *reason;

	json_object_foreach (json_object_get(status, "refused"), backend, reason)
		print_field("Not used", "%s: %s", backend, json_string_value(reason));
}

/* `3 (already-traced 2, limit 1)` */
static void print_skipped(const struct dwd_status *status, json_t *object)
{
	_cleanup_free_ char *reasons = NULL;
	const char *reason, *before = " (";
	json_t *count;
	size_t size;
	FILE *f = open_memstream(&reasons, &size);

	if (!f)
		return;
	json_object_foreach (json_object_get(object, "skipped"), reason, count) {
		if (json_integer_value(count) <= 0)
			continue;
		fprintf(f, "%s%s %" JSON_INTEGER_FORMAT, before, reason, json_integer_value(count));
		before = ", ";
	}
	if (status->skipped > 0)
		fputc(')', f);
	if (fclose(f) == 0)
		print_field("Skipped", "%llu%s", (unsigned long long)status->skipped, reasons);
}

static void print_status(const struct client *c, const struct dwd_status *status)
{
	const char *text = dwd_status_json(status);
	json_auto_t *object = text ? json_loads(text, 0, NULL) : NULL;

	print_field("Daemon", "dwdd %s (pid %d)", status->version, (int)status->pid);
	print_field("Socket", "%s", client_socket(c));
	print_field("Since", "%s", status->started);
	print_field("Kernel", "%s", status->kernel);
	print_field("Backend", "%s", status->backend);
	print_refused(object);
	print_field("Watches", "%llu", (unsigned long long)status->watches);
	print_field("Stopped", "%llu of at most %llu", (unsigned long long)status->stops,
		    (unsigned long long)status->max_stopped);
	print_field("Caught", "%llu", (unsigned long long)status->caught);
	print_skipped(status, object);
	if (status->missed > 0)
		print_field("Unseen", "at most %llu execs", (unsigned long long)status->missed);
	print_field("Clients", "%llu", (unsigned long long)status->clients);
	if (status->pinned)
		print_field("Pinned", "%s", status->pinned);
	else if (status->unpinned)
		print_field("Pinned", "no: %s", status->unpinned);
}

static enum exit_status run(struct client *c, const struct args *args)
{
	_cleanup_(dwd_status_freep) struct dwd_status *status = NULL;
	enum exit_status exit = client_connect(c, false);
	int r;

	if (exit != EXIT_DONE)
		return exit;
	r = dwd_status(c->dwd, &status);
	if (r < 0)
		return client_failed(c, r);
	if (c->options.json)
		print_json_line(dwd_status_json(status));
	else
		print_status(c, status);
	return EXIT_DONE;
}

const struct cmd cmd_status = {
	.name = "status",
	.synopsis = "",
	.summary = "tell how the daemon is doing",
	.run = run,
};
