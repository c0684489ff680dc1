/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "table.h"

#include <stdarg.h>
#include <stdio.h>
#include <libsmartcols/libsmartcols.h>

struct table {
	struct libscols_table *scols;
	struct libscols_line *line;
	size_t cell;
	int error;
};

int table_new(struct table **ret, const struct table_column *columns, size_t n)
{
	_cleanup_(table_freep) struct table *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->scols = scols_new_table();
	if (!t->scols)
		return -ENOMEM;

	/* Cells are printable already; escaping them again would double every backslash. */
	scols_table_enable_noencoding(t->scols, 1);
	for (size_t i = 0; i < n; i++) {
		int flags = columns[i].right ? SCOLS_FL_RIGHT : 0;

		if (columns[i].tree)
			flags |= SCOLS_FL_TREE;
		if (i + 1 == n && isatty(STDOUT_FILENO))
			flags |= SCOLS_FL_TRUNC;
		if (!scols_table_new_column(t->scols, columns[i].name, 0, flags))
			return -ENOMEM;
	}
	*ret = steal_pointer(t);
	return 0;
}

struct table *table_free(struct table *t)
{
	if (t) {
		scols_unref_table(t->scols);
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
	/* takes `text` over on success */
	t->error = scols_line_refer_data(t->line, t->cell++, text);
	if (t->error < 0)
		free(text);
}

int table_print(struct table *t)
{
	return t->error < 0 ? t->error : scols_print_table(t->scols);
}

int table_text(struct table *t, char **ret)
{
	_cleanup_free_ char *text = NULL;
	int r = t->error < 0 ? t->error : scols_print_table_to_string(t->scols, &text);

	/* The newline of the last line is missing. */
	if (r == 0 && asprintf(ret, "%s\n", text) < 0)
		r = -ENOMEM;
	return r;
}
