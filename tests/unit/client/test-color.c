/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>

#include "color.h"
#include "util.h"

static FILE *file, *terminal;

static int open_streams(void **state)
{
	file = fopen("/dev/null", "we");
	terminal = fopen("/dev/ptmx", "we"); /* is a terminal itself */
	return file && terminal && isatty(fileno(terminal)) ? 0 : -1;
}

static int close_streams(void **state)
{
	fclose(file);
	fclose(terminal);
	return 0;
}

static int ordinary(void **state)
{
	unsetenv("NO_COLOR");
	setenv("TERM", "xterm", 1);
	color_choose(COLOR_AUTO);
	return 0;
}

static void on_terminals_alone(void **state)
{
	assert_true(color_wanted(terminal));
	assert_false(color_wanted(file));
	assert_string_equal(color_on(file, COLOR_ERROR), "");
	assert_string_equal(color_off(file, COLOR_ERROR), "");
	assert_string_not_equal(color_on(terminal, COLOR_ERROR), "");
	assert_string_not_equal(color_off(terminal, COLOR_ERROR), "");
}

static void the_environment_forbids(void **state)
{
	setenv("NO_COLOR", "1", 1);
	assert_false(color_wanted(terminal));
	setenv("NO_COLOR", "", 1);
	assert_true(color_wanted(terminal));
	setenv("TERM", "dumb", 1);
	assert_false(color_wanted(terminal));
	unsetenv("TERM");
	assert_false(color_wanted(terminal));
}

static void the_user_overrules(void **state)
{
	setenv("NO_COLOR", "1", 1);
	color_choose(COLOR_ALWAYS);
	assert_true(color_wanted(file));
	unsetenv("NO_COLOR");
	color_choose(COLOR_NEVER);
	assert_false(color_wanted(terminal));
}

static void what_is_plain_needs_no_end(void **state)
{
	assert_string_equal(color_on(terminal, COLOR_PLAIN), "");
	assert_string_equal(color_off(terminal, COLOR_PLAIN), "");
}

static void names_of_modes(void **state)
{
	enum color_mode mode = COLOR_NEVER;

	assert_int_equal(color_mode_parse("purple", &mode), -EINVAL);
	assert_int_equal(mode, COLOR_NEVER);
	assert_int_equal(color_mode_parse("always", &mode), 0);
	assert_int_equal(mode, COLOR_ALWAYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(on_terminals_alone, ordinary),
		cmocka_unit_test_setup(the_environment_forbids, ordinary),
		cmocka_unit_test_setup(the_user_overrules, ordinary),
		cmocka_unit_test_setup(what_is_plain_needs_no_end, ordinary),
		cmocka_unit_test_setup(names_of_modes, ordinary),
	};

	return cmocka_run_group_tests(tests, open_streams, close_streams);
}
