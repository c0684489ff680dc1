/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Who gets a stop, who waits, and what becomes of what is given back.
 */

#include "harness.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

/* A client of the engine, and what its waiter was called with. */
struct person {
	struct watchdog_client client;
	struct watchdog_waiter waiter;
	int found;
	uint64_t id;
	enum stop_state state;
};

static void on_found(struct watchdog_waiter *waiter, struct stop *s)
{
	struct person *p = container_of(waiter, struct person, waiter);

	p->found++;
	p->id = s->id;
	p->state = s->now.state;
}

static struct person make_person(pid_t pid)
{
	return (struct person){.client.pid = pid, .waiter.found = on_found};
}

static void wait_to_take(struct harness *h, struct person *p)
{
	p->waiter.client = &p->client;
	watchdog_wait(h->watchdog, &p->waiter);
}

static int claim(struct harness *h, struct person *p, struct stop **ret)
{
	static const struct stop_selector any;

	return watchdog_claim(h->watchdog, &p->client, &any, ret);
}

static void unclaim(struct harness *h, struct person *p, struct stop *s)
{
	int before = p->found;

	assert_int_equal(watchdog_unclaim(h->watchdog, &p->client, s, &p->waiter), ANSWER_OK);
	while (p->found == before)
		harness_turn(h);
}

static void test_oldest_first_and_each_once(void **state)
{
	struct harness *h = *state;
	struct child a = child_start_stopped(), b = child_start_stopped();
	struct person one = make_person(11), two = make_person(12);
	struct stop *s = NULL;

	harness_hold(h, a.pid);
	harness_hold(h, b.pid);
	assert_int_equal(claim(h, &one, &s), ANSWER_OK);
	assert_int_equal(s->pid, a.pid);
	assert_int_equal(s->now.claimed_by, 11);
	assert_int_equal(claim(h, &two, &s), ANSWER_OK);
	assert_int_equal(s->pid, b.pid);
	assert_int_equal(claim(h, &one, &s), ANSWER_NO_SUCH_STOP);
	assert_int_equal(h->fake->exemptions, 2);
}

static void test_claim_of_a_named_stop(void **state)
{
	struct harness *h = *state;
	struct child a = child_start_stopped();
	struct person one = make_person(11), two = make_person(12);
	const struct stop_selector by_pid = {.pid = a.pid};
	struct stop *s = NULL;

	assert_int_equal(watchdog_claim(h->watchdog, &one.client, &by_pid, &s),
			 ANSWER_NO_SUCH_STOP);
	assert_null(s);
	harness_hold(h, a.pid);
	assert_int_equal(watchdog_claim(h->watchdog, &one.client, &by_pid, &s), ANSWER_OK);
	s = NULL;
	assert_int_equal(watchdog_claim(h->watchdog, &two.client, &by_pid, &s),
			 ANSWER_ALREADY_CLAIMED);
	assert_int_equal(s->now.claimed_by, 11);
}

static void test_claim_passes_by_what_is_traced(void **state)
{
	struct harness *h = *state;
	struct child a = child_start_stopped(), b = child_start_stopped();
	struct person one = make_person(11);
	struct stop *s = NULL;

	harness_hold(h, a.pid);
	harness_hold(h, b.pid);
	assert_int_equal(ptrace(PTRACE_SEIZE, a.pid, 0, 0), 0);
	assert_int_equal(claim(h, &one, &s), ANSWER_OK);
	assert_int_equal(s->pid, b.pid);
	assert_int_equal(
		watchdog_claim(h->watchdog, &one.client, &(struct stop_selector){.pid = a.pid}, &s),
		ANSWER_WRONG_STATE);
}

static void test_two_who_wait(void **state)
{
	struct harness *h = *state;
	struct child a = child_start_stopped(), b = child_start_stopped();
	struct person one = make_person(11), two = make_person(12);

	wait_to_take(h, &one);
	wait_to_take(h, &two);
	harness_hold(h, a.pid);
	assert_int_equal(one.found, 1);
	assert_int_equal(one.id, 1);
	assert_int_equal(two.found, 0);
	harness_hold(h, b.pid);
	assert_int_equal(one.found, 1);
	assert_int_equal(two.found, 1);
	assert_int_equal(two.id, 2);
	assert_int_equal(h->fake->exempted, 12);
}

static void test_who_waits_for_another(void **state)
{
	struct harness *h = *state;
	struct child a = child_start_stopped();
	struct person one = make_person(11), two = make_person(12);

	one.waiter.selector.name = "other";
	wait_to_take(h, &one);
	wait_to_take(h, &two);
	harness_hold(h, a.pid);
	assert_int_equal(one.found, 0);
	assert_int_equal(two.found, 1);
	watchdog_cancel(h->watchdog, &one.waiter);
}

static void test_who_only_looks(void **state)
{
	struct harness *h = *state;
	struct child a = child_start_stopped();
	struct person looker = make_person(11), taker = make_person(12);

	watchdog_wait(h->watchdog, &looker.waiter);
	wait_to_take(h, &taker);
	harness_hold(h, a.pid);
	assert_int_equal(looker.found, 1);
	assert_int_equal(taker.found, 1);
	assert_int_equal(harness_find(h, a.pid)->now.claimed_by, 12);
}

static void test_who_waits_no_more(void **state)
{
	struct harness *h = *state;
	struct child a = child_start_stopped();
	struct person one = make_person(11);

	wait_to_take(h, &one);
	watchdog_cancel(h->watchdog, &one.waiter);
	watchdog_cancel(h->watchdog, &one.waiter);
	harness_hold(h, a.pid);
	assert_int_equal(one.found, 0);
	assert_null(harness_find(h, a.pid)->claimant);
}

static void test_given_back_goes_to_the_next(void **state)
{
	struct harness *h = *state;
	struct child a = child_start_stopped();
	struct person one = make_person(11), two = make_person(12);
	struct stop *s;

	harness_hold(h, a.pid);
	assert_int_equal(claim(h, &one, &s), ANSWER_OK);
	wait_to_take(h, &two);
	assert_int_equal(watchdog_unclaim(h->watchdog, &two.client, s, &two.waiter),
			 ANSWER_NOT_CLAIMED);
	unclaim(h, &one, s);
	assert_int_equal(one.state, STOP_STOPPED);
	assert_int_equal(two.found, 1);
	assert_int_equal(s->now.claimed_by, 12);
	assert_int_equal(h->fake->exemptions, 1);
}

static void test_claims_of_who_leaves_fall_back(void **state)
{
	struct harness *h = *state;
	struct child a = child_start_stopped(), b = child_start_stopped();
	struct person one = make_person(11), two = make_person(12);
	struct stop *s;

	harness_hold(h, a.pid);
	harness_hold(h, b.pid);
	claim(h, &one, &s);
	claim(h, &one, &s);
	wait_to_take(h, &two);
	watchdog_leave(h->watchdog, &one.client);
	assert_int_equal(one.client.claims, 0);
	assert_int_equal(two.found, 1);
	assert_int_equal(two.id, 1);
	assert_null(harness_find(h, b.pid)->claimant);
	assert_int_equal(h->fake->exemptions, 1);
}

/* A client that cannot be exempted still gets the stop, and is not un-exempted later. */
static void test_exemption_fails(void **state)
{
	struct harness *h = *state;
	struct child a = child_start_stopped();
	struct person one = make_person(11);
	struct stop *s;

	harness_hold(h, a.pid);
	h->fake->exempt_error = -ENOSPC;
	assert_int_equal(claim(h, &one, &s), ANSWER_OK);
	h->fake->exempt_error = 0;
	watchdog_leave(h->watchdog, &one.client);
	assert_int_equal(h->fake->exemptions, 0);
}

static void test_claimed_process_ends(void **state)
{
	struct harness *h = *state;
	struct child a = child_start_stopped();
	struct person one = make_person(11);
	struct stop *s;

	harness_hold(h, a.pid);
	claim(h, &one, &s);
	child_end(&a);
	json_decref(harness_expect(h, "gone", 1));
	assert_null(harness_find(h, a.pid)); /* not listed, but still known to its claimant */
	assert_ptr_equal(watchdog_find_stop(h->watchdog, 1), s);
	unclaim(h, &one, s);
	assert_int_equal(one.state, STOP_GONE);
	assert_null(watchdog_find_stop(h->watchdog, 1));
	assert_int_equal(h->fake->exemptions, 0);
}

static void continue_claimed(struct harness *h, void (*tell)(struct harness *h, struct stop *s))
{
	struct child a = child_start_stopped();
	struct person one = make_person(11);
	struct stop *s = harness_hold(h, a.pid);

	assert_int_equal(claim(h, &one, &s), ANSWER_OK);
	kill(a.pid, SIGCONT);
	tell(h, s);
	json_decref(harness_expect(h, "continued", s->id));
	unclaim(h, &one, s);
	assert_int_equal(one.state, STOP_RUNNING);
}

static void tell_continued(struct harness *h, struct stop *s)
{
	fake_backend_ring_continued(h->fake, &s->key);
}

static void tell_rescan(struct harness *h, struct stop *s)
{
	fake_backend_ring_rescan(h->fake);
}

/* The patrol leaves claimed stops alone; a doorbell, or that some were lost, does not. */
static void test_claimed_process_is_continued(void **state)
{
	continue_claimed(*state, tell_continued);
	continue_claimed(*state, tell_rescan);
}

static void test_attached(void **state)
{
	struct harness *h = *state;
	struct child a = child_start_stopped();
	struct person one = make_person(11);
	struct stop *s = harness_hold(h, a.pid);
	json_auto_t *event = NULL;

	assert_int_equal(watchdog_attached(h->watchdog, &h->client, s), ANSWER_NOT_CLAIMED);
	claim(h, &one, &s);
	assert_int_equal(watchdog_attached(h->watchdog, &h->client, s), ANSWER_NOT_TRACED);
	assert_int_equal(s->now.state, STOP_STOPPED);

	assert_int_equal(ptrace(PTRACE_SEIZE, a.pid, 0, 0), 0);
	assert_int_equal(waitpid(a.pid, NULL, __WALL), a.pid);
	assert_int_equal(watchdog_attached(h->watchdog, &h->client, s), ANSWER_OK);
	event = harness_expect(h, "attached", 1);
	assert_int_equal(get_int(event, "by"), 11);
	assert_int_equal(s->now.tracer, getpid());

	/* Given back while it is traced: looked at until that ends. */
	unclaim(h, &one, s);
	assert_int_equal(one.state, STOP_ATTACHED);
	assert_int_equal(ptrace(PTRACE_DETACH, a.pid, 0, 0), 0);
	child_wait_resumed(&a); /* by the SIGCONT of "attached" */
	json_decref(harness_expect(h, "detached", 1));
	json_decref(harness_expect(h, "continued", 1));
}

static void test_given_back_after_the_debugger(void **state)
{
	struct harness *h = *state;
	struct child a = child_start_stopped();
	struct person one = make_person(11);
	struct stop *s;

	harness_hold(h, a.pid);
	claim(h, &one, &s);
	assert_int_equal(ptrace(PTRACE_SEIZE, a.pid, 0, 0), 0);
	assert_int_equal(waitpid(a.pid, NULL, __WALL), a.pid);
	assert_int_equal(watchdog_attached(h->watchdog, &h->client, s), ANSWER_OK);
	assert_int_equal(ptrace(PTRACE_DETACH, a.pid, 0, 0), 0);
	unclaim(h, &one, s);
	assert_int_equal(one.state, STOP_RUNNING);
	assert_null(watchdog_find_stop(h->watchdog, 1));
	assert_int_equal(h->fake->records_count, 0);
}

/* A process that never waits for anything. */
static pid_t start_busy(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			;
	}
	return pid;
}

static void end_busy(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_given_back_and_busy(void **state)
{
	struct harness *h = *state;
	struct person one = make_person(11);
	pid_t pid = start_busy();
	struct stop *s;

	kill(pid, SIGSTOP);
	assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
	harness_hold(h, pid);
	claim(h, &one, &s);
	kill(pid, SIGCONT);
	unclaim(h, &one, s);
	assert_int_equal(one.state, STOP_RUNNING);
	end_busy(pid);
}

/* A debugger attaches and leaves without the hand-over, several times: still stopped. */
static void debuggers_fail(struct harness *h, const struct child *c, int times)
{
	struct person one = make_person(11);
	struct stop *s;

	harness_hold(h, c->pid);
	for (int i = 0; i < times; i++) {
		assert_int_equal(claim(h, &one, &s), ANSWER_OK);
		assert_int_equal(ptrace(PTRACE_SEIZE, c->pid, 0, 0), 0);
		assert_int_equal(waitpid(c->pid, NULL, __WALL), c->pid);
		assert_int_equal(ptrace(PTRACE_DETACH, c->pid, 0, 0), 0);
		unclaim(h, &one, s);
		assert_int_equal(one.state, STOP_STOPPED);
	}
	assert_false(child_has_resumed(c));
}

static void test_given_back_after_a_debugger_that_failed(void **state)
{
	struct child a = child_start_stopped();

	debuggers_fail(*state, &a, 50);
}

static void stay_on(pid_t pid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	assert_int_equal(sched_setaffinity(pid, sizeof(set), &set), 0);
}

/* Something else keeps the processor to itself: between two stops the process waits for long. */
static void test_given_back_where_the_processor_is_busy(void **state)
{
	struct child a = child_start_stopped();
	struct sched_param idle = {};
	int cpu = sched_getcpu();
	pid_t busy = start_busy();

	assert_true(cpu >= 0);
	stay_on(busy, cpu);
	stay_on(a.pid, cpu);
	assert_int_equal(sched_setscheduler(a.pid, SCHED_IDLE, &idle), 0);
	debuggers_fail(*state, &a, 10);
	end_busy(busy);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, harness_setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_oldest_first_and_each_once),
		TEST(test_claim_of_a_named_stop),
		TEST(test_claim_passes_by_what_is_traced),
		TEST(test_two_who_wait),
		TEST(test_who_waits_for_another),
		TEST(test_who_only_looks),
		TEST(test_who_waits_no_more),
		TEST(test_given_back_goes_to_the_next),
		TEST(test_claims_of_who_leaves_fall_back),
		TEST(test_exemption_fails),
		TEST(test_claimed_process_ends),
		TEST(test_claimed_process_is_continued),
		TEST(test_attached),
		TEST(test_given_back_after_the_debugger),
		TEST(test_given_back_and_busy),
		TEST(test_given_back_after_a_debugger_that_failed),
		TEST(test_given_back_where_the_processor_is_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
