/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_LAUNCH_H
#define DWD_CLIENT_LAUNCH_H

/*
 * A command that is started in two steps: the process is there, and has a pid, before it executes
 * anything, so that what is to be in force before its first exec can be. If dwd dies in between it
 * ends without having executed.
 */

#include <stdbool.h>
#include <sys/types.h>

struct launch {
	pid_t pid; /* 0: none */
	int gate;  /* a byte lets it execute */
	int news;  /* its errno if it could not */
};

/* Make the process. With `aside` it leads a process group of its own and has no standard input: the
 * terminal is somebody else's. 0 or -errno. */
int launch_prepare(struct launch *ret, char *const argv[], bool aside);

/* Let it execute argv. 0, or -errno if it could not; then it is gone. */
int launch_go(struct launch *launch);

/* End it, if it has not been let go; free what is kept. */
void launch_done(struct launch *launch);
#define _cleanup_launch_ _cleanup_(launch_done)

#endif
