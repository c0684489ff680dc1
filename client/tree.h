/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_TREE_H
#define DWD_CLIENT_TREE_H

/*
 * Stops among their ancestors, as pstree(1) has it. The ancestors are what /proc shows now: a
 * process whose parent has ended is its reaper's.
 */

#include <jansson.h>

#include "dwd.h"

/* A table of `n` stops and their ancestors up to init, malloc()ed. 0 or -errno. */
int tree_text(struct dwd_stop *const *stops, size_t n, char **ret);

/* The ancestors of a process, nearest first: objects with `pid` and `comm`. NULL on lack of memory.
 */
json_t *tree_ancestors(pid_t pid);

#endif
