/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t read_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

uint64_t clock_boottime_ns(void)
{
	return read_ns(CLOCK_BOOTTIME);
}

uint64_t clock_monotonic_us(void)
{
	return read_ns(CLOCK_MONOTONIC) / 1000;
}

uint64_t clock_monotonic_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

int64_t clock_realtime_us(void)
{
	return (int64_t)(read_ns(CLOCK_REALTIME) / 1000);
}

int64_t clock_realtime_of_boottime(uint64_t ns)
{
	int64_t age_ns = (int64_t)(clock_boottime_ns() - ns);

	return clock_realtime_us() - age_ns / 1000;
}

void clock_format(int64_t realtime_us, char text[static CLOCK_TEXT_SIZE])
{
	/* Downwards, also before 1970, where a clock that was never set may be. */
	time_t seconds = realtime_us / 1000000 - (realtime_us % 1000000 < 0);
	unsigned fraction = (unsigned)(realtime_us - seconds * 1000000);
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, CLOCK_TEXT_SIZE - n, ".%06uZ", fraction % 1000000);
}
