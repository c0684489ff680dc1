/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef DWD_RECORD_H
#define DWD_RECORD_H

/*
 * What is kept of a process when it is stopped: everything the daemon could not learn later,
 * because the process may be killed before it looks, and what it would have to ask /proc for.
 *
 * All but the arguments is filled in where the exec is decided; those once it is confirmed, when
 * they lie where the memory map says, whatever the backend.
 */

/* The backend in use (enum dwd_backend); set before the object is loaded. */
const volatile __u32 backend;

static __always_inline __u64 watch_id(__u32 slot)
{
	struct dwd_watch_entry *w = bpf_map_lookup_elem(&watches, &slot);

	return w ? w->id : 0;
}

static __always_inline void record_credentials(struct dwd_stop_record *r, struct task_struct *task)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);

	r->uid = BPF_CORE_READ(cred, uid.val);
	r->euid = BPF_CORE_READ(cred, euid.val);
	r->suid = BPF_CORE_READ(cred, suid.val);
	r->fsuid = BPF_CORE_READ(cred, fsuid.val);
	r->gid = BPF_CORE_READ(cred, gid.val);
	r->egid = BPF_CORE_READ(cred, egid.val);
	r->sgid = BPF_CORE_READ(cred, sgid.val);
	r->fsgid = BPF_CORE_READ(cred, fsgid.val);
}

static __always_inline void record_arguments(struct dwd_stop_record *r, struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	unsigned long start = BPF_CORE_READ(mm, arg_start), end = BPF_CORE_READ(mm, arg_end);
	__u64 size = end - start;

	r->flags &= ~DWD_STOP_ARGV_TRUNCATED;
	if (size > DWD_RECORD_ARGV) {
		size = DWD_RECORD_ARGV;
		r->flags |= DWD_STOP_ARGV_TRUNCATED;
	}
	if (bpf_probe_read_user(r->argv, size, (void *)start) == 0)
		r->argv_len = size;
	else
		r->flags |= DWD_STOP_ARGV_TRUNCATED;
}

static __always_inline void record_paths(struct dwd_stop_record *r, struct scratch *s)
{
	if (bpf_probe_read_kernel_str(r->exe, sizeof(r->exe),
				      &s->exe[s->exe_start & (PATH_BUFFER - 1)]) == sizeof(r->exe))
		r->flags |= DWD_STOP_EXE_TRUNCATED;
	if (bpf_probe_read_kernel_str(r->path, sizeof(r->path), s->given) == sizeof(r->path))
		r->flags |= DWD_STOP_PATH_TRUNCATED;
}

static __always_inline void record_watches(struct dwd_stop_record *r, struct scratch *s)
{
	if (!s->owners.root)
		r->flags |= DWD_STOP_OF_USER;
	r->users_watch = s->owners.of_user ? watch_id(s->owners.of_user - 1) : 0;
	r->watch_count = s->hit_count;
	for (__u32 i = 0; i < DWD_RECORD_WATCHES && i < s->hit_count; i++) {
		__u32 slot = s->hits[i];
		struct dwd_watch_entry *w = bpf_map_lookup_elem(&watches, &slot);

		r->watch_slots[i] = slot;
		r->watches[i] = w ? w->id : 0;
		if (w && w->owner)
			r->flags |= DWD_STOP_USERS_WATCH(i);
	}
}

static __always_inline void fill_record(struct dwd_stop_record *r, struct scratch *s,
					struct task_struct *task, __u32 argc)
{
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);

	r->key = s->key;
	r->time = bpf_ktime_get_boot_ns();
	r->cgroup_id = bpf_get_current_cgroup_id();
	r->backend = backend;
	r->flags = DWD_STOP_ARGV_TRUNCATED; /* until they are recorded */
	r->argc = argc;
	r->ppid = tgid_of(parent);
	r->pid_ns = pid_namespace_of(task);
	r->mnt_ns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	bpf_probe_read_kernel(r->comm, sizeof(r->comm), &task->comm);
	bpf_probe_read_kernel(r->parent_comm, sizeof(r->parent_comm), &parent->comm);
	record_credentials(r, task);
	record_paths(r, s);
	record_watches(r, s);
	r->id = __sync_fetch_and_add(&control.next_stop, 1) + 1;
}

#endif
