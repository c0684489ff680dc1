/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tree.h"

#include <fcntl.h>
#include <stdio.h>

#include "bytes.h"
#include "duration.h"
#include "process.h"
#include "show.h"
#include "table.h"
#include "util.h"

/* A process that stands in the tree. */
struct node {
	pid_t pid;
	struct table_line *line; /* NULL while its ancestors are looked for */
};

struct tree {
	struct table *table;
	struct node *nodes;
	size_t count;
};

static void tree_done(struct tree *t)
{
	table_free(t->table);
	free(t->nodes);
}

/* 0 if it has none, or is gone. */
static pid_t parent_of(pid_t pid)
{
	long parent;

	return process_status_field(pid, "PPid", &parent) == 0 ? (pid_t)parent : 0;
}

/* The name of a process as text to be read. */
static char *name_of(pid_t pid)
{
	char path[32], comm[64];
	_cleanup_fd_ int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, comm, sizeof(comm));
	if (n > 0 && comm[n - 1] == '\n')
		n--;
	return n > 0 ? varlink_escape(comm, (size_t)n) : strdup("?");
}

static const struct node *find(const struct tree *t, pid_t pid)
{
	for (size_t i = 0; i < t->count; i++) {
		if (t->nodes[i].pid == pid)
			return &t->nodes[i];
	}
	return NULL;
}

static const struct dwd_stop *stop_of(struct dwd_stop *const *stops, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++) {
		if (stops[i]->pid == pid)
			return stops[i];
	}
	return NULL;
}

static void add_cells(struct table *t, pid_t pid, const struct dwd_stop *stop)
{
	_cleanup_free_ char *name = stop ? strdup(stop->comm) : name_of(pid);
	_cleanup_free_ char *command = stop ? show_command(stop) : NULL;
	_cleanup_free_ char *watches = stop ? show_watches(stop) : NULL;
	char age[32], user[64];

	table_cell(t, "%s", name ? name : "?");
	if (!stop) {
		table_color(t, COLOR_GONE); /* dim */
		table_cell(t, "%s", "");
		table_cell(t, "%d", (int)pid);
		return;
	}
	duration_format(stop->age, age, sizeof(age));
	show_user(stop->uid, user, sizeof(user));
	table_cell(t, "#%llu", (unsigned long long)stop->id);
	table_cell(t, "%d", (int)pid);
	table_cell(t, "%s", stop->state);
	table_color(t, color_of_state(stop->state));
	table_cell(t, "%s", age);
	table_cell(t, "%s", user);
	table_cell(t, "%s", watches ? watches : "?");
	table_cell(t, "%s", command ? command : "?");
}

/* The line of a process, made with those of its ancestors if need be. The chain of parents ends:
 * it is read link by link while processes come and go, but none is followed twice. */
static struct table_line *line_of(struct tree *t, struct dwd_stop *const *stops, size_t n,
				  pid_t pid)
{
	const struct node *known = find(t, pid);
	struct table_line *above = NULL;
	size_t at = t->count;
	struct node *nodes;
	pid_t parent;

	if (known)
		return known->line;
	nodes = reallocarray(t->nodes, at + 1, sizeof(*nodes));
	if (!nodes)
		return NULL;
	t->nodes = nodes;
	t->nodes[t->count++] = (struct node){.pid = pid};
	parent = parent_of(pid);
	if (parent)
		above = line_of(t, stops, n, parent);
	t->nodes[at].line = table_row_beneath(t->table, above);
	add_cells(t->table, pid, stop_of(stops, n, pid));
	return t->nodes[at].line;
}

int tree_text(struct dwd_stop *const *stops, size_t n, char **ret)
{
	static const struct table_column columns[] = {
		{"PROCESS", .tree = true},
		{"ID", true},
		{"PID", true},
		{"STATE"},
		{"AGE", true, .spare = 1},
		{"USER", .spare = 2},
		{"WATCH", true, .spare = 3},
		{"COMMAND"},
	};
	_cleanup_(tree_done) struct tree t = {0};
	int r = table_new(&t.table, columns, ARRAY_SIZE(columns));

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (!line_of(&t, stops, n, stops[i]->pid))
			return -ENOMEM;
	}
	return table_text(t.table, ret);
}

json_t *tree_ancestors(pid_t pid)
{
	json_t *ancestors = json_array();

	while (ancestors && (pid = parent_of(pid)) > 0) {
		_cleanup_free_ char *name = name_of(pid);

		json_array_append_new(ancestors, json_pack("{s:i, s:s}", "pid", (int)pid, "comm",
							   name ? name : "?"));
	}
	return ancestors;
}
