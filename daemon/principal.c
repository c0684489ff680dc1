/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * To look at files as a user would: his filesystem uid and gid, no supplementary groups, no
 * capabilities. Those are a thread's own, so the system calls are made without the C library, which
 * would change all threads where it knows of them.
 *
 * The effective uid stays root's. So the kernel still does not let anything be done to the daemon
 * by this user, and a FUSE file system of his, which could keep it waiting for ever, does not let
 * it in.
 */

#include "principal.h"

#include <linux/capability.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"
#include "util.h"

#define NO_ID ((uid_t)-1) /* changes nothing, and so tells what there is */

static int set_fs_uid(uid_t uid)
{
	syscall(SYS_setfsuid, uid);
	return (uid_t)syscall(SYS_setfsuid, NO_ID) == uid ? 0 : -EPERM;
}

static int set_fs_gid(gid_t gid)
{
	syscall(SYS_setfsgid, gid);
	return (gid_t)syscall(SYS_setfsgid, NO_ID) == gid ? 0 : -EPERM;
}

/* For good: nothing that the daemon does needs any. */
static int leave_groups(void)
{
	if (getgroups(0, NULL) == 0)
		return 0;
	return syscall(SYS_setgroups, 0, NULL) < 0 ? -errno : 0;
}

static int get_capabilities(struct principal_own *own)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capget, &header, own->capabilities) < 0 ? -errno : 0;
}

static int set_capabilities(const struct principal_own *own, bool effective)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[ARRAY_SIZE(own->capabilities)];

	memcpy(sets, own->capabilities, sizeof(sets));
	for (size_t i = 0; i < ARRAY_SIZE(sets) && !effective; i++)
		sets[i].effective = 0;
	return syscall(SYS_capset, &header, sets) < 0 ? -errno : 0;
}

int principal_assume(const struct principal *u, struct principal_own *own)
{
	int r;

	*own = (struct principal_own){};
	if (principal_is_root(u))
		return 0;
	r = get_capabilities(own);
	if (r < 0)
		return r;
	own->uid = (uid_t)syscall(SYS_setfsuid, NO_ID);
	own->gid = (gid_t)syscall(SYS_setfsgid, NO_ID);
	own->dumpable = prctl(PR_GET_DUMPABLE) == 1;
	own->other = true;
	r = leave_groups();
	if (r >= 0)
		r = set_fs_gid(u->gid);
	if (r >= 0)
		r = set_fs_uid(u->uid);
	if (r >= 0)
		r = set_capabilities(own, false);
	if (r < 0)
		principal_resume(own);
	return r;
}

void principal_resume(struct principal_own *own)
{
	int saved = errno;

	if (!own->other)
		return;
	own->other = false;
	/* The uid first: its change alters the capabilities too. */
	if (set_fs_uid(own->uid) < 0 || set_fs_gid(own->gid) < 0 ||
	    set_capabilities(own, true) < 0) {
		log_error("cannot become root again after looking at files as a user: ending");
		abort();
	}
	/* The kernel takes all that for a set-id program's doing. */
	if (own->dumpable)
		prctl(PR_SET_DUMPABLE, 1);
	errno = saved;
}
