/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_WRAP_H
#define DWD_CLIENT_WRAP_H

/*
 * Prose on a terminal: lines that are too long for it are broken at spaces, where the terminal
 * would break words. Elsewhere nothing is changed.
 */

#include <stddef.h>

/* The text for so many columns, malloc()ed; NULL on lack of memory. As it is if all lines fit, else
 * the lines of a paragraph are filled anew. What follows two spaces within a line is a column of
 * its own, and goes on beneath itself; a line with such is no part of a paragraph. A word that is
 * too long stays whole. */
char *wrap_text(const char *text, size_t columns);

/* To standard output, as wide as that is. */
void wrap_put(const char *text);

#endif
