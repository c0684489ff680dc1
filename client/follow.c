/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "follow.h"

#include <poll.h>

#include "print.h"
#include "util.h"

void follow_begin(struct follow *f, struct client *c)
{
	sigset_t set;

	f->client = c;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, &f->outside);
}

void follow_end(struct follow *f)
{
	sigprocmask(SIG_SETMASK, &f->outside, NULL);
}

int follow_next(struct follow *f, int timeout)
{
	struct dwd *d = f->client->dwd;
	const struct timespec time = {.tv_sec = timeout / 1000,
				      .tv_nsec = timeout % 1000 * 1000000L};
	struct pollfd fds[] = {
		{dwd_get_fd(d), (short)dwd_get_events(d), 0},
		{STDOUT_FILENO, 0, 0}, /* POLLERR: a pipe without a reader */
	};

	if (print_flush() < 0)
		return -EPIPE;
	if (ppoll(fds, ARRAY_SIZE(fds), timeout < 0 ? NULL : &time, &f->outside) < 0)
		return -errno;
	if (fds[1].revents & (POLLERR | POLLHUP))
		return -EPIPE;
	return fds[0].revents ? dwd_dispatch(d, 0) : 0;
}
