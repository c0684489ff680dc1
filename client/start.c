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

/* Its lock file, which only root can open; -1: there is none to be seen. */
static int open_lock(const struct client *c)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s.lock", client_socket(c)) < 0) {
		path = NULL;
		return -1;
	}
	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

static bool is_held(int lock)
{
	return flock(lock, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

bool start_is_under_way(const struct client *c)
{
	_cleanup_fd_ int lock = open_lock(c);

	return lock >= 0 && is_held(lock);
}

enum start_trace start_find_trace(const struct client *c, pid_t *pid)
{
	_cleanup_fd_ int lock = open_lock(c);
	char holder[16] = "";
	struct stat st;

	*pid = 0;
	if (lstat(client_socket(c), &st) == 0)
		return S_ISSOCK(st.st_mode) ? START_TRACE_KILLED : START_TRACE_NONE;
	if (lock < 0)
		return START_TRACE_NONE;
	if (!is_held(lock))
		return START_TRACE_LEFT;
	if (pread(lock, holder, sizeof(holder) - 1, 0) > 0)
		*pid = atoi(holder);
	return START_TRACE_LIVING;
}

static _printf_(1, 2) char *print(const char *format, ...)
{
	va_list ap;
	char *text;
	int r;

	va_start(ap, format);
	r = vasprintf(&text, format, ap);
	va_end(ap);
	return r < 0 ? NULL : text;
}

char *start_describe_trace(enum start_trace trace, const char *socket, pid_t pid)
{
	switch (trace) {
	case START_TRACE_NONE:
		break;
	case START_TRACE_KILLED:
		return print("the dwdd of %s has died, and what it had stopped may still be",
			     socket);
	case START_TRACE_LEFT:
		return print("the dwdd of %s has ended, and has left its watches and what it had "
			     "stopped",
			     socket);
	case START_TRACE_LIVING:
		if (pid <= 0)
			return print("a dwdd is just starting on %s", socket);
		return print("a dwdd (pid %d) has locked %s, but there is no socket, as while it "
			     "starts or ends, or when somebody has removed the socket",
			     (int)pid, socket);
	}
	return NULL;
}

char *start_advise_trace(enum start_trace trace, const char *socket, pid_t pid)
{
	switch (trace) {
	case START_TRACE_NONE:
		break;
	case START_TRACE_KILLED:
	case START_TRACE_LEFT:
		return print("start dwdd as root, which takes over, or release it: "
			     "dwdd --release-all --socket %s",
			     socket);
	case START_TRACE_LIVING:
		if (pid <= 0)
			return print("try again; if it stays so, see which process has it: "
				     "fuser %s.lock",
				     socket);
		return print("if it stays so, end it, and start another: kill %d", (int)pid);
	}
	return NULL;
}
