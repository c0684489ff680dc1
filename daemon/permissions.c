/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "permissions.h"

#include <fcntl.h>

#include "procfs.h"

#define YAMA_SCOPE "/proc/sys/kernel/yama/ptrace_scope"

bool permissions_see_watch(const struct principal *u, const struct watch *watch)
{
	return principal_is_root(u) || watch->owner.uid == u->uid;
}

bool permissions_see_stop(const struct principal *u, const struct stop *s)
{
	return principal_is_root(u) || (s->users_watch && s->uid == u->uid);
}

bool permissions_see_event(const struct principal *u, const struct event *event)
{
	if (principal_is_root(u))
		return true;
	if (event->stop)
		return permissions_see_stop(u, event->stop);
	if (event->watch)
		return event->user == u->uid;
	return event->skip.users_watch && event->user == u->uid;
}

/* As ptrace(2) has it, a process of another group is another's too. */
bool permissions_see_details(const struct principal *u, const struct stop *s)
{
	return principal_is_root(u) || (!s->shielded && s->gid == u->gid && s->egid == u->gid);
}

/* It must not have ended when its files have been read: then they were its own. */
static bool read_credentials(const struct stop *s, struct procfs_credentials *ret)
{
	return procfs_read_credentials(s->pid, ret) >= 0 && s->pidfd >= 0 && !stop_has_ended(s);
}

static bool are_all(const uint32_t ids[static PROCFS_IDS], uint32_t id)
{
	for (int i = 0; i < PROCFS_IDS; i++)
		if (ids[i] != id)
			return false;
	return true;
}

/* kill(2): the sender's uid must be the real or the saved one of the process. */
bool permissions_signal(const struct principal *u, const struct stop *s)
{
	struct procfs_credentials c;

	if (principal_is_root(u))
		return true;
	return read_credentials(s, &c) &&
	       (c.uids[PROCFS_REAL] == u->uid || c.uids[PROCFS_SAVED] == u->uid);
}

/* Yama lets users trace what they have started themselves, or nothing: who started what is not
 * looked into here. */
static bool yama_forbids(void)
{
	_cleanup_fd_ int fd = open(YAMA_SCOPE, O_RDONLY | O_CLOEXEC);
	char scope;

	if (fd < 0)
		return errno != ENOENT;
	return read(fd, &scope, 1) != 1 || scope != '0';
}

bool permissions_trace(const struct principal *u, const struct stop *s)
{
	struct procfs_credentials c;

	if (principal_is_root(u))
		return true;
	return !yama_forbids() && read_credentials(s, &c) && are_all(c.uids, u->uid) &&
	       are_all(c.gids, u->gid) && c.permitted == 0 && c.owner == u->uid;
}

bool permissions_is_own_process(const struct principal *u, pid_t pid)
{
	struct procfs_credentials c;

	return principal_is_root(u) ||
	       (procfs_read_credentials(pid, &c) >= 0 && are_all(c.uids, u->uid));
}
