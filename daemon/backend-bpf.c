/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The kernel side as the engine sees it: owns the maps and the ring buffer of bpf/dwd.bpf.c, which
 * backend-bpf-new.c sets up and backend-bpf-load.c puts in force, and keeps watches and stops in
 * them. Only the files called backend-bpf* know libbpf.
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
#include <sys/mman.h>
#include <time.h>

#include "backend-bpf-exempt.h"
#include "backend-bpf-filters.h"
#include "backend-bpf-follow.h"
#include "backend-bpf-index.h"
#include "backend-bpf-internal.h"
#include "backend-bpf-pins.h"
#include "backend-bpf-records.h"
#include "backend-bpf-ring.h"
#include "backend-bpf-texts.h"
#include "clock.h"
#include "dwd.skel.h"
#include "log.h"
#include "util.h"
#include "watch.h"

#define DISARM_PATIENCE 10000 /* times 0.1 ms */
/* Of the stops there may be, one user other than root may have a quarter; another is left for root
 * alone. */
#define ONE_USERS_PART 4
#define ROOTS_PART     4

static struct bpf_backend *bpf_backend(const struct backend *b)
{
	return container_of((struct backend *)b, struct bpf_backend, backend);
}

/* ---- watches --------------------------------------------------------------------------------- */

int bpf_identify(void *userdata, int fd, struct dwd_file_id *ret)
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

static int bpf_add_watch(struct backend *backend, uint32_t slot, const struct watch *watch,
			 bool restored)
{
	struct bpf_backend *b = bpf_backend(backend);
	struct index_target target = {};
	int r;

	if (watch->kind != DWD_WATCH_NAME) {
		r = follow_path(b->follow, slot, &watch->owner, watch->target, &target);
		if (r < 0 && r != -EAGAIN)
			goto forget;
	}
	r = filters_add(b->filters, watch, restored);
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

void bpf_target_changed(void *userdata, uint32_t slot)
{
	struct bpf_backend *b = userdata;

	int r = bpf_refresh_watch(&b->backend, slot);

	if (r >= 0 || r == -EAGAIN) /* then it is told again */
		return;
	log_rarely(&b->unfollowed,
		   "the file that watch %ju leads to now cannot be put in force: %s; trying again",
		   (uintmax_t)b->watches[slot]->id, strerror(-r));
	follow_later(b->follow, slot);
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

static enum backend_unresolved bpf_unresolved(const struct backend *backend, uint32_t slot)
{
	const struct bpf_backend *b = bpf_backend(backend);

	if (filters_has_lost(b->filters, b->watches[slot]))
		return BACKEND_UNRESOLVED_CGROUP;
	return follow_is_late(b->follow, slot) ? BACKEND_UNRESOLVED_PATH : BACKEND_RESOLVED;
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

static int bpf_keep_text(struct backend *backend, enum backend_text kind, uint64_t id,
			 const char *text)
{
	struct bpf_backend *b = bpf_backend(backend);

	if (kind == BACKEND_TEXT_WATCH && id > bpf_control(b)->last_watch)
		__atomic_store_n(&bpf_control(b)->last_watch, id, __ATOMIC_RELEASE);
	return texts_keep(bpf_texts(b), kind, id, text);
}

static int bpf_drop_text(struct backend *backend, enum backend_text kind, uint64_t id)
{
	return texts_drop(bpf_texts(bpf_backend(backend)), kind, id);
}

static int bpf_get_text(struct backend *backend, enum backend_text kind, uint64_t id, char **ret)
{
	return texts_get(bpf_texts(bpf_backend(backend)), kind, id, ret);
}

static int bpf_for_each_text(struct backend *backend, enum backend_text kind,
			     int (*fn)(void *userdata, uint64_t id), void *userdata)
{
	return texts_for_each(bpf_texts(bpf_backend(backend)), kind, fn, userdata);
}

static uint64_t bpf_last_watch(const struct backend *backend)
{
	return bpf_control(bpf_backend(backend))->last_watch;
}

static uint64_t bpf_last_stop(const struct backend *backend)
{
	return __atomic_load_n(&bpf_control(bpf_backend(backend))->next_stop, __ATOMIC_ACQUIRE);
}

/* ---- stops ----------------------------------------------------------------------------------- */

static int stops_fd(const struct bpf_backend *b)
{
	return bpf_map__fd(b->object->maps.stops);
}

static int bpf_get_stop(struct backend *backend, const struct dwd_stop_key *key,
			struct dwd_stop_record *ret)
{
	return records_get(stops_fd(bpf_backend(backend)), key, ret);
}

static int bpf_for_each_stop(struct backend *backend,
			     int (*fn)(void *userdata, const struct dwd_stop_key *key),
			     void *userdata)
{
	const struct bpf_backend *b = bpf_backend(backend);

	return records_for_each(stops_fd(b), b->stops_room, fn, userdata);
}

static bool bpf_has_unconfirmed(const struct backend *backend)
{
	return __atomic_load_n(&bpf_control(bpf_backend(backend))->provisional, __ATOMIC_ACQUIRE) >
	       0;
}

static int bpf_flag_stop(struct backend *backend, const struct dwd_stop_key *key, uint32_t flags)
{
	return records_run(bpf_backend(backend)->object->progs.flag_stop, key, flags);
}

static int bpf_forget_stop(struct backend *backend, const struct dwd_stop_key *key)
{
	return records_run(bpf_backend(backend)->object->progs.forget_stop, key, 0);
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

static int bpf_dispatch(struct backend *backend)
{
	struct bpf_backend *b = bpf_backend(backend);
	int r = ring_dispatch(b->ring);

	return r < 0 ? r : follow_dispatch(b->follow);
}

static int bpf_get_fd(const struct backend *backend)
{
	return bpf_backend(backend)->epoll;
}

static void bpf_listen(struct backend *backend, const struct backend_listener *listener,
		       void *userdata)
{
	ring_listen(bpf_backend(backend)->ring, listener, userdata);
}

/* ---- the rest of the seam -------------------------------------------------------------------- */

static void bpf_beat(struct backend *backend)
{
	struct bpf_backend *b = bpf_backend(backend);

	__atomic_store_n(&bpf_control(b)->heartbeat, clock_monotonic_ns(), __ATOMIC_RELEASE);
	exempt_review(b->exempt);
	looker_collect(b->looker);
	follow_review(b->follow);
	filters_review(b->filters);
}

static int take_charge(struct bpf_backend *b)
{
	struct dwd_control *shared = bpf_control(b);
	uint32_t part = b->max_stopped / ONE_USERS_PART;

	shared->max_stopped = b->max_stopped;
	shared->max_of_user = part ? part : 1;
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
	struct dwd_control *shared = bpf_control(bpf_backend(backend));

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
	if (b->object && b->pins && bpf_control(b)->generation != b->generation) {
		if (b->took_over)
			pins_drop_generation(b->pins, b->generation);
		else
			pins_drop(b->pins);
	}
	bpf_link__destroy(b->signal_link);
	ring_free(b->ring);
	index_free(b->index);
	exempt_free(b->exempt);
	filters_free(b->filters);
	follow_free(b->follow);
	looker_free(b->looker);
	close_fd(b->inotify);
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

const struct backend_ops bpf_ops = {
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
	.unresolved = bpf_unresolved,
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
