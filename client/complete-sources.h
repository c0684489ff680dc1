/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_COMPLETE_SOURCES_H
#define DWD_CLIENT_COMPLETE_SOURCES_H

/*
 * Where candidates come from, apart from the table of commands. Each function offers all it knows,
 * and nothing if it cannot look.
 */

#include "completions.h"
#include "dwd.h"

/* Files in the directory that the word leads to; only those that can be executed, and directories,
 * with `executable`. */
void complete_files(struct completions *list, bool executable);
/* What a watch may name: programs in $PATH, and from the first slash on files. */
void complete_targets(struct completions *list);
void complete_users(struct completions *list);
void complete_signals(struct completions *list);
/* Processes by pid and name. */
void complete_processes(struct completions *list);
/* Directories: within the file system of the cgroups unless they begin with a slash. */
void complete_cgroups(struct completions *list);
/* What --debugger knows by a name. */
void complete_debuggers(struct completions *list);
/* Stops by id, pid and name. */
void complete_stops(struct completions *list, struct dwd *d);
/* Watches by id and target. */
void complete_watches(struct completions *list, struct dwd *d);

#endif
