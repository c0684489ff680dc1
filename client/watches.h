/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_WATCHES_H
#define DWD_CLIENT_WATCHES_H

/*
 * Scope-bound cleanup for libdwd's watches.
 */

#include "dwd.h"
#include "util.h"

DEFINE_CLEANUP(struct dwd_watch *, dwd_watch_free)
DEFINE_CLEANUP(struct dwd_watch **, dwd_watches_free)
#define _cleanup_watch_	  _cleanup_(dwd_watch_freep)
#define _cleanup_watches_ _cleanup_(dwd_watches_freep)

#endif
