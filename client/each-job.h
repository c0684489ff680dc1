/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_EACH_JOB_H
#define DWD_CLIENT_EACH_JOB_H

/*
 * One debugger's run among those of each.h: a child process that takes the stop, on a connection of
 * its own, and runs the debugger.
 *
 * It is a process of its own because a claim exempts all that its holder starts from being stopped:
 * what `dwd run` starts shall be caught while a debugger is at work. If dwd dies, however, the
 * child ends as well, and with it the debugger and what that runs, which lets go of the process.
 */

#include <jansson.h>
#include <sys/types.h>

#include "client.h"
#include "debugger.h"

struct job {
	pid_t child;	 /* 0: this one is free */
	json_t *stop;	 /* as the daemon sent it */
	bool unattended; /* it leads a session of its own, and has a result */
	char *log;	 /* where the debugger's output goes; NULL: where ours does */
	/* From the child: a byte when it has the stop, then where to connect, then behind a NUL
	 * what went wrong with the log. */
	int report;
};

struct job_place {
	bool at_terminal;	 /* the debugger has the terminal */
	const char *log_dir;	 /* NULL: there is no log */
	const sigset_t *signals; /* the mask of the child */
};

/* Start it on a stop, whose reference is stolen. 0 or -errno. */
int job_start(struct job *job, struct client *c, const struct debugger *d, json_t *stop,
	      const struct job_place *place);

uint64_t job_id(const struct job *job);
pid_t job_debuggee(const struct job *job);

/* Tell the debugger and all that runs beside it to end, or make it. */
void job_signal(const struct job *job, int signal);

/* The child has ended with `status` (128 + N: by signal N): free the job. True if it was a run,
 * false if somebody else had taken the stop. Unless at a terminal *line is then the result as one
 * line of JSON, malloc()ed (NULL on lack of memory), else NULL. *lost becomes true if the log is
 * not whole.
 */
bool job_finish(struct job *job, const struct debugger *d, int status, char **line, bool *lost);

#endif
