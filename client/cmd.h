/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_CMD_H
#define DWD_CLIENT_CMD_H

/*
 * The commands: one declarative entry each, defined in its own cmd-*.c together with its function,
 * listed in cmd.c. Parsing, help, completion and the shell all read the same entries, so that none
 * of them can tell another story.
 */

#include "args.h"
#include "client.h"

struct cmd {
	const char *name;
	const char *synopsis; /* what follows the name, "" if nothing does */
	const char *summary;  /* one line */
	const char *details;  /* paragraphs, broken at 80 columns, for help; NULL: none */
	const struct option_spec *options; /* NULL: none but the global ones */
	enum arg_kind operand;		   /* what its operands name */
	int min, max;			   /* how many of them; a negative max: any number */
	enum arg_kind rest;		   /* with CMD_REST: ARG_TARGET if a command follows `--` */
	unsigned flags;
	enum exit_status (*run)(struct client *c, const struct args *args);
};

#define CMD_HIDDEN (1 << 0) /* for dwd's own use: not in help, not to be abbreviated */
#define CMD_REST   (1 << 1) /* takes arguments of another program after `--` */
#define CMD_SHELL  (1 << 2) /* hidden, but offered to those in the shell, where it is of use */

/* All commands in the order of help, ended by NULL. */
extern const struct cmd *const cmd_table[];
/* The options that every command takes, before its name and after. */
extern const struct option_spec cmd_global_options[];
/* Those of dwd without a command. */
extern const struct option_spec cmd_shell_options[];

/* Options that several commands have. */
#define CMD_OPTION_TIMEOUT                                                     \
	{                                                                      \
		.name = "timeout", .letter = 't', .value = "T",                \
		.help = "give up after T (seconds, or with a unit: 300ms, 2m)" \
	}
#define CMD_OPTION_ALL(what)                               \
	{                                                  \
		.name = "all", .letter = 'a', .help = what \
	}

#define CMD_OPTION_SETENV                                                                    \
	{                                                                                    \
		.name = "setenv", .letter = 'E', .value = "NAME=VALUE",                      \
		.help = "give it this environment variable before it runs (may be repeated)" \
	}

/* The complaint of the commands that act on stops and were given none, or --all beside others. */
#define CMD_NEEDS_STOPS                                                                            \
	"it needs a PID, NAME, PATH or '#N' (quoted: to most shells # begins a comment), or else " \
	"--all"

/* Run one command line: argv[0] names the command, or begins its name. Options in it hold for this
 * command alone. Answers the exit status. */
int cmd_run(struct client *c, int argc, char **argv);

/* Run a whole command line: options, then a command or, if there is none, `shell`, which is NULL
 * within the shell. Options hold for this line alone. Answers the exit status. */
int cmd_run_line(struct client *c, int argc, char **argv, int (*shell)(struct client *c));

/* Obey the global options among `args`. Answers an exit status. */
enum exit_status cmd_apply_options(struct client *c, const struct args *args);

/* The command that `word` names, or is the only one to begin with; NULL if there is none. */
const struct cmd *cmd_lookup(const char *word);

/* The same; NULL, having explained why there is none. */
const struct cmd *cmd_find(const char *word);

/* The length of time given with --timeout, in ms; *ret is untouched if it was not given. Answers an
 * exit status. */
enum exit_status cmd_timeout(const struct args *args, int *ret);

/* The command was not called as its synopsis says: explain. Answers EXIT_USAGE. */
enum exit_status cmd_misused(const struct cmd *cmd, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Help on one command, to standard output. */
void cmd_print_help(const struct cmd *cmd);

extern const struct cmd cmd_watch, cmd_unwatch, cmd_watches, cmd_reload;
extern const struct cmd cmd_list, cmd_info, cmd_wait, cmd_attach, cmd_debugger_attached;
extern const struct cmd cmd_run_command, cmd_continue, cmd_kill;
extern const struct cmd cmd_events, cmd_status, cmd_doctor, cmd_help, cmd_version, cmd_exit,
	cmd_quit;
extern const struct cmd cmd_complete_words;

#endif
