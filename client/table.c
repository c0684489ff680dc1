/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "table.h"

#include <stdarg.h>
#include <stdio.h>
#include <wchar.h>
#include <libsmartcols/libsmartcols.h>

#include "width.h"

/*
 * smartcols lays out what has to fit a terminal, has colours or is a tree. Where it is only to
 * align columns, most often for another program to read, that is done here: smartcols looks at each
 * character of each cell several times, and ten thousand rows are not rare.
 */

/* Of the last column so much is to be seen, before any other is left out. */
#define LAST_WIDTH 24

DEFINE_CLEANUP(struct libscols_iter *, scols_free_iter)

struct table {
	struct libscols_table *scols;
	struct libscols_line *line;
	const struct table_column *columns;
	size_t columns_count;
	size_t *widths; /* of the columns: their widest cell */
	size_t cell;
	bool tree;
	int error;
};

static void widen(struct table *t, size_t column, const char *text)
{
	size_t width = width_of(text);

	if (t->widths[column] < width)
		t->widths[column] = width;
}

int table_new(struct table **ret, const struct table_column *columns, size_t n)
{
	_cleanup_(table_freep) struct table *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->scols = scols_new_table();
	t->widths = calloc(n, sizeof(*t->widths));
	if (!t->scols || !t->widths)
		return -ENOMEM;
	t->columns = columns;
	t->columns_count = n;

	/* Cells are printable already; escaping them again would double every backslash. */
	scols_table_enable_noencoding(t->scols, 1);
	scols_table_enable_colors(t->scols, color_wanted(stdout));
	for (size_t i = 0; i < n; i++) {
		int flags = columns[i].right ? SCOLS_FL_RIGHT : 0;

		if (columns[i].tree) {
			flags |= SCOLS_FL_TREE;
			t->tree = true;
		}
		if (!scols_table_new_column(t->scols, columns[i].name, 0, flags))
			return -ENOMEM;
		widen(t, i, columns[i].name);
	}
	*ret = steal_pointer(t);
	return 0;
}

struct table *table_free(struct table *t)
{
	if (t) {
		scols_unref_table(t->scols);
		free(t->widths);
		free(t);
	}
	return NULL;
}

/* A struct table_line is smartcols' own, under a name that does not tell. */
struct table_line *table_row_beneath(struct table *t, struct table_line *parent)
{
	t->line = scols_table_new_line(t->scols, (struct libscols_line *)parent);
	t->cell = 0;
	if (!t->line)
		t->error = -ENOMEM;
	return (struct table_line *)t->line;
}

void table_row(struct table *t)
{
	table_row_beneath(t, NULL);
}

void table_cell(struct table *t, const char *format, ...)
{
	char *text;
	va_list ap;
	int r;

	if (t->error < 0)
		return;
	va_start(ap, format);
	r = vasprintf(&text, format, ap);
	va_end(ap);
	if (r < 0) {
		t->error = -ENOMEM;
		return;
	}
	widen(t, t->cell, text);
	/* takes `text` over on success */
	t->error = scols_line_refer_data(t->line, t->cell++, text);
	if (t->error < 0)
		free(text);
}

void table_color(struct table *t, enum color color)
{
	const char *sequence = color_on(stdout, color);

	if (t->error == 0 && *sequence)
		t->error =
			scols_cell_set_color(scols_line_get_cell(t->line, t->cell - 1), sequence);
}

static void set_flag(struct table *t, size_t column, int flag)
{
	struct libscols_column *c = scols_table_get_column(t->scols, column);

	scols_column_set_flags(c, scols_column_get_flags(c) | flag);
}

/* What all columns take that are there, the last of them cut to LAST_WIDTH. */
static size_t least_width(const struct table *t)
{
	size_t last = t->columns_count - 1, width = 0;

	for (size_t i = 0; i < last; i++)
		width += t->widths[i] ? t->widths[i] + 1 : 0;
	return width + (t->widths[last] < LAST_WIDTH ? t->widths[last] : LAST_WIDTH);
}

/* Leave out the column that can be spared best. False if there is none. */
static bool leave_one_out(struct table *t)
{
	size_t best = 0;

	for (size_t i = 1; i < t->columns_count; i++) {
		if (t->widths[i] &&
		    (!t->widths[best] || t->columns[i].spare > t->columns[best].spare))
			best = i;
	}
	if (!t->widths[best] || !t->columns[best].spare)
		return false;
	t->widths[best] = 0;
	set_flag(t, best, SCOLS_FL_HIDDEN);
	return true;
}

/* On a terminal of this width. */
static void fit(struct table *t, size_t width)
{
	set_flag(t, t->columns_count - 1, SCOLS_FL_TRUNC);
	while (least_width(t) > width) {
		if (leave_one_out(t))
			continue;
		/* What is left is cut wherever it can be without telling a falsehood. */
		for (size_t i = 0; i < t->columns_count; i++) {
			if (!t->columns[i].right)
				set_flag(t, i, SCOLS_FL_TRUNC);
		}
		break;
	}
}

/* ---- elsewhere than on a terminal ------------------------------------------------------------ */

static bool is_plain(const struct table *t)
{
	return !t->tree && !isatty(STDOUT_FILENO) && !color_wanted(stdout);
}

static void put_spaces(FILE *f, size_t n)
{
	while (n-- > 0)
		putc_unlocked(' ', f);
}

static void put_cell(FILE *f, const struct table *t, size_t column, const char *text)
{
	size_t room = t->widths[column] - width_of(text);
	bool right = t->columns[column].right;

	if (right)
		put_spaces(f, room);
	fputs_unlocked(text, f);
	if (column == t->columns_count - 1) {
		putc_unlocked('\n', f);
		return;
	}
	put_spaces(f, right ? 1 : room + 1);
}

static void put_row(FILE *f, const struct table *t, struct libscols_line *line)
{
	for (size_t i = 0; i < t->columns_count; i++) {
		const char *text = scols_cell_get_data(scols_line_get_cell(line, i));

		put_cell(f, t, i, text ? text : "");
	}
}

static int put_plain(FILE *f, const struct table *t)
{
	_cleanup_(scols_free_iterp) struct libscols_iter *lines = NULL;
	struct libscols_line *line;

	if (t->error < 0 || scols_table_is_empty(t->scols))
		return t->error;
	lines = scols_new_iter(SCOLS_ITER_FORWARD);
	if (!lines)
		return -ENOMEM;
	for (size_t i = 0; i < t->columns_count; i++)
		put_cell(f, t, i, t->columns[i].name);
	while (scols_table_next_line(t->scols, lines, &line) == 0)
		put_row(f, t, line);
	return 0;
}

static int plain_text(const struct table *t, char **ret)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	int r;

	if (!f)
		return -ENOMEM;
	r = put_plain(f, t);
	if (fclose(f) != 0)
		r = -ENOMEM;
	if (r == 0)
		*ret = steal_pointer(text);
	return r;
}

/* ---- printing -------------------------------------------------------------------------------- */

static int make_fit(struct table *t)
{
	if (t->error < 0)
		return t->error;
	if (isatty(STDOUT_FILENO))
		fit(t, scols_table_get_termwidth(t->scols));
	return 0;
}

int table_print(struct table *t)
{
	int r;

	if (is_plain(t))
		return put_plain(stdout, t);
	r = make_fit(t);
	return r < 0 ? r : scols_print_table(t->scols);
}

int table_text(struct table *t, char **ret)
{
	_cleanup_free_ char *text = NULL;
	int r;

	if (is_plain(t))
		return plain_text(t, ret);
	r = make_fit(t);
	if (r == 0)
		r = scols_print_table_to_string(t->scols, &text);
	/* The newline of the last line is missing. */
	if (r == 0 && asprintf(ret, "%s\n", text) < 0)
		r = -ENOMEM;
	return r;
}
