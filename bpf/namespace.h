/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef DWD_NAMESPACE_H
#define DWD_NAMESPACE_H

/*
 * Pids as the daemon knows them. In a container with a pid namespace of its own, a process has
 * another number than in the initial one; and processes outside have none, so that the daemon could
 * neither tell of them nor release them: they are nobody's there.
 */

/* The pid namespace a task lives in is that of its struct pid's last number. */
static __always_inline struct upid *number_at(struct pid *pid, __u32 level)
{
	return (void *)pid + bpf_core_field_offset(struct pid, numbers) +
	       level * bpf_core_type_size(struct upid);
}

static __always_inline __u32 pid_namespace_of(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct upid *own = number_at(pid, BPF_CORE_READ(pid, level));

	return BPF_CORE_READ(own, ns, ns.inum);
}

/* The thread group of a task, by the number it has in the daemon's pid namespace; 0: it has none.
 */
static __always_inline __u32 tgid_of(struct task_struct *task)
{
	__u32 level = local.pid_level;
	struct upid *number;
	struct pid *pid;

	if (level == 0)
		return BPF_CORE_READ(task, tgid);
	pid = BPF_CORE_READ(task, group_leader, thread_pid);
	if (BPF_CORE_READ(pid, level) < level)
		return 0;
	number = number_at(pid, level);
	if (BPF_CORE_READ(number, ns, ns.inum) != local.pid_namespace)
		return 0;
	return BPF_CORE_READ(number, nr);
}

#endif
