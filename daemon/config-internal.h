/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CONFIG_INTERNAL_H
#define DWD_CONFIG_INTERNAL_H

/* What the parts of config.h share. */

#include <sys/queue.h>

#include "config.h"

/* A line that holds a watch. */
struct config_line {
	char *path;
	unsigned number; /* from 1 */
	char *text;	 /* without blanks around it */
	uint64_t watch;	 /* the id of its watch; 0: none yet */
	TAILQ_ENTRY(config_line) entry;
};

TAILQ_HEAD(config_lines, config_line);

struct config {
	char *directory;
	struct watchdog *watchdog;
	struct watchdog_client self; /* on whose behalf: the daemon's own */
	struct config_lines lines;   /* in force */
};

/* Takes nothing over. NULL on lack of memory. */
struct config_line *config_line_new(const char *path, unsigned number, const char *text);
struct config_line *config_line_free(struct config_line *line);
/* Frees all of them. */
void config_lines_clear(struct config_lines *lines);

/* Note in `errors` and log "PATH:NUMBER: ...", or without a number if it is 0. */
void config_complain(json_t *errors, const char *path, unsigned number, const char *format, ...)
	_printf_(4, 5);

/* So large may a file be: ten thousand watches need a tenth to a half of it. */
#define CONFIG_FILE_MAX (4 * 1024 * 1024)

/* The whole file, malloc()ed, a NUL behind it. Only a regular one is read: nothing else has an end
 * for certain, or can be opened without waiting. -ENOENT, -ENOMEM or another -errno, of which *why,
 * static text, tells more than strerror(). */
int config_read_file(const char *path, char **ret, size_t *size, const char **why);
/* Read every file; what cannot be read is noted in `errors`. -ENOMEM. */
int config_read(const char *directory, struct config_lines *ret, json_t *errors);

#endif
