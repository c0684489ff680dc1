/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>

#include "printable.h"

static void same_bytes(void **state)
{
	assert_true(printable_equals("", ""));
	assert_true(printable_equals("/usr/sbin/sshd", "/usr/sbin/sshd"));
	assert_true(printable_equals("na\xc3\xafve", "na\xc3\xafve"));
	assert_true(printable_equals("a\\\\b", "a\\b"));
	assert_true(printable_equals("\\x1b[31m\\n\\t", "\x1b[31m\n\t"));
	assert_true(printable_equals("\\xff\\xFF", "\xff\xff"));
}

static void other_bytes(void **state)
{
	assert_false(printable_equals("", "a"));
	assert_false(printable_equals("a", ""));
	assert_false(printable_equals("ab", "a"));
	assert_false(printable_equals("a", "ab"));
	assert_false(printable_equals("\\n", "n"));
	assert_false(printable_equals("\\x41", "\\x41"));
}

static void broken_escapes_equal_nothing(void **state)
{
	assert_false(printable_equals("\\", "\\"));
	assert_false(printable_equals("\\q", "\\q"));
	assert_false(printable_equals("\\x", "\\x"));
	assert_false(printable_equals("\\x4", "\\x4"));
	assert_false(printable_equals("\\x4g", "\\x4g"));
	assert_false(printable_equals("\\x00", ""));
}

static void assert_put(const char *text, const char *expected)
{
	char *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	assert_non_null(f);
	printable_put(f, text);
	fclose(f);
	assert_string_equal(out, expected);
	free(out);
}

static void what_is_not_printable_is_escaped(void **state)
{
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	assert_put("plain text", "plain text");
	assert_put("a\x1b[31mb\n", "a\\x1b[31mb\\x0a");
	assert_put("na\xc3\xafve", "na\xc3\xafve");
	assert_put("\xff\xc3", "\\xff\\xc3");
	assert_put("\xc3(", "\\xc3(");
	assert_put("\xc2\x9b", "\\xc2\\x9b"); /* CSI, as terminals may take it */
}

static void what_is_printable_stays(void **state)
{
	assert_put("\\x1b and \\\\", "\\x1b and \\\\");
}

static void the_locale_decides(void **state)
{
	assert_non_null(setlocale(LC_CTYPE, "C"));
	assert_put("na\xc3\xafve", "na\\xc3\\xafve");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_bytes),
		cmocka_unit_test(other_bytes),
		cmocka_unit_test(broken_escapes_equal_nothing),
		cmocka_unit_test(what_is_not_printable_is_escaped),
		cmocka_unit_test(what_is_printable_stays),
		cmocka_unit_test(the_locale_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
