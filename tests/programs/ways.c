/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Execute PROGRAM in one of the many ways there are, and pass on its exit status:
 *
 *	ways WAY PROGRAM [ARGUMENT]...
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void die(const char *what)
{
	fprintf(stderr, "ways: %s: %s\n", what, strerror(errno));
	exit(125);
}

static int open_program(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		die(path);
	return fd;
}

static void by_memfd(char **argv)
{
	int from = open_program(argv[0]), to = memfd_create(strrchr(argv[0], '/') + 1, MFD_CLOEXEC);
	struct stat st;

	if (to < 0 || fstat(from, &st) < 0 ||
	    sendfile(to, from, NULL, (size_t)st.st_size) != st.st_size)
		die("memfd");
	fexecve(to, argv, environ);
}

static void by_execveat_directory(char **argv)
{
	char *leaf = strrchr(argv[0], '/');
	int directory;

	*leaf = '\0';
	directory = open(argv[0], O_PATH | O_DIRECTORY);
	*leaf = '/';
	if (directory < 0)
		die("open directory");
	syscall(SYS_execveat, directory, leaf + 1, argv, environ, 0);
}

static void by_execveat_empty(char **argv)
{
	int fd = open(argv[0], O_PATH | O_CLOEXEC);

	if (fd < 0)
		die(argv[0]);
	syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
}

static void by_chdir(char **argv)
{
	char *leaf = strrchr(argv[0], '/');
	char relative[4096];

	*leaf = '\0';
	if (chdir(argv[0]) < 0)
		die("chdir");
	snprintf(relative, sizeof(relative), "./../%s/./%s", strrchr(argv[0], '/') + 1, leaf + 1);
	argv[0] = relative;
	execv(relative, argv);
}

static void *exec_in_thread(void *data)
{
	char **argv = data;

	execv(argv[0], argv);
	die(argv[0]);
	return NULL;
}

static void *wait_in_thread(void *data)
{
	pause();
	return data;
}

static void by_thread(char **argv)
{
	pthread_t thread;

	for (int i = 0; i < 4; i++)
		if (pthread_create(&thread, NULL, wait_in_thread, NULL) != 0)
			die("pthread_create");
	if (pthread_create(&thread, NULL, exec_in_thread, argv) != 0)
		die("pthread_create");
	pthread_join(thread, NULL);
}

static int status_of(pid_t child)
{
	int status = 0;

	if (child < 0 || waitpid(child, &status, 0) != child)
		die("wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int by_posix_spawn(char **argv)
{
	pid_t child = -1;

	errno = posix_spawn(&child, argv[0], NULL, NULL, argv, environ);
	if (errno)
		die("posix_spawn");
	return status_of(child);
}

static int by_vfork(char **argv)
{
	pid_t child = vfork();

	if (child == 0) {
		execv(argv[0], argv);
		_exit(errno == ENOENT ? 127 : 126);
	}
	return status_of(child);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*exec)(char **argv); /* does not return on success */
		int (*spawn)(char **argv);
	} ways[] = {
		{"memfd", .exec = by_memfd},
		{"execveat-directory", .exec = by_execveat_directory},
		{"execveat-empty", .exec = by_execveat_empty},
		{"relative", .exec = by_chdir},
		{"thread", .exec = by_thread},
		{"posix_spawn", .spawn = by_posix_spawn},
		{"vfork", .spawn = by_vfork},
	};

	for (size_t i = 0; argc > 2 && i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(argv[1], ways[i].name) != 0)
			continue;
		if (ways[i].spawn)
			return ways[i].spawn(argv + 2);
		ways[i].exec(argv + 2);
		die(argv[2]);
	}
	fprintf(stderr, "usage: ways WAY PROGRAM [ARGUMENT]...\n");
	return 125;
}
