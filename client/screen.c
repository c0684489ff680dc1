/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "screen.h"

#include <stdio.h>
#include <sys/ioctl.h>

#include "util.h"
#include "width.h"

/* The rows of the line of `n` bytes that begins here. */
static size_t rows_of(const char *text, size_t n, size_t columns)
{
	_cleanup_free_ char *line = strndup(text, n);
	size_t width = line ? width_of(line) : n;

	return width > columns ? (width + columns - 1) / columns : 1;
}

size_t screen_rows(const char *text, size_t columns)
{
	size_t rows = 0;

	while (*text) {
		size_t n = strcspn(text, "\n");

		rows += rows_of(text, n, columns);
		text += n + (text[n] == '\n');
	}
	return rows;
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

char *screen_cut(const char *text, size_t rows, size_t columns)
{
	size_t used = 0, size = 0;
	char *cut;

	if (screen_rows(text, columns) <= rows)
		return strdup(text);
	for (;;) {
		size_t n = strcspn(text + size, "\n");

		used += rows_of(text + size, n, columns);
		if (used + 1 > rows)
			break;
		size += n + 1;
	}
	if (asprintf(&cut, "%.*s... and %zu more lines\n", (int)size, text,
		     count_lines(text + size)) < 0)
		return NULL;
	return cut;
}

/* The size of the terminal; that of the oldest if it does not say. */
static struct winsize terminal_size(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row < 2 || size.ws_col < 1)
		return (struct winsize){.ws_row = 24, .ws_col = 80};
	return size;
}

/* Since it was drawn the terminal may have become narrower, and have wrapped its lines. */
static void erase(const struct screen *s, size_t columns)
{
	size_t rows = screen_rows(s->shown, columns);

	printf("\r");
	if (rows > 0)
		printf("\033[%zuA", rows);
	printf("\033[J");
}

void screen_show(struct screen *s, const char *text)
{
	struct winsize size = terminal_size();
	char *next;

	if (!isatty(STDOUT_FILENO)) {
		printf("%s%s", s->shown ? "\n" : "", text);
		next = strdup("");
	} else {
		next = screen_cut(text, size.ws_row - 1u, size.ws_col);
		if (s->shown)
			erase(s, size.ws_col);
		fputs(next ? next : text, stdout);
	}
	free(s->shown);
	s->shown = next;
}

void screen_done(struct screen *s)
{
	free(s->shown);
	*s = (struct screen){0};
}
