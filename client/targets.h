/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_TARGETS_H
#define DWD_CLIENT_TARGETS_H

/*
 * What somebody who watches a target may not expect of it.
 */

#include "client.h"

/* Say so, if there is something, of a target that is watched now: as path_target() made it. */
void targets_remark(const struct client *c, const char *target);

#endif
