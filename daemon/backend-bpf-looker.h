/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_BACKEND_BPF_LOOKER_H
#define DWD_BACKEND_BPF_LOOKER_H

/*
 * Looks at paths that clients have named, in a process of its own.
 *
 * A path may lead into a file system that does not answer: one whose server is away, or one that a
 * user serves himself (FUSE, also below an overlay of his, which /proc/PID/fd of a process of his
 * leads to). Who waits for it cannot even be killed. So the daemon asks a process that does nothing
 * else, gives it a bounded time, and then does without an answer for now and asks another one. It
 * is the same process for all look-ups as long as it answers, and if it has ended without having
 * hung another answers in its place; how much of the daemon's time those can take who keep it
 * waiting is bounded as with all helpers (helper.h).
 *
 * It looks with the eyes of the watch's owner: else a watch of a user's would tell what a link is
 * that he cannot see, by what it catches. What he cannot see does not exist.
 */

#include "backend-bpf-look.h"
#include "principal.h"

struct looker;

/* `inotify` is borrowed. */
int looker_new(struct looker **ret, int inotify);
/* The process ends as soon as it can; nobody waits for it. */
struct looker *looker_free(struct looker *l);

/* See look_up(): a descriptor; -ENOENT: there is nothing, or not for the owner; -EAGAIN: it could
 * not be looked now, which was logged. `found_hop` is called before this returns, perhaps twice for
 * the same, also for what could be followed until then. */
int looker_find(struct looker *l, const struct principal *owner, const char *target,
		void (*found_hop)(void *userdata, const struct look_hop *hop), void *userdata,
		char real[static PATH_MAX]);

/* See look_up_cgroup(): 0; -ENOENT: there is none; -EAGAIN as above. */
int looker_find_cgroup(struct looker *l, const struct principal *owner, const char *path,
		       uint64_t *ret);

/* To be called from time to time: collects the processes that have ended since. */
void looker_collect(struct looker *l);

#endif
