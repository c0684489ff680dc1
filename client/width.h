/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_WIDTH_H
#define DWD_CLIENT_WIDTH_H

/*
 * How much room printable text takes on a terminal, where colours (color.h) take none. Pure.
 */

#include <stddef.h>

/* In columns. */
size_t width_of(const char *text);

/* The length in bytes of the longest beginning of `text` that takes at most `limit` columns. */
size_t width_fitting(const char *text, size_t limit);

#endif
