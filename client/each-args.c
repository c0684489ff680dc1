/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The options of --each. */

#include "each.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "print.h"
#include "util.h"

#define JOBS_MAX 1024

static enum exit_status parse_jobs(const char *text, unsigned *ret)
{
	long value;
	char *end;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < 1 || value > JOBS_MAX) {
		print_error("--jobs %s: not a number from 1 to %d", text, JOBS_MAX);
		return EXIT_USAGE;
	}
	*ret = (unsigned)value;
	return EXIT_DONE;
}

enum exit_status each_from_args(const struct args *args, struct each *ret)
{
	const char *jobs = args_get(args, "jobs");
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	ret->log_dir = args_get(args, "log-dir");
	ret->jobs = processors > 0 && processors < JOBS_MAX ? (unsigned)processors : 1;
	return jobs ? parse_jobs(jobs, &ret->jobs) : EXIT_DONE;
}

/* Made, if need be, and to be written to. */
static int make_directory(const char *path)
{
	_cleanup_fd_ int fd = -1;

	if (mkdir(path, 0777) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

enum exit_status each_make_log_dir(const struct each *each)
{
	int r = each->log_dir ? make_directory(each->log_dir) : 0;

	if (r == 0)
		return EXIT_DONE;
	print_error("--log-dir %s: the debuggers' output cannot go there: %s", each->log_dir,
		    strerror(-r));
	return EXIT_FAILED;
}
