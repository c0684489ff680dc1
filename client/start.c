/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "start.h"

#include <limits.h>
#include <stdio.h>

#include "print.h"
#include "process.h"
#include "util.h"

/* Long enough for the next command of somebody at work, short enough not to be left behind. */
#define IDLE_SECONDS "10"

/* The directory of this very program, without trailing slash. */
static int own_directory(char *buffer, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", buffer, size - 1);

	if (n < 0)
		return -errno;
	buffer[n] = '\0';
	*strrchr(buffer, '/') = '\0';
	return 0;
}

int start_find_daemon(char **ret)
{
	static const char *const beside[] = {"dwdd", "../daemon/dwdd"};
	const char *env = getenv("DWD_DAEMON");
	char directory[PATH_MAX];

	if (env && *env)
		return process_find(env, ret);

	if (own_directory(directory, sizeof(directory)) == 0) {
		for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
			_cleanup_free_ char *path = NULL;

			if (asprintf(&path, "%s/%s", directory, beside[i]) < 0) {
				path = NULL;
				return -ENOMEM;
			}
			if (process_find(path, ret) == 0)
				return 0;
		}
	}
	return process_find(DWD_SBINDIR "/dwdd", ret);
}

static void announce(const struct client *c)
{
	struct dwd_status *status = NULL;
	struct dwd *d = NULL;

	if (dwd_connect(&d, client_socket(c)) >= 0 && dwd_status(d, &status) >= 0)
		print_note(c, "started dwdd (pid %d, %s backend)", (int)status->pid,
			   status->backend);
	else
		print_note(c, "started dwdd");
	dwd_status_free(status);
	dwd_close(d);
}

enum exit_status start_daemon(const struct client *c)
{
	_cleanup_free_ char *daemon = NULL;
	int r = start_find_daemon(&daemon);

	if (r < 0) {
		const char *env = getenv("DWD_DAEMON");

		print_error("no daemon listens on %s, and %s is not there to be started; install "
			    "it, or name it in $DWD_DAEMON",
			    client_socket(c), env && *env ? env : "dwdd");
		return EXIT_NO_DAEMON;
	}

	r = process_run((char *[]){daemon, (char *)"--background", (char *)"--exit-idle",
				   (char *)IDLE_SECONDS, (char *)"--socket",
				   (char *)client_socket(c), NULL});
	if (r < 0) {
		print_error("cannot run %s: %s", daemon, strerror(-r));
		return EXIT_NO_DAEMON;
	}
	if (r > 0) {
		print_error("%s did not start (exit status %d); dwd doctor tells what is missing",
			    daemon, r);
		return EXIT_NO_DAEMON;
	}
	announce(c);
	return EXIT_DONE;
}
