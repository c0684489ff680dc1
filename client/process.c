/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "deadline.h"
#include "util.h"

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

int process_find(const char *name, char **ret)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/')) {
		if (!is_program(name))
			return -ENOENT;
		*ret = strdup(name);
		return *ret ? 0 : -ENOMEM;
	}

	for (path = path ? path : "/usr/bin:/bin"; *path;) {
		size_t n = strcspn(path, ":");
		_cleanup_free_ char *candidate = NULL;

		if (asprintf(&candidate, "%.*s/%s", n ? (int)n : 1, n ? path : ".", name) < 0) {
			candidate = NULL;
			return -ENOMEM;
		}
		if (is_program(candidate)) {
			*ret = steal_pointer(candidate);
			return 0;
		}
		path += n;
		path += *path == ':';
	}
	return -ENOENT;
}

int process_exit_status(int wait_status)
{
	if (WIFSIGNALED(wait_status))
		return 128 + WTERMSIG(wait_status);
	return WEXITSTATUS(wait_status);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return process_exit_status(status);
}

/* Signals as a program expects to find them, whatever we do with them. */
static int spawn(char *const argv[], posix_spawn_file_actions_t *actions, const sigset_t *mask,
		 short flags, pid_t *ret)
{
	posix_spawnattr_t attr;
	sigset_t defaults;
	int r;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGQUIT);

	r = posix_spawnattr_init(&attr);
	if (r != 0)
		return -r;
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setsigmask(&attr, mask);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | flags);
	r = posix_spawn(ret, argv[0], actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	return -r;
}

/* Without standard input; `stream` goes to `fd`, the other output stream nowhere. */
static int spawn_aside(char *const argv[], int stream, int fd, pid_t *ret)
{
	int other = stream == STDOUT_FILENO ? STDERR_FILENO : STDOUT_FILENO;
	posix_spawn_file_actions_t actions;
	sigset_t mask;
	int r;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	r = posix_spawn_file_actions_init(&actions);
	if (r != 0)
		return -r;
	r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_addopen(&actions, other, "/dev/null", O_WRONLY, 0);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, fd, stream);
	r = r == 0 ? spawn(argv, &actions, &mask, 0, ret) : -r;
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

static int read_all(int fd, char **ret)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	char buffer[4096];
	ssize_t n;

	if (!out)
		return -ENOMEM;
	while ((n = read(fd, buffer, sizeof(buffer))) != 0) {
		if (n > 0)
			fwrite(buffer, 1, (size_t)n, out);
		else if (errno != EINTR)
			break;
	}
	if (fclose(out) != 0)
		return -ENOMEM;
	*ret = steal_pointer(text);
	return 0;
}

int process_capture(char *const argv[], int stream, char **ret)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_fd_ int reader = -1, writer = -1;
	int fds[2], r, status;
	pid_t pid = -1;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	reader = fds[0];
	writer = fds[1];

	r = spawn_aside(argv, stream, writer, &pid);
	if (r < 0)
		return r;
	close_fdp(&writer);
	r = read_all(reader, &text);
	status = wait_for(pid);
	if (r < 0)
		return r;
	if (status >= 0)
		*ret = steal_pointer(text);
	return status;
}

int process_start(char *const argv[], int in, int out, pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	sigset_t none;
	int r;

	sigemptyset(&none);
	r = posix_spawn_file_actions_init(&actions);
	if (r != 0)
		return -r;
	r = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	r = r == 0 ? spawn(argv, &actions, &none, POSIX_SPAWN_SETSID, ret) : -r;
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

/* Take the signals one by one until the child has ended, and look meanwhile. One that is told to
 * end may be busy for hours with something else, such as a command that it runs itself. */
static int attend(pid_t pid, const sigset_t *signals, bool (*look)(void *userdata), void *userdata)
{
	int64_t patience = DEADLINE_NEVER;

	for (;;) {
		const struct timespec pause = {
			.tv_sec = look ? 0 : 1,
			.tv_nsec = look ? 10 * 1000 * 1000 : 0,
		};
		int status, sig = look || patience != DEADLINE_NEVER
					  ? sigtimedwait(signals, NULL, &pause)
					  : sigwaitinfo(signals, NULL);

		if (sig == SIGTERM || sig == SIGHUP) {
			kill(pid, sig);
			patience = deadline_in(PROCESS_GRACE * 1000);
		}
		if (deadline_left(patience) == 0)
			kill(pid, SIGKILL);
		switch (waitpid(pid, &status, WNOHANG)) {
		case 0:
			break;
		case -1:
			return -errno;
		default:
			return process_exit_status(status);
		}
		if (look && look(userdata))
			look = NULL;
	}
}

int process_observed(char *const argv[], bool (*look)(void *userdata), void *userdata)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction interrupt, quit;
	sigset_t signals, mask;
	pid_t pid = -1;
	int r;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, &mask);
	sigaction(SIGINT, &ignore, &interrupt);
	sigaction(SIGQUIT, &ignore, &quit);

	r = spawn(argv, NULL, &mask, 0, &pid);
	if (r == 0)
		r = attend(pid, &signals, look, userdata);

	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return r;
}

int process_foreground(char *const argv[])
{
	return process_observed(argv, NULL, NULL);
}

int process_status_field(pid_t pid, const char *field, long *ret)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0, length = strlen(field);
	char path[64];
	FILE *f;
	int r = -ESRCH;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? -ESRCH : -errno;
	while (getline(&line, &size, f) >= 0) {
		if (strncmp(line, field, length) == 0 && line[length] == ':') {
			*ret = strtol(line + length + 1, NULL, 10);
			r = 0;
			break;
		}
	}
	fclose(f);
	return r;
}
