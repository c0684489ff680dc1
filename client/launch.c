/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launch.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "util.h"

/* In the child. */
static void wait_and_execute(char *const argv[], bool aside, int gate, int news)
{
	char byte;
	int error;

	if (aside) {
		int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

		setpgid(0, 0);
		dup2(null, STDIN_FILENO);
	}
	signal(SIGPIPE, SIG_DFL);
	if (read(gate, &byte, 1) != 1)
		_exit(128 + SIGTERM);
	execvp(argv[0], argv);
	error = errno;
	(void)!write(news, &error, sizeof(error));
	_exit(127);
}

int launch_prepare(struct launch *ret, char *const argv[], bool aside)
{
	_cleanup_fd_ int gate_reader = -1, gate = -1, news = -1, news_writer = -1;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	gate_reader = fds[0];
	gate = fds[1];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	news = fds[0];
	news_writer = fds[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		gate = close_fd(gate);
		wait_and_execute(argv, aside, gate_reader, news_writer);
	}
	/* Whoever comes first: signals are for the group from now on. */
	if (aside)
		setpgid(pid, pid);
	*ret = (struct launch){.pid = pid, .gate = steal_fd(&gate), .news = steal_fd(&news)};
	return 0;
}

static void reap(struct launch *launch)
{
	while (waitpid(launch->pid, NULL, 0) < 0 && errno == EINTR)
		;
	launch->pid = 0;
}

int launch_go(struct launch *launch)
{
	int error = 0;

	if (write(launch->gate, "", 1) != 1)
		return -errno;
	launch->gate = close_fd(launch->gate);
	/* Closed by a successful exec. One that a watch has stopped has succeeded as well. */
	if (read(launch->news, &error, sizeof(error)) != sizeof(error))
		return 0;
	reap(launch);
	return -error;
}

void launch_done(struct launch *launch)
{
	if (launch->pid && launch->gate >= 0) {
		launch->gate = close_fd(launch->gate);
		reap(launch);
	}
	if (launch->pid)
		close_fd(launch->news);
	*launch = (struct launch){0};
}
