/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_INJECT_H
#define DWD_INJECT_H

/*
 * Put environment variables into a stopped process that has not run an instruction yet.
 *
 * What is to be written is environ.h's business; this is how it gets there. A helper (helper.h)
 * traces the process, makes sure of what it has before it, writes below the stack
 * pointer, sets that last, and lets go: the process is stopped (state T) before, between and after,
 * its parent is not told of anything, and no other register changes.
 *
 * A helper, because tracing can hang, on a process in a frozen cgroup for one, and so can reading
 * memory that its user serves. So the caller waits a bounded time, and whatever happens to the
 * helper, or to the daemon, the kernel leaves the process stopped, and with the old environment or
 * the new.
 *
 * Never done: to a program that the kernel runs in secure-execution mode (set-id, file
 * capabilities; AT_SECURE in getauxval(3)), as with LD_PRELOAD that would hand its privileges to
 * whoever asked; and to a process that is not where exec left it.
 *
 * The kernel keeps for /proc/PID/environ where the environment was at exec; nobody but the process
 * itself can change that, so this file goes on showing the old one.
 */

#include "helper.h"
#include "stop.h"

/* What kept the variables out. */
enum inject_obstacle {
	INJECT_NOTHING,
	INJECT_GONE,	    /* the process has ended */
	INJECT_NOT_STOPPED, /* it runs, or is traced by somebody else */
	INJECT_NOT_FRESH,   /* its first instruction is past, or its stack is unlike exec's */
	INJECT_SECURE,	    /* set-id or file capabilities */
	INJECT_MACHINE,	    /* not done on this processor */
	INJECT_NO_ROOM,	    /* the stack may not grow that far */
	INJECT_TOO_LONG,    /* the helper was not done in time */
	INJECT_BUSY,	    /* as an earlier one was not, this was not tried */
	INJECT_NOT_HIS,	    /* the user could not trace it himself */
	INJECT_FAILED,	    /* the kernel refused */
	INJECT_OBSTACLE_COUNT,
};

struct inject_result {
	enum inject_obstacle obstacle;
	int error; /* the errno of INJECT_FAILED */
};

/* Add or replace `variables` (checked by environ_check(), ended by NULL) in a process that was just
 * seen stopped, in the name of `user`: what he is allowed is looked at when the process can no
 * longer change. Blocks until it is done, in general well below a millisecond, at most as long as
 * helpers_run(). */
struct inject_result inject_variables(struct helpers *helpers, const struct stop *s,
				      const struct principal *user, const char *const *variables);

/* The obstacle in words, as what follows "cannot set variables: "; to be freed, NULL on lack of
 * memory. */
char *inject_explain(struct inject_result result);

#endif
