/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */

/*
 * The kernel side of dwd: match at exec, stop, confirm, notice the end.
 *
 * An exec is decided at one hook, the backend's: security_bprm_committed_creds by way of BPF LSM or
 * fentry, or the tracepoint sched_process_exec. There the exec can no longer be undone and its
 * arguments and credentials are in place. A process to stop gets its record into `stops` first and
 * SIGSTOP second; the signal takes effect before the first user instruction.
 *
 * sched_process_exec is attached with every backend. It confirms what the earlier hook decided (an
 * exec can still fail in between, and then the process dies; see on_exit()), adds the arguments,
 * and rings the daemon's bell. And it decides what the earlier hook has missed: the kernel does not
 * run an fentry program, nor on 6.1 an LSM one, that it finds already running on the same CPU.
 *
 * Since 7.0 that is true of tracepoint programs too, as they may be preempted (to forbid that from
 * within does not help: it then happens where it is allowed again, still in the program). So there
 * a second program follows on_exec() and does what that has missed. A confirmation that both miss
 * the daemon makes up for, see DWD_STOP_CONFIRMED; other execs are counted: backend_ops.missed.
 *
 * Programs of two daemons may be attached while one takes over from the other. Only those in charge
 * decide; what both do, confirming and noticing the end, may be done twice, and `exec_states` tells
 * the later ones what the earlier have decided of the same exec.
 *
 * A script's own file is in hand only while its interpreter is being looked for
 * (bprm_check_security), so its watches are noted there and kept with the task. With the tracepoint
 * alone a script is known by the text given to exec.
 */

#include "event.h"
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "match.h"
#include "gate.h"
#include "namespace.h"
#include "record.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Tracepoint programs may be preempted, and on_exec_again() is attached; set before the object is
 * loaded. */
const volatile bool preemptible;

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

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, DWD_MAX_WATCHES);
	__type(key, __u32);
	__type(value, struct dwd_counters);
} counters SEC(".maps");

/* By thread group id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct dwd_exemption);
} exempt SEC(".maps");

/* Programs that are exempt: dwd's own. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, struct dwd_file_id);
	__type(value, __u32);
} exempt_files SEC(".maps");

/* Written and read by daemons only; here as it lasts with the others. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, DWD_TEXTS);
	__type(key, struct dwd_text_key);
	__type(value, struct dwd_text_chunk);
} texts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct dwd_exec_state);
} exec_states SEC(".maps");

/* ---- telling the daemon ---------------------------------------------------------------------- */

static __always_inline struct dwd_stop_key stop_key(struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	return (struct dwd_stop_key){
		.start_time = BPF_CORE_READ(leader, start_boottime),
		.tgid = tgid_of(task),
		.exec_id = (__u32)BPF_CORE_READ(leader, self_exec_id),
	};
}

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

#include "filter.h"

/* ---- who is never stopped -------------------------------------------------------------------- */

static __always_inline bool is_exempt(struct scratch *s, __u32 tgid)
{
	struct dwd_exemption *e = bpf_map_lookup_elem(&exempt, &tgid);

	return e && (e->uses || (e->users_uses && e->user == s->user));
}

/* Time does not pass for this clock while the machine is suspended, as it does not for the daemon.
 * Signed, as the daemon may write the heartbeat between the two readings. */
static __always_inline bool daemon_is_silent(void)
{
	__s64 silence = bpf_ktime_get_ns() - control.heartbeat;

	return control.fail_open_after && silence > (__s64)control.fail_open_after;
}

/* DWD_SKIP_COUNT if nothing speaks against stopping the task. */
static __always_inline __u32 reason_to_skip(struct scratch *s, struct task_struct *task,
					    struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct dwd_file_id id = {
		.ino = BPF_CORE_READ(inode, i_ino),
		.dev = BPF_CORE_READ(inode, i_sb, s_dev),
		.generation = BPF_CORE_READ(inode, i_generation),
	};
	__u32 tgid = tgid_of(task);

	if (tgid == 1)
		return DWD_SKIP_INIT;
	if (daemon_is_silent())
		return DWD_SKIP_NO_DAEMON;
	if (BPF_CORE_READ(task, ptrace))
		return DWD_SKIP_ALREADY_TRACED;
	if (bpf_map_lookup_elem(&exempt_files, &id))
		return DWD_SKIP_EXEMPT;
	for (int i = 0; i < ANCESTORS && tgid > 1; i++) {
		if (is_exempt(s, tgid))
			return DWD_SKIP_EXEMPT;
		task = BPF_CORE_READ(task, real_parent);
		if (BPF_CORE_READ(task, flags) & PF_KTHREAD)
			return DWD_SKIP_KERNEL_HELPER;
		tgid = tgid_of(task);
	}
	return DWD_SKIP_COUNT;
}

/* ---- deciding -------------------------------------------------------------------------------- */

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

#include "daemon.h"

/* ---- stopping -------------------------------------------------------------------------------- */

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

/* The watches among the hits match: stop the process, or say why not. */
static __noinline void act(struct scratch *s, struct task_struct *task, struct linux_binprm *bprm,
			   bool confirmed)
{
	__u32 reason;

	/* By the programs of another daemon. */
	if (bpf_map_lookup_elem(&stops, &s->key))
		return;
	reason = reason_to_skip(s, task, BPF_CORE_READ(bprm, file));
	if (reason == DWD_SKIP_COUNT) {
		if (s->late_filters)
			take(s, task);
		if (!s->hit_count)
			return;
		reason = stop_task(s, task, BPF_CORE_READ(bprm, argc), confirmed);
		if (reason != DWD_SKIP_COUNT && s->late_filters)
			give_back_all(s);
	}
	if (reason == DWD_SKIP_COUNT)
		count_hits(s, DWD_SKIP_COUNT);
	else
		report_skips(s, task, reason);
}

static __always_inline void add_script_hits(struct scratch *s, struct dwd_exec_state *state)
{
	for (__u32 i = 0; i < DWD_RECORD_WATCHES && i < state->script_count; i++) {
		__u32 slot = state->script_slots[i];
		struct dwd_watch_entry *w = bpf_map_lookup_elem(&watches, &slot);

		if (w && w->id)
			consider(s, slot, w);
	}
}

/* Of whom is the process, after its exec: who could stop it himself, with kill(2), and gets nothing
 * in hand by it that he does not have. Wholly, because what can be turned back to another user is
 * that user's too. `secureexec` says that the exec has gained something, be it by the file's mode
 * or its capabilities, and is not set where such a file gains nothing (nosuid, no_new_privs). These
 * are the kernel's own uids: to be root in a user namespace is to be oneself here. */
static __always_inline __u32 user_of(struct task_struct *task, struct linux_binprm *bprm)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);
	__u32 uid = BPF_CORE_READ(cred, uid.val);

	if (BPF_CORE_READ(cred, euid.val) != uid || BPF_CORE_READ(cred, suid.val) != uid ||
	    BPF_CORE_READ(cred, fsuid.val) != uid ||
	    BPF_CORE_READ_BITFIELD_PROBED(bprm, secureexec))
		return 0;
	return uid;
}

static __noinline void note_process(struct scratch *s, struct task_struct *task,
				    struct linux_binprm *bprm)
{
	s->uid = BPF_CORE_READ(task, cred, uid.val);
	s->user = user_of(task, bprm);
	s->key = stop_key(task);
}

/* An exec that the gate let through: find its watches and act. False if there was no memory to. */
static __always_inline bool find_and_act(struct linux_binprm *bprm, struct task_struct *task,
					 bool confirmed)
{
	struct dwd_exec_state *state = bpf_task_storage_get(&exec_states, task, 0, 0);
	struct file *file = BPF_CORE_READ(bprm, file);
	const char *filename = BPF_CORE_READ(bprm, filename);
	bool script = BPF_CORE_READ(bprm, interp) != filename;
	struct scratch *s = scratch_get();

	if (!s)
		return false;
	note_process(s, task, bprm);
	if (state)
		add_script_hits(s, state);
	collect_file(s, task, file);
	collect_given(s, task, filename, script && backend == DWD_BACKEND_TRACEPOINT);
	if (s->late_filters)
		drop_others(s, task, bprm, confirmed);
	if (s->hit_count)
		act(s, task, bprm, confirmed);
	scratch_put(s);
	return true;
}

/* The same, known to be under way: see bpf_arm() in the daemon. */
static __always_inline bool decide(struct linux_binprm *bprm, struct task_struct *task,
				   bool confirmed)
{
	bool done = false;

	if (!tgid_of(task))
		return true; /* outside the daemon's container */
	__sync_fetch_and_add(&control.deciding, 1);
	if (*(volatile __u64 *)&control.generation == generation)
		done = find_and_act(bprm, task, confirmed);
	__sync_fetch_and_sub(&control.deciding, 1);
	return done;
}

/* Until these programs are: does this hook fire at all? */
static __always_inline bool in_charge(struct task_struct *task, __u32 hook)
{
	if (control.generation == generation)
		return true;
	if (local.probe_tgid && local.probe_tgid == tgid_of(task))
		__sync_fetch_and_or(&local.probe_fired, 1 << hook);
	return false;
}

/* ---- the hooks ------------------------------------------------------------------------------- */

/* Each is but a question to the front of the gate; what goes on behind that is out of line, so that
 * all a plain exec runs through lies together. */

static __noinline void look_at_candidate(struct linux_binprm *bprm, struct task_struct *task)
{
	bool first = bprm->interp == bprm->filename, open;
	struct dwd_exec_state *state;
	struct scratch *s;

	/* Programs that were just relieved go on: those that relieve them may have come before
	 * them, when they were not in charge yet. */
	if (control.generation < generation)
		return;
	open = gate_open_for_file(task, bprm->file);
	if (!open && !first)
		return;
	state = bpf_task_storage_get(&exec_states, task, 0,
				     open ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
	if (!state)
		return;
	if (first && control.generation == generation)
		state->script_count = 0; /* of an exec that failed */
	if (!open)
		return;
	s = scratch_get();
	if (!s) {
		__sync_fetch_and_add(&local.missed, 1);
		return;
	}
	/* The rest of the credentials is asked for when the exec has them. */
	s->uid = s->user = BPF_CORE_READ(task, cred, uid.val);
	collect_file(s, task, BPF_CORE_READ(bprm, file));
	for (__u32 i = 0; i < DWD_RECORD_WATCHES && i < s->hit_count; i++) {
		if (state->script_count >= DWD_RECORD_WATCHES)
			break;
		state->script_slots[state->script_count & (DWD_RECORD_WATCHES - 1)] = s->hits[i];
		state->script_count++;
	}
	scratch_put(s);
}

/* For what comes later in the same exec. */
static __always_inline void note_decided(struct task_struct *task)
{
	struct dwd_exec_state *state =
		bpf_task_storage_get(&exec_states, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!state)
		return;
	state->decided = (__u32)task->self_exec_id;
	state->script_count = 0;
}

static __noinline void look_at_committed(struct linux_binprm *bprm, struct task_struct *task)
{
	struct dwd_exec_state *state;

	if (!in_charge(task, backend))
		return;
	if (!gate_open_for_exec(task, bprm->file)) {
		/* A script may be watched where its interpreter is not. */
		if (bprm->interp == bprm->filename)
			return;
		state = bpf_task_storage_get(&exec_states, task, 0, 0);
		if (!state || !state->script_count)
			return;
	}
	if (decide(bprm, task, false))
		note_decided(task);
}

/* One candidate for the file to execute has been opened: the program, a script, its interpreter. */
static __always_inline void on_check(struct linux_binprm *bprm)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (worth_a_check(task, bprm->file))
		look_at_candidate(bprm, task);
}

/* The exec can no longer be undone and has its credentials. */
static __always_inline void on_committed(struct linux_binprm *bprm)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (worth_a_look(task, bprm->file))
		look_at_committed(bprm, task);
}

SEC("?lsm/bprm_check_security")
int BPF_PROG(lsm_check, struct linux_binprm *bprm, int result)
{
	on_check(bprm);
	return result;
}

SEC("?lsm.s/bprm_committed_creds")
int BPF_PROG(lsm_committed, struct linux_binprm *bprm)
{
	on_committed(bprm);
	return 0;
}

SEC("?fentry/security_bprm_check")
int BPF_PROG(fentry_check, struct linux_binprm *bprm)
{
	on_check(bprm);
	return 0;
}

SEC("?fentry/security_bprm_committed_creds")
int BPF_PROG(fentry_committed, struct linux_binprm *bprm)
{
	on_committed(bprm);
	return 0;
}

/* Confirm the stop that an earlier hook has recorded for this exec, if it has. */
static __noinline bool confirm_recorded(struct task_struct *task)
{
	struct dwd_stop_key key = stop_key(task);
	struct dwd_stop_record *r = bpf_map_lookup_elem(&stops, &key);

	if (!r)
		return false;
	if (r->flags & DWD_STOP_CONFIRMED)
		return true;
	if (confirm(r, task))
		__sync_fetch_and_sub(&control.provisional, 1);
	return true;
}

static __always_inline bool decided_before(struct task_struct *task)
{
	struct dwd_exec_state *state = bpf_task_storage_get(&exec_states, task, 0, 0);

	return state && state->decided == (__u32)task->self_exec_id;
}

static __noinline void look_at_completed(struct linux_binprm *bprm, struct task_struct *task)
{
	/* In charge or not: a record may have been made just before. */
	if (control.provisional && confirm_recorded(task))
		return;
	if (!in_charge(task, DWD_BACKEND_TRACEPOINT))
		return;
	if (!gate_open_for_exec(task, bprm->file)) {
		/* All there is to tell where a script lies is the text given to exec. */
		if (backend != DWD_BACKEND_TRACEPOINT || !local.directories ||
		    bprm->interp == bprm->filename)
			return;
	}
	if (decided_before(task))
		return;
	if (decide(bprm, task, true))
		note_decided(task);
	else
		__sync_fetch_and_add(&local.missed, 1);
}

/* The exec went through. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	if (worth_a_look(task, bprm->file))
		look_at_completed(bprm, task);
	return 0;
}

/* The same once more, for what on_exec() has missed: see the top. An LSM program misses nothing on
 * the kernels where this is attached. */
SEC("?tp_btf/sched_process_exec")
int BPF_PROG(on_exec_again, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	if (!worth_a_look(task, bprm->file))
		return 0;
	if (backend != DWD_BACKEND_LSM)
		look_at_completed(bprm, task);
	else if (control.provisional)
		confirm_recorded(task);
	return 0;
}

/* A process that dies between the decision and its confirmation: the exec has failed. */
SEC("?tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct dwd_stop_record *r;
	struct dwd_stop_key key;
	struct dwd_ring_record record = {
		.type = DWD_RING_SKIP,
		.reason = DWD_SKIP_EXEC_FAILED,
	};

	if (!has_storage(task) || task->pid != task->tgid || !control.provisional)
		return 0;
	key = stop_key(task);
	r = bpf_map_lookup_elem(&stops, &key);
	if (!r || __sync_fetch_and_or(&r->flags, DWD_STOP_CONFIRMED) & DWD_STOP_CONFIRMED)
		return 0;
	record.key = key;
	record.watch = r->watches[0];
	record.users_watch = r->users_watch;
	record.user = r->users_watch ? r->uid : 0;
	record.watch_count = r->watch_count;
	__builtin_memcpy(record.comm, r->comm, sizeof(record.comm));
	for (__u32 i = 0; i < DWD_RECORD_WATCHES && i < r->watch_count; i++) {
		__u32 slot = r->watch_slots[i];
		struct dwd_counters *c = bpf_map_lookup_elem(&counters, &slot);
		struct dwd_watch_entry *w = bpf_map_lookup_elem(&watches, &slot);

		if (!c || !w || w->id != r->watches[i])
			continue;
		__sync_fetch_and_sub(&c->caught, 1);
		__sync_fetch_and_add(&c->skipped[DWD_SKIP_EXEC_FAILED], 1);
		give_back(w, c);
	}
	give_back_room(r->flags & DWD_STOP_OF_USER, r->uid);
	bpf_map_delete_elem(&stops, &key);
	__sync_fetch_and_sub(&control.provisional, 1);
	ring_bell(&record);
	return 0;
}

/* Somebody continues a stopped process. Attached only while there are any. */
SEC("?tp_btf/signal_generate")
int BPF_PROG(on_signal, int signal, void *info, struct task_struct *task)
{
	struct dwd_stop_record *r;
	struct dwd_stop_key key;

	if (signal != SIGCONT)
		return 0;
	key = stop_key(task);
	r = bpf_map_lookup_elem(&stops, &key);
	if (r && !(r->flags & DWD_STOP_RELEASED))
		ring_stop(DWD_RING_CONTINUE, &key);
	return 0;
}

/* Attached only while a watch asks who descends from a process. */
SEC("?tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	mark_child(parent, child);
	return 0;
}
