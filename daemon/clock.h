/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLOCK_H
#define DWD_CLOCK_H

/*
 * The clocks the daemon reads. The kernel side stamps its records with CLOCK_BOOTTIME, people read
 * CLOCK_REALTIME, and delays are measured by CLOCK_MONOTONIC.
 */

#include <stdint.h>

#define CLOCK_TEXT_SIZE sizeof("2026-01-01T00:00:00.000000Z")

uint64_t clock_boottime_ns(void);
uint64_t clock_monotonic_us(void);
uint64_t clock_monotonic_ns(void);
/* Microseconds since the epoch. */
int64_t clock_realtime_us(void);

/* When, in microseconds since the epoch, the boot clock stood at `ns`; by the offset of now. */
int64_t clock_realtime_of_boottime(uint64_t ns);

/* RFC 3339 with microseconds, in UTC. */
void clock_format(int64_t realtime_us, char text[static CLOCK_TEXT_SIZE]);

#endif
