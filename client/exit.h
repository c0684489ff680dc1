/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_EXIT_H
#define DWD_CLIENT_EXIT_H

/*
 * What dwd's exit status means, in the one place where it is decided. Scripts rely on these
 * numbers.
 */

enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NO_DAEMON = 3,
	EXIT_NO_MATCH = 4,
	EXIT_NOT_PERMITTED = 5,
	EXIT_TIMED_OUT = 124,	/* as timeout(1) */
	EXIT_INTERRUPTED = 130, /* as a shell says of SIGINT */
};

/* The exit status for a result of libdwd: 0 or more is success, less is -errno. */
enum exit_status exit_status(int result);

#endif
