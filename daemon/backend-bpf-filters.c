/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Puts a watch's filters into the form the kernel side compares with: patterns with their hashes, a
 * cgroup's path as its id, start times in nanoseconds. A watch without any has no entry.
 */

#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "backend-bpf-filters.h"
#include "util.h"
#include "watch.h"

struct filters {
	struct filter_maps maps;
	struct descent *descent;
};

uint32_t filters_of(const struct watch *watch)
{
	const struct watch_filters *w = &watch->filters;

	return (w->has_uid ? DWD_FILTER_UID : 0) |
	       (w->args && w->args[0] ? DWD_FILTER_ARGUMENTS : 0) |
	       (w->under ? DWD_FILTER_UNDER : 0) | (w->under_name ? DWD_FILTER_UNDER_NAME : 0) |
	       (w->cgroup ? DWD_FILTER_CGROUP : 0) | (w->skip ? DWD_FILTER_SKIP : 0) |
	       (w->count ? DWD_FILTER_COUNT : 0) | (w->max_stopped ? DWD_FILTER_MAX_STOPPED : 0);
}

/* ---- translation ----------------------------------------------------------------------------- */

static int set_pattern(struct dwd_arg_pattern *p, const char *text, __u64 seed)
{
	size_t length = strlen(text);

	if (length > 0 && text[0] == '*') {
		p->open |= DWD_ARG_OPEN_START;
		text++;
		length--;
	}
	if (length > 0 && text[length - 1] == '*') {
		p->open |= DWD_ARG_OPEN_END;
		length--;
	}
	if (length > DWD_ARG_MAX)
		return -EINVAL;
	/* Before and behind nothing: as good as one of them, and what a lone "*" must mean. */
	p->length = (__u32)length;
	p->power = 1;
	for (size_t i = 0; i < length; i++) {
		p->hash = dwd_arg_push(p->hash, (__u8)text[i], seed);
		p->power *= dwd_arg_base(seed);
	}
	memcpy(p->text + sizeof(p->text) - length, text, length);
	return 0;
}

static int set_patterns(struct dwd_filter *filter, const char *const *args, __u64 seed)
{
	int r;

	for (; args && *args; args++) {
		if (filter->arg_count == DWD_FILTER_ARGS)
			return -EINVAL;
		r = set_pattern(&filter->args[filter->arg_count++], *args, seed);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A cgroup's id is the inode number of its directory. */
static int find_cgroup(const char *path, const struct principal *owner, __u64 *ret)
{
	struct principal_own own;
	_cleanup_fd_ int fd = -1;
	struct statfs system;
	struct stat directory;

	if (principal_assume(owner, &own) >= 0) {
		fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		principal_resume(&own);
	}
	if (fd < 0 || fstatfs(fd, &system) < 0 || fstat(fd, &directory) < 0 ||
	    system.f_type != CGROUP2_SUPER_MAGIC)
		return -EDESTADDRREQ;
	*ret = directory.st_ino;
	return 0;
}

static struct dwd_process process_under(const struct watch_filters *w)
{
	return (struct dwd_process){
		.start = w->under_start * DWD_TICK_NS,
		.tgid = (__u32)w->under,
	};
}

static int translate(struct dwd_filter *ret, const struct watch *watch, __u64 seed)
{
	const struct watch_filters *w = &watch->filters;
	int r;

	*ret = (struct dwd_filter){
		.skip = w->skip,
		.count = w->count,
		.max_stopped = w->max_stopped,
		.under = process_under(w),
	};
	if (w->under_name)
		memcpy(ret->under_name, w->under_name, strnlen(w->under_name, DWD_COMM_LEN - 1));
	r = set_patterns(ret, w->args, seed);
	if (r >= 0 && w->cgroup)
		r = find_cgroup(w->cgroup, &watch->owner, &ret->cgroup);
	return r;
}

/* ---- keeping them ---------------------------------------------------------------------------- */

int filters_add(struct filters *f, const struct watch *watch)
{
	struct dwd_filter filter;
	__u64 id = watch->id;
	int r;

	if (!(filters_of(watch) & DWD_FILTER_LATE))
		return 0;
	r = translate(&filter, watch, f->maps.seed);
	if (r < 0)
		return r;
	if (bpf_map_update_elem(f->maps.filters, &id, &filter, BPF_ANY) < 0)
		return -errno;
	if (watch->filters.under) {
		r = descent_follow(f->descent, &filter.under);
		if (r < 0)
			bpf_map_delete_elem(f->maps.filters, &id);
	}
	return r < 0 ? r : 0;
}

void filters_remove(struct filters *f, const struct watch *watch)
{
	struct dwd_process under = process_under(&watch->filters);
	__u64 id = watch->id;

	if (!(filters_of(watch) & DWD_FILTER_LATE))
		return;
	bpf_map_delete_elem(f->maps.filters, &id);
	if (watch->filters.under)
		descent_leave(f->descent, &under);
}

int filters_new(struct filters **ret, const struct filter_maps *maps)
{
	struct filters *f = calloc(1, sizeof(*f));

	int r;

	if (!f)
		return -ENOMEM;
	f->maps = *maps;
	r = descent_new(&f->descent, &maps->descent);
	if (r < 0) {
		free(f);
		return r;
	}
	*ret = f;
	return 0;
}

struct filters *filters_free(struct filters *f)
{
	if (f)
		descent_free(f->descent);
	free(f);
	return NULL;
}
