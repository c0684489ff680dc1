/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_WATCH_TEXT_H
#define DWD_WATCH_TEXT_H

/*
 * A watch as text that outlives the daemon, and back: all that makes it the watch a client was told
 * of, with id, slot, owner and time. What a text says is believed no more than what a client says:
 * it goes through the same checks. Pure.
 *
 * Likewise what cannot be learnt anew of a stop: the variables that it was given.
 */

#include "watch.h"

/* To be freed; NULL on lack of memory. `own` is whether it has a holder. */
char *watch_to_text(const struct watch *w);
/* -EBADMSG: no text of a watch; -EINVAL: it is one, but not of one that can be; -ENOMEM. */
int watch_from_text(struct watch **ret, const char *text, bool *own);

/* `variables` ended by NULL. */
char *variables_to_text(const char *const *variables);
/* *ret is ended by NULL and to be freed, with `json`, in which its strings lie, dereferenced. */
int variables_from_text(const char ***ret, json_t **json, const char *text);

#endif
