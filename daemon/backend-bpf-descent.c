/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Children are marked by the kernel side, see on_fork() in bpf/dwd.bpf.c: that program is attached
 * as long as anybody asks. The descendants that are there already are marked here, from the top
 * down, after it was attached: so a child is either forked by one that is marked, or found.
 */

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "backend-bpf-descent.h"
#include "backend-bpf-pins.h"
#include "util.h"

/* So far down, and so often: one that was missed, as its sibling ended just then, is found in the
 * next pass. */
#define DEPTH_MAX  64
#define PASSES_MAX 8

struct descent {
	struct descent_maps maps;
	struct bpf_link *fork_link; /* attached on demand */
	size_t followed;
};

/* ---- those that are there -------------------------------------------------------------------- */

static bool has_mark(const struct dwd_marks *marks, const struct dwd_process *root)
{
	for (size_t i = 0; i < DWD_MARKS; i++)
		if (marks->roots[i].tgid == root->tgid && marks->roots[i].start == root->start)
			return true;
	return false;
}

/* True if it was not marked before. One that has ended needs none. */
static bool mark(struct descent *d, pid_t pid, const struct dwd_process *root)
{
	_cleanup_fd_ int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct dwd_marks marks = {};

	if (fd < 0)
		return false;
	bpf_map_lookup_elem(d->maps.marks, &fd, &marks);
	if (has_mark(&marks, root))
		return false;
	marks.roots[marks.count++ % DWD_MARKS] = *root;
	return bpf_map_update_elem(d->maps.marks, &fd, &marks, BPF_ANY) == 0;
}

static bool mark_beneath(struct descent *d, pid_t pid, const struct dwd_process *root, int depth);

/* The children of one thread. */
static bool mark_children(struct descent *d, const char *path, const struct dwd_process *root,
			  int depth)
{
	FILE *file = fopen(path, "re");
	bool news = false;
	int child;

	while (file && fscanf(file, "%d", &child) == 1) {
		news |= mark(d, child, root);
		news |= mark_beneath(d, child, root, depth + 1);
	}
	if (file)
		fclose(file);
	return news;
}

/* True if any was not marked before. */
static bool mark_beneath(struct descent *d, pid_t pid, const struct dwd_process *root, int depth)
{
	char path[64];
	struct dirent *thread;
	bool news = false;
	DIR *threads;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	threads = depth < DEPTH_MAX ? opendir(path) : NULL;
	while (threads && (thread = readdir(threads))) {
		if (thread->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.16s/children", (int)pid,
			 thread->d_name);
		news |= mark_children(d, path, root, depth);
	}
	if (threads)
		closedir(threads);
	return news;
}

/* ---- those to come --------------------------------------------------------------------------- */

static int count_use(struct descent *d, const struct dwd_process *root, bool on)
{
	struct dwd_process known = {};

	/* Another of the same number has ended: its children are marked, and it has no more. */
	if (bpf_map_lookup_elem(d->maps.roots, &root->tgid, &known) < 0 ||
	    known.start != root->start) {
		if (!on)
			return 0;
		known = *root;
		known.uses = 0;
	}
	known.uses += on ? 1 : -1;
	if (known.uses == 0)
		return bpf_map_delete_elem(d->maps.roots, &root->tgid) < 0 ? -errno : 0;
	return bpf_map_update_elem(d->maps.roots, &root->tgid, &known, BPF_ANY) < 0 ? -errno : 0;
}

static int attach(struct descent *d)
{
	int r;

	if (d->fork_link)
		return 0;
	d->fork_link = bpf_program__attach(d->maps.on_fork);
	if (!d->fork_link)
		return -errno;
	r = pins_keep_link(d->maps.pins, d->fork_link, "on_fork");
	if (r < 0) {
		bpf_link__destroy(d->fork_link);
		d->fork_link = NULL;
	}
	return r;
}

int descent_follow(struct descent *d, const struct dwd_process *root)
{
	int r = attach(d);

	if (r < 0)
		return r;
	d->followed++;
	r = count_use(d, root, true);
	if (r < 0) {
		descent_leave(d, root);
		return r;
	}
	for (int i = 0; i < PASSES_MAX && mark_beneath(d, (pid_t)root->tgid, root, 0); i++)
		;
	return 0;
}

void descent_leave(struct descent *d, const struct dwd_process *root)
{
	count_use(d, root, false);
	if (--d->followed > 0)
		return;
	pins_drop_link(d->maps.pins, "on_fork");
	bpf_link__destroy(d->fork_link);
	d->fork_link = NULL;
}

int descent_new(struct descent **ret, const struct descent_maps *maps)
{
	struct descent *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->maps = *maps;
	*ret = d;
	return 0;
}

struct descent *descent_free(struct descent *d)
{
	if (!d)
		return NULL;
	bpf_link__destroy(d->fork_link);
	free(d);
	return NULL;
}
