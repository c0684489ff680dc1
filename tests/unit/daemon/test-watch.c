/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * One watch: what a target may be, its normal form, its JSON; and the table of them.
 */

#include "harness.h"
#include "watch.h"
#include "watch-table.h"

static void expect_target(const char *target, enum dwd_watch_kind kind, const char *normal)
{
	_cleanup_(watch_freep) struct watch *w = NULL;
	const char *reason = NULL;

	assert_int_equal(watch_new(&w, target, &reason), 0);
	assert_int_equal(w->kind, kind);
	assert_string_equal(w->target, normal);
	assert_null(reason);
}

static void expect_refused(const char *target, const char *part_of_reason)
{
	struct watch *w = NULL;
	const char *reason = NULL;

	assert_int_equal(watch_new(&w, target, &reason), -EINVAL);
	assert_null(w);
	assert_non_null(strstr(reason, part_of_reason));
}

static void test_names(void **state)
{
	char name[257] = {};

	expect_target("sshd", DWD_WATCH_NAME, "sshd");
	expect_target("...", DWD_WATCH_NAME, "...");
	expect_target("a b\xff\n", DWD_WATCH_NAME, "a b\xff\n");
	memset(name, 'n', 255);
	expect_target(name, DWD_WATCH_NAME, name);
	name[255] = 'n';
	expect_refused(name, "255 bytes");
	expect_refused("", "empty");
	expect_refused(".", "not names");
	expect_refused("..", "not names");
}

static void test_paths(void **state)
{
	expect_target("/usr/sbin/sshd", DWD_WATCH_PATH, "/usr/sbin/sshd");
	expect_target("//usr///sbin//sshd", DWD_WATCH_PATH, "/usr/sbin/sshd");
	expect_target("/usr/./sbin/../bin/sshd", DWD_WATCH_PATH, "/usr/bin/sshd");
	expect_target("/../../x", DWD_WATCH_PATH, "/x");
	expect_target("/a/...", DWD_WATCH_PATH, "/a/...");
	expect_target("/a/.b", DWD_WATCH_PATH, "/a/.b");
	expect_refused("usr/sbin/sshd", "relative");
	expect_refused("./x", "relative");
}

static void test_directories(void **state)
{
	expect_target("/opt/app/", DWD_WATCH_DIRECTORY, "/opt/app/");
	expect_target("/opt//app//", DWD_WATCH_DIRECTORY, "/opt/app/");
	expect_target("/opt/app/.", DWD_WATCH_DIRECTORY, "/opt/app/");
	expect_target("/opt/app/x/..", DWD_WATCH_DIRECTORY, "/opt/app/");
	expect_refused("/", "root directory");
	expect_refused("//./", "root directory");
	expect_refused("/opt/..", "root directory");
	expect_refused("/proc/self/exe", "different process");
	expect_refused("/proc//../proc/thread-self/", "different process");
	expect_refused("/dev/fd/0", "different process");
	expect_refused("/dev/./stdin", "different process");
	expect_refused("/dev/stdout", "different process");
	expect_refused("/dev/stderr/", "different process");
}

static void test_long_paths(void **state)
{
	char path[5000] = {};

	for (size_t i = 0; i < 4095; i += 128) {
		memset(path + i, 'a', 128);
		path[i] = '/';
	}
	path[4095] = '\0';
	expect_target(path, DWD_WATCH_PATH, path);
	path[4095] = 'a';
	path[4096] = '\0';
	expect_refused(path, "4095 bytes");

	memset(path, 'a', 300);
	path[0] = '/';
	path[300] = '\0';
	expect_refused(path, "component");
}

static void test_deep_paths(void **state)
{
	char path[2 * (DWD_PATH_DEPTH + 1) + 1] = {};

	for (size_t i = 0; i < DWD_PATH_DEPTH; i++)
		strcat(path, "/d");
	expect_target(path, DWD_WATCH_PATH, path);
	strcat(path, "/d");
	expect_refused(path, "deeper");
}

static void test_json(void **state)
{
	struct watch w = {
		.id = 7,
		.kind = DWD_WATCH_DIRECTORY,
		.target = (char *)"/opt/\xff/",
		.filters.has_uid = true,
		.filters.uid = 1000,
		.owner = {.uid = 33},
		.created = 1700000000000042,
	};
	const struct dwd_counters counters = {.caught = 5, .skipped[DWD_SKIP_LIMIT] = 2};
	json_auto_t *json = watch_to_json(&w, &counters, BACKEND_UNRESOLVED_PATH);
	json_auto_t *expected = json_pack("{s:i, s:s, s:s, s:s, s:i, s:i, s:i, s:{s:i}, s:s, s:s}",
					  "id", 7, "target", "/opt/\\xff/", "target_raw",
					  "L29wdC//Lw==", "kind", "directory", "uid", 1000, "owner",
					  33, "caught", 5, "skipped", "limit", 2, "created",
					  "2023-11-14T22:13:20.000042Z", "unresolved", "path");

	assert_true(json_equal(json, expected));
}

static struct watch *add(struct watch_table *t)
{
	struct watch *w;
	const char *reason;

	assert_int_equal(watch_new(&w, "name", &reason), 0);
	assert_int_equal(watch_table_add(t, w), 0);
	return w;
}

static void drop(struct watch_table *t, struct watch *w)
{
	watch_table_remove(t, w);
	watch_free(w);
}

static void test_table(void **state)
{
	struct watch_table *t = calloc(1, sizeof(*t));
	struct watch *a, *b, *c;

	assert_non_null(t);
	a = add(t);
	b = add(t);
	c = add(t);
	assert_ptr_equal(watch_table_find(t, b->id), b);
	assert_null(watch_table_find(t, 99));
	assert_ptr_equal(watch_table_after(t, 0), a);
	assert_ptr_equal(watch_table_after(t, a->id), b);
	assert_null(watch_table_after(t, c->id));
	drop(t, b);
	assert_null(watch_table_find(t, 2));
	assert_ptr_equal(watch_table_after(t, a->id), c);
	b = add(t);
	assert_int_equal(b->id, 4);
	assert_int_not_equal(b->slot, 1); /* not used again at once */
	watch_table_destroy(t);
	free(t);
}

static void test_table_full(void **state)
{
	struct watch_table *t = calloc(1, sizeof(*t));
	struct watch *w;
	const char *reason;

	assert_non_null(t);
	for (int i = 0; i < WATCHES_MAX; i++)
		add(t);
	assert_int_equal(watch_new(&w, "name", &reason), 0);
	assert_int_equal(watch_table_add(t, w), -ENOSPC);
	drop(t, watch_table_find(t, 5000));
	assert_int_equal(watch_table_add(t, w), 0);
	assert_int_equal(w->id, WATCHES_MAX + 1);
	watch_table_destroy(t);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	    cmocka_unit_test(test_paths),
		cmocka_unit_test(test_directories), cmocka_unit_test(test_long_paths),
		cmocka_unit_test(test_deep_paths),  cmocka_unit_test(test_json),
		cmocka_unit_test(test_table),	    cmocka_unit_test(test_table_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
