/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_METHODS_H
#define DWD_METHODS_H

/*
 * What can be called: one table of methods (methods.c), whose functions lie in methods.c,
 * methods-watches.c, methods-config.c, methods-stops.c and methods-claims.c.
 */

#include "params.h"
#include "peer.h"

/* How many objects one of several replies carries, or processes it counts; how many objects a reply
 * without `more` may. */
#define CHUNK	      128
#define LARGEST_REPLY 1024

#define ERROR(name) "io.dwd.Watchdog." name

/* Serve the call, or fail it. It may be over on return. */
void methods_run(struct call *call);

/* In whose name a call is made. */
const struct principal *methods_user(struct call *call);
/* Fail with what the engine answered (other than ANSWER_OK) about the stop with this id, and what
 * is true of it now; 0 and NULL if there is none to speak of. */
void methods_fail(struct call *call, int answer, uint64_t id, const struct stop_now *now);
/* Have the administrator know, once in a while, that this (static text) was refused, and why. */
void methods_log_refusal(struct call *call, const char *what, const char *why);
void methods_fail_parameter(struct call *call, const char *name);
/* Whether these can be environment variables (NULL: none); if not, the call has failed. */
bool methods_check_variables(struct call *call, const char *const *variables);

/* Each either ends the call or arranges for that to happen. Parameters are checked already. */
void method_watch(struct call *call);
void method_unwatch(struct call *call);
void method_list_watches(struct call *call);
void method_subscribe(struct call *call);
/* This event is kept no more; the call need not be one that reads events, nor be active. */
void methods_event_dropped(struct call *call, const struct event *event);

void method_reload(struct call *call);
void method_save(struct call *call);
void method_unsave(struct call *call);

void method_list_stops(struct call *call);
void method_continue(struct call *call);
void method_kill(struct call *call);

void method_claim(struct call *call);
void method_unclaim(struct call *call);
void method_attached(struct call *call);
void method_wait(struct call *call);

/* What `id`, `pid`, `name` and `path` of a call select of what the caller may see. */
struct stop_selector methods_selector(struct call *call);
/* NULL if there is no stop with this id that the caller may see. */
struct stop *methods_find_stop(struct call *call, uint64_t id);
json_t *methods_stop(struct call *call, const struct stop *s);

/* What an object counts against USER_REPLY_MAX: about its size in a message; nothing for root. */
size_t methods_weight(struct call *call, const json_t *object);
/* Reply with a list, called `key`: `next` gives each object (a new reference; NULL without memory)
 * and tells whether there was one. With `more` in as many replies as it takes, else in one. */
void methods_list(struct call *call, const char *key, bool (*next)(struct call *, json_t **));

#endif
