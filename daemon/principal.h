/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_PRINCIPAL_H
#define DWD_PRINCIPAL_H

/*
 * In whose name something is asked for. What permissions.h allows him is nobody else's business.
 */

#include <linux/capability.h>
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

/* What the daemon itself is, while it is somebody else. */
struct principal_own {
	bool other;
	bool dumpable;
	uid_t uid;
	gid_t gid;
	struct __user_cap_data_struct capabilities[_LINUX_CAPABILITY_U32S_3];
};

/* From now on files are looked up as this principal would: what he may not see, is not there.
 * Nothing changes for root. It is for this thread, for a short time, and for nothing but files.
 * -errno: he could not be assumed, and nothing was changed. */
int principal_assume(const struct principal *u, struct principal_own *own);
/* Become oneself again; errno stays. Must follow in any case, and does nothing if there is nothing
 * to do. */
void principal_resume(struct principal_own *own);

#endif
