/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Start COUNT processes of PROGRAM as fast as can be, with at most LIMIT alive at once (0: no
 * limit), and wait for them all:
 *
 *	spawner COUNT LIMIT PROGRAM [ARGUMENT]...
 *
 * Prints `exited N failed N killed N stopped N`: how many ended with status 0, with another, by a
 * signal, and how many reports of a stopped child there were. Status 0 if every one was started.
 */

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

static struct {
	long exited, failed, killed, stopped, alive;
} counts;

static void reap(void)
{
	int status;

	if (waitpid(-1, &status, WUNTRACED) < 0)
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

int main(int argc, char **argv)
{
	long count, limit;

	if (argc < 4) {
		fprintf(stderr, "usage: spawner COUNT LIMIT PROGRAM [ARGUMENT]...\n");
		return 2;
	}
	count = atol(argv[1]);
	limit = atol(argv[2]);
	for (long i = 0; i < count; i++) {
		pid_t pid;
		int error = posix_spawn(&pid, argv[3], NULL, NULL, argv + 3, environ);

		if (error) {
			fprintf(stderr, "spawner: %s: %s\n", argv[3], strerror(error));
			return 1;
		}
		counts.alive++;
		while (limit && counts.alive >= limit)
			reap();
	}
	while (counts.alive)
		reap();
	printf("exited %ld failed %ld killed %ld stopped %ld\n", counts.exited, counts.failed,
	       counts.killed, counts.stopped);
	return 0;
}
