/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The kernel side as the engine sees it: owns the maps and the ring buffer of bpf/dwd.bpf.c, which
 * backend-bpf-load.c puts in force, and keeps watches and stops in them. Only the files called
 * backend-bpf* know libbpf.
 *
 * The `control` block, the gate, the watch entries and the counters are shared memory; the stops
 * are read by system call, because a hash map cannot be mapped.
 *
 * One daemon takes over from another thus: it loads programs of its own that share the lasting maps
 * (event.h) with those that are in force, attaches and pins them, puts the watches into indexes of
 * its own, and then, in arm(), puts its generation in charge with one store. Only then is the other
 * generation unpinned, and so detached. Wherever the daemon dies on this way, one complete
 * generation is in charge.
 */

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>

#include "backend-bpf.h"
#include "backend-bpf-exempt.h"
#include "backend-bpf-filters.h"
#include "backend-bpf-follow.h"
#include "backend-bpf-index.h"
#include "backend-bpf-load.h"
#include "backend-bpf-pins.h"
#include "backend-bpf-texts.h"
#include "clock.h"
#include "dwd.skel.h"
#include "log.h"
#include "util.h"
#include "watch.h"

#define DISARM_PATIENCE 10000	 /* times 0.1 ms */
#define TURN_NS		10000000 /* for notifications, before clients have their turn */
/* Of the stops there may be, one user other than root may have a quarter; another is left for root
 * alone. */
#define ONE_USERS_PART 4
#define ROOTS_PART     4
#define STOPS_SPARE    256

struct bpf_backend {
	struct backend backend;
	enum dwd_backend kind;
	uint32_t max_stopped;
	uint32_t stops_room;
	uint64_t fail_open_after; /* ns */
	struct pins *pins;	  /* borrowed; NULL: nothing outlives the daemon ... */
	char *unpinned;		  /* ... and why */
	uint64_t generation;
	bool took_over; /* lasting maps were there already */
	struct dwd_bpf *object;
	struct bpf_link *signal_link; /* attached on demand */
	struct dwd_watch_entry *entries;
	struct dwd_counters *counters;
	struct exempt *exempt;
	struct filters *filters;
	struct index *index;
	struct follow *follow;
	struct ring_buffer *ring;
	int epoll;
	uint64_t turn_ends; /* ns */
	uint64_t lost_seen;
	const struct watch *watches[DWD_MAX_WATCHES];
	char *refused[DWD_BACKEND_COUNT];
	const struct backend_listener *listener;
	void *userdata;
};

static struct bpf_backend *bpf_backend(const struct backend *b)
{
	return container_of((struct backend *)b, struct bpf_backend, backend);
}

static struct dwd_control *control(const struct bpf_backend *b)
{
	return &b->object->data_control->control;
}

/* ---- watches --------------------------------------------------------------------------------- */

static int identify(void *userdata, int fd, struct dwd_file_id *ret)
{
	struct bpf_backend *b = userdata;
	__u64 args[1] = {(__u64)fd};
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = args, .ctx_size_in = sizeof(args));

	if (bpf_prog_test_run_opts(bpf_program__fd(b->object->progs.resolve_descriptor), &options) <
	    0)
		return -errno;
	if (options.retval != 0)
		return -EBADF;
	*ret = b->object->bss->resolved_file;
	return 0;
}

static int bpf_add_watch(struct backend *backend, uint32_t slot, const struct watch *watch)
{
	struct bpf_backend *b = bpf_backend(backend);
	struct index_target target = {};
	int r;

	if (watch->kind != DWD_WATCH_NAME) {
		r = follow_path(b->follow, slot, &watch->owner, watch->target, &target);
		if (r < 0)
			return r;
	}
	r = filters_add(b->filters, watch);
	if (r < 0)
		goto forget;
	r = index_add(b->index, slot, watch, &target);
	if (r < 0)
		goto forget_filters;
	b->watches[slot] = watch;
	return 0;
forget_filters:
	filters_remove(b->filters, watch);
forget:
	follow_forget(b->follow, slot);
	return r;
}

static int bpf_refresh_watch(struct backend *backend, uint32_t slot)
{
	struct bpf_backend *b = bpf_backend(backend);
	const struct watch *watch = b->watches[slot];
	struct index_target target;
	int r;

	if (!watch || watch->kind == DWD_WATCH_NAME)
		return 0;
	r = follow_path(b->follow, slot, &watch->owner, watch->target, &target);
	return r < 0 ? r : index_update(b->index, slot, &target);
}

static void on_target_changed(void *userdata, uint32_t slot)
{
	struct bpf_backend *b = userdata;

	/* On failure the path's text still catches it. */
	bpf_refresh_watch(&b->backend, slot);
}

static int bpf_remove_watch(struct backend *backend, uint32_t slot)
{
	struct bpf_backend *b = bpf_backend(backend);

	index_remove(b->index, slot);
	if (b->watches[slot])
		filters_remove(b->filters, b->watches[slot]);
	follow_forget(b->follow, slot);
	b->watches[slot] = NULL;
	return 0;
}

static void bpf_clear_counters(struct backend *backend, uint32_t slot)
{
	bpf_backend(backend)->counters[slot] = (struct dwd_counters){};
}

static int bpf_get_counters(struct backend *backend, uint32_t slot, struct dwd_counters *ret)
{
	*ret = bpf_backend(backend)->counters[slot];
	return 0;
}

/* ---- texts ----------------------------------------------------------------------------------- */

static int texts_fd(const struct bpf_backend *b)
{
	return bpf_map__fd(b->object->maps.texts);
}

static int bpf_keep_text(struct backend *backend, enum backend_text kind, uint64_t id,
			 const char *text)
{
	struct bpf_backend *b = bpf_backend(backend);

	if (kind == BACKEND_TEXT_WATCH && id > control(b)->last_watch)
		__atomic_store_n(&control(b)->last_watch, id, __ATOMIC_RELEASE);
	return texts_keep(texts_fd(b), kind, id, text);
}

static int bpf_drop_text(struct backend *backend, enum backend_text kind, uint64_t id)
{
	return texts_drop(texts_fd(bpf_backend(backend)), kind, id);
}

static int bpf_get_text(struct backend *backend, enum backend_text kind, uint64_t id, char **ret)
{
	return texts_get(texts_fd(bpf_backend(backend)), kind, id, ret);
}

static int bpf_for_each_text(struct backend *backend, enum backend_text kind,
			     int (*fn)(void *userdata, uint64_t id), void *userdata)
{
	return texts_for_each(texts_fd(bpf_backend(backend)), kind, fn, userdata);
}

static uint64_t bpf_last_watch(const struct backend *backend)
{
	return control(bpf_backend(backend))->last_watch;
}

static uint64_t bpf_last_stop(const struct backend *backend)
{
	return __atomic_load_n(&control(bpf_backend(backend))->next_stop, __ATOMIC_ACQUIRE);
}

/* ---- stops ----------------------------------------------------------------------------------- */

static int stops_fd(const struct bpf_backend *b)
{
	return bpf_map__fd(b->object->maps.stops);
}

static int bpf_get_stop(struct backend *backend, const struct dwd_stop_key *key,
			struct dwd_stop_record *ret)
{
	return bpf_map_lookup_elem(stops_fd(bpf_backend(backend)), key, ret) < 0 ? -errno : 0;
}

static int bpf_for_each_stop(struct backend *backend,
			     int (*fn)(void *userdata, const struct dwd_stop_key *key),
			     void *userdata)
{
	int fd = stops_fd(bpf_backend(backend)), r;
	_cleanup_free_ struct dwd_stop_key *keys = NULL;
	struct dwd_stop_key key, *previous = NULL;
	size_t count = 0, room = 0;

	/* Gather first: a key that vanishes under a walk sends it back to the start. */
	while (bpf_map_get_next_key(fd, previous, &key) == 0) {
		if (count == room) {
			struct dwd_stop_key *more;

			room = room ? 2 * room : 64;
			if (room > 4 * ((size_t)bpf_backend(backend)->max_stopped + 256))
				break;
			more = reallocarray(keys, room, sizeof(*keys));
			if (!more)
				return -ENOMEM;
			keys = more;
		}
		keys[count] = key;
		previous = &keys[count++];
	}
	for (size_t i = 0; i < count; i++) {
		r = fn(userdata, &keys[i]);
		if (r != 0)
			return r;
	}
	return 0;
}

static bool bpf_has_unconfirmed(const struct backend *backend)
{
	return __atomic_load_n(&control(bpf_backend(backend))->provisional, __ATOMIC_ACQUIRE) > 0;
}

/* Run one of the programs of bpf/daemon.h on a stop. */
static int run_on_stop(const struct bpf_program *program, const struct dwd_stop_key *key,
		       uint32_t flags)
{
	__u64 args[3] = {key->start_time, key->tgid | (__u64)key->exec_id << 32, flags};
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = args, .ctx_size_in = sizeof(args));

	if (bpf_prog_test_run_opts(bpf_program__fd(program), &options) < 0)
		return -errno;
	return options.retval == 0 ? 0 : options.retval == 1 ? -ENOENT : -EBUSY;
}

static int bpf_flag_stop(struct backend *backend, const struct dwd_stop_key *key, uint32_t flags)
{
	return run_on_stop(bpf_backend(backend)->object->progs.flag_stop, key, flags);
}

static int bpf_forget_stop(struct backend *backend, const struct dwd_stop_key *key)
{
	return run_on_stop(bpf_backend(backend)->object->progs.forget_stop, key, 0);
}

static int bpf_exempt(struct backend *backend, pid_t tgid, uid_t user, bool on)
{
	return exempt_process(bpf_backend(backend)->exempt, tgid, user, on);
}

static void bpf_disown(struct backend *backend)
{
	exempt_disown(bpf_backend(backend)->exempt);
}

static int bpf_watch_signals(struct backend *backend, bool on)
{
	struct bpf_backend *b = bpf_backend(backend);

	if (on == !!b->signal_link)
		return 0;
	if (!on) {
		bpf_link__destroy(b->signal_link);
		b->signal_link = NULL;
		return 0;
	}
	b->signal_link = bpf_program__attach(b->object->progs.on_signal);
	return b->signal_link ? 0 : -errno;
}

/* ---- notifications --------------------------------------------------------------------------- */

static void tell_listener(struct bpf_backend *b, const struct dwd_ring_record *record)
{
	switch (record->type) {
	case DWD_RING_STOP:
		b->listener->stopped(b->userdata, &record->key);
		break;
	case DWD_RING_CONTINUE:
		b->listener->continued(b->userdata, &record->key);
		break;
	case DWD_RING_SKIP:
		b->listener->skipped(b->userdata, record);
		break;
	}
}

/* In a storm there are always more of them. An error ends the reading behind this record, and the
 * rest stays to be read. */
static int on_ring_record(void *userdata, void *data, size_t size)
{
	struct bpf_backend *b = userdata;

	if (size >= sizeof(struct dwd_ring_record) && b->listener)
		tell_listener(b, data);
	return clock_monotonic_ns() < b->turn_ends ? 0 : -EAGAIN;
}

static int bpf_dispatch(struct backend *backend)
{
	struct bpf_backend *b = bpf_backend(backend);
	uint64_t lost;
	int r;

	b->turn_ends = clock_monotonic_ns() + TURN_NS;
	r = ring_buffer__consume(b->ring);
	if (r < 0 && r != -EAGAIN)
		return r;
	lost = __atomic_load_n(&b->object->bss->local.lost, __ATOMIC_ACQUIRE);
	if (lost != b->lost_seen) {
		b->lost_seen = lost;
		if (b->listener)
			b->listener->rescan(b->userdata);
	}
	return follow_dispatch(b->follow);
}

static int bpf_get_fd(const struct backend *backend)
{
	return bpf_backend(backend)->epoll;
}

static void bpf_listen(struct backend *backend, const struct backend_listener *listener,
		       void *userdata)
{
	struct bpf_backend *b = bpf_backend(backend);

	b->listener = listener;
	b->userdata = userdata;
}

/* ---- the rest of the seam -------------------------------------------------------------------- */

static void bpf_beat(struct backend *backend)
{
	struct bpf_backend *b = bpf_backend(backend);

	__atomic_store_n(&control(b)->heartbeat, clock_monotonic_ns(), __ATOMIC_RELEASE);
	exempt_review(b->exempt);
}

static int take_charge(struct bpf_backend *b)
{
	struct dwd_control *shared = control(b);

	shared->max_stopped = b->max_stopped;
	shared->max_of_user = b->max_stopped / ONE_USERS_PART + 1;
	shared->max_of_users = b->max_stopped - b->max_stopped / ROOTS_PART;
	shared->fail_open_after = b->fail_open_after;
	shared->pid_namespace = b->object->bss->local.pid_namespace;
	bpf_beat(&b->backend);
	__atomic_store_n(&shared->generation, b->generation, __ATOMIC_SEQ_CST);
	return b->pins ? pins_drop_generations(b->pins, b->generation) : 0;
}

/* When this returns from disarming, no exec will make a record any more: one that is being decided
 * says so before it looks whether to. The wait is for programs preempted in between. */
static int bpf_arm(struct backend *backend, bool on)
{
	const struct timespec pause = {.tv_nsec = 100000};
	struct dwd_control *shared = control(bpf_backend(backend));

	if (on)
		return take_charge(bpf_backend(backend));
	__atomic_store_n(&shared->generation, 0, __ATOMIC_SEQ_CST);
	for (int i = 0; i < DISARM_PATIENCE; i++) {
		if (__atomic_load_n(&shared->deciding, __ATOMIC_SEQ_CST) == 0)
			return 0;
		nanosleep(&pause, NULL);
	}
	return -ETIMEDOUT;
}

static int bpf_take_down(struct backend *backend)
{
	struct bpf_backend *b = bpf_backend(backend);

	return b->pins ? pins_drop(b->pins) : 0;
}

static uint64_t left_out(const struct bpf_program *program)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) < 0)
		return 0;
	return info.recursion_misses;
}

/* What one of two programs has missed the other sees, so no more than either has missed. */
static uint64_t bpf_missed(const struct backend *backend)
{
	const struct bpf_backend *b = bpf_backend(backend);
	uint64_t unseen = left_out(b->object->progs.on_exec), other = unseen;

	if (b->kind == DWD_BACKEND_LSM)
		other = left_out(b->object->progs.lsm_committed);
	else if (b->kind == DWD_BACKEND_FENTRY)
		other = left_out(b->object->progs.fentry_committed);
	else if (b->object->rodata->preemptible)
		other = left_out(b->object->progs.on_exec_again);
	return __atomic_load_n(&b->object->bss->local.missed, __ATOMIC_ACQUIRE) +
	       (other < unseen ? other : unseen);
}

static enum dwd_backend bpf_kind(const struct backend *backend)
{
	return bpf_backend(backend)->kind;
}

static const char *bpf_refused(const struct backend *backend, enum dwd_backend kind)
{
	return bpf_backend(backend)->refused[kind];
}

static uint32_t bpf_max_stopped(const struct backend *backend)
{
	return bpf_backend(backend)->max_stopped;
}

static const char *bpf_pinned(const struct backend *backend, const char **why)
{
	const struct bpf_backend *b = bpf_backend(backend);

	*why = b->unpinned;
	return b->pins ? pins_path(b->pins) : NULL;
}

static void bpf_free(struct backend *backend)
{
	struct bpf_backend *b = bpf_backend(backend);

	/* One that never was in charge leaves what was there before, and nothing else. */
	if (b->object && b->pins && control(b)->generation != b->generation) {
		if (b->took_over)
			pins_drop_generation(b->pins, b->generation);
		else
			pins_drop(b->pins);
	}
	bpf_link__destroy(b->signal_link);
	ring_buffer__free(b->ring);
	index_free(b->index);
	exempt_free(b->exempt);
	filters_free(b->filters);
	follow_free(b->follow);
	if (b->entries)
		munmap(b->entries, DWD_MAX_WATCHES * sizeof(*b->entries));
	if (b->counters)
		munmap(b->counters, DWD_MAX_WATCHES * sizeof(*b->counters));
	dwd_bpf__destroy(b->object);
	close_fd(b->epoll);
	for (int kind = 0; kind < DWD_BACKEND_COUNT; kind++)
		free(b->refused[kind]);
	free(b->unpinned);
	free(b);
}

static const struct backend_ops bpf_ops = {
	.free = bpf_free,
	.listen = bpf_listen,
	.arm = bpf_arm,
	.take_down = bpf_take_down,
	.beat = bpf_beat,
	.keep_text = bpf_keep_text,
	.drop_text = bpf_drop_text,
	.get_text = bpf_get_text,
	.for_each_text = bpf_for_each_text,
	.last_watch = bpf_last_watch,
	.last_stop = bpf_last_stop,
	.add_watch = bpf_add_watch,
	.refresh_watch = bpf_refresh_watch,
	.remove_watch = bpf_remove_watch,
	.clear_counters = bpf_clear_counters,
	.get_counters = bpf_get_counters,
	.get_stop = bpf_get_stop,
	.for_each_stop = bpf_for_each_stop,
	.has_unconfirmed = bpf_has_unconfirmed,
	.flag_stop = bpf_flag_stop,
	.forget_stop = bpf_forget_stop,
	.exempt = bpf_exempt,
	.disown = bpf_disown,
	.watch_signals = bpf_watch_signals,
	.get_fd = bpf_get_fd,
	.dispatch = bpf_dispatch,
	.kind = bpf_kind,
	.refused = bpf_refused,
	.max_stopped = bpf_max_stopped,
	.missed = bpf_missed,
	.pinned = bpf_pinned,
};

/* ---- setting up ------------------------------------------------------------------------------ */

static int map_memory(struct bpf_map *map, size_t size, void *ret)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (memory == MAP_FAILED)
		return -errno;
	*(void **)ret = memory;
	return 0;
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
	r = filters_new(&b->filters, &filter_maps);
	return r < 0 ? r : index_new(&b->index, &maps);
}

static int collect_notifications(struct bpf_backend *b)
{
	struct epoll_event event = {.events = EPOLLIN};
	int r;

	b->ring = ring_buffer__new(bpf_map__fd(b->object->maps.ring), on_ring_record, b, NULL);
	if (!b->ring)
		return -errno;
	r = follow_new(&b->follow, identify, on_target_changed, b);
	if (r < 0)
		return r;
	b->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (b->epoll < 0 ||
	    epoll_ctl(b->epoll, EPOLL_CTL_ADD, ring_buffer__epoll_fd(b->ring), &event) < 0 ||
	    epoll_ctl(b->epoll, EPOLL_CTL_ADD, follow_fd(b->follow), &event) < 0)
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
	int r = texts_tidy(texts_fd(b));

	control(b)->last_generation = b->generation;
	if (!b->took_over)
		control(b)->users_seed = b->object->rodata->seed;
	if (r >= 0 && b->pins)
		r = pins_keep(b->pins, b->object, b->generation);
	return r;
}

static int set_up(struct bpf_backend *b)
{
	int r;

	r = share_memory(b);
	if (r >= 0)
		r = collect_notifications(b);
	if (r >= 0)
		r = exempt_new(&b->exempt, bpf_map__fd(b->object->maps.exempt),
			       bpf_map__fd(b->object->maps.exempt_files));
	return r < 0 ? r : exempt_ourselves(b->exempt, identify, b);
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
	bpf_free(&b->backend);
	return r;
}
