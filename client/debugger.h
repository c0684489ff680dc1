/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_DEBUGGER_H
#define DWD_CLIENT_DEBUGGER_H

/*
 * Handing a stopped process to gdb.
 *
 * The process must stay stopped until gdb has it, and run when the user first says `continue` (or
 * detaches, or quits). A SIGCONT before the attach would let it run away; one that arrives after
 * it, and that gdb passes on, does exactly that. So gdb is started with commands that attach, let
 * SIGCONT through, and then run `dwd debugger-attached`, upon which the daemon, having seen for
 * itself that the process is traced, sends it.
 *
 * Everything that could keep gdb from attaching is looked for before gdb is started, so that the
 * user reads one line that says what to do. Nothing here touches the process.
 */

#include "client.h"

/* gdb's path: $DWD_GDB or gdb in $PATH, malloc()ed. Answers an exit status. */
enum exit_status debugger_find(char **ret);

/* Whether a debugger of ours may attach to the process of a stop. Answers an exit status. */
enum exit_status debugger_check(const struct dwd_stop *stop);

/* Run gdb on a stop that this client has claimed, until gdb ends. `args` are the user's own
 * arguments to gdb, ended by NULL. Answers gdb's exit status, or -errno having explained it. */
int debugger_run(const struct client *c, const char *gdb, const struct dwd_stop *stop,
		 char *const *args);

#endif
