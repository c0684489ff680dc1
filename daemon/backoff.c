/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "backoff.h"

#include "clock.h"

/* Before the next heartbeat. */
#define FIRST_US   500000
#define LONGEST_US 64000000

void backoff_fail(struct backoff *b)
{
	b->delay = b->delay ? 2 * b->delay : FIRST_US;
	if (b->delay > LONGEST_US)
		b->delay = LONGEST_US;
	b->at = clock_monotonic_us() + b->delay;
}

void backoff_now(struct backoff *b)
{
	b->at = clock_monotonic_us();
}

bool backoff_failed(const struct backoff *b)
{
	return b->delay > 0;
}

bool backoff_due(const struct backoff *b)
{
	return b->at && b->at <= clock_monotonic_us();
}
