/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Setting up the kernel side: what an earlier daemon has left of it is found, the best kind of
 * programs is loaded, their maps are mapped and handed to the files that keep them, and all of it
 * is pinned. It is not in charge before arm(); see backend-bpf.c.
 */

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend-bpf-exempt.h"
#include "backend-bpf-filters.h"
#include "backend-bpf-follow.h"
#include "backend-bpf-index.h"
#include "backend-bpf-internal.h"
#include "backend-bpf-load.h"
#include "backend-bpf-pins.h"
#include "backend-bpf-ring.h"
#include "backend-bpf-texts.h"
#include "log.h"
#include "util.h"

#define STOPS_SPARE 256

static int map_memory(struct bpf_map *map, size_t size, void *ret)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (memory == MAP_FAILED)
		return -errno;
	*(void **)ret = memory;
	return 0;
}

static int look_after_paths(struct bpf_backend *b)
{
	int r;

	b->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (b->inotify < 0)
		return -errno;
	r = looker_new(&b->looker, b->inotify);
	if (r < 0)
		return r;
	return follow_new(&b->follow, b->inotify, b->looker, bpf_identify, bpf_target_changed, b);
}

static int share_memory(struct bpf_backend *b)
{
	struct index_maps maps;
	struct filter_maps filter_maps;
	int r;

	r = map_memory(b->object->maps.watches, DWD_MAX_WATCHES * sizeof(*b->entries), &b->entries);
	if (r < 0)
		return r;
	r = map_memory(b->object->maps.counters, DWD_MAX_WATCHES * sizeof(*b->counters),
		       &b->counters);
	if (r < 0)
		return r;
	maps = (struct index_maps){
		.local = &b->object->bss->local,
		.gate = b->object->bss->gate,
		.front = bpf_map__fd(b->object->maps.front),
		.seed = b->object->rodata->seed,
		.entries = b->entries,
		.names = bpf_map__fd(b->object->maps.names),
		.files = bpf_map__fd(b->object->maps.files),
		.paths = bpf_map__fd(b->object->maps.paths),
	};
	filter_maps = (struct filter_maps){
		.seed = b->object->rodata->seed,
		.filters = bpf_map__fd(b->object->maps.filters),
		.descent = {.on_fork = b->object->progs.on_fork,
			    .pins = b->pins,
			    .roots = bpf_map__fd(b->object->maps.roots),
			    .marks = bpf_map__fd(b->object->maps.marks)},
	};
	r = filters_new(&b->filters, &filter_maps, b->looker);
	return r < 0 ? r : index_new(&b->index, &maps);
}

static int collect_notifications(struct bpf_backend *b)
{
	struct epoll_event event = {.events = EPOLLIN};
	int r;

	r = ring_new(&b->ring, bpf_map__fd(b->object->maps.ring), &b->object->bss->local.lost);
	if (r < 0)
		return r;
	b->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (b->epoll < 0 || epoll_ctl(b->epoll, EPOLL_CTL_ADD, ring_fd(b->ring), &event) < 0 ||
	    epoll_ctl(b->epoll, EPOLL_CTL_ADD, b->inotify, &event) < 0)
		return -errno;
	return 0;
}

/* Load the kind asked for, or the best that works; why better ones do not is kept. */
static int choose_kind(struct bpf_backend *b, int wanted, char **message)
{
	struct bpf_load_options options = {
		.generation = b->generation,
		.stops_room = b->stops_room,
		.pins = b->pins,
	};
	int first = wanted < 0 ? 0 : wanted, last = wanted < 0 ? DWD_BACKEND_COUNT - 1 : wanted;
	int r = -EINVAL;

	for (int kind = first; kind <= last; kind++) {
		char *why = NULL;

		options.kind = (enum dwd_backend)kind;
		r = bpf_load(&b->object, &options, &why);
		if (r == 0) {
			b->kind = kind;
			return 0;
		}
		b->refused[kind] = why;
	}
	bpf_message(message, "%s: %s", backend_kind_name(last),
		    b->refused[last] ? b->refused[last] : strerror(-r));
	return r;
}

/* Where a tracepoint runs a signal cannot be sent at once, and with PREEMPT_RT what sends it later
 * is a thread of the kernel's, beside which the process runs on. */
static void warn_if_late(const struct bpf_backend *b)
{
	if (b->kind == DWD_BACKEND_TRACEPOINT && access("/sys/kernel/realtime", F_OK) == 0)
		log_warning("with the tracepoint backend on a PREEMPT_RT kernel a process stops "
			    "late: it may have run for a moment, or to its end");
}

/* Number this generation, and take the sizes of maps that are there already as they are. */
static int find_left(struct bpf_backend *b)
{
	struct pins_left left = {};
	int r = b->pins ? pins_find(b->pins, &left) : 0;

	if (r < 0)
		return r;
	b->took_over = left.any;
	b->generation = left.any ? left.control.last_generation + 1 : 1;
	/* A little more room than may be used: a slot is freed a moment after it is counted. */
	b->stops_room = left.any ? left.stops_room : b->max_stopped + STOPS_SPARE;
	if (b->stops_room < b->max_stopped + STOPS_SPARE) {
		log_warning("no more than %u processes will be stopped at a time: so many the "
			    "table was made for that an earlier dwdd has left",
			    b->stops_room - STOPS_SPARE);
		b->max_stopped = b->stops_room - STOPS_SPARE;
	}
	return 0;
}

/* From here on the kernel side outlives the daemon. */
static int keep(struct bpf_backend *b)
{
	int r = texts_tidy(bpf_texts(b));

	bpf_control(b)->last_generation = b->generation;
	if (!b->took_over)
		bpf_control(b)->users_seed = b->object->rodata->seed;
	if (r >= 0 && b->pins)
		r = pins_keep(b->pins, b->object, b->generation);
	return r;
}

static int set_up(struct bpf_backend *b)
{
	int r;

	r = look_after_paths(b);
	if (r >= 0)
		r = share_memory(b);
	if (r >= 0)
		r = collect_notifications(b);
	if (r >= 0)
		r = exempt_new(&b->exempt, bpf_map__fd(b->object->maps.exempt),
			       bpf_map__fd(b->object->maps.exempt_files));
	return r < 0 ? r : exempt_ourselves(b->exempt, bpf_identify, b);
}

int backend_bpf_new(struct backend **ret, const struct backend_bpf_options *options, char **message)
{
	struct bpf_backend *b = calloc(1, sizeof(*b));
	int r;

	*message = NULL;
	if (!b)
		return -ENOMEM;
	b->backend.ops = &bpf_ops;
	b->max_stopped = options->max_stopped;
	b->fail_open_after = options->fail_open_after * 1000000000;
	b->pins = options->pins;
	b->unpinned = options->unpinned ? strdup(options->unpinned) : NULL;
	b->epoll = -1;
	b->inotify = -1;
	r = find_left(b);
	if (r < 0) {
		bpf_message(message, "cannot take over what an earlier dwdd has left at %s: %s",
			    pins_path(b->pins), strerror(-r));
		goto fail;
	}
	r = choose_kind(b, options->kind, message);
	if (r < 0)
		goto fail;
	warn_if_late(b);
	r = set_up(b);
	if (r < 0) {
		bpf_message(message, "cannot set up the maps: %s", strerror(-r));
		goto fail;
	}
	r = keep(b);
	if (r < 0) {
		bpf_message(message, "cannot pin the kernel side at %s: %s", pins_path(b->pins),
			    strerror(-r));
		goto fail;
	}
	*ret = &b->backend;
	return 0;
fail:
	bpf_ops.free(&b->backend);
	return r;
}
