/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_PRINCIPAL_H
#define DWD_PRINCIPAL_H

/*
 * In whose name something is asked for. What permissions.h allows him is nobody else's business.
 */

#include <stdbool.h>
#include <sys/types.h>

/* All zero: root, who also stands for the daemon itself. */
struct principal {
	uid_t uid;
	gid_t gid;
};

static inline bool principal_is_root(const struct principal *u)
{
	return u->uid == 0;
}

#endif
