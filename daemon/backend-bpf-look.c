/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "backend-bpf-look.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define MAX_LINKS 40 /* path_resolution(7) */

uint32_t look_hash(const char *text)
{
	uint32_t hash = 2166136261;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619;
	return hash | 1;
}

/* ---- following ------------------------------------------------------------------------------- */

/* Follow the entry `path` names, or the way to it. Being unable to is no error: the text of the
 * path still catches it. */
static void follow_entry(struct look *look, const char *path)
{
	const uint32_t mask = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF |
			      IN_MOVE_SELF | IN_ONLYDIR;
	_cleanup_free_ char *directory = strdup(path);
	uint32_t leaf = look_hash(path_leaf(path));
	int wd;

	if (!directory || look->count == LOOK_HOPS)
		return;
	for (;;) {
		char *slash = strrchr(directory, '/');

		if (!slash)
			return;
		slash[slash == directory] = '\0';
		wd = inotify_add_watch(look->inotify, directory, mask);
		if (wd >= 0 || (errno != ENOENT && errno != ENOTDIR) || slash == directory)
			break;
		leaf = 0;
	}
	if (wd < 0) {
		look->full |= errno == ENOSPC;
		return;
	}
	for (unsigned int i = 0; i < look->count; i++)
		if (look->hops[i].wd == wd && look->hops[i].leaf == leaf)
			return;
	look->hops[look->count] = (struct look_hop){.wd = wd, .leaf = leaf};
	look->found_hop(look->userdata, &look->hops[look->count++]);
}

/* Follow each component of `path`, the last one first. */
static void follow_components(struct look *look, const char *path)
{
	_cleanup_free_ char *prefix = strdup(path);
	char *slash;

	while (prefix && (slash = strrchr(prefix, '/')) && slash[1] != '\0') {
		follow_entry(look, prefix);
		*slash = '\0';
	}
}

/* ---- looking up ------------------------------------------------------------------------------ */

/* Replace `path` by what the symbolic link there points to. False if it is none. */
static bool read_link(char path[static PATH_MAX])
{
	char target[PATH_MAX], joined[2 * PATH_MAX];
	ssize_t size = readlink(path, target, sizeof(target) - 1);

	if (size <= 0)
		return false;
	target[size] = '\0';
	if (target[0] == '/')
		snprintf(joined, sizeof(joined), "%s", target);
	else
		snprintf(joined, sizeof(joined), "%.*s/%s", (int)(path_leaf(path) - path), path,
			 target);
	if (strlen(joined) >= PATH_MAX)
		return false;
	strcpy(path, joined);
	return true;
}

/* The path without symbolic links, of a file that may not exist in a directory that does; a link to
 * such a file leads there too. */
static bool real_path(struct look *look, const char *target)
{
	char path[PATH_MAX], directory[PATH_MAX], real[PATH_MAX];
	const char *leaf;

	if (realpath(target, look->real))
		return true;
	strcpy(path, target);
	for (int i = 0; i < MAX_LINKS && read_link(path); i++)
		;
	leaf = path_leaf(path);
	snprintf(directory, sizeof(directory), "%.*s", (int)(leaf - path), path);
	if (!realpath(directory, real))
		return false;
	if ((size_t)snprintf(look->real, sizeof(look->real), "%s/%s", str_eq(real, "/") ? "" : real,
			     leaf) >= sizeof(look->real))
		return false;
	return true;
}

int look_up(struct look *look, const char *target)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s", target);
	if (path[strlen(path) - 1] == '/')
		path[strlen(path) - 1] = '\0';

	/* Follow first and look second: what changes in between is then told. */
	for (int i = 0; i < MAX_LINKS; i++) {
		follow_components(look, path);
		if (!read_link(path))
			break;
	}
	if (!real_path(look, path))
		look->real[0] = '\0';
	fd = open(target, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* A cgroup's id is the inode number of its directory. */
bool look_up_cgroup(const char *path, uint64_t *ret)
{
	_cleanup_fd_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs system;
	struct stat directory;

	if (fd < 0 || fstatfs(fd, &system) < 0 || fstat(fd, &directory) < 0 ||
	    system.f_type != CGROUP2_SUPER_MAGIC)
		return false;
	*ret = directory.st_ino;
	return true;
}
