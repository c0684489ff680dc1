/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef DWD_STOP_H
#define DWD_STOP_H

/*
 * Stopping a process: its record first, SIGSTOP second. A stop takes room, of all there is and of
 * its user's part, and holds it until it is released (daemon.h) or its exec has failed. Its record
 * is confirmed once the exec went through, and only then is the daemon told.
 */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024); /* set before the object is loaded */
	__type(key, struct dwd_stop_key);
	__type(value, struct dwd_stop_record);
} stops SEC(".maps");

/* An empty record: too large for the stack, and an insertion needs a value. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct dwd_stop_record);
} empty_stop SEC(".maps");

static __always_inline struct dwd_stop_key stop_key(struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	return (struct dwd_stop_key){
		.start_time = BPF_CORE_READ(leader, start_boottime),
		.tgid = tgid_of(task),
		.exec_id = (__u32)BPF_CORE_READ(leader, self_exec_id),
	};
}

/* ---- room for stops -------------------------------------------------------------------------- */

static __always_inline void give_back_room_of_user(__u32 uid)
{
	__sync_fetch_and_sub(&control.users_stops[dwd_user_counter(uid, control.users_seed) &
						  (DWD_ALL_USERS - 1)],
			     1);
	__sync_fetch_and_sub(&control.users_stops[DWD_ALL_USERS], 1);
}

/* What root wants as well is root's. */
static __always_inline bool take_room_of_user(struct scratch *s)
{
	__u32 *own = &control.users_stops[dwd_user_counter(s->uid, control.users_seed) &
					  (DWD_ALL_USERS - 1)];
	__u32 before = __sync_fetch_and_add(own, 1);

	if (__sync_fetch_and_add(&control.users_stops[DWD_ALL_USERS], 1) < control.max_of_users &&
	    before < control.max_of_user)
		return true;
	give_back_room_of_user(s->uid);
	return false;
}

static __always_inline bool take_room(struct scratch *s)
{
	if (!s->owners.root && !take_room_of_user(s))
		return false;
	if (__sync_fetch_and_add(&control.stops, 1) < control.max_stopped)
		return true;
	__sync_fetch_and_sub(&control.stops, 1);
	if (!s->owners.root)
		give_back_room_of_user(s->uid);
	return false;
}

static __always_inline void give_back_room(bool of_user, __u32 uid)
{
	__sync_fetch_and_sub(&control.stops, 1);
	if (of_user)
		give_back_room_of_user(uid);
}

/* ---- stopping -------------------------------------------------------------------------------- */

/* Mark a record as confirmed, and say so. False if it was already. */
static __always_inline bool confirm(struct dwd_stop_record *r, struct task_struct *task)
{
	struct dwd_stop_key key = r->key;

	record_arguments(r, task);
	if (__sync_fetch_and_or(&r->flags, DWD_STOP_CONFIRMED) & DWD_STOP_CONFIRMED)
		return false;
	ring_stop(DWD_RING_STOP, &key);
	return true;
}

/* Record the task and stop it. DWD_SKIP_COUNT: done. */
static __always_inline __u32 stop_task(struct scratch *s, struct task_struct *task, __u32 argc,
				       bool confirmed)
{
	struct dwd_stop_record *r;
	__u32 zero = 0, reason = DWD_SKIP_NO_MEMORY;

	if (!take_room(s))
		return DWD_SKIP_LIMIT;
	r = bpf_map_lookup_elem(&empty_stop, &zero);
	if (!r || bpf_map_update_elem(&stops, &s->key, r, BPF_NOEXIST) != 0)
		goto fail;
	r = bpf_map_lookup_elem(&stops, &s->key);
	if (!r)
		goto fail;
	fill_record(r, s, task, argc);
	if (!confirmed)
		__sync_fetch_and_add(&control.provisional, 1);
	if (bpf_send_signal(SIGSTOP) == 0) {
		if (confirmed)
			confirm(r, task);
		return DWD_SKIP_COUNT;
	}
	reason = DWD_SKIP_SIGNAL_FAILED;
	bpf_map_delete_elem(&stops, &s->key);
	if (!confirmed)
		__sync_fetch_and_sub(&control.provisional, 1);
fail:
	give_back_room(!s->owners.root, s->uid);
	return reason;
}

#endif
