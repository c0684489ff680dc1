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
#include <sys/sysmacros.h>
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

/* The descriptor that holds the lock. -EBUSY: another process does. */
static int try_lock(const char *path)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct stat ours, theirs;

	if (fd < 0 || fstat(fd, &ours) < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	/* One who ends removes it if it is empty, so it may be another by now. */
	if (stat(path, &theirs) < 0 || ours.st_ino != theirs.st_ino)
		return -ENOENT;
	return steal_fd(&fd);
}

/* The process that has locked it, as proc_locks(5) tells; 0: it is not to be seen here. */
static pid_t find_holder(const char *path)
{
	FILE *locks = fopen("/proc/locks", "re");
	char line[256], file[64], found[64];
	struct stat st;
	int holder = 0;

	if (!locks)
		return 0;
	if (stat(path, &st) == 0) {
		snprintf(file, sizeof(file), "%02x:%02x:%ju", major(st.st_dev), minor(st.st_dev),
			 (uintmax_t)st.st_ino);
		while (fgets(line, sizeof(line), locks) &&
		       (sscanf(line, "%*d: FLOCK %*s %*s %d %63s", &holder, found) != 2 ||
			!str_eq(found, file)))
			holder = 0;
	}
	fclose(locks);
	return holder;
}

static int fail_lock(int error, const char *path, const char *socket, char **message)
{
	pid_t holder = error == -EBUSY ? find_holder(path) : 0;

	if (holder > 0)
		bpf_message(message, "a dwdd (pid %d) lives on %s and has %s: end it first",
			    (int)holder, socket, path);
	else if (error == -EBUSY)
		bpf_message(message, "a dwdd lives on %s and has %s: end it first", socket, path);
	else
		bpf_message(message, "cannot lock %s: %s", path, strerror(-error));
	return error;
}

/* One who ends may remove the directory under us. */
static int lock_directory(const char *path, const char *socket, char **message)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
	int tries = 0;

	for (;;) {
		int r = make_directory(path, message);

		if (r < 0)
			return r;
		r = try_lock(path);
		if (r >= 0)
			return r;
		if (r == -ENOENT)
			continue;
		if (r != -EBUSY || tries++ == LOCK_TRIES)
			return fail_lock(r, path, socket, message);
		nanosleep(&pause, NULL);
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
		r = lock_directory(instance, socket, message);
	if (r >= 0)
		*path = steal_pointer(instance);
	return r;
}

int instance_open_beside(char **path, const char *instance, const char *name)
{
	_cleanup_free_ char *other = NULL;
	int fd;

	if (asprintf(&other, "%.*s/%s", (int)(path_leaf(instance) - instance - 1), instance, name) <
	    0)
		return -ENOMEM;
	fd = try_lock(other);
	if (fd >= 0)
		*path = steal_pointer(other);
	return fd;
}

bool instance_is_left(const char *pin_dir, const char *socket)
{
	_cleanup_free_ char *name = instance_name(socket), *instance = NULL;
	int fd;

	if (!name || asprintf(&instance, "%s/%s", pin_dir, name) < 0)
		return true;
	fd = try_lock(instance);
	close_fd(fd);
	return fd >= 0 || (fd != -ENOENT && fd != -ENOTDIR && fd != -ELOOP && fd != -EBUSY);
}
