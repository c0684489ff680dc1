/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * dwd: the command line of the debug watchdog, on libdwd alone.
 *
 * This file makes the process fit to run commands, runs the one it was given, or the shell, and
 * sees that what was printed arrived. What the commands are and do is elsewhere: cmd.h, shell.h.
 */

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>

#include "cmd.h"
#include "print.h"
#include "shell.h"
#include "util.h"

/* A standard stream the caller closed must not become somebody's socket. What is opened in its
 * place fails on use, as the closed one would. */
static void fill_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
	}
}

/* A reader that went away is a failed write, not a death; a parent that ignores SIGCHLD must not
 * keep us from waiting for our children. */
static void set_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
}

int main(int argc, char **argv)
{
	struct client client = {0};
	int status, r;

	fill_standard_streams();
	set_signals();
	setlocale(LC_ALL, "");

	status = cmd_run_line(&client, argc - 1, argv + 1, shell_run);
	client_disconnect(&client);

	r = print_flush();
	if (r == 0)
		return status;
	if (r != -EPIPE)
		print_error("cannot write to standard output: %s", strerror(-r));
	return status == EXIT_DONE ? EXIT_FAILED : status;
}
