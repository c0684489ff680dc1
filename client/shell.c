/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shell.h"

#include <stdio.h>

#include "cmd.h"
#include "print.h"
#include "process.h"
#include "util.h"
#include "words.h"

#define BLANKS " \t\r\n"

/* A command of the system, with our terminal. */
static int run_system_command(const char *command)
{
	char *const argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)command, NULL};
	int r;

	if (!command[strspn(command, BLANKS)]) {
		print_error("! is to be followed by a command, as in !ps");
		return EXIT_USAGE;
	}
	fflush(stdout);
	r = process_foreground(argv);
	return r < 0 ? (int)print_failure("cannot run /bin/sh", r) : r;
}

static int explain_split(const struct words *words, int r)
{
	if (r != -EINVAL)
		return print_failure("cannot read the line", r);
	if (words->open == '\\')
		print_error("the line ends in a \\, with nothing behind it");
	else
		print_error("a %c is opened and not closed", words->open);
	return EXIT_USAGE;
}

/* What a shell would take for the end of a command, or for a file. */
static int refuse_control(char control)
{
	print_error(
		"an unquoted %c means nothing here: a line holds one command, without pipes and "
		"files; quote the word if it is meant",
		control);
	return EXIT_USAGE;
}

static int run_words(struct client *c, int argc, char **argv)
{
	/* As messages and man pages have it. */
	if (str_eq(argv[0], "dwd") && argc > 1)
		return run_words(c, argc - 1, argv + 1);
	client_check(c);
	return cmd_run_line(c, argc, argv, NULL);
}

int shell_line(struct client *c, const char *line, int before)
{
	_cleanup_(words_done) struct words words = {0};
	int r;

	line += strspn(line, BLANKS);
	if (!*line || *line == '#')
		return before;
	if (*line == '!')
		return run_system_command(line + 1);
	r = words_split(&words, line);
	if (r < 0)
		return explain_split(&words, r);
	if (words.control)
		return refuse_control(words.control);
	r = run_words(c, words.count, words.words);
	return c->leave ? before : r;
}

int shell_run(struct client *c)
{
	bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);

	c->in_shell = true;
	return terminal ? shell_interactive(c) : shell_script(c);
}
