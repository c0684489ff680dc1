/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Puts a watch's filters into the form the kernel side compares with: patterns with their hashes, a
 * cgroup's path as its id, start times in nanoseconds. A watch without any has no entry.
 */

#include <bpf/bpf.h>

#include "backend-bpf-filters.h"
#include "backoff.h"
#include "clock.h"
#include "log.h"
#include "util.h"
#include "watch.h"

#define REVIEW_US 1000000
#define NO_CGROUP UINT64_MAX /* nobody is in it */

/* A watch whose cgroup was not found. */
struct lost {
	const struct watch *watch;
	struct backoff again;
};

struct filters {
	struct filter_maps maps;
	struct descent *descent;
	struct looker *looker;
	struct lost *lost;
	size_t lost_count;
	uint64_t review_at; /* monotonic us: no cgroup is to be looked for before */
	struct log_limit lost_told;
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

static struct dwd_process process_under(const struct watch_filters *w)
{
	return (struct dwd_process){
		.start = w->under_start * DWD_TICK_NS,
		.tgid = (__u32)w->under,
	};
}

static int translate(const struct filters *f, struct dwd_filter *ret, const struct watch *watch)
{
	const struct watch_filters *w = &watch->filters;
	uint64_t cgroup;
	int r;

	*ret = (struct dwd_filter){
		.skip = w->skip,
		.count = w->count,
		.max_stopped = w->max_stopped,
		.under = process_under(w),
	};
	if (w->under_name)
		memcpy(ret->under_name, w->under_name, strnlen(w->under_name, DWD_COMM_LEN - 1));
	r = set_patterns(ret, w->args, f->maps.seed);
	if (r >= 0 && w->cgroup) {
		r = looker_find_cgroup(f->looker, &watch->owner, w->cgroup, &cgroup);
		if (r < 0)
			return r == -ENOENT ? -EDESTADDRREQ : r;
		ret->cgroup = cgroup;
	}
	return r;
}

/* ---- cgroups that are not found -------------------------------------------------------------- */

static void later(struct filters *f, struct lost *lost)
{
	backoff_fail(&lost->again);
	if (lost->again.at < f->review_at)
		f->review_at = lost->again.at;
}

static int lose(struct filters *f, const struct watch *watch, int why)
{
	struct lost *more = reallocarray(f->lost, f->lost_count + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	f->lost = more;
	more[f->lost_count] = (struct lost){.watch = watch};
	later(f, &more[f->lost_count++]);
	log_rarely(&f->lost_told,
		   "the cgroup of watch %ju %s: the watch stays, matches nothing, and its cgroup "
		   "is looked for again",
		   (uintmax_t)watch->id,
		   why == -EAGAIN ? "cannot be looked at now" : "is not there any more");
	return 0;
}

static int find(struct filters *f, const struct watch *watch)
{
	struct dwd_filter filter;
	__u64 id = watch->id;
	int r = translate(f, &filter, watch);

	if (r < 0)
		return r;
	if (bpf_map_update_elem(f->maps.filters, &id, &filter, BPF_EXIST) < 0)
		return -errno;
	log_rarely(&f->lost_told, "the cgroup of watch %ju is found", (uintmax_t)watch->id);
	return 0;
}

bool filters_has_lost(const struct filters *f, const struct watch *watch)
{
	for (size_t i = 0; i < f->lost_count; i++)
		if (f->lost[i].watch == watch)
			return true;
	return false;
}

void filters_review(struct filters *f)
{
	uint64_t began = clock_monotonic_us();

	if (began < f->review_at)
		return;
	f->review_at = UINT64_MAX;
	for (size_t i = f->lost_count; i > 0; i--) {
		struct lost *lost = &f->lost[i - 1];
		bool in_time = clock_monotonic_us() - began < REVIEW_US;

		if (in_time && backoff_due(&lost->again)) {
			if (find(f, lost->watch) >= 0) {
				*lost = f->lost[--f->lost_count];
				continue;
			}
			later(f, lost);
		}
		if (lost->again.at < f->review_at)
			f->review_at = lost->again.at;
	}
}

/* ---- keeping them ---------------------------------------------------------------------------- */

int filters_add(struct filters *f, const struct watch *watch, bool restored)
{
	struct dwd_filter filter;
	__u64 id = watch->id;
	int r;

	if (!(filters_of(watch) & DWD_FILTER_LATE))
		return 0;
	r = translate(f, &filter, watch);
	if (restored && (r == -EDESTADDRREQ || r == -EAGAIN)) {
		filter.cgroup = NO_CGROUP;
		r = lose(f, watch, r);
	}
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
	for (size_t i = 0; i < f->lost_count; i++)
		if (f->lost[i].watch == watch)
			f->lost[i] = f->lost[--f->lost_count];
	bpf_map_delete_elem(f->maps.filters, &id);
	if (watch->filters.under)
		descent_leave(f->descent, &under);
}

int filters_new(struct filters **ret, const struct filter_maps *maps, struct looker *looker)
{
	struct filters *f = calloc(1, sizeof(*f));

	int r;

	if (!f)
		return -ENOMEM;
	f->maps = *maps;
	f->looker = looker;
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
	if (!f)
		return NULL;
	descent_free(f->descent);
	free(f->lost);
	free(f);
	return NULL;
}
