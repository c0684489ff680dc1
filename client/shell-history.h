/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_SHELL_HISTORY_H
#define DWD_CLIENT_SHELL_HISTORY_H

/*
 * The lines typed in earlier sessions, in $XDG_STATE_HOME/dwd/history. A line is in the file as
 * soon as it was typed, so that neither a second session nor a sudden end loses any. Where the file
 * cannot be had there is a history of this session, and no word about it.
 */

void shell_history_load(void);

/* Remember a line, unless it repeats the one before or begins with a blank. */
void shell_history_add(const char *line);

#endif
