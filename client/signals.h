/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_SIGNALS_H
#define DWD_CLIENT_SIGNALS_H

/*
 * Signals by name and number. Pure.
 */

#include <stddef.h>

/* "TERM", "SIGTERM", "term" or "15"; RTMIN, RTMIN+N, RTMAX-N and RTMAX as well. -EINVAL if there is
 * no such signal. */
int signal_parse(const char *text, int *ret);

/* "SIGTERM", "SIGRTMIN+3", or the number if it has no name. */
void signal_format(int signal, char *buffer, size_t size);

#endif
