/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What can be brought about as often as one likes is logged a few times.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>

#include "log.h"
#include "refusals.h"

static size_t lines_in(int fd)
{
	char text[4096];
	ssize_t n = pread(fd, text, sizeof(text), 0);
	size_t lines = 0;

	for (ssize_t i = 0; i < n; i++)
		lines += text[i] == '\n';
	return lines;
}

static void test_rarely(void **state)
{
	_cleanup_fd_ int file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	_cleanup_fd_ int stream = dup(STDERR_FILENO);
	struct log_limit limit = {}, other = {};
	size_t at_first, later, of_another;

	assert_true(file >= 0 && stream >= 0);
	assert_true(dup2(file, STDERR_FILENO) >= 0);
	for (int i = 0; i < 100; i++)
		log_rarely(&limit, "again");
	at_first = lines_in(file);
	limit.since = 0; /* long ago: now it is told how many were left out, and one more */
	log_rarely(&limit, "again");
	later = lines_in(file);
	for (int i = 0; i < 100; i++)
		log_error_rarely(&other, "something else");
	of_another = lines_in(file);
	assert_true(dup2(stream, STDERR_FILENO) >= 0);
	assert_int_equal(at_first, 5);
	assert_int_equal(later, 7);
	assert_int_equal(of_another, 12);
}

/* One line by user and kind, and after a minute how often it was since. */
static void test_refusals(void **state)
{
	_cleanup_fd_ int file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	_cleanup_fd_ int stream = dup(STDERR_FILENO);
	const struct principal one = {.uid = 1}, two = {.uid = 2};
	struct refusals refusals = {};
	char text[1024] = "";

	assert_true(file >= 0 && stream >= 0);
	assert_true(dup2(file, STDERR_FILENO) >= 0);
	for (int i = 0; i < 3; i++)
		refusals_log(&refusals, &one, 7, "Save", "no");
	refusals_log(&refusals, &two, 8, "Save", "no");
	refusals_log(&refusals, &one, 9, "Save", "never");
	refusals.recent[0].since -= 60000000;
	for (int i = 0; i < 3; i++)
		refusals_log(&refusals, &one, 7, "Save", "no");
	assert_true(dup2(stream, STDERR_FILENO) >= 0);
	assert_true(pread(file, text, sizeof(text) - 1, 0) > 0);
	assert_string_equal(text,
			    "dwdd: refused Save to process 7 of user 1: no\n"
			    "dwdd: refused Save to process 8 of user 2: no\n"
			    "dwdd: refused Save to process 9 of user 1: never\n"
			    "dwdd: refused Save to process 7 of user 1: no (and 2 times since "
			    "it was last told)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rarely),
		cmocka_unit_test(test_refusals),
	};

	unsetenv("JOURNAL_STREAM");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
