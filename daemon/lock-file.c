/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lock-file.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "message.h"
#include "procfs.h"

#define PAUSE_NS 5000000
/* For the holder to write its pid, which it does at once. */
#define PID_TRIES 100
#define MOST_TEXT 65536

struct lock_file {
	char *path;
	int fd;
	bool keep;
	char **directories;
};

static char **free_all(char **texts)
{
	for (char **t = texts; t && *t; t++)
		free(*t);
	free(texts);
	return NULL;
}

static pid_t holder_of(int fd)
{
	char holder[16] = "";

	return pread(fd, holder, sizeof(holder) - 1, 0) > 0 ? atoi(holder) : 0;
}

static int fail_taken(int fd, const char *socket, char **message)
{
	pid_t holder = holder_of(fd);

	if (holder <= 0)
		return message_fail(
			message, -EBUSY,
			"another dwdd is just starting on %s: use it, end it, or give another "
			"--socket",
			socket);
	return message_fail(
		message, -EBUSY,
		"another dwdd (pid %d) listens on %s: use it, end it, or give another --socket",
		(int)holder, socket);
}

static int fail_open(int error, const char *socket, const char *path, char **message)
{
	if (error == ENOENT || error == ENOTDIR)
		return message_fail(
			message, -error,
			"cannot listen on %s: there is no such directory; make it, or give "
			"another --socket",
			socket);
	return message_fail(message, -error, "cannot listen on %s: cannot create %s: %s", socket,
			    path, strerror(error));
}

static bool is_same_file(int fd, const char *path)
{
	struct stat ours, theirs;

	return fstat(fd, &ours) == 0 && stat(path, &theirs) == 0 && ours.st_ino == theirs.st_ino &&
	       ours.st_dev == theirs.st_dev;
}

/* Whether it is worth trying again. A killed one lets go of its lock last of all; the pid that one
 * who has just locked it has not yet written over is nobody's, or none. */
static bool may_change(int fd, unsigned *tries)
{
	struct procfs_stat stat;

	if (procfs_read_stat(holder_of(fd), &stat) == 0)
		return stat.exiting;
	return ++*tries < PID_TRIES;
}

/* The one before us removes the file at its end, so what was locked may be a file no more. */
static int take(int *ret, const char *path, const char *socket, char **message)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	unsigned tries = 0;

	for (;;) {
		_cleanup_fd_ int fd =
			open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

		if (fd < 0)
			return fail_open(errno, socket, path, message);
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			if (errno != EWOULDBLOCK)
				return message_fail(message, -errno, "cannot lock %s: %m", path);
			if (!may_change(fd, &tries))
				return fail_taken(fd, socket, message);
			nanosleep(&pause, NULL);
			continue;
		}
		if (is_same_file(fd, path)) {
			*ret = steal_fd(&fd);
			return 0;
		}
	}
}

/* ---- what it says ---------------------------------------------------------------------------- */

static bool is_ours_alone(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

bool lock_file_can_name(const char *directory)
{
	if (*directory != '/' || strlen(directory) >= PATH_MAX)
		return false;
	for (const char *c = directory; *c; c++)
		if (iscntrl((unsigned char)*c))
			return false;
	return true;
}

static int add(char ***texts, size_t *n, const char *text)
{
	char **more = reallocarray(*texts, *n + 2, sizeof(*more));

	if (!more)
		return -ENOMEM;
	*texts = more;
	more[*n + 1] = NULL;
	more[*n] = strdup(text);
	return more[(*n)++] ? 0 : -ENOMEM;
}

/* The lines after the first one; what follows the last line break is rubbish. */
static int parse(char *text, char ***ret)
{
	char **directories = calloc(1, sizeof(*directories));
	char *line = strchr(text, '\n'), *end;
	size_t n = 0;
	int r = directories ? 0 : -ENOMEM;

	while (r == 0 && line++ && (end = strchr(line, '\n'))) {
		*end = '\0';
		if (lock_file_can_name(line))
			r = add(&directories, &n, line);
		line = end;
	}
	if (r < 0)
		free_all(directories);
	else
		*ret = directories;
	return r;
}

static int read_directories(struct lock_file *l)
{
	_cleanup_free_ char *text = calloc(1, MOST_TEXT + 1);

	if (!text)
		return -ENOMEM;
	if (is_ours_alone(l->fd) && pread(l->fd, text, MOST_TEXT, 0) < 0)
		return -errno;
	return parse(text, &l->directories);
}

/* Not emptied first: whoever is killed here forgets nothing. */
static int write_all(struct lock_file *l)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return -ENOMEM;
	fprintf(file, "%d\n", (int)getpid());
	for (char **directory = l->directories; *directory; directory++)
		fprintf(file, "%s\n", *directory);
	if (fclose(file) != 0)
		return -ENOMEM;
	if (pwrite(l->fd, text, size, 0) != (ssize_t)size || ftruncate(l->fd, (off_t)size) < 0)
		return errno ? -errno : -EIO;
	return 0;
}

const char *const *lock_file_directories(const struct lock_file *l)
{
	return (const char *const *)l->directories;
}

int lock_file_name(struct lock_file *l, const char *const *directories)
{
	char **copy = calloc(1, sizeof(*copy));
	int r = copy ? 0 : -ENOMEM;

	for (size_t n = 0; r == 0 && directories[n];)
		r = add(&copy, &n, directories[n]);
	if (r < 0) {
		free_all(copy);
		return r;
	}
	free_all(l->directories);
	l->directories = copy;
	return write_all(l);
}

/* ---- coming and going ------------------------------------------------------------------------ */

const char *lock_file_path(const struct lock_file *l)
{
	return l->path;
}

void lock_file_keep(struct lock_file *l)
{
	l->keep = true;
}

int lock_file_take(struct lock_file **ret, const char *socket, char **message)
{
	_cleanup_(lock_file_freep) struct lock_file *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	l->fd = -1;
	if (asprintf(&l->path, "%s.lock", socket) < 0) {
		l->path = NULL;
		return -ENOMEM;
	}
	r = take(&l->fd, l->path, socket, message);
	if (r < 0)
		return r;
	l->keep = true; /* until it is known what it says */
	r = read_directories(l);
	if (r >= 0)
		r = write_all(l);
	if (r < 0)
		return message_fail(message, r, "cannot write %s: %s", l->path, strerror(-r));
	l->keep = false;
	*ret = steal_pointer(l);
	return 0;
}

struct lock_file *lock_file_free(struct lock_file *l)
{
	if (!l)
		return NULL;
	/* Somebody may have removed it, and another made one anew. */
	if (l->fd >= 0 && !l->keep && is_same_file(l->fd, l->path))
		unlink(l->path);
	close_fd(l->fd);
	free_all(l->directories);
	free(l->path);
	free(l);
	return NULL;
}
