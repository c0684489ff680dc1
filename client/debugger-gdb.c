/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * gdb: it attaches, is told to let SIGCONT through, and then itself runs `dwd debugger-attached`.
 *
 * As a debug adapter (gdb 14 is the first that speaks DAP) it attaches when the editor says so; a
 * hook of its `attach` command does the same then.
 */

#include <stdio.h>
#include <sys/mman.h>

#include "debugger-kind.h"
#include "print.h"
#include "show.h"
#include "util.h"

#define JVM_SIGNALS "handle SIGSEGV nostop noprint pass"

/* Whom nobody answers must not ask: neither about pages, nor whether to quit, nor whether to
 * download. The user's own arguments come later and may say otherwise. */
static void add_first(const struct debugger *d, struct argv *w)
{
	argv_add(w, d->program);
	argv_add(w, "-q");
	if (!d->attended)
		argv_add_all(w, (const char *[]){"-iex", "set pagination off", "-iex",
						 "set confirm off", "-iex",
						 "set debuginfod enabled off", NULL});
}

/* A JVM has uses for SIGSEGV that are no faults. */
static bool is_jvm(const struct dwd_stop *stop)
{
	static const char *const launchers[] = {"java", "javac", "javadoc", "jshell"};

	for (size_t i = 0; i < ARRAY_SIZE(launchers); i++) {
		if (str_eq(path_leaf(stop->exe), launchers[i]))
			return true;
	}
	return false;
}

/* What gdb does when it has attached, as a file without a name: what `handle` prints for somebody
 * at the keyboard it does not print here. No library is mapped yet, so a breakpoint in one is
 * always pending. A descriptor, or -errno. */
static int make_commands(const struct dwd_stop *stop, const char *report)
{
	_cleanup_fd_ int fd = memfd_create("dwd-gdb-commands", MFD_CLOEXEC);
	int n;

	if (fd < 0)
		return -errno;
	n = dprintf(fd,
		    "handle SIGCONT nostop noprint pass\n"
		    "%s"
		    "shell %s\n"
		    "set breakpoint pending on\n",
		    is_jvm(stop) ? JVM_SIGNALS "\n" : "", report);
	return n < 0 ? -errno : steal_fd(&fd);
}

static int run_gdb(const struct debugger *d, struct client *c, const struct dwd_stop *stop)
{
	_cleanup_argv_ struct argv w = {0};
	_cleanup_free_ char *report = NULL;
	_cleanup_fd_ int commands = -1;
	int r = debugger_report_command(d, c, stop, &report);

	if (r < 0)
		return r;
	commands = make_commands(stop, report);
	if (commands < 0) {
		print_error("cannot prepare %s: %s", debugger_name(d), strerror(-commands));
		return commands;
	}
	add_first(d, &w);
	argv_add(&w, "-p");
	argv_addf(&w, "%d", (int)stop->pid);
	argv_add(&w, "-x");
	argv_addf(&w, "/proc/%d/fd/%d", (int)getpid(), commands);
	argv_add_all(&w, d->args);
	debugger_ensure_shell();
	return debugger_foreground(d, &w, NULL, NULL);
}

static enum exit_status check_dap(const struct debugger *d)
{
	_cleanup_free_ char *line = NULL;
	const char *by = d->named_by;
	int version = debugger_version(d->program, &line);

	if (version >= DEBUGGER_DAP_SINCE)
		return EXIT_DONE;
	print_error("dap%s%s%s needs gdb %d or later, and %s is '%s': install a newer one, or name "
		    "it in $DWD_GDB",
		    by ? ", asked for by " : "", by ? by : "", by ? "," : "", DEBUGGER_DAP_SINCE,
		    d->program, line ? line : "not to be run");
	return EXIT_FAILED;
}

/* What the editor asks for is read from our standard input, and gdb answers on our standard output:
 * not a word of ours goes there. */
static int run_dap(const struct debugger *d, struct client *c, const struct dwd_stop *stop)
{
	_cleanup_argv_ struct argv w = {0};
	_cleanup_free_ char *report = NULL;
	int r = debugger_report_command(d, c, stop, &report);

	if (r < 0)
		return r;
	add_first(d, &w);
	argv_add(&w, "-i=dap");
	argv_add(&w, "-iex");
	argv_add(&w, "set breakpoint pending on");
	argv_add(&w, "-iex");
	argv_add(&w, "handle SIGCONT nostop noprint pass");
	if (is_jvm(stop))
		argv_add_all(&w, (const char *[]){"-iex", JVM_SIGNALS, NULL});
	argv_add(&w, "-iex");
	argv_addf(&w, "python gdb.execute(\"define hookpost-attach\\nshell %s\\nend\")", report);
	argv_add_all(&w, d->args);
	print_note(c, STOP_FORMAT " waits for the editor: attach to pid %d", STOP_ARGS(stop),
		   (int)stop->pid);
	debugger_ensure_shell();
	return debugger_foreground(d, &w, NULL, NULL);
}

/* With no process left there is no stack, which is no failure. */
static const char *const unattended[] = {
	"-batch", "-ex", "continue", "-ex", "thread apply all -q backtrace", NULL,
};

const struct debugger_kind debugger_gdb = {
	.name = "gdb",
	.program = "gdb",
	.env = "DWD_GDB",
	.package = "gdb",
	.unattended = unattended,
	.run = run_gdb,
};

const struct debugger_kind debugger_dap = {
	.name = "dap",
	.program = "gdb",
	.env = "DWD_GDB",
	.package = "gdb",
	.check = check_dap,
	.run = run_dap,
};
