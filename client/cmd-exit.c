/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Leaving the shell, by either of the words that people try. Hidden because to a command line they
 * mean nothing, and so that they take no abbreviation from those that do; help tells of them.
 */

#include "cmd.h"
#include "print.h"

static enum exit_status run(struct client *c, const struct args *args)
{
	if (!c->in_shell) {
		print_error("exit and quit leave dwd's shell, and this is none; "
			    "dwd without a command is one");
		return EXIT_USAGE;
	}
	c->leave = true;
	return EXIT_DONE;
}

const struct cmd cmd_exit = {
	.name = "exit",
	.synopsis = "",
	.summary = "leave the shell",
	.flags = CMD_HIDDEN | CMD_SHELL,
	.run = run,
};

const struct cmd cmd_quit = {
	.name = "quit",
	.synopsis = "",
	.summary = "leave the shell",
	.flags = CMD_HIDDEN | CMD_SHELL,
	.run = run,
};
