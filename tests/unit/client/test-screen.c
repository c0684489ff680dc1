/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <stdlib.h>

#include "screen.h"

static void rows_of_lines(void **state)
{
	assert_int_equal(screen_rows("", 10), 0);
	assert_int_equal(screen_rows("one\n", 10), 1);
	assert_int_equal(screen_rows("one\n\ntwo\n", 10), 3);
}

static void long_lines_wrap(void **state)
{
	assert_int_equal(screen_rows("1234567890\n", 10), 1);
	assert_int_equal(screen_rows("12345678901\n", 10), 2);
	assert_int_equal(screen_rows("123456789012345678901\nx\n", 10), 4);
}

static void wide_and_coloured_text(void **state)
{
	if (!setlocale(LC_ALL, "C.UTF-8"))
		skip();
	assert_int_equal(screen_rows("\xc3\xa4\xc3\xa4\xc3\xa4\n", 3), 1);
	assert_int_equal(screen_rows("\xe6\xbc\xa2\xe6\xbc\xa2\n", 3), 2);
	assert_int_equal(screen_rows("\033[90mabc\033[0m\n", 3), 1);
	assert_int_equal(screen_rows("\xff\xff\xff\n", 3), 1);
}

static void assert_cut(const char *text, size_t rows, size_t columns, const char *expected)
{
	char *cut = screen_cut(text, rows, columns);

	assert_string_equal(cut, expected);
	free(cut);
}

static void what_does_not_fit_is_cut(void **state)
{
	assert_cut("a\nb\nc\n", 3, 10, "a\nb\nc\n");
	assert_cut("a\nb\nc\n", 2, 10, "a\n... and 2 more lines\n");
	assert_cut("a\nb\nc\n", 1, 10, "... and 3 more lines\n");
	assert_cut("a\n12345\nc\n", 3, 3, "a\n... and 2 more lines\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_lines),
		cmocka_unit_test(long_lines_wrap),
		cmocka_unit_test(wide_and_coloured_text),
		cmocka_unit_test(what_does_not_fit_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
