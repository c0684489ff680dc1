/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_TABLE_H
#define DWD_CLIENT_TABLE_H

/*
 * A table on standard output: a header, columns as wide as they need be. On a terminal no line is
 * longer than it is wide: the last column is cut, and before little of it is left columns that can
 * be spared are left out. Elsewhere nothing is ever cut or left out.
 */

#include <stddef.h>

#include "color.h"
#include "util.h"

struct table;
struct table_line;

struct table_column {
	const char *name;
	bool right;	/* numbers: aligned to the right */
	unsigned spare; /* left out where there is no room, the highest first; 0: never */
	bool tree;	/* shows which row is beneath which */
};

int table_new(struct table **ret, const struct table_column *columns, size_t n);
struct table *table_free(struct table *t);
DEFINE_CLEANUP(struct table *, table_free)

/* Begin a row; then one call for each of its cells, from left to right. A failure (lack of memory)
 * is kept, and answered by table_print() and table_text(). */
void table_row(struct table *t);
/* The same for a row of a tree, which lives as long as the table; `parent` NULL: a root. */
struct table_line *table_row_beneath(struct table *t, struct table_line *parent);
void table_cell(struct table *t, const char *format, ...) _printf_(2, 3);
/* Give the last cell a colour, where there is any. */
void table_color(struct table *t, enum color color);
int table_print(struct table *t);
/* What table_print() would print, malloc()ed. */
int table_text(struct table *t, char **ret);

#endif
