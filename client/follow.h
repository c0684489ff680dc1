/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_FOLLOW_H
#define DWD_CLIENT_FOLLOW_H

/*
 * Standing by: for what happens, and for the end of whoever reads what is printed about it.
 *
 * Between follow_begin() and follow_end() Ctrl-C and a change of the terminal's size are taken only
 * while follow_next() waits, so that none comes when nobody would notice.
 */

#include <signal.h>

#include "client.h"

struct follow {
	struct client *client;
	sigset_t outside;
};

void follow_begin(struct follow *f, struct client *c);
void follow_end(struct follow *f);

/* What was printed goes out; then wait, at most `timeout` ms (negative: for ever), for events on
 * the connection, and hand them to its listener. Answers how many there were; 0: the time ran out;
 * -EPIPE: nobody reads standard output any more (or it cannot be written); -EINTR: a signal came;
 * or fails as dwd_dispatch() does. */
int follow_next(struct follow *f, int timeout);

#endif
