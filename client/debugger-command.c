/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A command of the user's: strace -p, perf record -p, a gdb of his own.
 *
 * It knows nothing of dwd, so dwd looks whether it has the process: when something traces it, or
 * when the command holds perf events, as profilers do, which trace nothing. Until then the process
 * stays stopped, however long the command takes.
 */

#include <dirent.h>
#include <limits.h>
#include <stdio.h>

#include "debugger-kind.h"
#include "print.h"
#include "process.h"
#include "show.h"

/* Every process is looked at only so often, in looks. */
#define EVENTS_EVERY 10

struct hand_over {
	struct client *client;
	const struct dwd_stop *stop;
	unsigned looks;
};

static bool is_descendant(pid_t pid)
{
	long parent = pid;

	while (parent > 1 && process_status_field((pid_t)parent, "PPid", &parent) == 0) {
		if (parent == getpid())
			return true;
	}
	return false;
}

/* Whether a descriptor of the process is a perf event. */
static bool holds_events(pid_t pid)
{
	char path[64], target[64];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		target[n < 0 ? 0 : n] = '\0';
		found = str_eq(target, "anon_inode:[perf_event]");
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Whether a process below this one observes by perf events. */
static bool is_observed(void)
{
	struct dirent *entry;
	bool found = false;
	DIR *dir = opendir("/proc");

	while (dir && !found && (entry = readdir(dir))) {
		pid_t pid = atoi(entry->d_name);

		found = pid > 0 && is_descendant(pid) && holds_events(pid);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Has the command got hold of the process? Then let it run. */
static bool look(void *userdata)
{
	struct hand_over *h = userdata;
	long tracer;
	int r = 0;

	if (process_status_field(h->stop->pid, "TracerPid", &tracer) < 0)
		return true;
	if (tracer != 0)
		r = dwd_attached(h->client->dwd, h->stop->id);
	else if (h->looks++ % EVENTS_EVERY == 0 && is_observed())
		r = (int)dwd_continue(h->client->dwd, &h->stop->id, 1);
	else
		return false;
	/* Traced just now and not any more: the command has let go again, or failed to attach. */
	if (r == -EBUSY)
		return false;
	if (r < 0 && r != -ENOENT)
		print_error("cannot let " STOP_FORMAT " run: %s", STOP_ARGS(h->stop),
			    dwd_error(h->client->dwd));
	return true;
}

/* The text with every {pid} replaced, malloc()ed; NULL for lack of memory. */
static char *expand(const char *text, pid_t pid)
{
	static const char place[] = "{pid}";
	char *expanded = NULL;
	size_t size;
	FILE *f = open_memstream(&expanded, &size);

	if (!f)
		return NULL;
	for (const char *p; (p = strstr(text, place)); text = p + strlen(place))
		fprintf(f, "%.*s%d", (int)(p - text), text, (int)pid);
	fputs(text, f);
	if (fclose(f) == 0)
		return expanded;
	free(expanded);
	return NULL;
}

/* Whether the shell knows what the command begins with: found missing after a process was stopped
 * for it, it would be too late. What is more than a plain word is the shell's to judge. */
static bool is_known(const char *word, size_t size)
{
	char name[NAME_MAX + 1];
	char *const argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)"command -v -- \"$1\"",
			      (char *)"sh",	 name,	       NULL};
	_cleanup_free_ char *found = NULL;

	if (size == 0 || size > NAME_MAX)
		return true;
	snprintf(name, sizeof(name), "%.*s", (int)size, word);
	return process_capture(argv, STDOUT_FILENO, &found) == 0;
}

static enum exit_status check_command(const struct debugger *d)
{
	size_t word = strspn(d->value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789+-./_");

	if (strstr(d->value, "{pid}")) {
		if (d->value[word] != ' ' || is_known(d->value, word))
			return EXIT_DONE;
		print_error("%s '%s': there is no program %.*s: install it, or give its path",
			    d->named_by, d->value, (int)word, d->value);
		return EXIT_FAILED;
	}
	print_error(
		"%s '%s' is neither one of gdb, lldb, gdbserver, dap, strace, perf and none nor a "
		"command with {pid} in it, such as 'strace -p {pid}'",
		d->named_by, d->value);
	return EXIT_USAGE;
}

static int run_command(const struct debugger *d, struct client *c, const struct dwd_stop *stop)
{
	struct hand_over hand_over = {.client = c, .stop = stop};
	_cleanup_argv_ struct argv w = {0};
	_cleanup_free_ char *command = expand(d->value, stop->pid);

	if (!command)
		w.failed = true;
	argv_add_all(&w, (const char *[]){"/bin/sh", "-c", NULL});
	argv_addf(&w, "%s \"$@\"", command ? command : "");
	argv_add(&w, "sh");
	argv_add_all(&w, d->args);
	return debugger_foreground(d, &w, look, &hand_over);
}

const struct debugger_kind debugger_command = {
	.name = "debugger",
	.check = check_command,
	.run = run_command,
};
