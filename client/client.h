/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_CLIENT_H
#define DWD_CLIENT_CLIENT_H

/*
 * What every command is given: how it was asked to behave, and the connection.
 *
 * One struct client serves one command line or a whole interactive session; a command leaves it fit
 * for the next one. Commands and the helpers below that say so answer an exit status (exit.h) and
 * have explained a failure to the user; everything else answers 0 or -errno and is silent.
 */

#include <stdbool.h>
#include <stdint.h>

#include "color.h"
#include "dwd.h"
#include "exit.h"

/* The global options. Strings are borrowed from the command line. */
struct client_options {
	const char *socket; /* NULL: what libdwd takes */
	bool json;
	bool quiet;    /* no word but errors and the data asked for */
	bool no_start; /* never start a daemon */
	enum color_mode color;
	bool keep_going; /* a script is not ended by an error */
};

struct client {
	struct client_options options;
	struct dwd *dwd;    /* NULL while there is no connection */
	char *connected_to; /* the socket of `dwd` */

	/* The shell alone uses these; it clears what the last command told it before the next. */
	bool in_shell;
	bool leave;	     /* the session is to end */
	uint64_t shown_stop; /* the user has just been shown this stop, */
	bool shown_all;	     /* or all that happened */
};

/* Have a connection in c->dwd, using the present one if it leads where it should. With
 * `may_be_started` a daemon is started if there is none and that is allowed. Answers an exit
 * status. */
enum exit_status client_connect(struct client *c, bool may_be_started);
void client_disconnect(struct client *c);

/* Forget a connection that the daemon has ended meanwhile, so that the next command makes one. */
void client_check(struct client *c);

/* Where the daemon is looked for. */
const char *client_socket(const struct client *c);

/* A call on c->dwd failed with `result`: say why, unless it was the user who interrupted it; a
 * broken connection is closed. Answers the exit status. */
enum exit_status client_failed(struct client *c, int result);

/* Whether there is a watch at all; true if that cannot be told. */
bool client_has_watches(struct client *c);
/* What those who wait for a stop should know if there is none. */
#define CLIENT_WAITS_FOR_NOTHING "waiting, though nothing is watched: dwd watch TARGET adds a watch"

#endif
