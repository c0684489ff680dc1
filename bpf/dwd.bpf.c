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

#include "scratch.h"
#include "match.h"
#include "gate.h"
#include "namespace.h"
#include "record.h"
#include "tell.h"
#include "filter.h"
#include "exempt.h"
#include "stop.h"
#include "daemon.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Tracepoint programs may be preempted, and on_exec_again() is attached; set before the object is
 * loaded. */
const volatile bool preemptible;

/* Written and read by daemons only; here as it lasts with the others. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, DWD_TEXTS);
	__type(key, struct dwd_text_key);
	__type(value, struct dwd_text_chunk);
} texts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct dwd_exec_state);
} exec_states SEC(".maps");

/* ---- deciding -------------------------------------------------------------------------------- */

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

/* Its watches have not caught it after all. */
static __always_inline void take_back_catch(const struct dwd_stop_record *r)
{
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
	take_back_catch(r);
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
