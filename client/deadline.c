/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "deadline.h"

#include <limits.h>
#include <time.h>

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t deadline_in(int ms)
{
	return ms < 0 ? DEADLINE_NEVER : now() + ms;
}

int deadline_left(int64_t deadline)
{
	int64_t left = deadline - now();

	if (deadline == DEADLINE_NEVER)
		return -1;
	return left < 0 ? 0 : left < INT_MAX ? (int)left : INT_MAX;
}
