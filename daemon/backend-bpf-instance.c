/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "backend-bpf-instance.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include "backend-bpf-load.h"
#include "event.h"
#include "util.h"

#define BPF_MOUNT     "/sys/fs/bpf"
#define INSTANCE_TEXT 100 /* bytes of the socket's path that its directory shows */

/* One that was killed may be about to let go. */
#define LOCK_TRIES    50
#define LOCK_PAUSE_NS 10000000

/* A socket that is named in another way, as by a link to its directory, is the same. What is not
 * there, or no more, of its path stays as it is. */
static char *canonical_path(const char *socket)
{
	_cleanup_free_ char *head = strdup(socket), *directory = NULL;
	char *slash, *path;

	while (!directory && head && (slash = strrchr(head, '/'))) {
		*slash = '\0';
		directory = realpath(*head ? head : "/", NULL);
	}
	if (!directory)
		return NULL;
	if (str_eq(directory, "/"))
		*directory = '\0';
	return asprintf(&path, "%s%s", directory, socket + strlen(head)) < 0 ? NULL : path;
}

/* A directory's name for a socket: readable, and with a hash of the whole path another for another.
 * A bpf file system allows no dots. */
static char *instance_name(const char *socket)
{
	_cleanup_free_ char *path = canonical_path(socket);
	char text[INSTANCE_TEXT + 1];
	uint64_t hash = 0;
	char *name;
	size_t n = 0;

	if (!path)
		return NULL;
	for (const char *c = path; *c; c++) {
		hash = dwd_mix2(hash, (__u8)*c, 0);
		if (n < INSTANCE_TEXT && (n > 0 || *c != '/'))
			text[n++] = isalnum((unsigned char)*c) ? *c : '-';
	}
	text[n] = '\0';
	return asprintf(&name, "%s-%016jx", text, (uintmax_t)hash) < 0 ? NULL : name;
}

static bool is_bpf_fs(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == BPF_FS_MAGIC;
}

/* Where people expect it, it is mounted for them, as bpftool does. */
static int mount_bpf_fs(const char *pin_dir, char **message)
{
	int r;

	if (strncmp(pin_dir, BPF_MOUNT "/", sizeof(BPF_MOUNT)) != 0 || is_bpf_fs(BPF_MOUNT))
		return 0;
	if (mount("bpf", BPF_MOUNT, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") == 0)
		return 0;
	r = -errno;
	bpf_message(message, "cannot mount a bpf file system at " BPF_MOUNT ": %s", strerror(-r));
	return r;
}

/* Nobody else may put anything there, nor take it away. */
static int check_directory(const char *path, char **message)
{
	struct stat st;
	int r;

	if (lstat(path, &st) < 0) {
		r = -errno;
		bpf_message(message, "cannot look at %s: %s", path, strerror(-r));
		return r;
	}
	if (!S_ISDIR(st.st_mode) || st.st_uid != 0 || st.st_mode & (S_IWGRP | S_IWOTH)) {
		bpf_message(message, "%s is not a directory of root's alone: remove it", path);
		return -EPERM;
	}
	if (!is_bpf_fs(path)) {
		bpf_message(message,
			    "%s is not on a bpf file system: mount -t bpf bpf DIRECTORY, and give "
			    "--pin-dir a directory in there",
			    path);
		return -EINVAL;
	}
	return 0;
}

/* One that cannot be used is not left behind. */
static int make_directory(const char *path, char **message)
{
	bool made = mkdir(path, 0700) == 0;
	int r;

	if (!made && errno != EEXIST) {
		r = -errno;
		bpf_message(message, "cannot make %s: %s", path, strerror(-r));
		return r;
	}
	r = check_directory(path, message);
	if (r < 0 && made)
		rmdir(path);
	return r;
}

/* The descriptor that holds the lock. One who ends removes it if it is empty, so it may be another
 * by the time that it is locked. */
static int lock_directory(const char *path, char **message)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};

	for (int tries = 0;; tries++) {
		_cleanup_fd_ int fd = -1;
		struct stat ours, theirs;
		int r = make_directory(path, message);

		if (r < 0)
			return r;
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0 || fstat(fd, &ours) < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0) {
			if (errno == EWOULDBLOCK && tries < LOCK_TRIES) {
				nanosleep(&pause, NULL);
				continue;
			}
			r = errno == EWOULDBLOCK ? -EBUSY : -errno;
			bpf_message(message, "cannot lock %s: %s", path,
				    r == -EBUSY ? "another dwdd has it" : strerror(-r));
			return r;
		}
		if (stat(path, &theirs) == 0 && ours.st_ino == theirs.st_ino)
			return steal_fd(&fd);
	}
}

int instance_open(char **path, const char *pin_dir, const char *socket, char **message)
{
	_cleanup_free_ char *name = instance_name(socket), *instance = NULL;
	int r;

	if (!name || asprintf(&instance, "%s/%s", pin_dir, name) < 0)
		return -ENOMEM;
	r = mount_bpf_fs(pin_dir, message);
	if (r >= 0)
		r = make_directory(pin_dir, message);
	if (r >= 0)
		r = lock_directory(instance, message);
	if (r >= 0)
		*path = steal_pointer(instance);
	return r;
}
