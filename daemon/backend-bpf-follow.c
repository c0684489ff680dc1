/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A PATH means whatever file is there at the moment: files get built, upgraded, and links switched
 * to another version. The path's text catches the first exec of a new file without any help from
 * here; this module keeps the *file identity* right, so that the old file is no longer matched and
 * the new one is however it is reached.
 *
 * Followed by inotify is every component of the path, as an entry of the directory it is in, and
 * of each path that its last component leads to as a symbolic link (/usr/bin/java ->
 * /etc/alternatives/java -> /usr/lib/jvm/...); of a very deep path the last MAX_HOPS. A directory
 * that does not exist is waited for in the nearest one that does.
 *
 * All of that is done with the eyes of the watch's owner: else a watch of a user's would tell what
 * a link is that he cannot see, by what it catches. What he cannot see does not exist.
 */

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/inotify.h>

#include "backend-bpf-follow.h"
#include "util.h"

#define MAX_LINKS 40 /* path_resolution(7) */
#define MAX_HOPS  24 /* entries followed for one path */

/* One directory entry that a path depends on. */
struct hop {
	int wd;
	uint32_t leaf; /* hash of the entry's name; 0: any entry of that directory */
};

struct followed {
	unsigned int count;
	struct hop hops[];
};

struct follow {
	follow_identify identify;
	follow_changed changed;
	void *userdata;
	int inotify;
	struct followed *slots[DWD_MAX_WATCHES];
	uint32_t used; /* slots at and above were never followed */
	int *wd_uses;  /* by watch descriptor */
	size_t wd_count;
	char real[PATH_MAX];
};

static uint32_t leaf_hash(const char *leaf)
{
	uint32_t hash = 2166136261;

	for (; *leaf; leaf++)
		hash = (hash ^ (unsigned char)*leaf) * 16777619;
	return hash | 1;
}

/* ---- inotify --------------------------------------------------------------------------------- */

static int wd_use(struct follow *f, int wd)
{
	if ((size_t)wd >= f->wd_count) {
		size_t count = (size_t)wd + 64;
		int *uses = reallocarray(f->wd_uses, count, sizeof(*uses));

		if (!uses)
			return -ENOMEM;
		memset(uses + f->wd_count, 0, (count - f->wd_count) * sizeof(*uses));
		f->wd_uses = uses;
		f->wd_count = count;
	}
	f->wd_uses[wd]++;
	return 0;
}

static void wd_drop(struct follow *f, int wd)
{
	if ((size_t)wd < f->wd_count && f->wd_uses[wd] > 0 && --f->wd_uses[wd] == 0)
		inotify_rm_watch(f->inotify, wd);
}

/* Follow the entry `path` names, or the way to it. Being unable to is no error: the text of the
 * path still catches it. */
static void follow_entry(struct follow *f, struct followed *followed, const char *path)
{
	const uint32_t mask = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF |
			      IN_MOVE_SELF | IN_ONLYDIR;
	_cleanup_free_ char *directory = strdup(path);
	uint32_t leaf = leaf_hash(path_leaf(path));
	int wd;

	if (!directory || followed->count == MAX_HOPS)
		return;
	for (;;) {
		char *slash = strrchr(directory, '/');

		if (!slash)
			return;
		slash[slash == directory] = '\0';
		wd = inotify_add_watch(f->inotify, directory, mask);
		if (wd >= 0 || (errno != ENOENT && errno != ENOTDIR) || slash == directory)
			break;
		leaf = 0;
	}
	if (wd < 0)
		return;
	for (unsigned int i = 0; i < followed->count; i++)
		if (followed->hops[i].wd == wd && followed->hops[i].leaf == leaf)
			return;
	if (wd_use(f, wd) < 0)
		return;
	followed->hops[followed->count++] = (struct hop){.wd = wd, .leaf = leaf};
}

/* Follow each component of `path`, the last one first. */
static void follow_components(struct follow *f, struct followed *followed, const char *path)
{
	_cleanup_free_ char *prefix = strdup(path);
	char *slash;

	while (prefix && (slash = strrchr(prefix, '/')) && slash[1] != '\0') {
		follow_entry(f, followed, prefix);
		*slash = '\0';
	}
}

void follow_forget(struct follow *f, uint32_t slot)
{
	struct followed *followed = f->slots[slot];

	if (!followed)
		return;
	for (unsigned int i = 0; i < followed->count; i++)
		wd_drop(f, followed->hops[i].wd);
	free(followed);
	f->slots[slot] = NULL;
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
static const char *real_path(struct follow *f, const char *target)
{
	char path[PATH_MAX], directory[PATH_MAX], real[PATH_MAX];
	const char *leaf;

	if (realpath(target, f->real))
		return f->real;
	strcpy(path, target);
	for (int i = 0; i < MAX_LINKS && read_link(path); i++)
		;
	leaf = path_leaf(path);
	snprintf(directory, sizeof(directory), "%.*s", (int)(leaf - path), path);
	if (!realpath(directory, real))
		return NULL;
	if ((size_t)snprintf(f->real, sizeof(f->real), "%s/%s", str_eq(real, "/") ? "" : real,
			     leaf) >= sizeof(f->real))
		return NULL;
	return f->real;
}

/* Returns the file's descriptor, -1 if there is none. `real` may be NULL. */
static int look_up(struct follow *f, struct followed *followed, const char *target,
		   const char **real)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", target);
	if (path[strlen(path) - 1] == '/')
		path[strlen(path) - 1] = '\0';

	/* Follow first and look second: what changes in between is then told. */
	for (int i = 0; i < MAX_LINKS; i++) {
		follow_components(f, followed, path);
		if (!read_link(path))
			break;
	}
	*real = real_path(f, path);
	return open(target, O_PATH | O_CLOEXEC);
}

int follow_path(struct follow *f, uint32_t slot, const struct principal *owner, const char *target,
		struct index_target *ret)
{
	struct index_target found = {};
	struct followed *followed, *fitting;
	struct principal_own own;
	_cleanup_fd_ int fd = -1;
	int r;

	followed = calloc(1, sizeof(*followed) + MAX_HOPS * sizeof(struct hop));
	if (!followed)
		return -ENOMEM;
	/* Who cannot be assumed sees nothing. */
	if (principal_assume(owner, &own) >= 0) {
		fd = look_up(f, followed, target, &found.real);
		principal_resume(&own);
	}
	follow_forget(f, slot);
	fitting = realloc(followed, sizeof(*followed) + followed->count * sizeof(struct hop));
	f->slots[slot] = fitting ? fitting : followed;
	if (slot >= f->used)
		f->used = slot + 1;

	if (fd >= 0) {
		r = f->identify(f->userdata, fd, &found.file);
		if (r < 0)
			return r;
		found.exists = true;
	}
	*ret = found;
	return 0;
}

/* ---- telling --------------------------------------------------------------------------------- */

static void tell(struct follow *f, const struct inotify_event *event)
{
	bool self = event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED);
	bool all = event->mask & IN_Q_OVERFLOW;
	uint32_t leaf = event->len > 0 ? leaf_hash(event->name) : 0;

	for (uint32_t slot = 0; slot < f->used; slot++) {
		struct followed *followed = f->slots[slot];

		for (unsigned int i = 0; followed && i < followed->count; i++) {
			struct hop *hop = &followed->hops[i];

			if (!all &&
			    (hop->wd != event->wd || (!self && hop->leaf && hop->leaf != leaf)))
				continue;
			f->changed(f->userdata, slot);
			break;
		}
	}
	if (event->mask & IN_IGNORED && (size_t)event->wd < f->wd_count)
		f->wd_uses[event->wd] = 0;
}

int follow_dispatch(struct follow *f)
{
	char buffer[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t size;

	while ((size = read(f->inotify, buffer, sizeof(buffer))) > 0) {
		for (char *at = buffer; at < buffer + size;) {
			const struct inotify_event *event = (const struct inotify_event *)at;

			tell(f, event);
			at += sizeof(*event) + event->len;
		}
	}
	return size < 0 && errno != EAGAIN && errno != EINTR ? -errno : 0;
}

int follow_fd(const struct follow *f)
{
	return f->inotify;
}

int follow_new(struct follow **ret, follow_identify identify, follow_changed changed,
	       void *userdata)
{
	struct follow *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->identify = identify;
	f->changed = changed;
	f->userdata = userdata;
	f->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (f->inotify < 0) {
		free(f);
		return -errno;
	}
	*ret = f;
	return 0;
}

struct follow *follow_free(struct follow *f)
{
	if (!f)
		return NULL;
	for (uint32_t slot = 0; slot < f->used; slot++)
		free(f->slots[slot]);
	free(f->wd_uses);
	close_fd(f->inotify);
	free(f);
	return NULL;
}
