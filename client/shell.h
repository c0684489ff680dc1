/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_SHELL_H
#define DWD_CLIENT_SHELL_H

/*
 * The shell: dwd without a command.
 *
 * A line of it is a command line without the leading `dwd`, run by the very function that runs
 * those, so that there is one parser, one table and one help. On a terminal it is a prompt that
 * tells of stops while the user types (shell-interactive.c); anywhere else the lines are a script
 * (shell-script.c). The shell outlives its daemon, and no command ends it but `exit`.
 *
 * Nothing outside client/shell*.c knows readline, and of those script, monitor and terminal do not.
 */

#include "client.h"

/* A whole session. Answers the exit status of its last command. */
int shell_run(struct client *c);

/* The two kinds of session. */
int shell_interactive(struct client *c);
int shell_script(struct client *c);

/* Run one line: nothing, a comment (the line begins with #), !COMMAND, or a command. Answers its
 * exit status, or `before` if there was nothing to run. */
int shell_line(struct client *c, const char *line, int before);

#endif
