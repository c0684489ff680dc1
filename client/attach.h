/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_ATTACH_H
#define DWD_CLIENT_ATTACH_H

/*
 * From a claimed stop to what became of it: one debugger's run, whole.
 */

#include "client.h"
#include "debugger.h"

/* Run the debugger on a stop that this client has claimed, and give the stop back. Answers the
 * debugger's exit status, or EXIT_FAILED if the process is still stopped in the end; `stays` says
 * whether it remains so, and is for somebody to see to. */
enum exit_status attach_debugger(struct client *c, const struct debugger *d,
				 const struct dwd_stop *stop, bool stays);

#endif
