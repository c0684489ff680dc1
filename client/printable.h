/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_PRINTABLE_H
#define DWD_CLIENT_PRINTABLE_H

/*
 * Text that may hold any byte, next to text that is fit to be read.
 *
 * What libdwd gives is printable: \xNN, \n, \\ and the like stand for what is not. What the user
 * typed is not, and may have come from a file name that somebody else chose. Pure.
 */

#include <stdbool.h>
#include <stdio.h>

/* Whether `printable`, as libdwd gives it, stands for just these bytes. */
bool printable_equals(const char *printable, const char *bytes);

/* Write `text` with \xNN for every byte that the locale does not call printable. Backslashes stay:
 * what is printable already comes out as it is. */
void printable_put(FILE *f, const char *text);

#endif
