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

/* Whether a daemon that listened there was killed: one that ends in order removes its socket. What
 * it had stopped is known to the next one. */
bool start_was_killed(const struct client *c);

/* Whether some daemon has reserved the socket (it holds a lock beside it), be it ready or not. */
bool start_is_under_way(const struct client *c);

#endif
