/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "procfs.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "util.h"

/* A process in many groups has a long status file; nothing here is ever longer than this. */
#define FILE_MAX  (1024 * 1024)
#define PATH_SIZE 64

/* The kernel's own, from include/linux/sched.h and (PROC_PID_INIT_INO) proc_ns.h. */
#define PF_EXITING	      0x4
#define INITIAL_PID_NAMESPACE 0xEFFFFFFC

static int process_error(int error)
{
	/* Reads answer ESRCH when the process ended after open(). */
	return error == ENOENT ? -ESRCH : -error;
}

static void process_path(pid_t pid, const char *name, char path[static PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "/proc/%d/%s", (int)pid, name);
}

/* Read up to `max` bytes; a NUL follows them. */
static int read_file(pid_t pid, const char *name, size_t max, char **ret, size_t *size)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_fd_ int fd = -1;
	size_t room = 0, used = 0;
	char path[PATH_SIZE];

	process_path(pid, name, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return process_error(errno);

	for (;;) {
		ssize_t n;

		if (used + 1 >= room) {
			char *larger;

			if (text && used >= max)
				break;
			room = room ? room * 2 : 4096;
			larger = realloc(text, room);
			if (!larger)
				return -ENOMEM;
			text = larger;
		}
		n = read(fd, text + used, room - used - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return process_error(errno);
		if (n == 0)
			break;
		used += (size_t)n;
	}
	if (used > max)
		used = max;
	text[used] = '\0';
	*ret = steal_pointer(text);
	*size = used;
	return 0;
}

/*
 * "1234 (comm) S 1 ...": the comm may hold spaces and parentheses, so count from the last ')'. The
 * state is field 3, the start time field 22.
 */
int procfs_parse_stat(const char *text, struct procfs_stat *ret)
{
	const char *p = strrchr(text, ')');
	struct procfs_stat stat = {};

	if (!p || p[1] != ' ' || !isalpha((unsigned char)p[2]))
		return -EBADMSG;
	p += 2;
	stat.state = *p;
	for (int field = 3; field < 22; field++) {
		p = strchr(p, ' ');
		if (!p)
			return -EBADMSG;
		p++;
		if (field + 1 == 9)
			stat.exiting = strtoul(p, NULL, 10) & PF_EXITING;
		if (field + 1 == 10 || field + 1 == 12)
			stat.faults += strtoull(p, NULL, 10);
	}
	if (sscanf(p, "%" SCNu64, &stat.start_ticks) != 1)
		return -EBADMSG;
	*ret = stat;
	return 0;
}

/* The value of one line of a status file, past the colon and the blank. */
static const char *status_line(const char *text, const char *name)
{
	size_t length = strlen(name);

	while (text) {
		if (strncmp(text, name, length) == 0 && text[length] == ':')
			return text + length + 1 + strspn(text + length + 1, " \t");
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return NULL;
}

static bool has_sigstop(const char *mask)
{
	return strtoull(mask, NULL, 16) & (1ULL << (SIGSTOP - 1));
}

/* The pid in each namespace from the reader's inwards: the last is its own. */
static pid_t last_number(const char *line)
{
	pid_t last = 0;

	while (isdigit((unsigned char)*line)) {
		char *end;

		last = (pid_t)strtol(line, &end, 10);
		line = end + strspn(end, " \t");
	}
	return last;
}

int procfs_parse_status(const char *text, struct procfs_status *ret)
{
	const char *state = status_line(text, "State");
	const char *tracer = status_line(text, "TracerPid");
	const char *own = status_line(text, "SigPnd");
	const char *shared = status_line(text, "ShdPnd");
	const char *pids = status_line(text, "NSpid");

	if (!state || !isalpha((unsigned char)*state) || !tracer || !own || !shared)
		return -EBADMSG;
	*ret = (struct procfs_status){
		.state = *state,
		.tracer = (pid_t)strtol(tracer, NULL, 10),
		.inner_pid = pids ? last_number(pids) : 0,
		.sigstop_pending = has_sigstop(own) || has_sigstop(shared),
	};
	return 0;
}

static bool parse_ids(const char *line, uint32_t ids[static PROCFS_IDS])
{
	return line && sscanf(line, "%" SCNu32 "%" SCNu32 "%" SCNu32 "%" SCNu32, &ids[PROCFS_REAL],
			      &ids[PROCFS_EFFECTIVE], &ids[PROCFS_SAVED],
			      &ids[PROCFS_FILESYSTEM]) == PROCFS_IDS;
}

/* Without the owner, who does not stand there. */
int procfs_parse_credentials(const char *text, struct procfs_credentials *ret)
{
	const char *permitted = status_line(text, "CapPrm");
	struct procfs_credentials c = {};

	if (!parse_ids(status_line(text, "Uid"), c.uids) ||
	    !parse_ids(status_line(text, "Gid"), c.gids) || !permitted ||
	    sscanf(permitted, "%" SCNx64, &c.permitted) != 1)
		return -EBADMSG;
	*ret = c;
	return 0;
}

/* The link itself, not what it leads to: it belongs to the user who may read it. */
static int read_owner(pid_t pid, uid_t *ret)
{
	char path[PATH_SIZE];
	struct stat st;

	process_path(pid, "exe", path);
	if (lstat(path, &st) < 0)
		return process_error(errno);
	*ret = st.st_uid;
	return 0;
}

int procfs_read_credentials(pid_t pid, struct procfs_credentials *ret)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r;

	r = read_file(pid, "status", FILE_MAX, &text, &size);
	if (r >= 0)
		r = procfs_parse_credentials(text, ret);
	return r < 0 ? r : read_owner(pid, &ret->owner);
}

int procfs_read_stat(pid_t pid, struct procfs_stat *ret)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r;

	r = read_file(pid, "stat", FILE_MAX, &text, &size);
	return r < 0 ? r : procfs_parse_stat(text, ret);
}

int procfs_read_status(pid_t pid, struct procfs_status *ret)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r;

	r = read_file(pid, "status", FILE_MAX, &text, &size);
	return r < 0 ? r : procfs_parse_status(text, ret);
}

int procfs_read_limit(pid_t pid, const char *name, uint64_t *ret)
{
	_cleanup_free_ char *text = NULL;
	const char *line, *value;
	size_t size;
	int r;

	r = read_file(pid, "limits", FILE_MAX, &text, &size);
	if (r < 0)
		return r;
	line = strstr(text, name);
	if (!line)
		return -EBADMSG;
	value = line + strlen(name);
	value += strspn(value, " ");
	if (strncmp(value, "unlimited", strlen("unlimited")) == 0)
		*ret = UINT64_MAX;
	else if (sscanf(value, "%" SCNu64, ret) != 1)
		return -EBADMSG;
	return 0;
}

int procfs_read_run_time(pid_t pid, uint64_t *ret)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r;

	r = read_file(pid, "schedstat", FILE_MAX, &text, &size);
	if (r < 0)
		return r;
	return sscanf(text, "%" SCNu64, ret) == 1 ? 0 : -EBADMSG;
}

int procfs_read_link(pid_t pid, const char *name, char **ret)
{
	char path[PATH_SIZE], target[PATH_MAX];
	ssize_t n;

	process_path(pid, name, path);
	n = readlink(path, target, sizeof(target));
	if (n < 0)
		return process_error(errno);
	*ret = strndup(target, (size_t)n);
	return *ret ? 0 : -ENOMEM;
}

int procfs_read_cmdline(pid_t pid, size_t max, char **ret, size_t *size)
{
	return read_file(pid, "cmdline", max, ret, size);
}

uint32_t procfs_namespace(pid_t pid, const char *name)
{
	char path[PATH_SIZE];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	return stat(path, &st) < 0 ? 0 : (uint32_t)st.st_ino;
}

uint32_t procfs_own_namespace(const char *name)
{
	return procfs_namespace(getpid(), name);
}

int procfs_find_in_pid_namespace(uint32_t pid_namespace, pid_t *ret)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	int r = 0;

	if (!processes)
		return -errno;
	while (r <= 0 && (entry = readdir(processes))) {
		pid_t pid = atoi(entry->d_name); /* 0: not a process */
		uint32_t theirs;

		/* 1 is in ours, and in some sandboxes may not be looked at. */
		if (pid <= 1)
			continue;
		errno = 0;
		theirs = procfs_namespace(pid, "pid");
		if (theirs == pid_namespace) {
			*ret = pid;
			r = 1;
		} else if (!theirs && errno != ENOENT && errno != ESRCH) {
			r = -errno; /* it may be one */
		}
	}
	closedir(processes);
	if (r == 0 && procfs_own_namespace("pid") != INITIAL_PID_NAMESPACE)
		return -EXDEV;
	return r;
}

bool procfs_is_own(void)
{
	char self[PATH_SIZE] = {};

	return readlink("/proc/self", self, sizeof(self) - 1) > 0 && atoi(self) == getpid();
}

uint64_t procfs_ticks(uint64_t ns)
{
	return ns / (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK));
}
