/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "util.h"
#include "words.h"

/* Compare the words of a line, separated by |. */
static void assert_words(const char *line, const char *expected)
{
	char joined[256] = "";
	struct words w;

	assert_int_equal(words_split(&w, line), 0);
	for (int i = 0; i < w.count; i++) {
		strcat(joined, w.words[i]);
		strcat(joined, "|");
	}
	assert_string_equal(joined, expected);
	assert_null(w.words[w.count]);
	words_done(&w);
}

static void blanks_separate(void **state)
{
	assert_words("", "");
	assert_words(" \t ", "");
	assert_words("watch a", "watch|a|");
	assert_words("  watch\t a  b ", "watch|a|b|");
	assert_words("list\r", "list|");
	assert_words("continue #3 # x", "continue|#3|#|x|");
}

static void quotes_keep_together(void **state)
{
	assert_words("'a b'", "a b|");
	assert_words("\"a b\"c' d'", "a bc d|");
	assert_words("'' \"\"", "||");
	assert_words("'a\\'", "a\\|");
	assert_words("'a\"b' \"c'd\"", "a\"b|c'd|");
}

static void backslashes(void **state)
{
	assert_words("a\\ b", "a b|");
	assert_words("\\'a \\\"", "'a|\"|");
	assert_words("a\\\\b", "a\\b|");
	assert_words("\"a\\\"b\\\\c\\$\\`\"", "a\"b\\c$`|");
	assert_words("\"a\\n\"", "a\\n|");
}

static void home(void **state)
{
	setenv("HOME", "/home/x", 1);
	assert_words("~ ~/a ~b a~ '~' \\~", "/home/x|/home/x/a|~b|a~|~|~|");
}

static void assert_control(const char *line, char control)
{
	struct words w;

	assert_int_equal(words_split(&w, line), 0);
	assert_int_equal(w.control, control);
	words_done(&w);
}

static void controls_at_the_ends_of_words(void **state)
{
	assert_control("kill zzz; list", ';');
	assert_control("list | less", '|');
	assert_control("watch a & b;", '&');
	assert_control("list >file", '>');
	assert_control("list < file", '<');
	assert_control("'a';", ';');
	assert_control("a;b x&y=z a>b", 0);
	assert_control("'a;' \"b|\" c\\; \\& '>'d", 0);
	assert_control("\\;", 0);
	assert_control("", 0);
}

static void assert_open(const char *line, char open)
{
	struct words w;

	assert_int_equal(words_split(&w, line), -EINVAL);
	assert_int_equal(w.open, open);
	words_done(&w);
}

static void what_is_open_is_refused(void **state)
{
	assert_open("watch 'a b", '\'');
	assert_open("watch \"a", '"');
	assert_open("watch \"a\\", '"');
	assert_open("watch a\\", '\\');
	assert_open("'", '\'');
}

static void assert_cursor(const char *line, const char *last, int count, size_t start, char open)
{
	struct words w;

	assert_int_equal(words_split_to_cursor(&w, line, strlen(line)), 0);
	assert_int_equal(w.count, count);
	assert_string_equal(w.words[count - 1], last);
	assert_int_equal(w.last_start, start);
	assert_int_equal(w.open, open);
	words_done(&w);
}

static void the_word_at_the_cursor(void **state)
{
	assert_cursor("", "", 1, 0, 0);
	assert_cursor("wat", "wat", 1, 0, 0);
	assert_cursor("watch ", "", 2, 6, 0);
	assert_cursor("watch a\\ b", "a b", 2, 6, 0);
	assert_cursor("watch 'a b", "a b", 2, 6, '\'');
	assert_cursor("watch --x=\"a b", "--x=a b", 2, 6, '"');
	assert_cursor("watch ~/a", "~/a", 2, 6, 0);
	assert_cursor("watch 'a b' ", "", 3, 12, 0);
}

static void the_cursor_cuts(void **state)
{
	struct words w;

	assert_int_equal(words_split_to_cursor(&w, "watch abc", 7), 0);
	assert_string_equal(w.words[1], "a");
	words_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blanks_separate),
		cmocka_unit_test(quotes_keep_together),
		cmocka_unit_test(backslashes),
		cmocka_unit_test(home),
		cmocka_unit_test(controls_at_the_ends_of_words),
		cmocka_unit_test(what_is_open_is_refused),
		cmocka_unit_test(the_word_at_the_cursor),
		cmocka_unit_test(the_cursor_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
