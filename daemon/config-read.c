/* SPDX-License-Identifier: GPL-2.0-or-later */

/* From files to lines; what the lines mean is not looked at. */

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>

#include "config-internal.h"
#include "log.h"
#include "varlink.h"

#define BLANKS " \t\r\n"

struct config_line *config_line_new(const char *path, unsigned number, const char *text)
{
	struct config_line *line = calloc(1, sizeof(*line));

	if (!line)
		return NULL;
	line->path = strdup(path);
	line->number = number;
	line->text = strdup(text);
	return line->path && line->text ? line : config_line_free(line);
}

struct config_line *config_line_free(struct config_line *line)
{
	if (line) {
		free(line->path);
		free(line->text);
		free(line);
	}
	return NULL;
}

void config_lines_clear(struct config_lines *lines)
{
	struct config_line *line;

	while ((line = TAILQ_FIRST(lines))) {
		TAILQ_REMOVE(lines, line, entry);
		config_line_free(line);
	}
}

void config_complain(json_t *errors, const char *path, unsigned number, const char *format, ...)
{
	_cleanup_free_ char *what = NULL, *whole = NULL, *shown = NULL;
	char at[16] = "";
	va_list args;

	va_start(args, format);
	if (vasprintf(&what, format, args) < 0)
		what = NULL;
	va_end(args);
	if (number)
		snprintf(at, sizeof(at), ":%u", number);
	if (!what || asprintf(&whole, "%s%s: %s", path, at, what) < 0) {
		whole = NULL;
		return;
	}
	/* Whoever may write the files may be somebody else than who reads this. */
	shown = varlink_escape(whole, strlen(whole));
	if (!shown)
		return;
	log_warning("%s", shown);
	json_array_append_new(errors, json_string(shown));
}

/* Without the blanks around it, which are cut off at the end. */
static char *trim(char *text)
{
	size_t n;

	text += strspn(text, BLANKS);
	for (n = strlen(text); n > 0 && strchr(BLANKS, text[n - 1]); n--)
		;
	text[n] = '\0';
	return text;
}

static int read_file(const char *path, struct config_lines *ret, json_t *errors)
{
	_cleanup_free_ char *buffer = NULL;
	FILE *file = fopen(path, "re");
	unsigned number = 0;
	size_t room = 0;
	ssize_t n;
	int r = 0;

	if (!file) {
		config_complain(errors, path, 0, "cannot read it: %s", strerror(errno));
		return 0;
	}
	while (r == 0 && (errno = 0, n = getline(&buffer, &room, file)) >= 0) {
		bool whole = strlen(buffer) == (size_t)n;
		char *text = trim(buffer);
		struct config_line *line;

		number++;
		if (!whole) {
			config_complain(errors, path, number, "a byte of value 0 is in this line");
			continue;
		}
		if (!*text || *text == '#')
			continue;
		line = config_line_new(path, number, text);
		if (!line)
			r = -ENOMEM;
		else
			TAILQ_INSERT_TAIL(ret, line, entry);
	}
	if (r == 0 && errno)
		config_complain(errors, path, 0, "cannot read it: %s", strerror(errno));
	fclose(file);
	return r;
}

static int is_wanted(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return *entry->d_name != '.' && n > strlen(".conf") &&
	       str_eq(entry->d_name + n - strlen(".conf"), ".conf");
}

int config_read(const char *directory, struct config_lines *ret, json_t *errors)
{
	struct dirent **entries;
	int n = scandir(directory, &entries, is_wanted, alphasort), r = 0;

	/* Where there is no directory there are no watches. */
	if (n < 0 && errno != ENOENT)
		config_complain(errors, directory, 0, "cannot read it: %s", strerror(errno));
	if (n < 0)
		return 0;
	for (int i = 0; i < n; i++) {
		_cleanup_free_ char *path = NULL;

		if (r == 0 && asprintf(&path, "%s/%s", directory, entries[i]->d_name) < 0) {
			path = NULL;
			r = -ENOMEM;
		}
		if (r == 0)
			r = read_file(path, ret, errors);
		free(entries[i]);
	}
	free(entries);
	return r;
}
