/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_TARGETS_H
#define DWD_CLIENT_TARGETS_H

/*
 * What somebody who watches a target may not expect of it.
 */

#include "client.h"

/* Say so, if there is something, of a target that `watch` watches now: as path_target() made it.
 * What the daemon could not look at may hang, and is not looked at here. */
void targets_remark(const struct client *c, const struct dwd_watch *watch, const char *target);

/* Say that the daemon could not look at what the watch names, if that is so. */
void targets_remark_unresolved(const struct client *c, const struct dwd_watch *watch);

#endif
