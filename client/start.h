/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_START_H
#define DWD_CLIENT_START_H

/*
 * Finding and starting the daemon. A daemon started here detaches itself, serves the socket the
 * client wants, and ends of its own accord when there is nothing left to watch.
 */

#include "client.h"

/* The daemon's program: $DWD_DAEMON, else beside this program, in the build tree, or where it was
 * installed. malloc()ed. -ENOENT: nowhere. */
int start_find_daemon(char **ret);

/* Start it and wait until it is ready. Answers an exit status; if that is not EXIT_DONE, *complaint
 * says in a line why, malloc()ed (NULL on lack of memory): somebody else may have started one
 * meanwhile, so it is the caller's to decide whether the user should know. */
enum exit_status start_daemon(const struct client *c, char **complaint);

/* What there is of a daemon where none listens. */
enum start_trace {
	START_TRACE_NONE,   /* as far as can be seen */
	START_TRACE_KILLED, /* its socket: one that ends in order removes it */
	START_TRACE_LEFT,   /* it has ended, and left for the next one what it knows and has stopped
			     */
	START_TRACE_LIVING, /* it holds the lock of a socket that is not there */
};

/* pid: of the one that lives, 0 if that cannot be seen. */
enum start_trace start_find_trace(const struct client *c, pid_t *pid);

/* What is to be said of a trace, in two parts, malloc()ed; NULL on lack of memory or for none. */
char *start_describe_trace(enum start_trace trace, const char *socket, pid_t pid);
char *start_advise_trace(enum start_trace trace, const char *socket, pid_t pid);

/* Whether some daemon has reserved the socket (it holds a lock beside it), be it ready or not. */
bool start_is_under_way(const struct client *c);

#endif
