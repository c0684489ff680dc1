/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shell-history.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <readline/history.h>

#include "util.h"

#define LINES_KEPT 1000

static char *file; /* NULL: none */

/* Relative paths are to be ignored, as the XDG Base Directory Specification has it. */
static char *state_directory(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *path = NULL;
	int r = -1;

	if (state && *state == '/')
		r = asprintf(&path, "%s/dwd", state);
	else if (home && *home == '/')
		r = asprintf(&path, "%s/.local/state/dwd", home);
	return r < 0 ? NULL : path;
}

/* Make a directory and those above it. */
static void make_directories(char *path)
{
	for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	mkdir(path, 0700);
}

static char *find_file(void)
{
	_cleanup_free_ char *directory = state_directory(), *path = NULL;
	_cleanup_fd_ int fd = -1;

	if (!directory)
		return NULL;
	make_directories(directory);
	if (asprintf(&path, "%s/history", directory) < 0) {
		path = NULL;
		return NULL;
	}
	fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0600);
	return fd < 0 ? NULL : steal_pointer(path);
}

void shell_history_load(void)
{
	using_history();
	stifle_history(LINES_KEPT);
	file = find_file();
	if (file && read_history(file) == 0 && history_length >= LINES_KEPT)
		history_truncate_file(file, LINES_KEPT);
}

void shell_history_add(const char *line)
{
	const HIST_ENTRY *last = history_length > 0 ? history_get(history_base + history_length - 1)
						    : NULL;

	if (!*line || *line == ' ' || *line == '\t' || (last && str_eq(last->line, line)))
		return;
	add_history(line);
	if (file)
		append_history(1, file);
}
