/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the lock file tells whoever takes it next, and whom it believes.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "lock-file.h"

static const char *const two[] = {"/one", "/with a space/é", NULL};

static char directory[64];
static char path[96]; /* of the socket */
static char lock_path[128];

static int setup(void **state)
{
	strcpy(directory, "/tmp/dwd-lock-XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/socket", directory);
	snprintf(lock_path, sizeof(lock_path), "%s.lock", path);
	return 0;
}

/* Nothing may be left in the directory. */
static int teardown(void **state)
{
	assert_int_equal(rmdir(directory), 0);
	return 0;
}

static struct lock_file *take(void)
{
	struct lock_file *l;
	char *message = NULL;

	assert_int_equal(lock_file_take(&l, path, &message), 0);
	assert_null(message);
	return l;
}

/* As one that is killed does. */
static void leave(struct lock_file *l)
{
	lock_file_keep(l);
	lock_file_free(l);
}

static void check_names(const struct lock_file *l, const char *const *names)
{
	const char *const *found = lock_file_directories(l);

	for (; *names; names++, found++) {
		assert_non_null(*found);
		assert_string_equal(*found, *names);
	}
	assert_null(*found);
}

static void write_file(const char *text, mode_t mode)
{
	int fd = open(lock_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void test_names_outlive_the_process(void **state)
{
	static const char *const one[] = {"/two", NULL};
	struct lock_file *l = take();

	check_names(l, (const char *const[]){NULL});
	assert_int_equal(lock_file_name(l, two), 0);
	check_names(l, two);
	leave(l);
	for (int i = 0; i < 2; i++) { /* who names nothing anew forgets nothing */
		l = take();
		check_names(l, two);
		leave(l);
	}
	l = take();
	assert_int_equal(lock_file_name(l, one), 0); /* shorter */
	leave(l);
	l = take();
	check_names(l, one);
	lock_file_free(l);
	assert_int_equal(access(lock_path, F_OK), -1);
}

static void test_pid_is_alone_on_its_line(void **state)
{
	struct lock_file *l = take();
	char line[32], expected[32];
	FILE *file;

	assert_int_equal(lock_file_name(l, two), 0);
	file = fopen(lock_path, "re");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	snprintf(expected, sizeof(expected), "%d\n", (int)getpid());
	assert_string_equal(line, expected);
	fclose(file);
	lock_file_free(l);
}

static void test_rubbish_is_no_name(void **state)
{
	static const char *const good[] = {"/good", NULL};
	struct lock_file *l;

	write_file("4711\nrelative\n\n/control\tcharacter\n/good\n/torn", 0600);
	l = take();
	check_names(l, good);
	lock_file_free(l);
}

/* The socket may lie where anybody can make files. */
static void test_others_are_not_believed(void **state)
{
	struct lock_file *l;

	write_file("4711\n/evil\n", 0620);
	l = take();
	check_names(l, (const char *const[]){NULL});
	lock_file_free(l);
	if (geteuid() != 0)
		return;
	write_file("4711\n/evil\n", 0600);
	assert_int_equal(chown(lock_path, 4711, 0), 0);
	l = take();
	check_names(l, (const char *const[]){NULL});
	lock_file_free(l);
}

/* Who has it has not come to write who it is. */
static void test_holder_without_a_pid(void **state)
{
	_cleanup_free_ char *message = NULL;
	struct lock_file *l = NULL;
	int fd;

	write_file("", 0600);
	fd = open(lock_path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(lock_file_take(&l, path, &message), -EBUSY);
	assert_null(l);
	assert_non_null(strstr(message, "another dwdd is just starting on "));
	close(fd);
	assert_int_equal(unlink(lock_path), 0);
}

/* By hand; and another has it by now. */
static void test_removed_meanwhile(void **state)
{
	struct lock_file *l = take(), *other;

	assert_int_equal(unlink(lock_path), 0);
	other = take();
	lock_file_free(l);
	assert_int_equal(access(lock_path, F_OK), 0);
	lock_file_free(other);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names_outlive_the_process), TEST(test_pid_is_alone_on_its_line),
		TEST(test_rubbish_is_no_name),	      TEST(test_others_are_not_believed),
		TEST(test_holder_without_a_pid),      TEST(test_removed_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
