/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "follow.h"

#include <poll.h>

#include "print.h"
#include "util.h"

int follow_next(struct client *c, int timeout)
{
	struct pollfd fds[] = {
		{dwd_get_fd(c->dwd), (short)dwd_get_events(c->dwd), 0},
		{STDOUT_FILENO, 0, 0}, /* POLLERR: a pipe without a reader */
	};

	if (print_flush() < 0)
		return -EPIPE;
	if (poll(fds, ARRAY_SIZE(fds), timeout) < 0)
		return -errno;
	if (fds[1].revents & (POLLERR | POLLHUP))
		return -EPIPE;
	return fds[0].revents ? dwd_dispatch(c->dwd, 0) : 0;
}
