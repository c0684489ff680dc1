/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>

#include "width.h"

static int use_utf8(void **state)
{
	return setlocale(LC_ALL, "C.UTF-8") ? 0 : -1;
}

static void characters_have_a_width(void **state)
{
	assert_int_equal(width_of(""), 0);
	assert_int_equal(width_of("abc"), 3);
	assert_int_equal(width_of("gr\xc3\xbc\xc3\x9f"), 4);
	assert_int_equal(width_of("\xe6\xbc\xa2"), 2); /* a wide one */
	assert_int_equal(width_of("e\xcc\x81"), 1);    /* a combining one */
	assert_int_equal(width_of("a\xff\xc3"), 3);    /* no UTF-8 */
}

static void what_fits_is_whole(void **state)
{
	assert_int_equal(width_fitting("abc", 0), 0);
	assert_int_equal(width_fitting("abc", 2), 2);
	assert_int_equal(width_fitting("abc", 9), 3);
	assert_int_equal(width_fitting("gr\xc3\xbc\xc3\x9f", 3), 4);
	assert_int_equal(width_fitting("a\xe6\xbc\xa2", 2), 1);
	assert_int_equal(width_fitting("e\xcc\x81x", 1), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_have_a_width),
		cmocka_unit_test(what_fits_is_whole),
	};

	return cmocka_run_group_tests(tests, use_utf8, NULL);
}
