/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_DEBUGGER_H
#define DWD_CLIENT_DEBUGGER_H

/*
 * Handing a stopped process to a debugger.
 *
 * The process must stay stopped until the debugger has it, and run when the user first says
 * `continue` (or detaches, or quits). A SIGCONT before the attach would let it run away; one that
 * arrives after it, and that the debugger passes on, does exactly that. The daemon sends it, having
 * seen for itself that the process is traced, when it is told that the debugger has attached. How
 * that becomes known, and how the SIGCONT is kept from the user's eyes, is each debugger's own: one
 * file per kind, debugger-*.c.
 *
 * Everything that could keep a debugger from attaching is looked for before it is started, so that
 * the user reads one line that says what to do. Nothing here touches the process.
 */

#include <stdbool.h>

#include "args.h"
#include "client.h"

struct debugger_kind;

/* One that has been chosen and found; it can be run on any number of stops. */
struct debugger {
	const struct debugger_kind *kind;
	char *program;		 /* NULL: a command of the user's, in `value` */
	const char *value;	 /* what --gdbserver or --debugger was given */
	const char *named_by;	 /* "--debugger" or "$DWD_DEBUGGER"; NULL: an option of its own */
	const char *const *args; /* the user's own arguments to it, ended by NULL */
	bool attended;		 /* somebody can be asked */

	/* Told where another debugger may connect, if one may; NULL: it is printed. */
	void (*reachable)(const struct dwd_stop *stop, const char *address, void *userdata);
	void *userdata;
};

/* Options of the commands that run a debugger. At most one may be given. */
#define DEBUGGER_OPTIONS                                                                        \
	{.name = "gdb", .help = "with gdb (the default of attach and --each)"},                 \
		{.name = "lldb", .help = "with lldb"},                                          \
		{.name = "gdbserver",                                                           \
		 .value = "[ADDR]",                                                             \
		 .takes = debugger_is_address,                                                  \
		 .help = "with gdbserver, for a debugger that connects to ADDR"},               \
		{.name = "dap", .help = "with gdb as a debug adapter for an editor"},           \
	{                                                                                       \
		.name = "debugger", .value = "CMD", .kind = ARG_DEBUGGER,                       \
		.help = "with a command of yours, {pid} in it is the process; none: let it run" \
	}

/* Whether a word is an address for --gdbserver: [HOST]:PORT. */
bool debugger_is_address(const char *word);

/* The words that --debugger knows, from 0 on, each with what it means; NULL at the end. */
const char *debugger_word(size_t i, const char **what);

/* Whether one of the options was given. */
bool debugger_is_given(const struct args *args);

/* The debugger that the options name, else $DWD_DEBUGGER, else gdb. `own` are the user's arguments
 * to it, ended by NULL; they and the options must outlive *ret, which debugger_done() frees.
 * Answers an exit status. */
enum exit_status debugger_choose(const struct args *args, const char *const *own,
				 struct debugger *ret);
void debugger_done(struct debugger *d);
/* Choose that nobody attaches, and the process runs on at once, as --debugger none has it. */
void debugger_choose_none(struct debugger *ret);
bool debugger_is_none(const struct debugger *d);
/* It will run where nobody sees it. gdb or lldb without arguments would end at once then: they get
 * some that let the process run and tell where it crashed, if it does. */
void debugger_is_unattended(struct debugger *d);
#define _cleanup_debugger_ _cleanup_(debugger_done)

/* Whether a second one would be in the way of the first: on the port that the user has named. */
bool debugger_is_alone(const struct debugger *d);

/* What it is called: "gdb", or the user's command. */
const char *debugger_name(const struct debugger *d);

/* Whether a debugger of ours may attach to the process of a stop. Answers an exit status. */
enum exit_status debugger_check(const struct debugger *d, const struct dwd_stop *stop);

/* Run the debugger on a stop that this client has claimed, in the foreground, until it ends.
 * Answers its exit status, or -errno having explained it. */
int debugger_run(const struct debugger *d, struct client *c, const struct dwd_stop *stop);

#endif
