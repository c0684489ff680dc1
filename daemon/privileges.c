/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "privileges.h"

#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "util.h"

#define BIT(capability) (UINT64_C(1) << (capability))

static const uint64_t to_look =
	BIT(CAP_SYS_PTRACE) |	/* look at processes in /proc, and set variables in them */
	BIT(CAP_DAC_OVERRIDE) | /* watch paths in directories that are not root's, and write to
				   /proc/PID/mem */
	BIT(CAP_SETUID) |	/* look up a user's paths as himself */
	BIT(CAP_SETGID);	/* and as his group */

/* What the rest of the daemon needs besides. The last two are newer than some C libraries' kernel
 * headers, so they stand here in numbers. */
static const uint64_t to_serve =
	BIT(CAP_KILL) | /* release and signal what is stopped, whosever it is */
	BIT(38) |	/* CAP_PERFMON: attach to SIGCONT and fork while there is need */
	BIT(39);	/* CAP_BPF: read and write the kernel side's maps */

static int limit_bounding_set(uint64_t kept)
{
	for (int c = 0; prctl(PR_CAPBSET_READ, c) >= 0; c++)
		if (!(kept & BIT(c)) && prctl(PR_CAPBSET_READ, c) > 0 &&
		    prctl(PR_CAPBSET_DROP, c) < 0)
			return -errno;
	return 0;
}

static int limit_sets(uint64_t kept)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2];

	if (syscall(SYS_capget, &header, sets) < 0)
		return -errno;
	for (int half = 0; half < 2; half++) {
		sets[half].permitted &= (uint32_t)(kept >> 32 * half);
		sets[half].effective = sets[half].permitted;
		sets[half].inheritable = 0;
	}
	return syscall(SYS_capset, &header, sets) < 0 ? -errno : 0;
}

static int keep(uint64_t kept)
{
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	r = limit_bounding_set(kept);
	/* Without CAP_SETPCAP it cannot be limited; but the rest does what matters. */
	if (r < 0 && r != -EPERM)
		return r;
	return limit_sets(kept);
}

int privileges_drop(void)
{
	return keep(to_look | to_serve);
}

int privileges_drop_but_looking(void)
{
	return keep(to_look);
}
