/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Start COUNT processes of PROGRAM as fast as can be, with at most LIMIT alive at once (0: no
 * limit), and wait for them all:
 *
 *	spawner [-t] COUNT LIMIT PROGRAM [ARGUMENT]...
 *
 * With -t and no limit it waits for each in turn: the kernel then need not go through all children
 * to find one that has ended, which takes as long as all else when there are ten thousand. But a
 * report of a stop may be missed.
 *
 * Prints `exited N failed N killed N stopped N`: how many ended with status 0, with another, by a
 * signal, and how many reports of a stopped child there were. Status 0 if every one was started.
 */

#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

static struct {
	long exited, failed, killed, stopped, alive;
} counts;

/* One report of that child, or of any (-1). */
static void reap(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, WUNTRACED) < 0)
		return;
	if (WIFSTOPPED(status)) {
		counts.stopped++;
		return;
	}
	counts.alive--;
	if (WIFSIGNALED(status))
		counts.killed++;
	else if (WEXITSTATUS(status) == 0)
		counts.exited++;
	else
		counts.failed++;
}

static void reap_in_turn(const pid_t *pids, long count)
{
	for (long i = 0; i < count; i++)
		for (long alive = counts.alive; counts.alive == alive;)
			reap(pids[i]);
}

int main(int argc, char **argv)
{
	bool in_turn = argc > 1 && strcmp(argv[1], "-t") == 0;
	long count, limit;
	pid_t *pids;

	argv += in_turn;
	argc -= in_turn;
	if (argc < 4) {
		fprintf(stderr, "usage: spawner [-t] COUNT LIMIT PROGRAM [ARGUMENT]...\n");
		return 2;
	}
	count = atol(argv[1]);
	limit = atol(argv[2]);
	pids = calloc((size_t)count + 1, sizeof(*pids));
	if (!pids)
		return 1;
	for (long i = 0; i < count; i++) {
		pid_t pid;
		int error = posix_spawn(&pid, argv[3], NULL, NULL, argv + 3, environ);

		if (error) {
			fprintf(stderr, "spawner: %s: %s\n", argv[3], strerror(error));
			return 1;
		}
		pids[i] = pid;
		counts.alive++;
		while (limit && counts.alive >= limit)
			reap(-1);
	}
	if (in_turn && !limit)
		reap_in_turn(pids, count);
	while (counts.alive)
		reap(-1);
	free(pids);
	printf("exited %ld failed %ld killed %ld stopped %ld\n", counts.exited, counts.failed,
	       counts.killed, counts.stopped);
	return 0;
}
