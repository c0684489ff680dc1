/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_AGENDA_H
#define DWD_AGENDA_H

/*
 * Which stops to look at again, and when.
 *
 * The kernel tells when a process is stopped, continued or ends, but not when it has taken the
 * signal or when a debugger lets go of it: such a process is looked at again after a while that
 * grows. As there are few different whiles, each has a queue of its own, which is in order of time
 * by itself; so entering, leaving and finding the next are all done in constant time.
 */

#include "stop.h"

/* How long: about doubling from 50 us, at the end tenfold. A stop's `delay` is what it waited last.
 */
#define AGENDA_NOT     0
#define AGENDA_MILLI   5  /* 800 us */
#define AGENDA_TEN     9  /* 10 ms */
#define AGENDA_HUNDRED 12 /* 100 ms */
#define AGENDA_SLOWEST 13 /* 1 s */
#define AGENDA_DELAYS  14

struct agenda {
	struct stop_list queues[AGENDA_DELAYS];
};

void agenda_init(struct agenda *a);

/* Look at `s` after this delay, instead of any earlier arrangement. The stop must be taken off
 * before it is freed. */
void agenda_put(struct agenda *a, struct stop *s, unsigned delay);
void agenda_remove(struct agenda *a, struct stop *s);

/* A longer delay than the last, but not beyond `slowest`. */
unsigned agenda_longer(const struct stop *s, unsigned slowest);

/* When the next is due (monotonic us), UINT64_MAX if there is none. */
uint64_t agenda_next(const struct agenda *a);
/* Take off the next that is due at `now`; NULL if none is. Its `delay` tells what it waited. */
struct stop *agenda_take(struct agenda *a, uint64_t now);

#endif
