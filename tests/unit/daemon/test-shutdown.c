/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The orderly end: nobody stays stopped, whatever state he is in.
 */

#include "harness.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

static void test_releases_what_is_stopped(void **state)
{
	struct harness *h = *state;
	struct child a = child_start_stopped(), b = child_start_stopped();

	harness_hold(h, a.pid);
	harness_hold(h, b.pid);
	watchdog_shutdown(h->watchdog, false);
	assert_false(h->fake->armed);
	child_wait_resumed(&a);
	child_wait_resumed(&b);
	assert_int_equal(h->fake->records_count, 0);
	json_decref(harness_expect(h, "continued", 0));
	json_decref(harness_expect(h, "continued", 0));
}

static void test_keeps(void **state)
{
	struct harness *h = *state;
	struct child a = child_start_stopped();
	struct dwd_stop_key key = harness_hold(h, a.pid)->key;

	watchdog_shutdown(h->watchdog, true);
	assert_false(h->fake->armed);
	assert_false(child_has_resumed(&a));
	assert_true(fake_backend_has_record(h->fake, &key));
}

static void test_releases_what_was_never_announced(void **state)
{
	struct harness *h = *state;
	struct child rung = child_start_stopped(), silent = child_start_stopped();
	struct child unconfirmed = child_start_stopped();

	harness_ring_stop(h, rung.pid);
	fake_backend_record(h->fake, silent.pid);
	fake_backend_record(h->fake, unconfirmed.pid)->flags = 0;
	watchdog_shutdown(h->watchdog, false);
	child_wait_resumed(&rung);
	child_wait_resumed(&silent);
	child_wait_resumed(&unconfirmed);
	assert_int_equal(h->fake->records_count, 0);
}

static void test_releases_what_is_claimed(void **state)
{
	struct harness *h = *state;
	struct child a = child_start_stopped();
	static const struct stop_selector any;
	struct stop *s;

	harness_hold(h, a.pid);
	assert_int_equal(watchdog_claim(h->watchdog, &h->client, &any, &s), ANSWER_OK);
	watchdog_shutdown(h->watchdog, false);
	child_wait_resumed(&a);
	watchdog_leave(h->watchdog, &h->client);
	assert_null(watchdog_find_stop(h->watchdog, 1));
}

static void test_leaves_the_dead(void **state)
{
	struct harness *h = *state;
	struct child a = child_start_stopped();

	fake_backend_record(h->fake, a.pid);
	child_end(&a);
	watchdog_shutdown(h->watchdog, false);
	assert_int_equal(h->fake->records_count, 0);
}

/* One that seems to run may be about to stop; in the end its record goes all the same. */
static void test_does_not_wait_for_ever(void **state)
{
	struct harness *h = *state;
	struct child a = child_start();

	harness_ring_stop(h, a.pid);
	watchdog_shutdown(h->watchdog, false);
	assert_int_equal(h->fake->records_count, 0);
}

/* It does not run by that, but it is not left stopped when the debugger goes. */
static void test_debugged_process_is_not_stuck_later(void **state)
{
	struct harness *h = *state;
	struct child a = child_start_stopped();

	harness_hold(h, a.pid);
	assert_int_equal(ptrace(PTRACE_SEIZE, a.pid, 0, 0), 0);
	assert_int_equal(waitpid(a.pid, NULL, __WALL), a.pid);
	watchdog_shutdown(h->watchdog, false);
	assert_false(child_has_resumed(&a));
	assert_int_equal(ptrace(PTRACE_DETACH, a.pid, 0, 0), 0);
	child_wait_resumed(&a);
}

/* A process in vfork() takes no signal before its child goes: SIGSTOP stays pending. */
static pid_t start_in_vfork(int *end)
{
	int pipes[2], begun[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(pipe2(begun, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(pipes[1]);
		if (vfork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			_exit(write(begun[1], &byte, 1) != 1 || read(pipes[0], &byte, 1) != 0);
		}
		_exit(42);
	}
	close(pipes[0]);
	close(begun[1]);
	assert_int_equal(read(begun[0], &byte, 1), 1);
	close(begun[0]);
	*end = pipes[1];
	return pid;
}

static void test_takes_back_a_stop_that_is_pending(void **state)
{
	struct harness *h = *state;
	int end, status;
	pid_t pid = start_in_vfork(&end);
	enum stop_sight sight = SIGHT_RUNNING;
	pid_t tracer;

	harness_ring_stop(h, pid);
	while (!harness_find(h, pid))
		harness_turn(h);
	kill(pid, SIGSTOP);
	while (sight != SIGHT_PENDING)
		assert_int_equal(stop_look(harness_find(h, pid), &sight, &tracer), 0);
	watchdog_shutdown(h->watchdog, false);
	assert_int_equal(h->fake->records_count, 0);
	close(end);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, harness_setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_releases_what_is_stopped),
		TEST(test_keeps),
		TEST(test_releases_what_was_never_announced),
		TEST(test_releases_what_is_claimed),
		TEST(test_leaves_the_dead),
		TEST(test_does_not_wait_for_ever),
		TEST(test_debugged_process_is_not_stuck_later),
		TEST(test_takes_back_a_stop_that_is_pending),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
