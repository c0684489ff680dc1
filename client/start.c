/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "start.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "path.h"
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
	static const char *const beside[] = {"dwdd", "../sbin/dwdd", "../daemon/dwdd"};
	const char *env = getenv("DWD_DAEMON");
	char directory[PATH_MAX];

	if (env && *env)
		return process_find(env, ret);

	if (own_directory(directory, sizeof(directory)) == 0) {
		for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
			_cleanup_free_ char *path = NULL;

			if (path_absolute(beside[i], directory, &path) == 0 &&
			    process_find(path, ret) == 0)
				return 0;
		}
	}
	return process_find(DWD_SBINDIR "/dwdd", ret);
}

static _printf_(2, 3) enum exit_status complain(char **complaint, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (vasprintf(complaint, format, ap) < 0)
		*complaint = NULL;
	va_end(ap);
	return EXIT_NO_DAEMON;
}

/* The last line of what the daemon wrote, without its name and newline; "" if it wrote nothing.
 * Cuts `messages` short. */
static const char *last_words(char *messages)
{
	size_t n = strlen(messages);
	const char *line;

	while (n > 0 && messages[n - 1] == '\n')
		messages[--n] = '\0';
	line = strrchr(messages, '\n');
	line = line ? line + 1 : messages;
	return strncmp(line, "dwdd: ", strlen("dwdd: ")) == 0 ? line + strlen("dwdd: ") : line;
}

enum exit_status start_daemon(const struct client *c, char **complaint)
{
	_cleanup_free_ char *daemon = NULL, *messages = NULL;
	const char *socket = client_socket(c), *env = getenv("DWD_DAEMON"), *why;
	int r = start_find_daemon(&daemon);

	if (r < 0)
		return complain(complaint,
				"no daemon listens on %s, and %s is not there to be started; "
				"install it, or name it in $DWD_DAEMON",
				socket, env && *env ? env : "dwdd");

	r = process_capture((char *[]){daemon, (char *)"--background", (char *)"--exit-idle",
				       (char *)IDLE_SECONDS, (char *)"--socket", (char *)socket,
				       NULL},
			    STDERR_FILENO, &messages);
	if (r == 0)
		return EXIT_DONE;
	if (r < 0)
		return complain(complaint, "cannot run %s: %s", daemon, strerror(-r));
	why = last_words(messages);
	if (*why)
		return complain(complaint, "%s did not start: %s", daemon, why);
	return complain(complaint,
			"%s did not start (exit status %d); dwd doctor tells what is missing",
			daemon, r);
}

bool start_was_killed(const struct client *c)
{
	struct stat st;

	return lstat(client_socket(c), &st) == 0 && S_ISSOCK(st.st_mode);
}

bool start_is_under_way(const struct client *c)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_fd_ int lock = -1;

	if (asprintf(&path, "%s.lock", client_socket(c)) < 0) {
		path = NULL;
		return false;
	}
	lock = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}
