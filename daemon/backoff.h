/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_BACKOFF_H
#define DWD_BACKOFF_H

/*
 * When to try again what has failed: soon at first, then after ever longer, at most about a minute,
 * as whatever is in the way may stay there for days.
 */

#include <stdbool.h>
#include <stdint.h>

/* All zero: there is nothing to try. */
struct backoff {
	uint64_t at;	/* monotonic us; 0: not at all */
	uint64_t delay; /* us: after the last failure; 0: there was none */
};

/* It has failed. */
void backoff_fail(struct backoff *b);
/* There is reason to try now, whatever was before. */
void backoff_now(struct backoff *b);
/* Whether the last attempt has failed. */
bool backoff_failed(const struct backoff *b);
/* True once `at` has come. */
bool backoff_due(const struct backoff *b);

#endif
