/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_OWN_WATCHES_H
#define DWD_CLIENT_OWN_WATCHES_H

/*
 * Watches for one command, and for no longer: they end with the connection that they were added on,
 * however dwd ends, and what they alone have stopped runs on then.
 */

#include <stddef.h>
#include <stdint.h>

#include "args.h"
#include "client.h"

struct own_watches {
	uint64_t *ids;
	size_t count;
};

/* The option that names their targets. */
#define OWN_WATCHES_OPTION(what)                                                       \
	{                                                                              \
		.name = "watch", .letter = 'w', .value = "TARGET", .kind = ARG_TARGET, \
		.help = what                                                           \
	}

/* Add one for each --watch among the options, by this rule. Free with own_watches_done() in any
 * case. Answers an exit status. */
enum exit_status own_watches_add(struct client *c, const struct args *args,
				 const struct dwd_rule *rule, struct own_watches *ret);
void own_watches_done(struct own_watches *w);
#define _cleanup_own_watches_ _cleanup_(own_watches_done)

/* Whether one of them has stopped this. */
bool own_watches_caught(const struct own_watches *w, const struct dwd_stop *stop);

/* When they have ended: let run what they have caught and nobody has claimed, also what a watch of
 * somebody else's has caught as well. A daemon that is gone has done so itself. */
void own_watches_release(const struct client *c, const struct own_watches *w);

/* Add them, wait at most `timeout` ms (negative: for ever) for a stop of theirs, and claim it. This
 * subscribes the connection to events, which nobody dispatches afterwards. Answers an exit status.
 */
enum exit_status own_watches_claim(struct client *c, const struct args *args,
				   const struct dwd_rule *rule, int timeout, struct dwd_stop **ret);

#endif
