/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_SHELL_COMPLETE_H
#define DWD_CLIENT_SHELL_COMPLETE_H

/*
 * Completion at the prompt: between complete.h, which knows words, and readline, which knows a line
 * with quotes in it.
 */

#include "client.h"

/* Have readline complete for this client, which is to outlive it. */
void shell_complete_init(struct client *c);

#endif
