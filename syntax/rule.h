/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_SYNTAX_RULE_H
#define DWD_SYNTAX_RULE_H

/*
 * A watch as people write it, options and a target, on the command line and, one a line, in files.
 * What target and filters may be the daemon judges. Pure but for the lookup of users.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "args.h"
#include "words.h"

/* clang-format off */
/* The options that narrow a watch, and say what becomes of its stops, for a table of options. */
#define RULE_OPTIONS \
	{.name = "uid", .letter = 'u', .value = "USER", .kind = ARG_USER, \
	 .help = "only processes of this user (a name or a uid)"}, \
	{.name = "arg", .value = "STRING", \
	 .help = "only with this argument; * at either end stands for anything"}, \
	{.name = "under", .value = "PID|NAME", .kind = ARG_PROCESS, \
	 .help = "only beneath this process, or beneath one of this name"}, \
	{.name = "cgroup", .value = "PATH", .kind = ARG_CGROUP, \
	 .help = "only in or beneath this cgroup: system.slice, /sys/fs/cgroup/..."}, \
	{.name = "skip", .value = "N", .help = "let the first N matches run"}, \
	{.name = "count", .value = "N", .help = "stop N matches, then no more"}, \
	{.name = "once", .help = "the same as --count 1"}, \
	{.name = "max-stopped", .value = "N", .help = "let matches run while N are stopped"}, \
	{.name = "hold", .value = "T", \
	 .help = "end a stop that nobody took after T (seconds, or 300ms, 2m)"}, \
	{.name = "then", .value = "continue|kill", .kind = ARG_CHOICE, \
	 .help = "how --hold ends it (default: continue)"}, \
	{.name = "setenv", .letter = 'E', .value = "NAME=VALUE", \
	 .help = "give it this environment variable before it runs"}
/* clang-format on */

/* Zero or NULL where nothing was said. Texts are those of the words. */
struct rule {
	const char *target;
	bool has_uid;
	uid_t uid;
	const char **args; /* ended by NULL */
	pid_t under;
	const char *under_name;
	const char *cgroup;
	uint64_t skip, count, max_stopped;
	uint64_t hold; /* ms */
	const char *then;
	const char **setenv; /* ended by NULL */
};

/* What the options among `args` say; the target is left alone. -EINVAL: *message, malloc()ed, says
 * what is wrong (NULL on lack of memory). Free with rule_done(), also on failure. */
int rule_from_args(struct rule *ret, const struct args *args, char **message);
void rule_done(struct rule *rule);

/* The i-th from 0 of these options that were given; NULL at the end. */
const char *rule_option_given(const struct args *args, size_t i);

/* What is wrong with NAME for a file NAME.conf of such lines; NULL: nothing. */
const char *rule_file_name_fault(const char *name);

/* The line of a file that means the same as these options with this target, and with `cgroup` in
 * the place of theirs unless it is NULL; malloc()ed, NULL on lack of memory. Other options among
 * them are left out. */
char *rule_line_write(const struct args *args, const char *target, const char *cgroup);

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
