/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Helpers that are done, that hang, and that not even SIGKILL ends.
 *
 * What holds up the latter here is a tracer, which its end is reported to and who does not let it
 * go on (PTRACE_EVENT_EXIT) before it is told to.
 */

#include "harness.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "clock.h"
#include "helper.h"

#define USER	  1000
#define NEIGHBOUR 1001

static void answer(const void *userdata, void *result)
{
	memcpy(result, userdata, sizeof(int));
}

static void hang(const void *userdata, void *result)
{
	for (;;)
		pause();
}

static void die(const void *userdata, void *result)
{
	_exit(0);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* Which of two descriptors it has, in two bits. */
static void look_around(const void *userdata, void *result)
{
	const int *fds = userdata;
	int found = is_open(fds[0]) | is_open(fds[1]) << 1;

	memcpy(result, &found, sizeof(found));
}

/* Hold `pid` in its end until `until` can be read or is closed at the other end. */
static _Noreturn void hold(pid_t pid, int ready, int until)
{
	int status;
	char c;

	if (ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACEEXIT) < 0)
		_exit(1);
	close(ready);
	while (read(until, &c, 1) < 0 && errno == EINTR)
		;
	/* It goes on when its tracer ends. */
	waitpid(pid, &status, __WALL | WNOHANG);
	_exit(0);
}

static void hang_for_good(const void *userdata, void *result)
{
	const int *until = userdata;
	pid_t helper = getpid();
	int ready[2];
	char c;

	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	if (pipe(ready) < 0)
		_exit(1);
	if (fork() == 0) {
		close(ready[0]);
		hold(helper, ready[1], *until);
	}
	close(ready[1]);
	while (read(ready[0], &c, 1) < 0 && errno == EINTR)
		;
	hang(NULL, NULL);
}

static int run(struct helpers *h, uid_t uid, void (*work)(const void *, void *), const int *data,
	       int *result)
{
	const struct helper_job job = {
		.uid = uid,
		.keep = data ? data[0] : STDERR_FILENO,
		.size = sizeof(*result),
		.work = work,
		.userdata = data,
	};

	return helpers_run(h, &job, result);
}

static int run_answer(struct helpers *h, uid_t uid)
{
	static const int data[] = {STDERR_FILENO};
	int result;

	return run(h, uid, answer, data, &result);
}

static void wait_collected(struct helpers *h)
{
	while (helpers_collect(h))
		usleep(1000);
}

static void test_done(void **state)
{
	static const int data[] = {STDERR_FILENO};
	struct helpers h = {};
	int result;

	for (int i = 0; i < 10; i++) {
		result = -1;
		assert_int_equal(run(&h, USER, answer, data, &result), 0);
		assert_int_equal(result, STDERR_FILENO);
	}
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void test_ends_without_a_result(void **state)
{
	struct helpers h = {};
	int result;

	assert_int_equal(run(&h, USER, die, NULL, &result), -ECHILD);
	assert_int_equal(run_answer(&h, USER), 0);
}

static void test_has_only_what_it_needs(void **state)
{
	struct helpers h = {};
	int fds[2], result;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(run(&h, USER, look_around, fds, &result), 0);
	assert_int_equal(result, 1);
	close(fds[0]);
	close(fds[1]);
}

/* It can be ended; but its user has to wait, and root after some of them. */
static void test_hangs(void **state)
{
	struct helpers h = {};
	int result;

	assert_int_equal(run(&h, USER, hang, NULL, &result), -ETIMEDOUT);
	wait_collected(&h);
	assert_int_equal(run_answer(&h, USER), -EBUSY);
	assert_int_equal(run_answer(&h, NEIGHBOUR), 0);
	assert_int_equal(run(&h, 0, hang, NULL, &result), -ETIMEDOUT);
	wait_collected(&h);
	assert_int_equal(run_answer(&h, 0), 0);
}

/* A dead file system with many files of root's does not take all the time there is. */
static void test_root_pays_too(void **state)
{
	struct helpers h = {};
	int r = 0, times = 0;

	for (; r == 0 && times < 100; times++) {
		r = helpers_admit(&h, 0);
		if (r == 0)
			helpers_account(&h, 0, 0, clock_monotonic_us() - HELPER_PATIENCE_US);
	}
	assert_int_equal(r, -EBUSY);
	assert_in_range(times, 3, 6);
	assert_int_equal(helpers_admit(&h, USER), 0);
}

/* 50 ms each, again and again, if he is admitted. */
static int be_slow(struct helpers *h, uid_t uid)
{
	int r = 0;

	for (int i = 0; i < 20 && r == 0; i++) {
		r = helpers_admit(h, uid);
		if (r == 0)
			helpers_account(h, 0, uid, clock_monotonic_us() - 50000);
	}
	return r;
}

static void test_slow_again_and_again(void **state)
{
	struct helpers h = {};

	assert_int_equal(be_slow(&h, 0), 0);
	assert_int_equal(be_slow(&h, USER), -EBUSY);
	assert_int_equal(helpers_admit(&h, NEIGHBOUR), 0);
	assert_int_equal(helpers_admit(&h, 0), 0);
}

static void test_hangs_for_good(void **state)
{
	struct helpers h = {};
	int fds[2], result;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(run(&h, USER, hang_for_good, fds, &result), -ETIMEDOUT);
	assert_true(helpers_collect(&h));
	assert_int_equal(run_answer(&h, USER), -EBUSY);
	assert_int_equal(run_answer(&h, NEIGHBOUR), 0);
	close(fds[1]);
	wait_collected(&h);
	close(fds[0]);
}

/* One of root's keeps nobody out, nor do those of users; many of them do, whosever they are. */
static void test_many_hang_for_good(void **state)
{
	struct helpers h = {};
	int fds[2], result;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	for (uid_t i = 0; i < USERS_HELPERS; i++)
		assert_int_equal(run(&h, USER + i, hang_for_good, fds, &result), -ETIMEDOUT);
	assert_int_equal(run_answer(&h, USER + USERS_HELPERS), -EBUSY);
	for (int i = 0; i < ROOTS_HELPERS; i++) {
		assert_int_equal(run_answer(&h, 0), 0);
		assert_int_equal(run(&h, 0, hang_for_good, fds, &result), -ETIMEDOUT);
	}
	assert_int_equal(run_answer(&h, 0), -EBUSY);
	close(fds[1]);
	wait_collected(&h);
	close(fds[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_done),
		cmocka_unit_test(test_ends_without_a_result),
		cmocka_unit_test(test_has_only_what_it_needs),
		cmocka_unit_test(test_hangs),
		cmocka_unit_test(test_root_pays_too),
		cmocka_unit_test(test_slow_again_and_again),
		cmocka_unit_test(test_hangs_for_good),
		cmocka_unit_test(test_many_hang_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
