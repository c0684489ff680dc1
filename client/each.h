/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_EACH_H
#define DWD_CLIENT_EACH_H

/*
 * A debugger for every stop, while others go on being stopped: what `dwd attach --each` and
 * `dwd run` share.
 *
 * The daemon's events say what is stopped; as many debuggers as are allowed run at a time, the
 * other stops wait, the oldest first. Each run that ends is a line of JSON on standard output. A
 * process that its debugger has left stopped is let run: nobody is there to do it.
 *
 * It ends after so many runs, when its time is up, on SIGINT, SIGTERM or SIGHUP, or when the
 * command that it is given has ended. Debuggers that still run are told to end then, and made to if
 * they do not; which lets their processes go. So is the command when its time is up. After the end
 * of the command those whose process has ended as well may finish.
 */

#include "client.h"
#include "debugger.h"
#include "own-watches.h"

struct each {
	const struct debugger *debugger;   /* NULL: the stops are only announced */
	struct dwd_selector match;	   /* which stops */
	const struct own_watches *watches; /* caught by one of these; NULL: by any */
	uint64_t count;			   /* so many runs; 0: no limit */
	unsigned jobs;			   /* so many at once */
	int timeout;			   /* ms; negative: none */
	const char *log_dir; /* there, for the debuggers' output; NULL: a new one, which is told */
	bool at_terminal;    /* instead: each debugger in turn has the terminal, and no result */
	pid_t command;	     /* a child, leader of its process group if at_terminal; 0: none */
};

/* How it ended. */
struct each_result {
	uint64_t runs;
	bool failed; /* one of them with another status than 0 */
	bool lost;   /* a stop that had no debugger, or whose output is not whole */
	bool timed_out;
	int interrupted;    /* by this signal; 0: not */
	int command_status; /* as a shell has it */
};

/* Until the end. What is stopped already counts as well. Answers an exit status: whether it could
 * be done at all. A command has ended in any case. */
enum exit_status each_run(struct client *c, const struct each *each, struct each_result *ret);

/* The options of --each. */
#define EACH_OPTIONS                                                                              \
	{.name = "each", .help = "a debugger for every stop, unattended"},                        \
		{.name = "jobs", .letter = 'j', .value = "N", .help = "so many of them at once"}, \
	{                                                                                         \
		.name = "log-dir", .value = "DIR", .kind = ARG_FILE,                              \
		.help = "where their output goes, a file each"                                    \
	}

/* Read them. Without --jobs there are as many as processors. Answers an exit status. */
enum exit_status each_from_args(const struct args *args, struct each *ret);

/* Have the directory of --log-dir, before anything is watched or started. Answers an exit status.
 */
enum exit_status each_make_log_dir(const struct each *each);

#endif
