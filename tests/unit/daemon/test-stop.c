/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * One stopped process: what /proc says, identity, states, JSON.
 */

#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "procfs.h"

static void test_parse_stat(void **state)
{
	static const char odd[] = "12 (a) R 1 (b) S) T 1 12 12 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 "
				  "0 987654321 1000 10\n";
	struct procfs_stat stat;

	assert_int_equal(procfs_parse_stat(odd, &stat), 0);
	assert_int_equal(stat.state, 'T');
	assert_int_equal(stat.start_ticks, 987654321);
	assert_int_equal(procfs_parse_stat("12 (short) S 1 2\n", &stat), -EBADMSG);
	assert_int_equal(procfs_parse_stat("", &stat), -EBADMSG);
	assert_int_equal(procfs_parse_stat("12 (x)", &stat), -EBADMSG);
}

static void test_parse_status(void **state)
{
	static const char text[] = "Name:\tState: X\nState:\tt (tracing stop)\nTracerPid:\t77\n"
				   "NSpid:\t500\t20\t3\nSigPnd:\t0000000000000000\n"
				   "ShdPnd:\t0000000000040000\n";
	struct procfs_status status;

	assert_int_equal(procfs_parse_status(text, &status), 0);
	assert_int_equal(status.state, 't');
	assert_int_equal(status.tracer, 77);
	assert_int_equal(status.inner_pid, 3);
	assert_true(status.sigstop_pending);
	assert_int_equal(procfs_parse_status("Name:\tx\n", &status), -EBADMSG);
}

static void test_parse_credentials(void **state)
{
	static const char text[] = "Name:\tUid:\t0\t0\t0\t0\nUid:\t1\t2\t3\t4294967295\n"
				   "Gid:\t5\t6\t7\t8\nCapPrm:\t000001fffeffffff\n";
	struct procfs_credentials c;

	assert_int_equal(procfs_parse_credentials(text, &c), 0);
	assert_int_equal(c.uids[PROCFS_REAL], 1);
	assert_int_equal(c.uids[PROCFS_EFFECTIVE], 2);
	assert_int_equal(c.uids[PROCFS_SAVED], 3);
	assert_int_equal(c.uids[PROCFS_FILESYSTEM], UINT32_MAX);
	assert_int_equal(c.gids[PROCFS_FILESYSTEM], 8);
	assert_true(c.permitted == 0x1fffeffffff);
	assert_int_equal(procfs_parse_credentials("Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n", &c),
			 -EBADMSG);
	assert_int_equal(procfs_parse_credentials("Uid:\t1\t2\nGid:\t5\t6\t7\t8\nCapPrm:\t0\n", &c),
			 -EBADMSG);
}

static void test_read_own_credentials_and_limit(void **state)
{
	struct procfs_credentials c;
	struct rlimit limit;
	uint64_t value;

	assert_int_equal(procfs_read_credentials(getpid(), &c), 0);
	assert_int_equal(c.uids[PROCFS_EFFECTIVE], geteuid());
	assert_int_equal(c.owner, geteuid());
	assert_int_equal(getrlimit(RLIMIT_STACK, &limit), 0);
	assert_int_equal(procfs_read_limit(getpid(), "Max stack size", &value), 0);
	assert_true(value == limit.rlim_cur); /* RLIM_INFINITY is UINT64_MAX */
	assert_int_equal(procfs_read_limit(getpid(), "Max of nothing", &value), -EBADMSG);
}

/* A process whose name looks like the fields after it. */
static void test_read_own(void **state)
{
	struct procfs_stat stat;
	struct procfs_status status;
	char name[16] = {};

	assert_int_equal(prctl(PR_GET_NAME, name), 0);
	assert_int_equal(prctl(PR_SET_NAME, "x) Z 1 (T\nS"), 0);
	assert_int_equal(procfs_read_stat(getpid(), &stat), 0);
	assert_int_equal(stat.state, 'R');
	assert_int_equal(procfs_read_status(getpid(), &status), 0);
	assert_int_equal(status.state, 'R');
	assert_false(status.sigstop_pending);
	assert_int_equal(prctl(PR_SET_NAME, name), 0);
	assert_int_equal(procfs_read_stat(0x3fffffff, &stat), -ESRCH);
}

static struct stop *make_stop(struct harness *h, pid_t pid)
{
	struct stop *s;

	assert_int_equal(stop_new(&s, fake_backend_record(h->fake, pid)), 0);
	return s;
}

static void test_transitions(void **state)
{
	static const char allowed[STOP_STATE_COUNT][STOP_STATE_COUNT] = {
		[STOP_STOPPING] = {[STOP_STOPPED] = 1, [STOP_RUNNING] = 1, [STOP_GONE] = 1},
		[STOP_STOPPED] = {[STOP_ATTACHED] = 1, [STOP_RUNNING] = 1, [STOP_GONE] = 1},
		[STOP_ATTACHED] = {[STOP_STOPPED] = 1, [STOP_RUNNING] = 1, [STOP_GONE] = 1},
	};
	_cleanup_(stop_unrefp) struct stop *s = make_stop(*state, getpid());

	for (unsigned from = 0; from < STOP_STATE_COUNT; from++)
		for (unsigned to = 0; to < STOP_STATE_COUNT; to++) {
			s->now.state = from;
			assert_int_equal(stop_become(s, to), allowed[from][to]);
			assert_int_equal(s->now.state, allowed[from][to] ? to : from);
		}
}

static void test_open_and_look(void **state)
{
	struct child c = child_start();
	_cleanup_(stop_unrefp) struct stop *s = make_stop(*state, c.pid);
	enum stop_sight sight;
	pid_t tracer;

	assert_int_equal(stop_open(s, &sight), 0);
	assert_int_equal(sight, SIGHT_RUNNING);
	child_stop(&c);
	assert_int_equal(stop_look(s, &sight, &tracer), 0);
	assert_int_equal(sight, SIGHT_STOPPED);
	assert_int_equal(stop_signal(s, SIGCONT), 0);
	child_wait_resumed(&c);
	assert_int_equal(stop_look(s, &sight, &tracer), 0);
	assert_true(sight == SIGHT_RUNNING || sight == SIGHT_ASLEEP);
	child_end(&c);
	assert_int_equal(stop_look(s, &sight, &tracer), 0);
	assert_int_equal(sight, SIGHT_GONE);
	assert_int_equal(stop_signal(s, SIGCONT), -ESRCH);
}

static void test_zombie_is_gone(void **state)
{
	struct child c = child_start_stopped();
	_cleanup_(stop_unrefp) struct stop *s = make_stop(*state, c.pid);
	_cleanup_(stop_unrefp) struct stop *late = make_stop(*state, c.pid);
	enum stop_sight sight;
	pid_t tracer;
	siginfo_t info;

	assert_int_equal(stop_open(s, &sight), 0);
	assert_int_equal(sight, SIGHT_STOPPED);
	kill(c.pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)c.pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(stop_look(s, &sight, &tracer), 0);
	assert_int_equal(sight, SIGHT_GONE);
	assert_int_equal(stop_open(late, &sight), 0);
	assert_int_equal(sight, SIGHT_GONE);
}

/* The pid is a living process's, but not the recorded one's. */
static void test_recycled_pid_is_not_touched(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	struct dwd_stop_record *record = fake_backend_record(h->fake, c.pid);
	_cleanup_(stop_unrefp) struct stop *s = NULL;
	enum stop_sight sight;

	record->key.start_time -= 1000000000;
	assert_int_equal(stop_new(&s, record), 0);
	assert_int_equal(stop_open(s, &sight), 0);
	assert_int_equal(sight, SIGHT_GONE);
	assert_int_equal(stop_signal(s, SIGCONT), -ESRCH);
	assert_int_equal(stop_signal(s, SIGKILL), -ESRCH);
	assert_false(child_has_resumed(&c));
}

static void test_sees_tracer(void **state)
{
	struct child c = child_start_stopped();
	_cleanup_(stop_unrefp) struct stop *s = make_stop(*state, c.pid);
	enum stop_sight sight;
	pid_t tracer = 0;

	assert_int_equal(stop_open(s, &sight), 0);
	assert_int_equal(ptrace(PTRACE_SEIZE, c.pid, 0, 0), 0);
	assert_int_equal(stop_look(s, &sight, &tracer), 0);
	assert_int_equal(sight, SIGHT_TRACED);
	assert_int_equal(tracer, getpid());
}

static void test_json(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	struct dwd_stop_record *record = fake_backend_record(h->fake, c.pid);
	_cleanup_(stop_unrefp) struct stop *s = NULL;
	json_auto_t *json = NULL;
	_cleanup_free_ char *cwd = getcwd(NULL, 0);
	static const char argv[] = "a\\b\0\xff\xfe\0\0last";
	enum stop_sight sight;

	memcpy(record->argv, argv, sizeof(argv));
	record->argv_len = sizeof(argv);
	strcpy(record->path, "./l\x1b[31m");
	assert_int_equal(stop_new(&s, record), 0);
	assert_int_equal(stop_open(s, &sight), 0);
	stop_learn(s);
	stop_become(s, STOP_STOPPED);
	s->now.claimed_by = 12;
	json = stop_to_json(s, &s->now, &root, false);
	assert_non_null(json);
	assert_int_equal(get_int(json, "pid"), c.pid);
	assert_string_equal(get_string(json, "state"), "stopped");
	assert_string_equal(get_string(json, "exe"), "/opt/program");
	assert_null(json_object_get(json, "exe_raw"));
	assert_string_equal(get_string(json, "path"), "./l\\x1b[31m");
	assert_string_equal(get_string(json, "path_raw"), "Li9sG1szMW0=");
	assert_int_equal(json_array_size(json_object_get(json, "argv")), 4);
	assert_int_equal(json_array_size(json_object_get(json, "argv_raw")), 4);
	assert_string_equal(json_string_value(json_array_get(json_object_get(json, "argv"), 1)),
			    "\\xff\\xfe");
	assert_string_equal(json_string_value(json_array_get(json_object_get(json, "argv"), 2)),
			    "");
	assert_string_equal(get_string(json, "cwd"), cwd);
	assert_string_equal(get_string(json, "parent"), "starter");
	assert_string_equal(get_string(json, "backend"), "fentry");
	assert_int_equal(get_int(json, "claimed_by"), 12);
	assert_null(json_object_get(json, "tracer"));
	assert_null(json_object_get(json, "container"));
	assert_null(json_object_get(json, "truncated"));
}

/* What the record could not hold is read from the process. */
static void test_truncated(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	struct dwd_stop_record *record = fake_backend_record(h->fake, c.pid);
	_cleanup_(stop_unrefp) struct stop *s = NULL;
	_cleanup_free_ char *exe = NULL, *cmdline = NULL;
	json_auto_t *listed = NULL, *told = NULL;
	enum stop_sight sight;
	size_t size;

	assert_int_equal(procfs_read_link(c.pid, "exe", &exe), 0);
	assert_int_equal(procfs_read_cmdline(c.pid, 4096, &cmdline, &size), 0);
	memcpy(record->argv, "te", 2);
	record->argv_len = 2;
	record->flags |= DWD_STOP_ARGV_TRUNCATED | DWD_STOP_EXE_TRUNCATED;
	assert_int_equal(stop_new(&s, record), 0);
	assert_int_equal(stop_open(s, &sight), 0);
	stop_learn(s);

	listed = stop_to_json(s, &s->now, &root, false);
	assert_string_equal(get_string(listed, "exe"), exe);
	assert_true(json_is_true(json_object_get(listed, "truncated")));
	assert_string_equal(json_string_value(json_array_get(json_object_get(listed, "argv"), 0)),
			    "te");
	told = stop_to_json(s, &s->now, &root, true);
	assert_null(json_object_get(told, "truncated"));
	assert_string_equal(json_string_value(json_array_get(json_object_get(told, "argv"), 0)),
			    cmdline);
}

static void test_container(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	struct dwd_stop_record *record = fake_backend_record(h->fake, c.pid);
	_cleanup_(stop_unrefp) struct stop *s = NULL;
	json_auto_t *json = NULL;
	enum stop_sight sight;

	record->pid_ns = 12345;
	assert_int_equal(stop_new(&s, record), 0);
	assert_int_equal(stop_open(s, &sight), 0);
	stop_learn(s);
	json = stop_to_json(s, &s->now, &root, false);
	assert_int_equal(get_int(json_object_get(json, "container"), "pid"), c.pid);
	assert_int_equal(get_int(json_object_get(json, "container"), "pid_namespace"), 12345);
}

/* Lengths from the kernel side are not trusted to fit. */
static void test_record_without_ends(void **state)
{
	struct harness *h = *state;
	struct dwd_stop_record *record = fake_backend_record(h->fake, getpid());
	_cleanup_(stop_unrefp) struct stop *s = NULL;
	json_auto_t *json = NULL;

	memset(record->exe, 'e', sizeof(record->exe));
	memset(record->argv, 'a', sizeof(record->argv));
	memset(record->comm, 'c', sizeof(record->comm));
	record->argv_len = UINT32_MAX;
	record->watch_count = UINT32_MAX;
	assert_int_equal(stop_new(&s, record), 0);
	json = stop_to_json(s, &s->now, &root, false);
	assert_int_equal(strlen(get_string(json, "exe")), DWD_RECORD_PATH);
	assert_int_equal(strlen(get_string(json, "comm")), DWD_COMM_LEN - 1);
	assert_int_equal(json_array_size(json_object_get(json, "argv")), 1);
	assert_int_equal(json_array_size(json_object_get(json, "watches")), DWD_RECORD_WATCHES);
}

static bool matches(const struct stop *s, const char *name, const char *path)
{
	const struct stop_selector selector = {.name = name, .path = path};

	return stop_matches(s, &selector);
}

static void test_selectors(void **state)
{
	_cleanup_(stop_unrefp) struct stop *s = make_stop(*state, getpid());

	assert_true(matches(s, NULL, NULL));
	assert_true(matches(s, "program", NULL));
	assert_true(matches(s, "link", NULL));
	assert_false(matches(s, "prog", NULL));
	assert_true(matches(s, NULL, "/opt/program"));
	assert_true(matches(s, NULL, "./link"));
	assert_false(matches(s, NULL, "/opt"));
	assert_true(matches(s, "link", "/opt/program"));
	assert_false(matches(s, "link", "/opt/other"));
	s->cwd = strdup("/opt/bin/..");
	assert_true(matches(s, NULL, "/opt/link"));
	assert_false(matches(s, NULL, "/opt/bin/link"));
	assert_true(stop_matches(s, &(struct stop_selector){.id = s->id, .pid = getpid()}));
	assert_false(stop_matches(s, &(struct stop_selector){.id = s->id + 1}));
	assert_false(stop_matches(s, &(struct stop_selector){.pid = getpid() + 1}));
}

static void test_memfd_goes_by_its_own_name(void **state)
{
	_cleanup_free_ struct dwd_stop_record *record = calloc(1, sizeof(*record));
	_cleanup_(stop_unrefp) struct stop *s = NULL;

	strcpy(record->exe, "/memfd:payload");
	strcpy(record->path, "/dev/fd/3");
	assert_int_equal(stop_new(&s, record), 0);
	assert_true(matches(s, "payload", NULL));
	assert_true(matches(s, "memfd:payload", NULL));
	assert_false(matches(s, "memfd", NULL));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, harness_setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_stat),
		cmocka_unit_test(test_parse_status),
		cmocka_unit_test(test_parse_credentials),
		cmocka_unit_test(test_read_own_credentials_and_limit),
		cmocka_unit_test(test_read_own),
		TEST(test_transitions),
		TEST(test_open_and_look),
		TEST(test_zombie_is_gone),
		TEST(test_recycled_pid_is_not_touched),
		TEST(test_sees_tracer),
		TEST(test_json),
		TEST(test_truncated),
		TEST(test_container),
		TEST(test_record_without_ends),
		TEST(test_selectors),
		cmocka_unit_test(test_memfd_goes_by_its_own_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
