/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_SHOW_H
#define DWD_CLIENT_SHOW_H

/*
 * Stops and users as people read them.
 */

#include <stdio.h>

#include "client.h"

/* `#3 sshd (pid 1234)`, for printf(). */
#define STOP_FORMAT  "#%llu %s (pid %d)"
#define STOP_ARGS(s) (unsigned long long)(s)->id, (s)->comm, (int)(s)->pid

/* The command line of a stop as a shell would need it quoted, never empty; malloc()ed, NULL on lack
 * of memory. */
char *show_command(const struct dwd_stop *stop);

/* The name of a user, or the number if he has none. */
void show_user(uid_t uid, char *buffer, size_t size);

/* The watches that have caught it, `7,5,8`, and `,+2` if two more are not named; malloc()ed, NULL
 * on lack of memory. */
char *show_watches(const struct dwd_stop *stop);

/* What happened, without when: its kind first, then to what; no newline. */
void show_event(FILE *f, const struct dwd_event *event);

/* A table of `n` stops. 0 or -errno. */
int show_stops(struct dwd_stop *const *stops, size_t n);
/* The same table as text, malloc()ed. */
int show_stops_text(struct dwd_stop *const *stops, size_t n, char **ret);

#endif
