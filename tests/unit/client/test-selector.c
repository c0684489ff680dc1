/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <limits.h>

#include "selector.h"

static struct selector parse(const char *text)
{
	struct selector s = {0};
	const char *reason = NULL;

	assert_int_equal(selector_parse(&s, text, "/home/me", &reason), 0);
	return s;
}

static void assert_refused(const char *text)
{
	struct selector s = {.match.pid = 77};
	const char *reason = NULL;

	assert_int_equal(selector_parse(&s, text, "/home/me", &reason), -EINVAL);
	assert_non_null(reason);
	assert_int_equal(s.match.pid, 77);
}

static void integers_are_pids(void **state)
{
	struct selector s = parse("1234");

	assert_int_equal(s.match.pid, 1234);
	assert_int_equal(s.match.id, 0);
	assert_null(s.match.name);
	assert_null(s.match.path);
	assert_true(selector_is_single(&s));

	s = parse("2147483647");
	assert_int_equal(s.match.pid, INT_MAX);
}

static void hash_is_a_stop_id(void **state)
{
	struct selector s = parse("#3");

	assert_int_equal(s.match.id, 3);
	assert_int_equal(s.match.pid, 0);
	assert_null(s.match.name);
	assert_true(selector_is_single(&s));

	s = parse("#18446744073709551615");
	assert_true(s.match.id == UINT64_MAX);
}

static void no_slash_is_a_name(void **state)
{
	static const char *const names[] = {"sshd", "7zip", "12.5", "-x", "a#1", "..", "0x10"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct selector s = parse(names[i]);

		assert_string_equal(s.match.name, names[i]);
		assert_int_equal(s.match.pid, 0);
		assert_int_equal(s.match.id, 0);
		assert_null(s.match.path);
		assert_false(selector_is_single(&s));
		selector_done(&s);
	}
}

static void slash_is_a_path(void **state)
{
	struct selector s = parse("./x.sh");

	assert_string_equal(s.match.path, "/home/me/x.sh");
	assert_null(s.match.name);
	assert_false(selector_is_single(&s));
	selector_done(&s);
	assert_null(s.match.path);

	s = parse("/usr//sbin/../sbin/sshd");
	assert_string_equal(s.match.path, "/usr/sbin/sshd");
	selector_done(&s);

	s = parse("12/34");
	assert_string_equal(s.match.path, "/home/me/12/34");
	selector_done(&s);
}

static void nonsense(void **state)
{
	assert_refused("");
	assert_refused("#");
	assert_refused("#0");
	assert_refused("#x");
	assert_refused("#3x");
	assert_refused("#-3");
	assert_refused("# 3");
	assert_refused("#18446744073709551616");
	assert_refused("0");
	assert_refused("2147483648");
	assert_refused("99999999999999999999999");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_are_pids),  cmocka_unit_test(hash_is_a_stop_id),
		cmocka_unit_test(no_slash_is_a_name), cmocka_unit_test(slash_is_a_path),
		cmocka_unit_test(nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
