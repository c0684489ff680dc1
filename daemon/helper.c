/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "helper.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "clock.h"

#define DEATH_US    50000 /* that a killed helper may take to end, if nothing holds it */
#define LONG_US	    250000
#define BEARABLE_US 500000 /* that a user may take before he has to wait */
#define WAIT_FACTOR 10
/* Root himself may keep it waiting for so long: some file systems that do not answer. */
#define ROOTS_BEARABLE_US 3000000

int helper_close_others(int a, int b)
{
	unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);
	unsigned first = STDERR_FILENO + 1;

	if (low > first && close_range(first, low - 1, 0) < 0)
		return -errno;
	if (high > low + 1 && close_range(low + 1, high - 1, 0) < 0)
		return -errno;
	return close_range(high + 1, ~0U, 0) < 0 ? -errno : 0;
}

static _Noreturn void help(const struct helper_job *job, int report)
{
	char result[PIPE_BUF];
	ssize_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (helper_close_others(job->keep, report) < 0)
		_exit(1);
	job->work(job->userdata, result);
	do
		n = write(report, result, job->size);
	while (n < 0 && errno == EINTR);
	_exit(0);
}

int helper_await(int fd, uint64_t end)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	uint64_t now;

	while ((now = clock_monotonic_us()) < end) {
		int n = poll(&p, 1, (int)((end - now) / 1000 + 1));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			return 0;
	}
	return -ETIMEDOUT;
}

static int await_result(int report, void *result, size_t size, uint64_t end)
{
	int r = helper_await(report, end);

	if (r < 0)
		return r;
	return read(report, result, size) == (ssize_t)size ? 0 : -ECHILD;
}

/* True if there is nothing more to collect. */
static bool collect(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) != 0;
}

static bool end(pid_t pid, uint64_t patience_end)
{
	_cleanup_fd_ int pidfd = pidfd_open(pid, 0);

	kill(pid, SIGKILL);
	if (pidfd >= 0)
		helper_await(pidfd, patience_end);
	return collect(pid);
}

bool helpers_collect(struct helpers *h)
{
	bool left = false;

	for (size_t i = 0; i < ARRAY_SIZE(h->late); i++) {
		struct helper *late = &h->late[i];

		if (late->pid && collect(late->pid))
			late->pid = 0;
		left |= late->pid != 0;
	}
	return left;
}

/* Root's places are root's alone, and his alone: neither keeps the other out. */
static bool may_have(const struct helpers *h, const struct helper *place, uid_t uid)
{
	return (place >= h->late + USERS_HELPERS) == (uid == 0);
}

/* A place that is free, or that of the user who owes least; NULL if no helper has ended. */
static struct helper *find_room(struct helpers *h, uid_t uid)
{
	struct helper *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(h->late); i++) {
		struct helper *late = &h->late[i];

		if (may_have(h, late, uid) && !late->pid &&
		    (!found || late->paid_at < found->paid_at))
			found = late;
	}
	return found;
}

/* His own place, where he owes something already; else any. */
static struct helper *find_room_of(struct helpers *h, uid_t uid)
{
	for (size_t i = 0; i < ARRAY_SIZE(h->late); i++)
		if (!h->late[i].pid && h->late[i].paid_at && h->late[i].uid == uid)
			return &h->late[i];
	return find_room(h, uid);
}

/* Of root's, one that has not ended leaves room for others. */
static bool must_wait(const struct helpers *h, uid_t uid)
{
	uint64_t bearable = uid == 0 ? ROOTS_BEARABLE_US : BEARABLE_US;
	uint64_t limit = clock_monotonic_us() + WAIT_FACTOR * bearable;

	for (size_t i = 0; i < ARRAY_SIZE(h->late); i++) {
		const struct helper *late = &h->late[i];

		if (late->uid == uid && ((late->pid && uid != 0) || late->paid_at > limit))
			return true;
	}
	return false;
}

bool helpers_has(const struct helpers *h, pid_t pid)
{
	for (size_t i = 0; i < ARRAY_SIZE(h->late); i++)
		if (pid && h->late[i].pid == pid)
			return true;
	return false;
}

int helpers_admit(struct helpers *h, uid_t uid)
{
	helpers_collect(h);
	return find_room(h, uid) && !must_wait(h, uid) ? 0 : -EBUSY;
}

void helpers_account(struct helpers *h, pid_t pid, uid_t uid, uint64_t began)
{
	struct helper *room = find_room_of(h, uid);
	uint64_t now = clock_monotonic_us(), paid_at;
	bool owes;

	if (!room)
		return;
	owes = room->uid == uid && room->paid_at > now;
	paid_at = (owes ? room->paid_at : now) + WAIT_FACTOR * (now - began);
	if (pid || paid_at > room->paid_at)
		*room = (struct helper){.pid = pid, .uid = uid, .paid_at = paid_at};
}

void helpers_end(struct helpers *h, pid_t pid, uid_t uid, uint64_t began)
{
	bool ended = end(pid, clock_monotonic_us() + DEATH_US);

	helpers_account(h, ended ? 0 : pid, uid, began);
}

/* What is soon done is free, and so is all that is root's: he may set variables in thousands of
 * processes, on a slow machine. */
static void settle(struct helpers *h, uid_t uid, pid_t pid, uint64_t began)
{
	uint64_t now = clock_monotonic_us();

	helpers_account(h, pid, uid, uid == 0 || now - began < LONG_US ? now : began);
}

int helpers_run(struct helpers *h, const struct helper_job *job, void *result)
{
	uint64_t began = clock_monotonic_us(), patience_end = began + HELPER_PATIENCE_US;
	int pipes[2], r;
	pid_t pid;

	r = helpers_admit(h, job->uid);
	if (r < 0)
		return r;
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		help(job, pipes[1]);
	r = pid < 0 ? -errno : 0;
	close(pipes[1]);
	if (pid > 0) {
		r = await_result(pipes[0], result, job->size, patience_end);
		if (r < 0)
			patience_end = clock_monotonic_us() + DEATH_US;
		settle(h, job->uid, end(pid, patience_end) ? 0 : pid, began);
	}
	close(pipes[0]);
	return r;
}
