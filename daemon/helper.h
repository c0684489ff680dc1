/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_HELPER_H
#define DWD_HELPER_H

/*
 * Work that may hang for as long as a user likes, done by a child process.
 *
 * Reading another process's memory is such work: a page of it may lie in a file system that the
 * user serves himself, and until he has served it not even SIGKILL ends who waits for it. So a
 * helper is given a bounded time and is killed after it, but its end is not waited for: it is
 * collected later. It has no descriptors but those it needs, so that what hangs holds neither
 * sockets nor locks of this process, and is killed as well when this process ends.
 *
 * What a user can make others wait is bounded too. While a helper on his behalf has not ended there
 * is no other for him; while USERS_HELPERS have not, there is none for any user. And what time a
 * user takes has to be paid for by ten times as long without: who owes more than half a second's
 * worth is refused. So in the long run no user takes more than a tenth of this process's time.
 * (What helpers_run() has soon done is free.)
 *
 * Root has places of his own, which users cannot fill, and one that has not ended does not keep him
 * from having another. helpers_run() is free for him; for what else is put to his account he pays,
 * after some seconds of it, lest a dead file system with many files of his takes all the time there
 * is.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util.h"

/* So many that have not ended at a time. */
#define USERS_HELPERS 4
#define ROOTS_HELPERS 4

#define HELPER_PATIENCE_US 1000000

/* A helper that has not ended, or a user who owes. */
struct helper {
	pid_t pid; /* 0: has ended */
	uid_t uid;
	uint64_t paid_at; /* monotonic us; 0: he owes nothing */
};

/* All zero: none yet. */
struct helpers {
	struct helper late[USERS_HELPERS + ROOTS_HELPERS]; /* root's last */
};

struct helper_job {
	uid_t uid;					  /* whose processes the work is on */
	int keep;					  /* a descriptor that the work needs */
	size_t size;					  /* of the result, at most PIPE_BUF */
	void (*work)(const void *userdata, void *result); /* in the helper */
	const void *userdata;
};

/* Have the work done, and its result put into *result. Blocks for at most a second and a bit.
 * -EBUSY: not tried, on account of an earlier helper; -ETIMEDOUT: not done in time; -ECHILD: the
 * helper has ended without a result; or -errno of pipe(2) or fork(2). */
int helpers_run(struct helpers *h, const struct helper_job *job, void *result);

/* For a helper that lasts, and works for one user after the other. */

/* 0: one may work for this user; -EBUSY: not now, on account of an earlier one. */
int helpers_admit(struct helpers *h, uid_t uid);
/* One has worked for this user, since `began` (monotonic us), and has not ended if `pid` is not
 * 0. */
void helpers_account(struct helpers *h, pid_t pid, uid_t uid, uint64_t began);
/* End one that has taken too long over it. */
void helpers_end(struct helpers *h, pid_t pid, uid_t uid, uint64_t began);

/* Wait until there is something to be read of `fd`; -ETIMEDOUT. */
int helper_await(int fd, uint64_t end);
/* In the helper: all but the first three, which are the daemon's too, and these two. */
int helper_close_others(int a, int b);

/* Whether this one has not ended yet, as far as is known. */
bool helpers_has(const struct helpers *h, pid_t pid);
/* Collect those that have ended; to be called from time to time. True if some have not. */
bool helpers_collect(struct helpers *h);

#endif
