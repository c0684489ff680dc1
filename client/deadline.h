/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_DEADLINE_H
#define DWD_CLIENT_DEADLINE_H

/*
 * Moments at which patience ends, by a clock that nobody sets.
 */

#include <stdint.h>

#define DEADLINE_NEVER INT64_MAX

/* So many ms from now; negative: never. */
int64_t deadline_in(int ms);

/* How many ms are left, as poll(2) takes it: 0 when it has passed, -1 for never. */
int deadline_left(int64_t deadline);

#endif
