/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef DWD_EXEMPT_H
#define DWD_EXEMPT_H

/*
 * Who is never stopped: init; what has a debugger already; dwd's own programs; a process the daemon
 * has exempted, as it has a stop in hand, with all that descends from it; what the kernel runs on
 * its own account. And nobody is where there is no daemon to let him go.
 */

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

#endif
