/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "show.h"

#include <pwd.h>

#include "duration.h"
#include "quote.h"
#include "table.h"
#include "util.h"

/* Without arguments the name stands in brackets, as ps(1) has it. */
char *show_command(const struct dwd_stop *stop)
{
	_cleanup_free_ char *words = NULL;
	char *text;

	if (stop->argc == 0)
		return asprintf(&text, "[%s]", stop->comm) < 0 ? NULL : text;

	words = quote_argv(stop->argv, stop->argc);
	if (!words || !stop->truncated)
		return steal_pointer(words);
	return asprintf(&text, "%s ...", words) < 0 ? NULL : text;
}

void show_user(uid_t uid, char *buffer, size_t size)
{
	const struct passwd *user = getpwuid(uid);

	if (user)
		snprintf(buffer, size, "%s", user->pw_name);
	else
		snprintf(buffer, size, "%u", (unsigned)uid);
}

char *show_watches(const struct dwd_stop *stop)
{
	uint64_t named = stop->watches_count;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	for (size_t i = 0; i < named; i++)
		fprintf(f, "%s%llu", i ? "," : "", (unsigned long long)stop->watches[i]);
	if (stop->watches_total > named)
		fprintf(f, ",+%llu", (unsigned long long)(stop->watches_total - named));
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

/* What happened to a stop: whose, and for a fresh one by which watches and what it runs. */
static void show_event_stop(FILE *f, const struct dwd_event *event)
{
	const struct dwd_stop *stop = event->stop;
	_cleanup_free_ char *command = NULL, *watches = NULL;

	fprintf(f, " " STOP_FORMAT, STOP_ARGS(stop));
	if (!str_eq(event->event, "stopped"))
		return;
	command = show_command(stop);
	watches = show_watches(stop);
	fprintf(f, " by watch%s %s: %s", stop->watches_total > 1 ? "es" : "",
		watches ? watches : "?", command ? command : "?");
	if (stop->setenv_error)
		fprintf(f, " (variables not set: %s)", stop->setenv_error);
}

void show_event(FILE *f, const struct dwd_event *event)
{
	fputs(event->event, f);
	if (event->stop)
		show_event_stop(f, event);
	if (event->watch)
		fprintf(f, " watch %llu: %s", (unsigned long long)event->watch->id,
			event->watch->target);
	if (event->skip_reason)
		fprintf(f, " %s (pid %d) by watch %llu: %s", event->skip_comm, (int)event->skip_pid,
			(unsigned long long)event->skip_watch, event->skip_reason);
	if (event->signal)
		fprintf(f, ", %s", event->signal);
	if (event->by)
		fprintf(f, ", by process %d", (int)event->by);
	if (event->lost)
		fprintf(f, " (%llu events before this one were lost)",
			(unsigned long long)event->lost);
}

static void add_row(struct table *t, const struct dwd_stop *stop, const char *user)
{
	_cleanup_free_ char *command = show_command(stop), *watches = show_watches(stop);
	char age[32];

	duration_format(stop->age, age, sizeof(age));
	table_row(t);
	table_cell(t, "#%llu", (unsigned long long)stop->id);
	table_cell(t, "%d", (int)stop->pid);
	table_cell(t, "%s", stop->state);
	table_color(t, color_of_state(stop->state));
	table_cell(t, "%s", age);
	table_cell(t, "%s", user);
	table_cell(t, "%d", (int)stop->ppid);
	table_cell(t, "%s", stop->parent);
	table_cell(t, "%s", watches ? watches : "?");
	table_cell(t, "%s", command ? command : "?");
}

static int make_table(struct dwd_stop *const *stops, size_t n, struct table **ret)
{
	static const struct table_column columns[] = {
		{"ID", true},
		{"PID", true},
		{"STATE"},
		{"AGE", true, .spare = 1},
		{"USER", .spare = 2},
		{"PPID", true, .spare = 5},
		{"PARENT", .spare = 4},
		{"WATCH", true, .spare = 3},
		{"COMMAND"},
	};
	char user[64];
	int r = table_new(ret, columns, ARRAY_SIZE(columns));

	for (size_t i = 0; r == 0 && i < n; i++) {
		/* Looking a user up is slow, and neighbours are mostly of the same. */
		if (i == 0 || stops[i]->uid != stops[i - 1]->uid)
			show_user(stops[i]->uid, user, sizeof(user));
		add_row(*ret, stops[i], user);
	}
	return r;
}

int show_stops(struct dwd_stop *const *stops, size_t n)
{
	_cleanup_(table_freep) struct table *t = NULL;
	int r = make_table(stops, n, &t);

	return r < 0 ? r : table_print(t);
}

int show_stops_text(struct dwd_stop *const *stops, size_t n, char **ret)
{
	_cleanup_(table_freep) struct table *t = NULL;
	int r = make_table(stops, n, &t);

	return r < 0 ? r : table_text(t, ret);
}
