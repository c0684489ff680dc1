/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Checks of what `dwd attach` needs.
 */

#include <stdio.h>

#include "debugger-kind.h"
#include "doctor.h"
#include "util.h"
#include "yama.h"

/* `dwd attach` is nothing without its default debugger; the others are extras. */
static void check_program(struct report *report, const struct debugger_kind *kind)
{
	bool essential = kind == debugger_kinds[0];
	_cleanup_free_ char *program = NULL, *version = NULL;
	const char *wanted;
	char advice[128];

	snprintf(advice, sizeof(advice),
		 "apt install %s, or name it in $%s; only dwd attach%s%s "
		 "needs it",
		 kind->package, kind->env, essential ? "" : " --", essential ? "" : kind->name);
	if (debugger_find(kind, &program, &wanted) < 0)
		report_add(report, essential ? CHECK_MISSING : CHECK_WARN, kind->name, advice,
			   "%s%s is not a program", wanted,
			   wanted == kind->program ? " in $PATH" : "");
	else if (debugger_version(program, &version) < 0 && !version)
		report_add(report, essential ? CHECK_MISSING : CHECK_WARN, kind->name, advice,
			   "%s --version failed", program);
	else
		report_add(report, CHECK_OK, kind->name, NULL, "%s: %s", program, version);
}

/* The same gdb, if it is new enough. */
static void check_dap(struct report *report)
{
	_cleanup_free_ char *program = NULL, *version = NULL;
	const char *wanted;

	if (debugger_find(&debugger_dap, &program, &wanted) < 0)
		return;
	if (debugger_version(program, &version) >= DEBUGGER_DAP_SINCE)
		report_add(report, CHECK_OK, debugger_dap.name, NULL, "%s can", program);
	else
		report_add(report, CHECK_WARN, debugger_dap.name,
			   "install a newer gdb, or name it in $DWD_GDB; only dwd attach --dap "
			   "needs it",
			   "%s is older than gdb %d", program, DEBUGGER_DAP_SINCE);
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
	for (const struct debugger_kind *const *k = debugger_kinds; *k; k++) {
		if (*k != &debugger_dap)
			check_program(report, *k);
	}
	check_dap(report);
	check_ptrace(report);
}
