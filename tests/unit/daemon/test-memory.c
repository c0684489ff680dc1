/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * No memory: each thing is done once with enough of it for nothing, once with enough for one
 * allocation, and so on until it is enough. It must be done, or not and say so; nothing leaks
 * (LeakSanitizer), nothing half-done stays, and when there is memory again all is well.
 */

#include "service-harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "config.h"
#include "environ.h"
#include "faults.h"
#include "listen.h"
#include "log.h"

static void starve_in_one_way(int (*act)(void *userdata), void *userdata, bool for_good)
{
	bool failed = true;
	long n = 0;

	for (; failed; n++) {
		int r;

		faults_end_memory_after(n, for_good);
		r = act(userdata);
		failed = faults_mend_memory();
		assert_true(r == 0 || (failed && r == -ENOMEM));
	}
	assert_true(n > 1);
}

/* Do it with ever more memory, and with a moment's lack of it. It returns 0 or -errno, and takes
 * back itself what it has done. */
static void starve(int (*act)(void *userdata), void *userdata)
{
	starve_in_one_way(act, userdata, true);
	starve_in_one_way(act, userdata, false);
}

static int act_watch(void *userdata)
{
	static const char *const args[] = {"one", "*two", NULL}, *const variables[] = {"A=1", NULL};
	const struct watch_filters filters = {.args = args,
					      .under_name = "make",
					      .cgroup = "/sys/fs/cgroup/a\xff",
					      .has_uid = true,
					      .skip = 1};
	const struct dwd_counters counters = {.skipped = {1, 2, 3}};
	_cleanup_(watch_freep) struct watch *watch = NULL;
	const char *reason;
	json_t *object;
	int r;

	r = watch_new(&watch, "/opt/\xff/x", &reason);
	if (r == 0)
		r = watch_set_filters(watch, &filters);
	if (r == 0)
		r = watch_set_variables(watch, variables);
	if (r < 0)
		return r;
	/* A watch with less than was asked for would stop more. */
	assert_non_null(watch->filters.args[0]);
	assert_string_equal(watch->filters.args[1], args[1]);
	assert_true(watch->filters.under_name && watch->filters.cgroup && watch->setenv[0]);
	object = watch_to_json(watch, &counters, BACKEND_UNRESOLVED_CGROUP);
	json_decref(object);
	return object ? 0 : -ENOMEM;
}

static void test_watch(void **state)
{
	starve(act_watch, NULL);
}

static int act_stop(void *userdata)
{
	static const char *const variables[] = {"A=1", "B=2", NULL};
	const struct dwd_stop_record *record = userdata;
	_cleanup_(stop_unrefp) struct stop *s = NULL;
	enum stop_sight sight;
	json_t *object;
	int r;

	r = stop_new(&s, record);
	if (r == 0)
		r = stop_open(s, &sight);
	if (r == 0)
		r = stop_remember_variables(s, variables);
	if (r < 0)
		return r;
	stop_learn(s);
	object = stop_to_json(s, &s->now, &root, true);
	json_decref(object);
	return object ? 0 : -ENOMEM;
}

static void test_stop(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	struct dwd_stop_record *record = fake_backend_record(h->fake, c.pid);

	record->flags |= DWD_STOP_ARGV_TRUNCATED | DWD_STOP_EXE_TRUNCATED;
	record->mnt_ns++;
	record->watch_count = DWD_RECORD_WATCHES + 1;
	memcpy(record->path, "\xff", 2);
	starve(act_stop, record);
}

static int act_engine(void *userdata)
{
	struct harness *h = userdata;
	struct watchdog *w = NULL;
	int r;

	r = watchdog_new(&w, h->event, &h->fake->backend);
	if (r == 0)
		r = watchdog_start(w);
	watchdog_free(w);
	return r;
}

static void test_engine(void **state)
{
	struct harness *h = *state;

	h->watchdog = watchdog_free(h->watchdog);
	starve(act_engine, h);
	harness_restart(h);
}

static int act_add_and_remove(void *userdata)
{
	static const char *const args[] = {"one", NULL}, *const variables[] = {"A=1", NULL};
	const struct watch_rule rule = {
		.target = "/opt/program", .filters = {.args = args}, .setenv = variables};
	struct harness *h = userdata;
	const struct watch *watch;
	struct watch_fault fault;
	json_t *removed;
	int r;

	r = watchdog_add_watch(h->watchdog, &h->client, &rule, &watch, &fault);
	if (r < 0)
		return r;
	assert_int_equal(r, ANSWER_OK);
	r = watchdog_remove_watch(h->watchdog, &h->client, watch->id, &removed);
	if (r == ANSWER_OK)
		json_decref(removed);
	else
		assert_non_null(watchdog_next_watch(h->watchdog, 0));
	faults_mend_memory();
	harness_remove_watches(h);
	return r;
}

static void test_add_and_remove(void **state)
{
	starve(act_add_and_remove, *state);
}

/* A process that was stopped is held, or the daemon tries again; it is not forgotten. */
static void test_process_is_taken_up_later(void **state)
{
	struct harness *h = *state;
	bool failed = true;

	for (long n = 0; failed; n++) {
		struct child c = child_start_stopped();

		harness_ring_stop(h, c.pid);
		faults_end_memory_after(n, true);
		harness_turn(h);
		failed = faults_mend_memory();
		json_decref(harness_expect(h, "stopped", h->fake->last_id));
		assert_int_equal(harness_find(h, c.pid)->now.state, STOP_STOPPED);
		child_end(&c);
		json_decref(harness_expect(h, "gone", h->fake->last_id));
	}
}

struct files {
	struct harness *h;
	char directory[32];
	char path[64];
};

static void write_file(const struct files *f, const char *text)
{
	_cleanup_fd_ int fd = open(f->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static int act_load(void *userdata)
{
	const struct files *f = userdata;
	struct config_changes changes;
	struct config *config = NULL;
	int r;

	r = config_new(&config, f->directory, f->h->watchdog);
	if (r == 0)
		r = config_load(config, &changes);
	/* What could not be added is told, where there is memory to say it. */
	if (r == 0)
		json_decref(changes.errors);
	config_free(config);
	faults_mend_memory();
	harness_remove_watches(f->h);
	return r;
}

static int act_save(void *userdata)
{
	const struct files *f = userdata;
	_cleanup_free_ char *saved = NULL, *unsaved = NULL;
	struct config *config = NULL;
	const struct watch *watch = watchdog_next_watch(f->h->watchdog, 0);
	int r;

	r = config_new(&config, f->directory, f->h->watchdog);
	if (r == 0)
		r = config_save(config, watch->id, "a", "prog --count 1", &saved);
	if (r == CONFIG_OK)
		r = config_unsave(config, watch->id, &unsaved);
	config_free(config);
	faults_mend_memory();
	watchdog_mark_saved(f->h->watchdog, watch->id, NULL, NULL);
	return r == CONFIG_BAD_LINE ? -ENOMEM : r;
}

static void test_files(void **state)
{
	struct files f = {.h = *state};
	const struct watch *watch;

	strcpy(f.directory, "/tmp/dwd-test-XXXXXX");
	assert_non_null(mkdtemp(f.directory));
	snprintf(f.path, sizeof(f.path), "%s/a.conf", f.directory);
	write_file(&f, "# two\n--count 1 --arg '*x' /opt/x\n--setenv A=1 y # comment\n--bad\n");
	starve(act_load, &f);
	write_file(&f, "# other lines stay\n");
	assert_int_equal(harness_add_watch(f.h, &f.h->client, "prog", NULL, &watch), ANSWER_OK);
	starve(act_save, &f);
	unlink(f.path);
	assert_int_equal(rmdir(f.directory), 0); /* no half-written file was left */
}

static int act_listen(void *userdata)
{
	_cleanup_(listen_freep) struct listen_place *place = NULL;
	_cleanup_free_ char *message = NULL;
	const struct listen_access access = {.group = getegid(), .mode = 0600};
	int fd = -1, r;

	r = listen_reserve(&place, userdata, false, &message);
	if (r == 0)
		r = listen_open(place, &access, &fd, &message);
	close_fd(fd);
	return r;
}

static void test_listen(void **state)
{
	char directory[] = "/tmp/dwd-test-XXXXXX", path[64];

	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/socket", directory);
	starve(act_listen, path);
	assert_int_equal(rmdir(directory), 0);
}

/* A peer whose call cannot be served is cut off, or told; the others are served. */
static void converse(struct fixture *f, const char *text, long memory)
{
	int fd = connect_raw(f);
	char reply[65536];
	ssize_t n;

	harness_settle(f->h);
	assert_int_equal(write(fd, text, strlen(text) + 1), strlen(text) + 1);
	faults_end_memory_after(memory, true);
	while ((n = recv(fd, reply, sizeof(reply), MSG_DONTWAIT)) < 0)
		harness_turn(f->h);
	if (n > 0)
		assert_int_equal(reply[n - 1], '\0');
	close(fd);
	harness_settle(f->h);
}

static void starve_call(struct fixture *f, const char *text)
{
	bool failed = true;

	for (long n = 0; failed; n++) {
		converse(f, text, n);
		failed = faults_mend_memory();
		expect_alive(f);
		assert_null(watchdog_next_watch(f->h->watchdog, 0)); /* it was his own */
	}
}

static void test_calls(void **state)
{
	struct fixture *f = *state;
	struct child c = child_start_stopped();
	struct dwd_stop_record *record = fake_backend_record(f->h->fake, c.pid);

	log_set_level(LOG_CRIT);	 /* it tells of each that it has cut off */
	record->watches[0] = UINT32_MAX; /* none of those below */
	fake_backend_ring_stopped(f->h->fake, &record->key);
	json_decref(harness_expect(f->h, "stopped", 1));
	starve_call(f, "{\"method\":\"org.varlink.service.GetInfo\"}");
	starve_call(f, "{\"method\":\"io.dwd.Watchdog.Status\"}");
	starve_call(f, "{\"method\":\"io.dwd.Watchdog.ListStops\"}");
	starve_call(f, "{\"method\":\"io.dwd.Watchdog.ListStops\",\"more\":true}");
	starve_call(f, "{\"method\":\"io.dwd.Watchdog.Claim\"}");
	starve_call(f, "{\"method\":\"io.dwd.Watchdog.Wait\"}");
	starve_call(f, "{\"method\":\"io.dwd.Watchdog.Unwatch\",\"parameters\":{\"id\":99}}");
	starve_call(f, "{\"method\":\"io.dwd.Watchdog.Watch\",\"parameters\":{\"target\":\"x\","
		       "\"args\":[\"y\"],\"setenv\":[\"A=1\"],\"own\":true}}");
	starve_call(f, "{\"method\":\"io.dwd.Watchdog.Subscribe\","
		       "\"parameters\":{\"replay\":true,\"follow\":true},\"more\":true}");
	assert_non_null(harness_find(f->h, c.pid));
	assert_false(child_has_resumed(&c));
}

#define TEST(f)	   cmocka_unit_test_setup_teardown(f, harness_setup, harness_teardown)
#define SERVICE(f) cmocka_unit_test_setup_teardown(f, service_setup, service_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_watch),
		TEST(test_stop),
		TEST(test_engine),
		TEST(test_add_and_remove),
		TEST(test_process_is_taken_up_later),
		TEST(test_files),
		TEST(test_listen),
		SERVICE(test_calls),
	};

	faults_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
