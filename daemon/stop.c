/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stop.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>

#include "clock.h"
#include "permissions.h"
#include "procfs.h"
#include "watch.h"

static const char *const state_names[] = {
	[STOP_STOPPING] = "stopping", [STOP_STOPPED] = "stopped", [STOP_ATTACHED] = "attached",
	[STOP_RUNNING] = "running",   [STOP_GONE] = "gone",
};

_Static_assert(ARRAY_SIZE(state_names) == STOP_STATE_COUNT, "a state has no name");

#define TO(state) (1 << (state))

/* Which states may follow each. */
static const unsigned transitions[STOP_STATE_COUNT] = {
	[STOP_STOPPING] = TO(STOP_STOPPED) | TO(STOP_RUNNING) | TO(STOP_GONE),
	[STOP_STOPPED] = TO(STOP_ATTACHED) | TO(STOP_RUNNING) | TO(STOP_GONE),
	[STOP_ATTACHED] = TO(STOP_STOPPED) | TO(STOP_RUNNING) | TO(STOP_GONE),
	[STOP_RUNNING] = 0,
	[STOP_GONE] = 0,
};

const char *stop_state_name(enum stop_state state)
{
	return state_names[state];
}

bool stop_is_over(const struct stop *s)
{
	return transitions[s->now.state] == 0;
}

bool stop_become(struct stop *s, enum stop_state state)
{
	if (!(transitions[s->now.state] & TO(state)))
		return false;
	s->now.state = state;
	if (state != STOP_ATTACHED)
		s->now.tracer = 0;
	return true;
}

/* Copy `size` bytes and a NUL to *room, which moves on. */
static struct stop_bytes store(char **room, const char *data, uint32_t size)
{
	struct stop_bytes bytes = {.data = *room, .size = size};

	memcpy(*room, data, size);
	(*room)[size] = '\0';
	*room += size + 1;
	return bytes;
}

static void store_comm(char to[static DWD_COMM_LEN], const char from[static DWD_COMM_LEN])
{
	memcpy(to, from, DWD_COMM_LEN);
	to[DWD_COMM_LEN - 1] = '\0';
}

static uint32_t at_most(uint32_t value, uint32_t limit)
{
	return value < limit ? value : limit;
}

bool stop_record_is_sound(const struct dwd_stop_record *record)
{
	uint32_t watches = at_most(record->watch_count, DWD_RECORD_WATCHES);

	for (uint32_t i = 0; i < watches; i++)
		if (record->watches[i] > INT64_MAX)
			return false;
	return record->id > 0 && record->id <= INT64_MAX && record->key.start_time <= INT64_MAX &&
	       record->key.tgid > 0 && record->key.tgid <= INT32_MAX && record->ppid <= INT32_MAX &&
	       record->cgroup_id <= INT64_MAX && record->users_watch <= INT64_MAX &&
	       record->backend < DWD_BACKEND_COUNT;
}

int stop_new(struct stop **ret, const struct dwd_stop_record *record)
{
	uint32_t watches = at_most(record->watch_count, DWD_RECORD_WATCHES);
	uint32_t exe = (uint32_t)strnlen(record->exe, sizeof(record->exe));
	uint32_t path = (uint32_t)strnlen(record->path, sizeof(record->path));
	uint32_t argv = at_most(record->argv_len, sizeof(record->argv));
	size_t head = sizeof(struct stop) + watches * sizeof(uint64_t);
	struct stop *s = malloc(head + exe + path + argv + 3);
	char *room;

	if (!s)
		return -ENOMEM;
	room = (char *)s + head;
	*s = (struct stop){
		.references = 1,
		.pidfd = -1,
		.key = record->key,
		.id = record->id,
		.pid = (pid_t)record->key.tgid,
		.since = clock_realtime_of_boottime(record->time),
		.recorded = record->time,
		.cgroup_id = record->cgroup_id,
		.backend = record->backend,
		.flags = record->flags,
		.ppid = (pid_t)record->ppid,
		.uid = record->uid,
		.euid = record->euid,
		.gid = record->gid,
		.egid = record->egid,
		.pid_ns = record->pid_ns,
		.mnt_ns = record->mnt_ns,
		.users_watch = record->users_watch,
		.shielded = true,
		.watches_total = record->watch_count,
		.watch_count = watches,
	};
	store_comm(s->comm, record->comm);
	store_comm(s->parent, record->parent_comm);
	memcpy(s->watches, record->watches, watches * sizeof(uint64_t));
	s->exe = store(&room, record->exe, exe);
	s->path = store(&room, record->path, path);
	s->argv = store(&room, record->argv, argv);
	*ret = s;
	return 0;
}

struct stop *stop_ref(struct stop *s)
{
	s->references++;
	return s;
}

struct stop *stop_unref(struct stop *s)
{
	if (s && --s->references == 0) {
		stop_close(s);
		free(s->cwd);
		free(s->whole_exe);
		for (size_t i = 0; i < s->variables_count; i++)
			free(s->variables[i]);
		free(s->variables);
		free(s->setenv_error);
		free(s);
	}
	return NULL;
}

void stop_close(struct stop *s)
{
	s->pidfd = close_fd(s->pidfd);
}

/* A pidfd becomes readable when its process has ended. */
bool stop_has_ended(const struct stop *s)
{
	struct pollfd p = {.fd = s->pidfd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

static bool is_dead(char state)
{
	return state == 'Z' || state == 'X' || state == 'x';
}

int stop_open(struct stop *s, enum stop_sight *ret)
{
	_cleanup_fd_ int pidfd = pidfd_open(s->pid, 0);
	struct procfs_stat stat;
	int r;

	if (pidfd < 0 && errno != ESRCH && errno != EINVAL)
		return -errno;
	/* The pid is read after the pidfd was opened: if the start time is the recorded one, the
	 * process had not ended before either. EINVAL: the pid is now a thread's. */
	r = pidfd < 0 ? -ESRCH : procfs_read_stat(s->pid, &stat);
	if (r < 0 && r != -ESRCH)
		return r;
	if (r < 0 || stat.start_ticks != procfs_ticks(s->key.start_time) || is_dead(stat.state)) {
		*ret = SIGHT_GONE;
		return 0;
	}
	s->pidfd = steal_fd(&pidfd);
	*ret = stat.state == 'T' ? SIGHT_STOPPED : SIGHT_RUNNING;
	return 0;
}

static enum stop_sight judge(const struct procfs_status *status)
{
	if (is_dead(status->state))
		return SIGHT_GONE;
	if (status->tracer)
		return SIGHT_TRACED;
	if (status->state == 'T')
		return SIGHT_STOPPED;
	if (status->sigstop_pending)
		return SIGHT_PENDING;
	if (status->state == 'D')
		return SIGHT_BLOCKED;
	return status->state == 'S' ? SIGHT_ASLEEP : SIGHT_RUNNING;
}

int stop_look(const struct stop *s, enum stop_sight *ret, pid_t *tracer)
{
	struct procfs_status status;
	int r;

	r = procfs_read_status(s->pid, &status);
	if (r < 0 && r != -ESRCH)
		return r;
	/* Alive after the file was read: then it was this process that was read about. */
	if (r < 0 || stop_has_ended(s)) {
		*ret = SIGHT_GONE;
		return 0;
	}
	*ret = judge(&status);
	if (*ret == SIGHT_TRACED)
		*tracer = status.tracer;
	return 0;
}

/* The first process, whose pids this one goes by, is of no container either: this one may have been
 * put into a mount namespace of its own by the service manager. */
bool stop_in_container(const struct stop *s)
{
	static uint32_t pid_ns, mnt_ns, first_mnt_ns;

	if (!pid_ns) {
		pid_ns = procfs_own_namespace("pid");
		mnt_ns = procfs_own_namespace("mnt");
		first_mnt_ns = procfs_namespace(1, "mnt");
	}
	return s->pid_ns != pid_ns || (s->mnt_ns != mnt_ns && s->mnt_ns != first_mnt_ns);
}

/* A process with capabilities of its own in the daemon's user namespace can be traced only by who
 * has them too; in a user's own namespace they are his. */
static bool is_shielded(const struct stop *s)
{
	struct procfs_credentials c;

	if (procfs_read_credentials(s->pid, &c) < 0 || c.owner != s->uid)
		return true;
	return c.permitted && procfs_namespace(s->pid, "user") == procfs_own_namespace("user");
}

void stop_learn(struct stop *s)
{
	struct procfs_status status;
	struct procfs_stat stat;

	s->untouched = procfs_read_stat(s->pid, &stat) == 0 && stat.state == 'T';
	s->faults = s->untouched ? stat.faults : 0;
	procfs_read_link(s->pid, "cwd", &s->cwd);
	if (s->exe.size == 0 || (s->flags & DWD_STOP_EXE_TRUNCATED))
		procfs_read_link(s->pid, "exe", &s->whole_exe);
	if (stop_in_container(s) && procfs_read_status(s->pid, &status) == 0)
		s->inner_pid = status.inner_pid;
	if (s->users_watch)
		s->shielded = is_shielded(s);
	if (stop_has_ended(s)) {
		/* It may have been another process by then. */
		free(steal_pointer(s->cwd));
		free(steal_pointer(s->whole_exe));
		s->inner_pid = 0;
		s->shielded = true;
	}
}

int stop_remember_variables(struct stop *s, const char *const *variables)
{
	for (; *variables; variables++) {
		size_t n = s->variables_count;
		char **more = reallocarray(s->variables, n + 1, sizeof(*more));

		if (!more)
			return -ENOMEM;
		s->variables = more;
		s->variables[n] = strdup(*variables);
		if (!s->variables[n])
			return -ENOMEM;
		s->variables_count++;
	}
	return 0;
}

int stop_signal(const struct stop *s, int signal)
{
	if (s->pidfd < 0)
		return -ESRCH;
	return pidfd_send_signal(s->pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

/* The name a file goes by: a memfd's has a prefix that its maker did not give it. */
static bool has_name(const char *path, const char *name)
{
	const char *leaf = path_leaf(path);

	return str_eq(leaf, name) || (strncmp(leaf, "memfd:", 6) == 0 && str_eq(leaf + 6, name));
}

/* Whether exec was given `path`, if by another name or relative to the working directory. */
static bool was_given(const struct stop *s, const char *path)
{
	_cleanup_free_ char *absolute = NULL, *normal = NULL;
	bool directory;

	if (s->path.data[0] == '/')
		absolute = strdup(s->path.data);
	else if (!s->cwd || asprintf(&absolute, "%s/%s", s->cwd, s->path.data) < 0)
		return false;
	if (!absolute)
		return false;
	normal = malloc(strlen(absolute) + 2);
	return normal && !watch_normalise(absolute, normal, &directory) && str_eq(normal, path);
}

bool stop_matches(const struct stop *s, const struct stop_selector *selector)
{
	const char *exe = s->whole_exe ? s->whole_exe : s->exe.data, *path = s->path.data;

	if (!permissions_see_stop(&selector->viewer, s))
		return false;
	if (selector->id && s->id != selector->id)
		return false;
	if (selector->pid && s->pid != selector->pid)
		return false;
	if (!permissions_see_details(&selector->viewer, s))
		return !selector->path && (!selector->name || str_eq(s->comm, selector->name));
	if (selector->name && !has_name(exe, selector->name) && !has_name(path, selector->name))
		return false;
	return !selector->path || str_eq(exe, selector->path) || str_eq(path, selector->path) ||
	       was_given(s, selector->path);
}
