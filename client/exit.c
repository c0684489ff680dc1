/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exit.h"

#include <errno.h>

enum exit_status exit_status(int result)
{
	if (result >= 0)
		return EXIT_DONE;

	switch (-result) {
	case EINVAL:
		return EXIT_USAGE;
	case ENOTCONN:
	case ECONNREFUSED:
	case ECONNRESET:
		return EXIT_NO_DAEMON;
	case ENOENT:
		return EXIT_NO_MATCH;
	case EPERM:
	case EACCES:
		return EXIT_NOT_PERMITTED;
	case ETIMEDOUT:
		return EXIT_TIMED_OUT;
	case EINTR:
		return EXIT_INTERRUPTED;
	default:
		return EXIT_FAILED;
	}
}
