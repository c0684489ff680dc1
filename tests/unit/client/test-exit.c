/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "exit.h"

static void numbers_are_those_documented(void **state)
{
	assert_int_equal(EXIT_DONE, 0);
	assert_int_equal(EXIT_FAILED, 1);
	assert_int_equal(EXIT_USAGE, 2);
	assert_int_equal(EXIT_NO_DAEMON, 3);
	assert_int_equal(EXIT_NO_MATCH, 4);
	assert_int_equal(EXIT_NOT_PERMITTED, 5);
	assert_int_equal(EXIT_TIMED_OUT, 124);
	assert_int_equal(EXIT_INTERRUPTED, 130);
}

static void success_is_zero(void **state)
{
	assert_int_equal(exit_status(0), EXIT_DONE);
	assert_int_equal(exit_status(1), EXIT_DONE);
	assert_int_equal(exit_status(10000), EXIT_DONE);
}

static void every_documented_code_has_its_status(void **state)
{
	assert_int_equal(exit_status(-EINVAL), EXIT_USAGE);
	assert_int_equal(exit_status(-ENOTCONN), EXIT_NO_DAEMON);
	assert_int_equal(exit_status(-ECONNREFUSED), EXIT_NO_DAEMON);
	assert_int_equal(exit_status(-ECONNRESET), EXIT_NO_DAEMON);
	assert_int_equal(exit_status(-ENOENT), EXIT_NO_MATCH);
	assert_int_equal(exit_status(-EPERM), EXIT_NOT_PERMITTED);
	assert_int_equal(exit_status(-EACCES), EXIT_NOT_PERMITTED);
	assert_int_equal(exit_status(-ETIMEDOUT), EXIT_TIMED_OUT);
	assert_int_equal(exit_status(-EINTR), EXIT_INTERRUPTED);
}

static void all_else_failed(void **state)
{
	assert_int_equal(exit_status(-EBUSY), EXIT_FAILED);
	assert_int_equal(exit_status(-ENOSPC), EXIT_FAILED);
	assert_int_equal(exit_status(-EPROTO), EXIT_FAILED);
	assert_int_equal(exit_status(-ENOMEM), EXIT_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_those_documented),
		cmocka_unit_test(success_is_zero),
		cmocka_unit_test(every_documented_code_has_its_status),
		cmocka_unit_test(all_else_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
