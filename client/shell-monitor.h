/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_SHELL_MONITOR_H
#define DWD_CLIENT_SHELL_MONITOR_H

/*
 * What happens while the user is at the prompt, on a connection of its own: commands use the
 * client's, which may be waiting for a reply.
 *
 * The monitor knows how many processes are stopped, and says in a line each what a user would want
 * to know of that: what is stopped, and what others did to it. What this process did itself it does
 * not repeat. A daemon that goes away is missed, said so once, and looked for until it is back.
 */

#include "client.h"

struct shell_monitor;

struct shell_monitor_listener {
	/* Something to be shown, printable, without a newline. The first word tells what happened,
	 * and may be shown in `color`. */
	void (*say)(const char *line, enum color color, void *userdata);
	void *userdata;
};

/* `c` and the listener are to outlive the monitor. 0 or -ENOMEM. */
int shell_monitor_new(struct shell_monitor **ret, struct client *c,
		      const struct shell_monitor_listener *listener);
struct shell_monitor *shell_monitor_free(struct shell_monitor *m);

/* Connect if there is no connection, and see what has happened; nothing of this waits. */
void shell_monitor_update(struct shell_monitor *m);
/* The same after a command: what it did and what it has shown (c->shown_stop, c->shown_all), and
 * what is over by now, is not told. */
void shell_monitor_catch_up(struct shell_monitor *m);

/* To be polled for input; -1: not connected, and shell_monitor_update() is due in a while. */
int shell_monitor_fd(const struct shell_monitor *m);
bool shell_monitor_connected(const struct shell_monitor *m);
size_t shell_monitor_stopped(const struct shell_monitor *m);

#endif
