/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "background.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>

#include "log.h"
#include "util.h"

/* The child writes a byte when it is ready; if it ends before, the pipe ends without. */
static int wait_for_child(pid_t child, int pipe)
{
	ssize_t n;
	int status;
	char byte;

	do
		n = read(pipe, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		return EXIT_SUCCESS;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) != EXIT_SUCCESS)
		return WEXITSTATUS(status);
	log_error("the daemon ended before it was ready");
	return EXIT_FAILURE;
}

/* As a standard stream: the daemon has none of its own any more. */
static void replace_stream(int stream)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0 || dup2(fd, stream) < 0)
		close(stream);
	close_fd(fd);
}

bool background_start(int *ready, int *status)
{
	int pipes[2];
	pid_t child;

	*status = EXIT_FAILURE;
	if (pipe2(pipes, O_CLOEXEC) < 0) {
		log_error("cannot go into the background: %s", strerror(errno));
		return false;
	}
	child = fork();
	if (child == 0) {
		close(pipes[0]);
		setsid();
		replace_stream(STDIN_FILENO);
		*ready = pipes[1];
		return true;
	}
	if (child < 0)
		log_error("cannot go into the background: %s", strerror(errno));
	close(pipes[1]);
	if (child > 0)
		*status = wait_for_child(child, pipes[0]);
	close(pipes[0]);
	return false;
}

void background_let_go(void)
{
	if (chdir("/") < 0)
		log_warning("cannot leave the directory: %s", strerror(errno));
	replace_stream(STDIN_FILENO);
	replace_stream(STDOUT_FILENO);
	replace_stream(STDERR_FILENO);
}

void background_ready(int ready)
{
	log_to_journal();
	background_let_go();
	while (write(ready, "", 1) < 0 && errno == EINTR)
		;
	close_fd(ready);
}
