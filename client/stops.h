/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_STOPS_H
#define DWD_CLIENT_STOPS_H

/*
 * The stops a command is about: from what the user typed to what libdwd answers.
 */

#include "args.h"
#include "client.h"
#include "selector.h"
#include "util.h"

DEFINE_CLEANUP(struct dwd_stop *, dwd_stop_free)
DEFINE_CLEANUP(struct dwd_stop **, dwd_stops_free)
#define _cleanup_stop_	   _cleanup_(dwd_stop_freep)
#define _cleanup_stops_	   _cleanup_(dwd_stops_freep)
#define _cleanup_selector_ _cleanup_(selector_done)

/* What operand `i` selects; everything if there is none. Answers an exit status. */
enum exit_status stops_selector(const struct args *args, int i, struct selector *ret);

/* Before waiting for a stop that the selector allows: a process that does not exist is never going
 * to be stopped. Answers EXIT_NO_MATCH then, having said so. */
enum exit_status stops_may_come(const struct selector *selector);

typedef enum exit_status (*stops_act)(struct client *c, const struct dwd_stop *stop,
				      void *userdata);

/* Call `act` for every stop that one of the operands selects, once for each. All operands are
 * looked up before the first call. Answers the first exit status that is not EXIT_DONE:
 * EXIT_NO_MATCH for an operand that fits nothing (having said so), or what `act` answered; the
 * others are acted on nevertheless. */
enum exit_status stops_for_each(struct client *c, const struct args *args, stops_act act,
				void *userdata);

#endif
