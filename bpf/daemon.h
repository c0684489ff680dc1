/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef DWD_DAEMON_H
#define DWD_DAEMON_H

/*
 * What the daemon has the kernel side do, by BPF_PROG_TEST_RUN: what only the kernel can tell, and
 * what must be done whole. The daemon may be killed between any two of its instructions, a program
 * is not; so a stop ends, and is counted as ended, here.
 */

/* What flag_stop() and forget_stop() are run on. */
static __always_inline struct dwd_stop_key key_argument(struct bpf_raw_tracepoint_args *ctx)
{
	return (struct dwd_stop_key){
		.start_time = ctx->args[0],
		.tgid = (__u32)ctx->args[1],
		.exec_id = ctx->args[1] >> 32,
	};
}

/* A process is not stopped any more by the watches that have it in their `max_stopped`. */
static __always_inline void make_room(const struct dwd_stop_record *r)
{
	give_back_room(r->flags & DWD_STOP_OF_USER, r->uid);
	for (__u32 i = 0; i < DWD_RECORD_WATCHES && i < r->watch_count; i++) {
		__u32 slot = r->watch_slots[i];
		struct dwd_counters *c = bpf_map_lookup_elem(&counters, &slot);
		struct dwd_watch_entry *w = bpf_map_lookup_elem(&watches, &slot);

		if (c && w && w->id == r->watches[i] && w->filters & DWD_FILTER_MAX_STOPPED)
			__sync_fetch_and_sub(&c->live, 1);
	}
}

/* Add flags, and count what each says when it is new. */
static __always_inline void add_flags(struct dwd_stop_record *r, __u32 flags)
{
	__u32 fresh = flags & ~__sync_fetch_and_or(&r->flags, flags);

	if (fresh & DWD_STOP_CONFIRMED)
		__sync_fetch_and_sub(&control.provisional, 1);
	if (fresh & DWD_STOP_RELEASED)
		make_room(r);
}

/* Add flags to a stop's record. 1: there is none. */
SEC("?raw_tp")
int flag_stop(struct bpf_raw_tracepoint_args *ctx)
{
	struct dwd_stop_key key = key_argument(ctx);
	struct dwd_stop_record *r = bpf_map_lookup_elem(&stops, &key);

	if (!r)
		return 1;
	add_flags(r, ctx->args[2]);
	return 0;
}

/* Remove a stop's record. 1: there is none; 2: it is there still, and may be asked for again. */
SEC("?raw_tp")
int forget_stop(struct bpf_raw_tracepoint_args *ctx)
{
	struct dwd_stop_key key = key_argument(ctx);
	struct dwd_stop_record *r = bpf_map_lookup_elem(&stops, &key);

	if (!r)
		return 1;
	add_flags(r, DWD_STOP_CONFIRMED | DWD_STOP_RELEASED);
	return bpf_map_delete_elem(&stops, &key) != 0 ? 2 : 0;
}

/* In which pid namespace is the caller? */
SEC("?raw_tp")
int note_namespace(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	local.pid_level = BPF_CORE_READ(task, thread_pid, level);
	local.pid_namespace = pid_namespace_of(task);
	return 0;
}

/* What file is behind a descriptor of the caller? stat(2) gives another device number on btrfs and
 * overlayfs, so the daemon asks here, by BPF_PROG_TEST_RUN. */
struct dwd_file_id resolved_file;

SEC("?raw_tp")
int resolve_descriptor(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 fd = ctx->args[0];
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **slot = BPF_CORE_READ(table, fd), *file = NULL;
	struct inode *inode;

	if (fd >= BPF_CORE_READ(table, max_fds))
		return 1;
	bpf_probe_read_kernel(&file, sizeof(file), slot + fd);
	inode = BPF_CORE_READ(file, f_inode);
	if (!inode)
		return 1;
	resolved_file.ino = BPF_CORE_READ(inode, i_ino);
	resolved_file.dev = BPF_CORE_READ(inode, i_sb, s_dev);
	resolved_file.generation = BPF_CORE_READ(inode, i_generation);
	return 0;
}

#endif
