/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_SCREEN_H
#define DWD_CLIENT_SCREEN_H

/*
 * A block of text on standard output that is shown again whenever it changes.
 *
 * On a terminal it is drawn over what was there: the cursor goes up to the block's first line, all
 * below is cleared, and it is written anew. What stood above is never touched, nothing is hidden,
 * and the cursor rests below the block, so that the program may end at any moment. A block higher
 * than the terminal is cut, and says so. Elsewhere each new text follows the last one.
 */

#include <stddef.h>

struct screen {
	char *shown; /* NULL: nothing yet */
};

/* Show `text`, whose lines all end in a newline. */
void screen_show(struct screen *s, const char *text);
void screen_done(struct screen *s);

/* How many rows of a terminal `columns` wide `text` takes up. */
size_t screen_rows(const char *text, size_t columns);
/* `text` cut to `rows` rows, the last of which tells how many lines are missing; malloc()ed, NULL
 * on lack of memory. */
char *screen_cut(const char *text, size_t rows, size_t columns);

#endif
