/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "wrap.h"

static void assert_wrapped(const char *text, size_t columns, const char *expected)
{
	char *wrapped = wrap_text(text, columns);

	assert_string_equal(wrapped, expected);
	free(wrapped);
}

static void what_fits_stays(void **state)
{
	assert_wrapped("", 10, "");
	assert_wrapped("a b\nc d\n\n  e", 10, "a b\nc d\n\n  e");
	assert_wrapped("1234 6789\n", 9, "1234 6789\n");
}

static void lines_are_broken_at_spaces(void **state)
{
	assert_wrapped("1234 6789\n", 8, "1234\n6789\n");
	assert_wrapped("12 45 78 0\n", 5, "12 45\n78 0\n");
	assert_wrapped("  12 45\n", 5, "  12\n  45\n");
	assert_wrapped("1 23456789 1\n", 5, "1\n23456789\n1\n");
	assert_wrapped("12345678 \n", 5, "12345678\n");
	assert_wrapped("    1234567 9\n", 9, "    1234567\n    9\n");
}

static void paragraphs_are_filled(void **state)
{
	assert_wrapped("12 45 78\n1 3\n\n1 3\n", 6, "12 45\n78 1 3\n\n1 3\n");
	assert_wrapped("12 45 78\n  1 3\n  5\n", 6, "12 45\n78\n  1 3\n  5\n");
}

static void columns_hang(void **state)
{
	assert_wrapped(" -a  bcd fgh\n -b  xyz\n", 9, " -a  bcd\n     fgh\n -b  xyz\n");
	assert_wrapped(" --abc  d fgh\n", 9, " --abc  d\nfgh\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_stays),
		cmocka_unit_test(lines_are_broken_at_spaces),
		cmocka_unit_test(paragraphs_are_filled),
		cmocka_unit_test(columns_hang),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
