/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef DWD_TELL_H
#define DWD_TELL_H

/*
 * What the daemon is told: by counters, which it reads when asked, and by the ring, which rings its
 * bell. Of what is stopped the record is the truth, and its key all that is sent; what is not
 * stopped is told whole, as nothing else is kept of it. What found no room in the ring is counted,
 * and the daemon looks at everything.
 */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, DWD_MAX_WATCHES);
	__type(key, __u32);
	__type(value, struct dwd_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} ring SEC(".maps");

static __always_inline void ring_bell(const struct dwd_ring_record *record)
{
	if (bpf_ringbuf_output(&ring, (void *)record, sizeof(*record), 0) < 0)
		__sync_fetch_and_add(&local.lost, 1);
}

static __always_inline void ring_stop(__u32 type, const struct dwd_stop_key *key)
{
	struct dwd_ring_record record = {.type = type, .key = *key};

	ring_bell(&record);
}

static __always_inline void count_skip(__u32 slot, __u32 reason)
{
	struct dwd_counters *c;

	c = bpf_map_lookup_elem(&counters, &slot);
	if (c && reason < DWD_SKIP_COUNT)
		__sync_fetch_and_add(&c->skipped[reason], 1);
}

struct count_walk {
	struct scratch *s;
	__u32 reason; /* DWD_SKIP_COUNT: it was stopped */
};

static long count_step(__u32 index, struct count_walk *walk)
{
	__u32 slot = walk->s->hits[index & (DWD_MAX_WATCHES - 1)];
	struct dwd_counters *c;

	if (walk->reason != DWD_SKIP_COUNT) {
		count_skip(slot, walk->reason);
		return 0;
	}
	c = bpf_map_lookup_elem(&counters, &slot);
	if (c)
		__sync_fetch_and_add(&c->caught, 1);
	return 0;
}

static __always_inline void count_hits(struct scratch *s, __u32 reason)
{
	struct count_walk walk = {.s = s, .reason = reason};

	bpf_loop(s->hit_count, count_step, &walk, 0);
}

/* Of the watches the record speaks of, which is the user's? */
static __always_inline void note_user(struct dwd_ring_record *record, struct scratch *s, __u32 slot)
{
	struct dwd_watch_entry *w;

	if (record->watch_count > 1)
		slot = s->owners.of_user - 1;
	w = bpf_map_lookup_elem(&watches, &slot);
	if (!w || !w->owner)
		return;
	record->users_watch = w->id;
	record->user = w->owner;
}

/* Out of line, as act() is: what calls end up in filter.h has little stack to spare on 6.1. */
static __noinline void ring_skip(struct scratch *s, struct task_struct *task, __u32 reason,
				 __u32 slot, __u32 watch_count)
{
	struct dwd_ring_record *record = &s->skip;

	*record = (struct dwd_ring_record){
		.type = DWD_RING_SKIP,
		.reason = reason,
		.key = s->key,
		.watch = watch_id(slot),
		.watch_count = watch_count,
	};
	note_user(record, s, slot);
	bpf_probe_read_kernel(record->comm, sizeof(record->comm), &task->comm);
	ring_bell(record);
}

/* All that matched are denied the process, for the same reason. */
static __always_inline void report_skips(struct scratch *s, struct task_struct *task, __u32 reason)
{
	count_hits(s, reason);
	ring_skip(s, task, reason, s->hits[0], s->hit_count);
}

/* One of them is. */
static __always_inline void report_skip(struct scratch *s, struct task_struct *task, __u32 reason,
					__u32 slot)
{
	count_skip(slot, reason);
	ring_skip(s, task, reason, slot, 1);
}

#endif
