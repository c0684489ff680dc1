/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "names.h"
#include "util.h"

static const char *const names[] = {"watch", "unwatch", "watches", "list",
				    "info",  "wait",	"status"};

static ssize_t resolve(const char *word)
{
	return names_resolve(names, ARRAY_SIZE(names), word);
}

static ssize_t nearest(const char *word)
{
	return names_nearest(names, ARRAY_SIZE(names), word);
}

static void whole_names(void **state)
{
	assert_int_equal(resolve("watch"), 0); /* though watches begins with it */
	assert_int_equal(resolve("watches"), 2);
	assert_int_equal(resolve("list"), 3);
}

static void unique_beginnings(void **state)
{
	assert_int_equal(resolve("li"), 3);
	assert_int_equal(resolve("watche"), 2);
	assert_int_equal(resolve("u"), 1);
}

static void ambiguous_beginnings(void **state)
{
	assert_int_equal(resolve("w"), -ENOTUNIQ);
	assert_int_equal(resolve("wat"), -ENOTUNIQ);
}

static void no_names(void **state)
{
	assert_int_equal(resolve(""), -ENOENT);
	assert_int_equal(resolve("lists"), -ENOENT);
	assert_int_equal(resolve("List"), -ENOENT);
	assert_int_equal(names_resolve(NULL, 0, "list"), -ENOENT);
}

static void suggestions(void **state)
{
	assert_int_equal(nearest("lsit"), 3);
	assert_int_equal(nearest("lis"), 3);
	assert_int_equal(nearest("unwacth"), 1);
	assert_int_equal(nearest("statsu"), 6);
	assert_int_equal(nearest("watchs"), 0);
}

static void no_suggestions(void **state)
{
	assert_int_equal(nearest(""), -ENOENT);
	assert_int_equal(nearest("xyz"), -ENOENT);
	assert_int_equal(nearest("restart-everything"), -ENOENT);
	assert_int_equal(nearest("a-word-longer-than-any-command-could-ever-be"), -ENOENT);
}

static void distances(void **state)
{
	assert_int_equal(names_distance("", ""), 0);
	assert_int_equal(names_distance("", "abc"), 3);
	assert_int_equal(names_distance("abc", ""), 3);
	assert_int_equal(names_distance("abc", "abc"), 0);
	assert_int_equal(names_distance("abc", "abd"), 1);
	assert_int_equal(names_distance("abc", "acb"), 1); /* swapped */
	assert_int_equal(names_distance("abc", "abcd"), 1);
	assert_int_equal(names_distance("kitten", "sitting"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_names),
		cmocka_unit_test(unique_beginnings),
		cmocka_unit_test(ambiguous_beginnings),
		cmocka_unit_test(no_names),
		cmocka_unit_test(suggestions),
		cmocka_unit_test(no_suggestions),
		cmocka_unit_test(distances),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
