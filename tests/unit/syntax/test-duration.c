/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <limits.h>

#include "duration.h"

static void assert_ms(const char *text, int ms)
{
	int got = -1;

	assert_int_equal(duration_parse(text, &got), 0);
	assert_int_equal(got, ms);
}

static void assert_refused(const char *text, int error)
{
	int got = 77;

	assert_int_equal(duration_parse(text, &got), error);
	assert_int_equal(got, 77);
}

static void units(void **state)
{
	assert_ms("5", 5000);
	assert_ms("5s", 5000);
	assert_ms("300ms", 300);
	assert_ms("2m", 120000);
	assert_ms("1h", 3600000);
}

static void decimals(void **state)
{
	assert_ms("0.25", 250);
	assert_ms(".5", 500);
	assert_ms("3.", 3000);
	assert_ms("1.5h", 5400000);
	assert_ms("0.1", 100);
	assert_ms("0.001", 1);
}

static void only_zero_is_zero(void **state)
{
	assert_ms("0", 0);
	assert_ms("0.000", 0);
	assert_ms("0.0000000000000000", 0);
	assert_ms("0.0001", 1);
	assert_ms("0.0000000000000001", 1);
	assert_ms("0.5ms", 1);
	assert_ms("1.5ms", 2);
}

static void the_longest(void **state)
{
	assert_ms("2147483647ms", INT_MAX);
	assert_refused("2147483648ms", -ERANGE);
	assert_refused("2147483.648", -ERANGE);
	assert_refused("597h", -ERANGE);
	assert_refused("99999999999999999999999999", -ERANGE);
	assert_refused("99999999999999999999999999h", -ERANGE);
}

static void nonsense(void **state)
{
	static const char *const texts[] = {"",	   ".",	  "s",	   "-1",  "+1",	 "1 s",
					    " 1",  "1d",  "1.2.3", "inf", "nan", "0x10",
					    "1e3", "1,5", "5S",	   "1sm"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_refused(texts[i], -EINVAL);
}

static void assert_age(double seconds, const char *expected)
{
	char buffer[32];

	duration_format(seconds, buffer, sizeof(buffer));
	assert_string_equal(buffer, expected);
}

static void ages(void **state)
{
	assert_age(-3, "0.0s");
	assert_age(0, "0.0s");
	assert_age(0.26, "0.3s");
	assert_age(9.94, "9.9s");
	assert_age(9.96, "9s");
	assert_age(42.9, "42s");
	assert_age(60, "1m00s");
	assert_age(185, "3m05s");
	assert_age(7800, "2h10m");
	assert_age(4 * 86400 + 3 * 3600, "4d03h");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units),
		cmocka_unit_test(decimals),
		cmocka_unit_test(only_zero_is_zero),
		cmocka_unit_test(the_longest),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(ages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
