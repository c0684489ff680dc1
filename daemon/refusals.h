/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_REFUSALS_H
#define DWD_REFUSALS_H

/*
 * Tells the administrator what users have asked for in vain: who tries what he may not, and who has
 * come to the end of his part. He can ask as often as he likes, so each kind is told of each user
 * once a minute, with how often it was refused since; and of all users together a few in ten
 * seconds.
 *
 * Users are told why with the refusal itself; this is not for them.
 */

#include "log.h"
#include "principal.h"

struct refusal {
	uid_t user;
	const char *what, *why; /* NULL: there was none */
	uint64_t since;		/* monotonic us: when it was told */
	unsigned more;		/* since then */
};

/* All zero at first. */
struct refusals {
	struct refusal recent[32];
	struct log_limit all;
};

/* "refused WHAT to process PID of user UID: WHY". Both texts are static. */
void refusals_log(struct refusals *refusals, const struct principal *user, pid_t pid,
		  const char *what, const char *why);

#endif
