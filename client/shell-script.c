/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A script on standard input. It ends at the first error, unless --keep-going says otherwise, and
 * tells in which line that was.
 *
 * The script is read ahead, so what commands and their debuggers would find on standard input is
 * any part of it: they get /dev/null there instead.
 */

#include <fcntl.h>
#include <stdio.h>

#include "print.h"
#include "shell.h"
#include "util.h"

/* Take standard input away from all that is run. */
static FILE *take_script(void)
{
	_cleanup_fd_ int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	_cleanup_fd_ int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	FILE *script;

	if (fd < 0 || nothing < 0 || dup2(nothing, STDIN_FILENO) < 0)
		return NULL;
	script = fdopen(fd, "r");
	if (script)
		steal_fd(&fd);
	else if (errno == EINVAL) /* not open for reading: main.c's stand-in for one closed */
		errno = EBADF;
	return script;
}

/* Run one line of `length` bytes. What it printed is out when the next one runs. */
static int run_line(struct client *c, const char *line, size_t length, int before)
{
	unsigned long errors = print_error_count();
	int status;

	if (strlen(line) != length) {
		print_error("it holds a byte 0: this is no script");
		return EXIT_USAGE;
	}
	status = shell_line(c, line, before);
	if (print_flush() < 0)
		c->leave = true;
	if (status != EXIT_DONE && status != before && print_error_count() == errors)
		print_error("it ended with status %d", status);
	return status;
}

static int run_lines(struct client *c, FILE *script)
{
	_cleanup_free_ char *line = NULL;
	int status = EXIT_DONE;
	ssize_t length;
	size_t size = 0;

	errno = 0;
	for (unsigned long n = 1; (length = getline(&line, &size, script)) >= 0; n++) {
		print_set_line(n);
		status = run_line(c, line, (size_t)length, status);
		if (c->leave || (status != EXIT_DONE && !c->options.keep_going))
			break;
	}
	print_set_line(0);
	if (!ferror(script))
		return status;
	return print_failure("cannot read the script on standard input", -errno);
}

int shell_script(struct client *c)
{
	FILE *script = take_script();
	int status;

	if (!script)
		return print_failure("cannot read a script on standard input", -errno);
	status = run_lines(c, script);
	fclose(script);
	return status;
}
