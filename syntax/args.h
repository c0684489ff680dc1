/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_SYNTAX_ARGS_H
#define DWD_SYNTAX_ARGS_H

/*
 * The words after a command, told apart into options and operands by a table that help and
 * completion read as well. Pure: nothing is printed and no state outlives a call, so that a shell
 * can run any number of commands in one process (which rules getopt(3) out, as does `-- ARGUMENTS`,
 * whose place getopt forgets).
 *
 * Options may stand anywhere before `--`; long ones may be shortened as far as they stay unique;
 * `--name=value`, `--name value`, `-nvalue`, `-n value` and `-ab` for `-a -b` all do.
 */

#include <stdbool.h>
#include <stddef.h>

/* What a word names, for completion. */
enum arg_kind {
	ARG_OTHER,
	ARG_COMMAND,
	ARG_SELECTOR,
	ARG_TARGET,
	ARG_WATCH,
	ARG_SIGNAL,
	ARG_USER,
	ARG_FILE,
	ARG_PROCESS, /* a pid, or the name of a process */
	ARG_CGROUP,
	ARG_DEBUGGER,
	ARG_CHOICE, /* one of the words in option_spec.value, which | separates */
};

struct option_spec {
	const char *name;  /* without the dashes; NULL ends a table */
	char letter;	   /* 0: none */
	bool bare;	   /* any other -WORD is this option with the value WORD */
	const char *value; /* what the value is called in help; NULL: a flag */
	/* For a value that may be left out: whether the next word is one. Else only `--name=value`
	 * gives one, and without it the value is "". */
	bool (*takes)(const char *word);
	enum arg_kind kind;
	const char *help;
};

struct args {
	int count; /* operands */
	char **words;
	int rest_count; /* what followed `--`, if ARGS_REST */
	char **rest;
	struct option_given *given;
	size_t given_count;
	char error[256];
};

#define ARGS_STOP \
	(1 << 0) /* the first operand ends the options: it and all after it are operands */
#define ARGS_REST (1 << 1) /* what follows `--` is kept apart from the operands */

/* Parse argv[0 .. argc - 1] by the tables in `specs` (ended by NULL; an earlier one wins). The
 * words stay the caller's and must outlive `ret`; free the rest with args_done(), also on failure.
 * -EINVAL: a mistake, explained in ret->error. -ENOMEM. */
int args_parse(struct args *ret, const struct option_spec *const *specs, int argc, char **argv,
	       unsigned flags);
void args_done(struct args *args);

/* The option that a word beginning with a dash is, or the last of a bundle of them; NULL if there
 * is none. *value is its value, or NULL if the word carries none: then the next word is it, if the
 * option has one. For completion: nothing is said about what is wrong. */
const struct option_spec *args_option(const struct option_spec *const *specs, const char *word,
				      const char **value);

/* The value last given for an option, "" for a flag, NULL if it was not given. */
const char *args_get(const struct args *args, const char *name);
/* All values given for an option, in that order, ended by NULL; to be freed, NULL on lack of
 * memory. */
const char **args_get_all(const struct args *args, const char *name);

/* The options as they were given, one after the other: the i-th from 0, NULL at the end, and what
 * args_get() would answer for it alone. */
const struct option_spec *args_given(const struct args *args, size_t i, const char **value);

#endif
