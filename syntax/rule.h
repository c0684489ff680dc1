/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_SYNTAX_RULE_H
#define DWD_SYNTAX_RULE_H

/*
 * A watch as people write it: `[--uid USER] TARGET`, on the command line and, one a line, in files.
 * What the target may be the daemon judges. Pure but for the lookup of users.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "args.h"
#include "words.h"

/* The options that narrow a watch, for a table of options. */
#define RULE_OPTIONS                                                             \
	{                                                                        \
		.name = "uid", .letter = 'u', .value = "USER", .kind = ARG_USER, \
		.help = "only processes of this user (a name or a uid)"          \
	}

struct rule {
	const char *target;
	bool has_uid;
	uid_t uid;
};

/* What the options among `args` say; the target is left alone. -EINVAL: *message, malloc()ed, says
 * what is wrong (NULL on lack of memory). */
int rule_from_args(struct rule *ret, const struct args *args, char **message);

/* The line of a file that means the same as these options with this target; malloc()ed, NULL on
 * lack of memory. Other options among them are left out. */
char *rule_line_write(const struct args *args, const char *target);

/* A line of a file. */
struct rule_line {
	struct rule rule; /* points into the words */
	struct words words;
	struct args args;
};

/* Read a line, which may be blank but for a comment: # that begins a word, and what follows. 1: it
 * holds a rule; 0: none; -EINVAL: *message, malloc()ed, says why not; -ENOMEM. Free with
 * rule_line_done() in any case. */
int rule_line_read(struct rule_line *ret, const char *text, char **message);
void rule_line_done(struct rule_line *line);

#endif
