/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAULTS_H
#define FAULTS_H

/*
 * Trouble to order: memory that runs out, clocks that jump. It stands between the daemon and the C
 * library by the linker's --wrap (see meson.build), so nothing in the daemon knows of it; what the
 * C library and libsystemd do among themselves is not touched.
 */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Before the first use of jansson. */
void faults_init(void);

/* After `n` more allocations one fails and, if it is `for_good`, all that follow do. */
void faults_end_memory_after(long n, bool for_good);
/* Memory is plentiful again. Returns whether an allocation has failed since it was to end. */
bool faults_mend_memory(void);

/* From now on a clock is as much ahead of what it is, in ns. CLOCK_MONOTONIC never jumps. */
void faults_set_clock(clockid_t clock, int64_t ahead);

#endif
