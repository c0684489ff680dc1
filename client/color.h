/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_COLOR_H
#define DWD_CLIENT_COLOR_H

/*
 * Colour, where somebody looks: on a terminal that is not dumb, unless $NO_COLOR is set
 * (https://no-color.org); --color overrules both. The choice is the process's, as complaints are
 * made by those who know nothing but their text.
 */

#include <stdbool.h>
#include <stdio.h>

enum color_mode {
	COLOR_AUTO,
	COLOR_ALWAYS,
	COLOR_NEVER,
};

enum color {
	COLOR_PLAIN,
	COLOR_ERROR,
	COLOR_STOPPED,
	COLOR_ATTACHED,
	COLOR_RUNNING,
	COLOR_GONE,
};

/* "auto", "always" or "never", else -EINVAL. */
int color_mode_parse(const char *text, enum color_mode *ret);
void color_choose(enum color_mode mode);

/* Whether `stream` gets colour. */
bool color_wanted(FILE *stream);

/* What switches a colour on, and off again, on a stream; "" if it gets none. */
const char *color_on(FILE *stream, enum color color);
const char *color_off(FILE *stream, enum color color);

/* That of a stop's state, by its name. */
enum color color_of_state(const char *state);

#endif
