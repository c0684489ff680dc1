/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <grp.h>
#include <stdio.h>

#include "cmd.h"
#include "details.h"
#include "duration.h"
#include "print.h"
#include "show.h"
#include "stops.h"
#include "util.h"
#include "watches.h"

/* What `info` carries from one stop to the next. */
struct report {
	struct dwd_watch **watches; /* all there are, to name them; NULL: not asked yet */
	bool begun;
};

static const char *target_of(const struct report *report, uint64_t id)
{
	for (struct dwd_watch **w = report->watches; w && *w; w++) {
		if ((*w)->id == id)
			return (*w)->target;
	}
	return "removed";
}

static void print_state(const struct dwd_stop *stop)
{
	if (stop->tracer)
		print_field("State", "%s, traced by process %d", stop->state, (int)stop->tracer);
	else if (stop->claimed_by)
		print_field("State", "%s, taken by process %d", stop->state, (int)stop->claimed_by);
	else
		print_field("State", "%s", stop->state);
}

static void print_times(const struct dwd_stop *stop)
{
	char age[32];

	duration_format(stop->age, age, sizeof(age));
	print_field("Since", "%s (%s)", stop->since, age);
}

static void print_group_name(gid_t gid, char *buffer, size_t size)
{
	const struct group *group = getgrgid(gid);

	if (group)
		snprintf(buffer, size, "%s", group->gr_name);
	else
		snprintf(buffer, size, "%u", (unsigned)gid);
}

static void print_identity(const struct dwd_stop *stop)
{
	char real[64], effective[64];

	show_user(stop->uid, real, sizeof(real));
	show_user(stop->euid, effective, sizeof(effective));
	if (stop->uid == stop->euid)
		print_field("User", "%s (%u)", real, (unsigned)stop->uid);
	else
		print_field("User", "%s (%u), effectively %s (%u)", real, (unsigned)stop->uid,
			    effective, (unsigned)stop->euid);

	print_group_name(stop->gid, real, sizeof(real));
	print_group_name(stop->egid, effective, sizeof(effective));
	if (stop->gid == stop->egid)
		print_field("Group", "%s (%u)", real, (unsigned)stop->gid);
	else
		print_field("Group", "%s (%u), effectively %s (%u)", real, (unsigned)stop->gid,
			    effective, (unsigned)stop->egid);
}

static void print_stop(const struct report *report, const struct dwd_stop *stop)
{
	_cleanup_free_ char *command = show_command(stop);

	print_field("ID", "#%llu", (unsigned long long)stop->id);
	print_field("PID", "%d (%s)", (int)stop->pid, stop->comm);
	print_state(stop);
	print_times(stop);
	print_field("Executable", "%s", stop->exe);
	print_field("Executed as", "%s", stop->path);
	print_field("Command", "%s", command ? command : "?");
	if (stop->cwd)
		print_field("Directory", "%s", stop->cwd);
	print_identity(stop);
	print_field("Parent", "%d (%s)", (int)stop->ppid, stop->parent);
	for (size_t i = 0; i < stop->watches_count; i++)
		print_field("Watch", "%llu (%s)", (unsigned long long)stop->watches[i],
			    target_of(report, stop->watches[i]));
	if (stop->watches_total > stop->watches_count)
		print_field("Watch", "and %llu more",
			    (unsigned long long)(stop->watches_total - stop->watches_count));
	for (size_t i = 0; i < stop->variables_count; i++)
		print_field("Set", "%s", stop->variables[i]);
	if (stop->setenv_error)
		print_field("Not set", "the variables asked for: %s", stop->setenv_error);
	print_field("Backend", "%s", stop->backend);
	if (stop->container)
		print_field("Container", "yes: in a pid or mount namespace of its own");
}

/* The stop as the daemon sent it, and what /proc adds; NULL on lack of memory. */
static json_t *complete(const struct dwd_stop *stop)
{
	const char *text = dwd_stop_json(stop);
	json_t *object = text ? json_loads(text, 0, NULL) : NULL, *details = NULL;
	json_int_t start_time = json_integer_value(json_object_get(object, "start_time"));

	/* A process that has ended meanwhile has no details. */
	if (details_read(stop->pid, (uint64_t)start_time, &details) == 0)
		json_object_set_new(object, "process", details);
	return object;
}

static void print_json(const json_t *object)
{
	_cleanup_free_ char *line = json_dumps(object, JSON_COMPACT);

	print_json_line(line);
}

static enum exit_status show(struct client *c, const struct dwd_stop *stop, void *userdata)
{
	json_auto_t *object = complete(stop);
	struct report *report = userdata;

	if (c->options.json) {
		print_json(object);
		return EXIT_DONE;
	}
	if (!report->watches)
		dwd_watches(c->dwd, &report->watches);
	if (report->begun)
		putchar('\n');
	report->begun = true;
	print_stop(report, stop);
	if (json_object_get(object, "process"))
		details_print(json_object_get(object, "process"));
	return EXIT_DONE;
}

static enum exit_status run(struct client *c, const struct args *args)
{
	enum exit_status status = client_connect(c, false);
	struct report report = {0};

	if (status != EXIT_DONE)
		return status;
	status = stops_for_each(c, args, show, &report);
	if (report.watches)
		dwd_watches_free(report.watches);
	return status;
}

const struct cmd cmd_info = {
	.name = "info",
	.synopsis = "SELECTOR...",
	.summary = "tell all about a stopped process",
	.details = "A SELECTOR is a PID, '#N' for the stop with id N (quoted: to most shells # "
		   "begins a\n"
		   "comment), the NAME of a program, or a PATH; all stops that it fits are shown, "
		   "with\n"
		   "--json one object a line. Beside what the daemon knows it tells what /proc "
		   "shows:\n"
		   "environment, limits, open files and signals (with --json in \"process\").",
	.operand = ARG_SELECTOR,
	.min = 1,
	.max = -1,
	.run = run,
};
