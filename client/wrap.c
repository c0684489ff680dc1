/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrap.h"

#include <stdio.h>
#include <sys/ioctl.h>

#include "util.h"
#include "width.h"

static size_t indent_of(const char *line)
{
	return strspn(line, " ");
}

/* Where the line's second column begins; NULL: it has none. */
static const char *second_column(const char *line)
{
	const char *gap = strstr(line + indent_of(line), "  ");

	return gap ? gap + indent_of(gap) : NULL;
}

/* Whether a line goes on with the next one. */
static bool is_paragraph(const char *line, const char *next)
{
	return *line && *next && indent_of(line) == indent_of(next) && !second_column(line) &&
	       !second_column(next);
}

static void put_wrapped(FILE *f, const char *line, size_t columns)
{
	const char *column = second_column(line);
	size_t hang = column ? (size_t)(column - line) : indent_of(line), room = columns;

	if (hang > columns * 2 / 3)
		hang = 0;
	while (width_of(line) > room) {
		size_t end = width_fitting(line, room);

		while (end > indent_of(line) && line[end] != ' ')
			end--;
		if (end <= indent_of(line))
			end = indent_of(line) + strcspn(line + indent_of(line), " ");
		fprintf(f, "%.*s", (int)end, line);
		line += end + indent_of(line + end);
		if (!*line)
			break;
		fprintf(f, "\n%*s", (int)hang, "");
		room = columns - hang;
	}
	fprintf(f, "%s\n", line);
}

static bool fits(const char *text, size_t columns)
{
	for (size_t n; *text; text += n + (text[n] == '\n')) {
		_cleanup_free_ char *line = NULL;

		n = strcspn(text, "\n");
		line = strndup(text, n);
		if (line && width_of(line) > columns)
			return false;
	}
	return true;
}

/* Join each paragraph to one line, and break that; cuts `lines` up. */
static void fill(FILE *f, char *lines, size_t columns)
{
	char *line = strsep(&lines, "\n");

	while (line) {
		_cleanup_free_ char *whole = strdup(line);
		char *next = strsep(&lines, "\n"), *longer;

		for (; next && whole && is_paragraph(line, next); next = strsep(&lines, "\n")) {
			line = next;
			if (asprintf(&longer, "%s %s", whole, next + indent_of(next)) < 0)
				longer = NULL;
			free(whole);
			whole = longer;
		}
		/* Behind the last newline there is no line. */
		if (whole && (next || *whole))
			put_wrapped(f, whole, columns);
		line = next;
	}
}

char *wrap_text(const char *text, size_t columns)
{
	_cleanup_free_ char *lines = strdup(text);
	char *wrapped = NULL;
	size_t size;
	FILE *f;

	if (!lines || fits(text, columns))
		return steal_pointer(lines);
	f = open_memstream(&wrapped, &size);
	if (!f)
		return NULL;
	fill(f, lines, columns);
	if (fclose(f) == 0)
		return wrapped;
	free(wrapped);
	return NULL;
}

void wrap_put(const char *text)
{
	_cleanup_free_ char *wrapped = NULL;
	struct winsize size;

	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
	    size.ws_col > 0)
		wrapped = wrap_text(text, size.ws_col);
	fputs(wrapped ? wrapped : text, stdout);
}
