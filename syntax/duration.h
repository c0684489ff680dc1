/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_SYNTAX_DURATION_H
#define DWD_SYNTAX_DURATION_H

/*
 * Lengths of time as people write and read them. Pure, and the same in every locale.
 */

#include <stddef.h>

/* Parse a number of seconds, decimals allowed, with an optional unit (ms, s, m, h): "5", "0.25",
 * "300ms", "1.5h". Answers milliseconds, rounded up, so that only zero is zero.
 * -EINVAL: not a duration; -ERANGE: longer than the 24 days that fit. */
int duration_parse(const char *text, int *ret);

/* Seconds as a short age with its two leading units: "0.3s", "42s", "3m05s", "2h10m", "4d03h". */
void duration_format(double seconds, char *buffer, size_t size);

#endif
