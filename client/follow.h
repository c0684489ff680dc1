/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_FOLLOW_H
#define DWD_CLIENT_FOLLOW_H

/*
 * Standing by: for what happens, and for the end of whoever reads what is printed about it.
 */

#include "client.h"

/* What was printed goes out; then wait, at most `timeout` ms (negative: for ever), for events on
 * the connection, and hand them to its listener. Answers how many there were; 0: the time ran out;
 * -EPIPE: nobody reads standard output any more (or it cannot be written); -EINTR: a signal came;
 * or fails as dwd_dispatch() does. */
int follow_next(struct client *c, int timeout);

#endif
