/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "path.h"

static void assert_absolute(const char *text, const char *cwd, const char *expected)
{
	char *path = NULL;

	assert_int_equal(path_absolute(text, cwd, &path), 0);
	assert_string_equal(path, expected);
	free(path);
}

static void assert_target(const char *text, const char *cwd, const char *expected)
{
	char *path = NULL;

	assert_int_equal(path_target(text, cwd, &path), 0);
	assert_string_equal(path, expected);
	free(path);
}

static void absolute_paths_ignore_the_directory(void **state)
{
	assert_absolute("/usr/sbin/sshd", "/home/me", "/usr/sbin/sshd");
	assert_absolute("/", "/home/me", "/");
	assert_absolute("//", "/home/me", "/");
}

static void relative_paths(void **state)
{
	assert_absolute("./x.sh", "/home/me", "/home/me/x.sh");
	assert_absolute("bin/x", "/home/me", "/home/me/bin/x");
	assert_absolute("x", "/", "/x");
	assert_absolute("../x", "/home/me", "/home/x");
	assert_absolute("", "/home/me", "/home/me");
}

static void normalisation(void **state)
{
	assert_absolute("/a//b///c", "/", "/a/b/c");
	assert_absolute("/a/./b/.", "/", "/a/b");
	assert_absolute("/a/b/../c", "/", "/a/c");
	assert_absolute("/a/b/..", "/", "/a");
	assert_absolute("/a/..", "/", "/");
	assert_absolute("/../../a", "/", "/a");
	assert_absolute("../../../../a", "/home/me", "/a");
	assert_absolute("/a/", "/", "/a");
	assert_absolute("/a/...", "/", "/a/...");
	assert_absolute("/a/..b/.c", "/", "/a/..b/.c");
}

static void own_directory(void **state)
{
	assert_int_equal(chdir("/"), 0);
	assert_absolute("./x", NULL, "/x");
}

static void names_stay(void **state)
{
	assert_target("sshd", "/home/me", "sshd");
	assert_target("x y", "/home/me", "x y");
}

static void directories_keep_their_slash(void **state)
{
	assert_target("./bin/", "/home/me", "/home/me/bin/");
	assert_target("/usr/bin//", "/", "/usr/bin/");
	assert_target("/usr/bin/.", "/", "/usr/bin/");
	assert_target("/usr/bin/..", "/", "/usr/");
	assert_target("./", "/home/me", "/home/me/");
	assert_target("/", "/home/me", "/");
	assert_target("/usr/..", "/home/me", "/");
}

static void files_have_none(void **state)
{
	assert_target("./x.sh", "/home/me", "/home/me/x.sh");
	assert_target("/usr//sbin/sshd", "/", "/usr/sbin/sshd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(absolute_paths_ignore_the_directory),
		cmocka_unit_test(relative_paths),
		cmocka_unit_test(normalisation),
		cmocka_unit_test(own_directory),
		cmocka_unit_test(names_stay),
		cmocka_unit_test(directories_keep_their_slash),
		cmocka_unit_test(files_have_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
