/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * dwd: the command line of the debug watchdog, on libdwd alone.
 *
 * This file makes the process fit to run commands, runs the one it was given, and sees that what
 * was printed arrived. What the commands are and do is elsewhere: cmd.h.
 */

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>

#include "cmd.h"
#include "print.h"
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

/* The global options before the command; the rest of the words are the command's. */
static int run(struct client *c, int argc, char **argv)
{
	const struct option_spec *const specs[] = {cmd_global_options, NULL};
	_cleanup_(args_done) struct args args = {0};
	int r = args_parse(&args, specs, argc - 1, argv + 1, ARGS_STOP);

	if (r == -EINVAL) {
		print_error("%s (dwd --help lists the options)", args.error);
		return EXIT_USAGE;
	}
	if (r < 0)
		return print_failure("cannot read the command line", r);

	r = (int)cmd_apply_options(c, &args);
	if (r != EXIT_DONE)
		return r;
	if (args_get(&args, "help"))
		return (int)cmd_help.run(c, &args);
	if (args_get(&args, "version"))
		return (int)cmd_version.run(c, &args);
	if (args.count == 0) {
		print_error("what is to be done? dwd help lists the commands");
		return EXIT_USAGE;
	}
	return cmd_run(c, args.count, args.words);
}

int main(int argc, char **argv)
{
	struct client client = {0};
	int status, r;

	fill_standard_streams();
	set_signals();
	setlocale(LC_ALL, "");

	status = run(&client, argc, argv);
	client_disconnect(&client);

	r = print_flush();
	if (r == 0)
		return status;
	if (r != -EPIPE)
		print_error("cannot write to standard output: %s", strerror(-r));
	return status == EXIT_DONE ? EXIT_FAILED : status;
}
