/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PEER_H
#define PEER_H

/*
 * A scripted daemon: a thread that listens on a Unix socket of its own and goes through a list of
 * steps. What it is to receive it compares as JSON, so a test sees exactly what the library puts on
 * the wire. It never gives up by time: a test that hangs is ended by its runner.
 */

struct peer;

/* Connections are numbered in the order in which the script accepts them. */
enum peer_action {
	PEER_END, /* of the script */
	PEER_ACCEPT,
	PEER_EXPECT,	 /* the next message equals the JSON `text` */
	PEER_EXPECT_END, /* the client closes */
	PEER_SEND,	 /* `text` and a NUL, `repeat` times (0 is once) */
	PEER_SEND_PART,	 /* `text` without NUL */
	PEER_HANG_UP,
	PEER_INTERRUPT, /* signal the thread that started the peer until the client closes */
};

struct peer_step {
	enum peer_action action;
	int connection;
	const char *text;
	int repeat;
};

/* The signal of PEER_INTERRUPT; peer_start() installs a handler that does nothing. */
#define PEER_SIGNAL SIGUSR1

/* `steps` end with PEER_END and stay the caller's. It listens when this returns. */
struct peer *peer_start(const struct peer_step *steps);
/* Where it listens. */
const char *peer_socket(const struct peer *p);
/* Wait for the end of the script, fail the test if it did not go as written, and free. */
void peer_finish(struct peer *p);

#endif
