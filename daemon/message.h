/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_MESSAGE_H
#define DWD_MESSAGE_H

/*
 * What a failure says, where the caller decides who is told.
 */

#include "util.h"

/* Put a line into *message, malloc()ed; NULL on lack of memory. Answers `error`. */
_printf_(3, 4) int message_fail(char **message, int error, const char *format, ...);

#endif
