/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * lldb: as with gdb, once it has attached it is told to let SIGCONT through, and itself runs
 * `dwd debugger-attached`.
 */

#include "debugger-kind.h"

static int run_lldb(const struct debugger *d, struct client *c, const struct dwd_stop *stop)
{
	_cleanup_argv_ struct argv w = {0};
	_cleanup_free_ char *report = NULL;
	int r = debugger_report_command(d, c, stop, &report);

	if (r < 0)
		return r;
	argv_add(&w, d->program);
	if (!d->attended)
		argv_add_all(&w, (const char *[]){"-O", "settings set auto-confirm true", NULL});
	argv_add(&w, "-p");
	argv_addf(&w, "%d", (int)stop->pid);
	argv_add(&w, "-o");
	argv_add(&w, "process handle -n false -s false -p true SIGCONT");
	argv_add(&w, "-o");
	argv_addf(&w, "platform shell %s", report);
	argv_add_all(&w, d->args);
	debugger_ensure_shell();
	return debugger_foreground(d, &w, NULL, NULL);
}

static const char *const unattended[] = {
	"--batch", "-o", "continue", "-k", "thread backtrace all", NULL,
};

const struct debugger_kind debugger_lldb = {
	.name = "lldb",
	.program = "lldb",
	.env = "DWD_LLDB",
	.package = "lldb",
	.unattended = unattended,
	.run = run_lldb,
};
