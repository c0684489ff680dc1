/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_DEBUGGER_KIND_H
#define DWD_CLIENT_DEBUGGER_KIND_H

/*
 * What a kind of debugger is, and what the kinds share. See debugger.h for the task.
 */

#include "debugger.h"
#include "argv.h"

struct debugger_kind {
	const char *name;    /* of its option */
	const char *program; /* what it needs; NULL: nothing that can be looked for */
	const char *env;     /* the variable that names another program */
	const char *package; /* Debian's, that has it */

	/* Arguments for when nobody is there and the user gave none; NULL: none. */
	const char *const *unattended;
	/* Whether the program found will do; NULL: it does. Answers an exit status. */
	enum exit_status (*check)(const struct debugger *d);
	/* As debugger_run(). */
	int (*run)(const struct debugger *d, struct client *c, const struct dwd_stop *stop);
};

/* In the order of help, ended by NULL; the first is the default. */
extern const struct debugger_kind *const debugger_kinds[];

extern const struct debugger_kind debugger_gdb, debugger_dap, debugger_lldb, debugger_gdbserver;
/* Not by an option of their own. */
extern const struct debugger_kind debugger_command, debugger_none;

/* The first gdb that is a debug adapter. */
#define DEBUGGER_DAP_SINCE 14

/* The program of a kind: the one its variable names, else the one in $PATH; malloc()ed. 0 or
 * -errno; -ENOENT: *wanted (borrowed) is not a program. */
int debugger_find(const struct debugger_kind *kind, char **ret, const char **wanted);

/* The major version that `PROGRAM --version` shows in its first line; -errno if it does not run,
 * -EBADMSG if it shows none. `line` may be NULL, else it is the line, malloc()ed. */
int debugger_version(const char *program, char **line);

/* A shell command that reports the attach, for a debugger to run: words that mean the same to every
 * shell, malloc()ed. This program is named through /proc, which needs no quoting and stays true
 * when the file is replaced. 0 or -errno having explained it. */
int debugger_report_command(const struct debugger *d, const struct client *c,
			    const struct dwd_stop *stop, char **ret);

/* Debuggers give commands to $SHELL: see to it that this is one. */
void debugger_ensure_shell(void);

/* Run a command line by process_observed(). As debugger_run(). */
int debugger_foreground(const struct debugger *d, const struct argv *words,
			bool (*look)(void *userdata), void *userdata);

#endif
