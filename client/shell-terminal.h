/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_SHELL_TERMINAL_H
#define DWD_CLIENT_SHELL_TERMINAL_H

/*
 * The terminal and its signals, which the prompt and the commands have in turn.
 *
 * At the prompt signals arrive through a descriptor. While a command runs they do what its user
 * expects: Ctrl-C ends what waits, Ctrl-Z suspends. Whatever a command or its debugger did to the
 * terminal, and however that ended, the prompt finds it as it was.
 */

#include <signal.h>
#include <termios.h>

#include "util.h"

struct shell_terminal {
	int signal_fd;
	sigset_t outside; /* what was blocked before */
	struct termios modes;
};

/* Take the signals. 0 or -errno. */
int shell_terminal_open(struct shell_terminal *t);
void shell_terminal_close(struct shell_terminal *t);

/* For the time of a command, or of anything else that may have to be interrupted. */
void shell_terminal_lend(struct shell_terminal *t);
void shell_terminal_take_back(struct shell_terminal *t);

/* Whether Ctrl-C was pressed since it was lent last. */
bool shell_terminal_interrupted(void);

/* The signal that waits at signal_fd, 0: none. */
int shell_terminal_signal(struct shell_terminal *t);

/* Have a signal do what it does to those who do not care: suspend or end this process. */
void shell_terminal_obey(int signal);

#endif
