/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Checks of what `dwd attach` needs.
 */

#include "doctor.h"
#include "process.h"
#include "util.h"
#include "yama.h"

static void check_gdb(struct report *report)
{
	const char *env = getenv("DWD_GDB");
	_cleanup_free_ char *gdb = NULL, *version = NULL;

	if (process_find(env && *env ? env : "gdb", &gdb) < 0) {
		report_add(report, CHECK_MISSING, "gdb",
			   "apt install gdb, or name it in $DWD_GDB; only dwd attach needs it",
			   "%s is not a program", env && *env ? env : "gdb in $PATH");
		return;
	}
	if (process_capture((char *[]){gdb, (char *)"--version", NULL}, STDOUT_FILENO, &version) !=
	    0) {
		report_add(report, CHECK_MISSING, "gdb", "install it anew: apt install gdb",
			   "%s --version failed", gdb);
		return;
	}
	version[strcspn(version, "\n")] = '\0';
	report_add(report, CHECK_OK, "gdb", NULL, "%s: %s", gdb, version);
}

static void check_ptrace(struct report *report)
{
	enum yama_scope scope = yama_scope();

	if (scope == YAMA_ABSENT)
		report_add(report, CHECK_OK, "ptrace_scope", NULL, "Yama is not in force");
	else if (yama_allows_attach(scope))
		report_add(report, CHECK_OK, "ptrace_scope", NULL, "%d", (int)scope);
	else if (scope == YAMA_NOBODY)
		report_add(report, CHECK_MISSING, "ptrace_scope",
			   "boot with another; it cannot be changed at run time",
			   "3: nobody may attach a debugger");
	else
		report_add(report, CHECK_MISSING, "ptrace_scope",
			   "run dwd as root, or sysctl kernel.yama.ptrace_scope=0",
			   "%d: only root may attach a debugger", (int)scope);
}

void doctor_check_debugger(struct report *report)
{
	check_gdb(report);
	check_ptrace(report);
}
