/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_PERMISSIONS_H
#define DWD_PERMISSIONS_H

/*
 * Who may do what: the one place where the daemon decides it.
 *
 * Root may do everything. Another user may watch, see and touch what runs wholly as himself (real,
 * effective, saved and filesystem uid) after an exec that gained nothing. The kernel side sees to
 * that when it stops a process; what is asked here is whether a watch, a stop or an event is his,
 * and, before something is done to a process in his name, whether it still is.
 *
 * - A watch is its owner's.
 * - A stop is the user's whose process it is, if one of his own watches has caught it.
 * - An event is that of its stop, its watch, or of the watches that were denied a process.
 *
 * What is not his does not exist for him: it is in no list, in no event and in no error, and to
 * name it is answered as if there were none. Of what is his he is told no more than he could find
 * out without dwd, and nothing is done that he could not do with kill(2) and ptrace(2).
 */

#include <stdbool.h>
#include <sys/types.h>

#include "events.h"
#include "stop.h"
#include "principal.h"
#include "watch.h"

/* What one user other than root may have, and all of them together: the rest is left for root. Of
 * stops see DWD_ALL_USERS. */
#define USER_WATCHES_MAX      256
#define USERS_WATCHES_MAX     7500
#define USER_CONNECTIONS_MAX  64
#define USERS_CONNECTIONS_MAX 768
#define USER_MESSAGE_MAX      (128 * 1024)
#define USER_REPLY_MAX	      (128 * 1024) /* and one object more */

bool permissions_see_watch(const struct principal *u, const struct watch *watch);
/* See it, and ask for something to be done to it. */
bool permissions_see_stop(const struct principal *u, const struct stop *s);
bool permissions_see_event(const struct principal *u, const struct event *event);
/* See what /proc shows only to whoever may trace the process: its paths. */
bool permissions_see_details(const struct principal *u, const struct stop *s);

/* Whether he could signal the process of this stop himself, now. */
bool permissions_signal(const struct principal *u, const struct stop *s);
/* Whether he could trace it himself, as far as one can tell: where that is not certain, no. The
 * process must not run meanwhile. */
bool permissions_trace(const struct principal *u, const struct stop *s);
/* Whether this process, by its pid, is wholly his. */
bool permissions_is_own_process(const struct principal *u, pid_t pid);

#endif
