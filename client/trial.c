/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trial.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "process.h"
#include "util.h"

#define SCRIPTS_MAX 5 /* interpreters that are scripts themselves: include/linux/binfmts.h */

/* One file that takes part in the exec: the program, or a script and what interprets it. */
struct candidate {
	const char *what;
	char *given; /* the path by which it is executed */
	char *real;  /* that without links */
	struct stat stat;
};

struct chain {
	struct candidate files[SCRIPTS_MAX + 1];
	size_t count;
	char *argument; /* of a script's first line, NULL: none */
};

static void chain_done(struct chain *chain)
{
	for (size_t i = 0; i < chain->count; i++) {
		free(chain->files[i].given);
		free(chain->files[i].real);
	}
	free(chain->argument);
}

/* Takes `given`. */
static int chain_add(struct chain *chain, const char *what, char *given)
{
	struct candidate *c = &chain->files[chain->count++];

	*c = (struct candidate){.what = what, .given = given, .real = realpath(given, NULL)};
	if (!c->real || stat(given, &c->stat) < 0)
		return -errno;
	return 0;
}

/* The interpreter that a script's first line names, malloc()ed, NULL if it is no script. */
static int read_interpreter(const char *path, char **ret, char **argument)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char line[257] = "", *name, *rest;
	ssize_t size = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);

	*ret = NULL;
	if (size < 0)
		return -errno;
	if (strncmp(line, "#!", 2) != 0)
		return 0;
	line[strcspn(line, "\n")] = '\0';
	name = line + 2 + strspn(line + 2, " \t");
	rest = name + strcspn(name, " \t");
	if (*rest)
		*rest++ = '\0';
	rest += strspn(rest, " \t");
	if (!*name)
		return -ENOEXEC;
	*ret = strdup(name);
	if (*rest && !*argument)
		*argument = strdup(rest);
	return *ret ? 0 : -ENOMEM;
}

static int chain_read(struct chain *chain, const char *command)
{
	char *path;
	int r = process_find(command, &path);

	if (r < 0)
		return r;
	r = chain_add(chain, "the program", path);
	while (r == 0 && chain->count <= SCRIPTS_MAX) {
		struct candidate *last = &chain->files[chain->count - 1];

		r = read_interpreter(last->real, &path, &chain->argument);
		/* A program that may be executed but not read is no script. */
		if (r == -EACCES)
			return 0;
		if (r < 0 || !path)
			return r;
		if (chain->count == 1)
			last->what = "the script";
		if (chain->count > SCRIPTS_MAX) {
			free(path);
			return -ELOOP;
		}
		r = chain_add(chain, "the interpreter", path);
	}
	return r;
}

static bool is_beneath(const char *path, const char *directory)
{
	return strncmp(path, directory, strlen(directory)) == 0;
}

/* How this file is meant by the target; NULL: it is not. */
static const char *match(const struct candidate *c, bool is_first, const char *target)
{
	_cleanup_free_ char *directory = NULL;
	struct stat st;

	if (!strchr(target, '/')) {
		if (is_first && str_eq(path_leaf(c->given), target))
			return "is executed by that name";
		return str_eq(path_leaf(c->real), target) ? "has a file of that name" : NULL;
	}
	if (*path_leaf(target)) {
		if (stat(target, &st) == 0 && st.st_dev == c->stat.st_dev &&
		    st.st_ino == c->stat.st_ino)
			return "is that very file";
		return str_eq(c->given, target) ? "is executed by that path" : NULL;
	}
	if (is_beneath(c->real, target) || is_beneath(c->given, target))
		return "lies beneath it";
	directory = realpath(target, NULL);
	if (directory && strlen(c->real) > strlen(directory) && is_beneath(c->real, directory) &&
	    c->real[strlen(directory)] == '/')
		return "lies beneath it";
	return NULL;
}

static bool pattern_fits(const char *pattern, const char *argument)
{
	bool start = *pattern == '*',
	     end = strlen(pattern) > 1 && pattern[strlen(pattern) - 1] == '*';
	size_t n = strlen(pattern) - start - end, length = strlen(argument);
	const char *text = pattern + start;

	if (length < n)
		return false;
	if (start && end)
		return memmem(argument, length, text, n);
	if (start)
		return memcmp(argument + length - n, text, n) == 0;
	return strncmp(argument, text, n) == 0 && (end || length == n);
}

/* The argument that fits, NULL: none. A script is an argument of its interpreter's, and so is what
 * its first line gives that. */
static const char *fitting_argument(const char *pattern, const struct chain *chain,
				    char *const argv[])
{
	for (size_t i = 0; i + 1 < chain->count; i++) {
		if (pattern_fits(pattern, chain->files[i].given))
			return chain->files[i].given;
	}
	if (chain->argument && pattern_fits(pattern, chain->argument))
		return chain->argument;
	for (size_t i = 1; argv[i]; i++) {
		if (pattern_fits(pattern, argv[i]))
			return argv[i];
	}
	return NULL;
}

static bool is_called(pid_t pid, const char *name)
{
	char path[64], comm[32] = "";
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);

	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	n = fd < 0 ? -1 : read(fd, comm, sizeof(comm) - 1);
	comm[n > 0 ? n : 0] = '\0';
	comm[strcspn(comm, "\n")] = '\0';
	return str_eq(comm, name);
}

/* What started dwd would start the command as well: that one, or one above it, that the rule names
 * as an ancestor; 0: none. */
static pid_t named_ancestor(const struct dwd_rule *rule)
{
	long pid = getppid();

	while (pid > 0) {
		if (rule->under_name ? is_called((pid_t)pid, rule->under_name) : pid == rule->under)
			return (pid_t)pid;
		if (process_status_field((pid_t)pid, "PPid", &pid) < 0)
			return 0;
	}
	return 0;
}

static _printf_(2, 3) int leave_out(struct trial *ret, const char *format, ...)
{
	va_list ap;
	int r;

	va_start(ap, format);
	r = vasprintf(&ret->reason, format, ap);
	va_end(ap);
	return r < 0 ? -ENOMEM : 0;
}

/* Filters: what leaves the command out is the answer; else why it is not left out is written. */

static int try_place(struct trial *ret, const struct dwd_rule *rule, FILE *why)
{
	bool under = rule->under || rule->under_name;
	pid_t ancestor = under ? named_ancestor(rule) : 0;

	if (under && !ancestor)
		return leave_out(ret, "--under: started here it would not be beneath that");
	if (under)
		fprintf(why, "; --under: it would be beneath process %d", (int)ancestor);
	if (!rule->cgroup)
		return 0;
	if (!cgroup_holds(rule->cgroup, getppid()))
		return leave_out(ret, "--cgroup: started here it would not be in %s", rule->cgroup);
	fprintf(why, "; --cgroup: it would be in that");
	return 0;
}

static int try_arguments(struct trial *ret, const struct dwd_rule *rule, const struct chain *chain,
			 char *const argv[], FILE *why)
{
	for (const char *const *arg = rule->args; arg && *arg; arg++) {
		const char *fits = fitting_argument(*arg, chain, argv);

		if (!fits)
			return leave_out(ret, "--arg %s: it has no such argument", *arg);
		fprintf(why, "; --arg %s: it has the argument %s", *arg, fits);
	}
	return 0;
}

/* The program is meant: do the filters hold as well? */
static int try_filters(struct trial *ret, const struct dwd_rule *rule, const struct chain *chain,
		       char *const argv[], FILE *why)
{
	int r;

	if (rule->has_uid && rule->uid != getuid())
		return leave_out(ret, "--uid: it would run as user %u, not %u", (unsigned)getuid(),
				 (unsigned)rule->uid);
	r = try_arguments(ret, rule, chain, argv, why);
	return r == 0 && !ret->reason ? try_place(ret, rule, why) : r;
}

static int try_candidate(struct trial *ret, const struct dwd_rule *rule, const struct chain *chain,
			 char *const argv[], const struct candidate *by, const char *how)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *why = open_memstream(&text, &size);
	int r;

	if (!why)
		return -ENOMEM;
	fprintf(why, "%s, %s, %s", by->what, by->given, how);
	r = try_filters(ret, rule, chain, argv, why);
	if (fclose(why) != 0)
		return -ENOMEM;
	if (r == 0 && !ret->reason) {
		ret->matches = true;
		ret->reason = steal_pointer(text);
	}
	return r;
}

static int try_chain(struct trial *ret, const struct dwd_rule *rule, const struct chain *chain,
		     char *const argv[])
{
	for (size_t i = 0; i < chain->count; i++) {
		const char *how = match(&chain->files[i], i == 0, rule->target);

		if (how)
			return try_candidate(ret, rule, chain, argv, &chain->files[i], how);
	}
	return leave_out(ret, "%s, is executed, and is not that", chain->files[0].real);
}

int trial_run(struct trial *ret, const struct dwd_rule *rule, char *const argv[])
{
	struct chain chain = {.count = 0};
	int r = chain_read(&chain, argv[0]);

	*ret = (struct trial){.matches = false};
	if (r == 0)
		r = try_chain(ret, rule, &chain, argv);
	chain_done(&chain);
	return r;
}
