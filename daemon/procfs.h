/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_PROCFS_H
#define DWD_PROCFS_H

/*
 * What /proc tells about one process. Readers say what the files say at that moment, about
 * whichever process has that pid now: whether it is the one meant is for the caller to make sure.
 *
 * Readers return -ESRCH when there is no such process (any more), -EBADMSG when a file is not what
 * proc(5) promises, or another -errno. Parsers work on text with a NUL at its end.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* From /proc/PID/stat: what identifies a process, and its state as ps(1) shows it. */
struct procfs_stat {
	char state;
	bool exiting;	      /* it ends, but may have descriptors open still */
	uint64_t start_ticks; /* field 22, in clock ticks since boot */
	uint64_t faults;      /* page faults that it had itself, minor and major */
};

/* From /proc/PID/status. */
struct procfs_status {
	char state;
	pid_t tracer;	 /* 0: none */
	pid_t inner_pid; /* the pid in its own, innermost, pid namespace */
	bool sigstop_pending;
};

/* Of the four ids of either kind in a status file. */
enum { PROCFS_REAL, PROCFS_EFFECTIVE, PROCFS_SAVED, PROCFS_FILESYSTEM, PROCFS_IDS };

/* What a process may do, and who may do something to it. */
struct procfs_credentials {
	uint32_t uids[PROCFS_IDS], gids[PROCFS_IDS];
	uint64_t permitted; /* capabilities */
	uid_t owner;	    /* of its files in /proc: not its own user if it cannot be dumped */
};

int procfs_parse_credentials(const char *text, struct procfs_credentials *ret);
int procfs_read_credentials(pid_t pid, struct procfs_credentials *ret);
int procfs_parse_stat(const char *text, struct procfs_stat *ret);
int procfs_parse_status(const char *text, struct procfs_status *ret);
int procfs_read_stat(pid_t pid, struct procfs_stat *ret);
int procfs_read_status(pid_t pid, struct procfs_status *ret);

/* The soft limit in the line of /proc/PID/limits that begins with `name`; UINT64_MAX: none.
 * prlimit(2) would take CAP_SYS_RESOURCE. */
int procfs_read_limit(pid_t pid, const char *name, uint64_t *ret);

/* How long its first thread has been on a processor, in ns: /proc/PID/schedstat. That is -ESRCH as
 * well where the kernel does not count it (no CONFIG_SCHED_INFO). */
int procfs_read_run_time(pid_t pid, uint64_t *ret);

/* A symbolic link such as "cwd" or "exe"; *ret is to be freed. */
int procfs_read_link(pid_t pid, const char *name, char **ret);

/* At most `max` bytes of the argument strings; *ret is to be freed and has a NUL after *size. */
int procfs_read_cmdline(pid_t pid, size_t max, char **ret, size_t *size);

/* The inode number that names one of a process's namespaces, or of this process's own ("pid",
 * "mnt", "user"); 0 if unknown. */
uint32_t procfs_namespace(pid_t pid, const char *name);
uint32_t procfs_own_namespace(const char *name);

/* A process of this pid namespace, not our own: 1 and its pid (here), or 0 if none lives. -EXDEV:
 * from here, not being the machine's own namespace, only some can be seen. */
int procfs_find_in_pid_namespace(uint32_t pid_namespace, pid_t *ret);

/* Whether the pids in /proc are those that this process and the kernel side use: /proc is mounted,
 * and of the pid namespace that this process is in. */
bool procfs_is_own(void);

/* Nanoseconds since boot as /proc/PID/stat counts them (nsec_to_clock_t() in the kernel). */
uint64_t procfs_ticks(uint64_t ns);

#endif
