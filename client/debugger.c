/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "debugger.h"

#include <stdio.h>

#include "path.h"
#include "print.h"
#include "process.h"
#include "quote.h"
#include "show.h"
#include "util.h"
#include "yama.h"

enum exit_status debugger_find(char **ret)
{
	const char *env = getenv("DWD_GDB");
	int r = process_find(env && *env ? env : "gdb", ret);

	if (r == -ENOENT && env && *env)
		print_error("%s, which $DWD_GDB names, is not a program", env);
	else if (r == -ENOENT)
		print_error("gdb is not installed, or not in $PATH: apt install gdb, or name it in "
			    "$DWD_GDB");
	else if (r < 0)
		return print_failure("cannot look for gdb", r);
	return r < 0 ? EXIT_FAILED : EXIT_DONE;
}

/* Yama, where it is in force, would have gdb fail with a bare EPERM. */
static enum exit_status check_yama(const struct dwd_stop *stop)
{
	enum yama_scope scope = yama_scope();

	if (yama_allows_attach(scope))
		return EXIT_DONE;
	if (scope == YAMA_NOBODY)
		print_error("gdb cannot attach to " STOP_FORMAT ": Yama's ptrace_scope is 3, which "
			    "forbids it to everybody until the next boot",
			    STOP_ARGS(stop));
	else
		print_error("gdb cannot attach to " STOP_FORMAT
			    ": Yama's ptrace_scope is %d; run dwd "
			    "as root, or sysctl kernel.yama.ptrace_scope=0",
			    STOP_ARGS(stop), (int)scope);
	return EXIT_FAILED;
}

enum exit_status debugger_check(const struct dwd_stop *stop)
{
	long tracer;

	if (process_status_field(stop->pid, "TracerPid", &tracer) < 0) {
		print_error(STOP_FORMAT " is gone", STOP_ARGS(stop));
		return EXIT_NO_MATCH;
	}
	if (tracer != 0) {
		print_error(STOP_FORMAT " is already traced by process %ld; end that first",
			    STOP_ARGS(stop), tracer);
		return EXIT_FAILED;
	}
	return check_yama(stop);
}

/* The gdb command that reports the attach. gdb gives it to the user's shell, whichever that is.
 * This program is named through /proc, which needs no quoting and stays true when the file is
 * replaced. */
static int report_command(const struct client *c, const struct dwd_stop *stop, char **ret)
{
	_cleanup_free_ char *socket = NULL, *quoted = NULL;
	char *command;
	int r = path_absolute(client_socket(c), NULL, &socket);

	if (r == 0)
		r = quote_any_shell(socket, &quoted);
	if (r == -EINVAL) {
		print_error(
			"gdb cannot be told of the socket %s: not every shell can quote its name",
			socket);
		return r;
	}
	if (r == 0 && asprintf(&command, "shell /proc/%d/exe --socket %s debugger-attached %llu",
			       (int)getpid(), quoted, (unsigned long long)stop->id) < 0)
		r = -ENOMEM;
	if (r == 0)
		*ret = command;
	if (r < 0)
		print_failure("cannot prepare gdb", r);
	return r;
}

/* What gdb does first, then the user's own arguments. The array alone is the caller's to free; NULL
 * on lack of memory. */
static const char **gdb_argv(const char *gdb, const char *pid, const char *report,
			     char *const *args)
{
	const char *const first[] = {
		gdb,
		"-q",
		"-p",
		pid,
		"-ex",
		"handle SIGCONT nostop noprint pass",
		"-ex",
		report,
		/* No library is mapped yet, so a breakpoint in one is always pending. */
		"-ex",
		"set breakpoint pending on",
	};
	const char **argv;
	size_t n = 0;

	while (args[n])
		n++;
	argv = calloc(ARRAY_SIZE(first) + n + 1, sizeof(*argv));
	if (!argv)
		return NULL;
	memcpy(argv, first, sizeof(first));
	memcpy(argv + ARRAY_SIZE(first), args, n * sizeof(*argv));
	return argv;
}

/* gdb's `shell`, by which the hand-off is reported, is $SHELL's: of an account that may not log in
 * that runs nothing. */
static void ensure_shell(void)
{
	static const char *const shells[] = {"sh",   "bash", "dash", "zsh", "ksh",
					     "mksh", "fish", "csh",  "tcsh"};
	const char *shell = getenv("SHELL");

	if (!shell)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
		if (str_eq(path_leaf(shell), shells[i]) && access(shell, X_OK) == 0)
			return;
	setenv("SHELL", "/bin/sh", 1);
}

int debugger_run(const struct client *c, const char *gdb, const struct dwd_stop *stop,
		 char *const *args)
{
	_cleanup_free_ const char **argv = NULL;
	_cleanup_free_ char *report = NULL;
	char pid[16];
	int r = report_command(c, stop, &report);

	if (r < 0)
		return r;
	snprintf(pid, sizeof(pid), "%d", (int)stop->pid);
	argv = gdb_argv(gdb, pid, report, args);
	if (!argv) {
		print_failure("cannot prepare gdb", -ENOMEM);
		return -ENOMEM;
	}

	ensure_shell();
	fflush(stdout);
	r = process_foreground((char *const *)argv);
	if (r < 0)
		print_error("cannot run %s: %s", gdb, strerror(-r));
	return r;
}
