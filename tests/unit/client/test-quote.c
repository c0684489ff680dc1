/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "quote.h"

static void assert_word(const char *word, const char *expected)
{
	char *text = quote_argv(&word, 1);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void plain_words_stay(void **state)
{
	assert_word("/usr/sbin/sshd", "/usr/sbin/sshd");
	assert_word("--port=22", "--port=22");
	assert_word("a_b-c.d,e:f@g+h%i", "a_b-c.d,e:f@g+h%i");
	assert_word("na\xc3\xafve", "na\xc3\xafve");
}

static void what_a_shell_reads_is_quoted(void **state)
{
	assert_word("", "''");
	assert_word("a b", "'a b'");
	assert_word("$HOME", "'$HOME'");
	assert_word("a;b|c&d", "'a;b|c&d'");
	assert_word("*?[x]", "'*?[x]'");
	assert_word("~", "'~'");
	assert_word("#3", "'#3'");
	assert_word("\"", "'\"'");
	assert_word("!", "'!'");
}

static void escapes_keep_their_meaning(void **state)
{
	assert_word("a\\nb", "$'a\\nb'");
	assert_word("a\\\\b", "$'a\\\\b'");
	assert_word("\\x1b[31m", "$'\\x1b[31m'");
	assert_word("it's", "$'it\\'s'");
	assert_word("\\xff it's", "$'\\xff it\\'s'");
}

static void arguments_are_joined(void **state)
{
	static const char *const argv[] = {"sh", "-c", "echo \"$1\"", "", "x"};
	char *text = quote_argv(argv, 5);

	assert_string_equal(text, "sh -c 'echo \"$1\"' '' x");
	free(text);

	text = quote_argv(NULL, 0);
	assert_string_equal(text, "");
	free(text);
}

static void assert_any_shell(const char *word, const char *expected)
{
	char *text = NULL;

	assert_int_equal(quote_any_shell(word, &text), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void words_for_any_shell(void **state)
{
	assert_any_shell("/run/dwd/dwd.sock", "/run/dwd/dwd.sock");
	assert_any_shell("/tmp/a b/$x", "'/tmp/a b/$x'");
	assert_any_shell("/tmp/na\xc3\xafve", "'/tmp/na\xc3\xafve'");
	assert_any_shell("a=b", "'a=b'");
	assert_any_shell("", "''");
}

static void words_for_no_shell(void **state)
{
	static const char *const words[] = {"it's", "hey!", "a\\b", "a\nb"};

	for (size_t i = 0; i < 4; i++) {
		char *text = NULL;

		assert_int_equal(quote_any_shell(words[i], &text), -EINVAL);
		assert_null(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_words_stay),
		cmocka_unit_test(what_a_shell_reads_is_quoted),
		cmocka_unit_test(escapes_keep_their_meaning),
		cmocka_unit_test(arguments_are_joined),
		cmocka_unit_test(words_for_any_shell),
		cmocka_unit_test(words_for_no_shell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
