/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cmd.h"
#include "complete.h"
#include "util.h"

/* Nothing listens there. */
static struct client client = {.options = {.socket = "/dev/null/dwd.sock", .no_start = true}};
static struct completions list;

/* The words are separated by single spaces; the last one is to be completed. */
static void complete(const char *line)
{
	static char text[256];
	char *words[16], *rest = text;
	int n = 0;

	completions_done(&list);
	snprintf(text, sizeof(text), "%s", line);
	while (rest)
		words[n++] = strsep(&rest, " ");
	assert_int_equal(complete_words(&client, n, words, &list), 0);
}

static const struct completion *find(const char *text)
{
	for (size_t i = 0; i < list.count; i++) {
		if (str_eq(list.items[i].text, text))
			return &list.items[i];
	}
	return NULL;
}

static bool offers(const char *text)
{
	return find(text) != NULL;
}

static void commands(void **state)
{
	complete("");
	assert_true(offers("watch"));
	assert_string_equal(find("watch")->note, cmd_watch.summary);
	assert_false(offers("debugger-attached"));
	complete("wat");
	assert_int_equal(list.count, 2);
	complete("help unw");
	assert_int_equal(list.count, 1);
	assert_true(offers("unwatch"));
	complete("help unwatch unw");
	assert_int_equal(list.count, 0);
}

static void options(void **state)
{
	complete("attach --");
	assert_true(offers("--timeout"));
	assert_true(offers("--json"));
	complete("li --no");
	assert_true(offers("--no-start"));
	complete("--js");
	assert_true(offers("--json"));
	complete("nonsense --js");
	assert_int_equal(list.count, 0);
	complete("wat --js"); /* ambiguous: no command */
	assert_int_equal(list.count, 0);
}

static void values_of_options(void **state)
{
	complete("watch --uid roo");
	assert_true(offers("root"));
	complete("watch -u roo");
	assert_true(offers("root"));
	complete("watch -uroo");
	assert_false(offers("root"));
	complete("watch --uid=roo");
	assert_int_equal(list.count, 1);
	assert_true(offers("--uid=root"));
	complete("watch --json=");
	assert_int_equal(list.count, 0);
	complete("wait --timeout ");
	assert_int_equal(list.count, 0);
	complete("kill -s TER");
	assert_true(offers("TERM"));
	complete("kill -TER");
	assert_int_equal(list.count, 1);
	assert_true(offers("-TERM"));
}

static void values_are_no_operands(void **state)
{
	complete("--socket list unw");
	assert_true(offers("unwatch"));
	complete("help --socket /dev unw");
	assert_true(offers("unwatch"));
	complete("help --socket=/dev unw");
	assert_true(offers("unwatch"));
}

static char *directory;

static void touch(const char *name, mode_t mode)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, mode);
	assert_true(fd >= 0);
	close(fd);
}

static int make_files(void **state)
{
	static char template[] = "/tmp/test-complete-XXXXXX";

	directory = mkdtemp(template);
	if (!directory || chdir(directory) < 0 || mkdir("bin", 0700) < 0 ||
	    mkdir("bin/deep", 0700) < 0)
		return -1;
	touch("bin/debuggee", 0700);
	touch("bin/data", 0600);
	touch("bin/.hidden", 0700);
	touch("bin/two words", 0700);
	setenv("PATH", "bin", 1);
	setenv("HOME", directory, 1);
	return 0;
}

static int remove_files(void **state)
{
	completions_done(&list);
	unlink("bin/debuggee");
	unlink("bin/data");
	unlink("bin/.hidden");
	unlink("bin/two words");
	rmdir("bin/deep");
	rmdir("bin");
	return rmdir(directory);
}

static void targets(void **state)
{
	complete("watch de");
	assert_int_equal(list.count, 1);
	assert_true(offers("debuggee"));
	complete("watch b");
	assert_true(offers("bin/"));
	complete("watch bin/d");
	assert_int_equal(list.count, 2);
	assert_true(offers("bin/debuggee"));
	assert_true(offers("bin/deep/"));
	complete("watch ~/bin/deb");
	assert_true(offers("~/bin/debuggee"));
	complete("watch -- de");
	assert_true(offers("debuggee"));
}

static void files(void **state)
{
	complete("--socket bin/");
	assert_int_equal(list.count, 4);
	assert_true(offers("bin/data"));
	assert_true(offers("bin/two words"));
	complete("--socket bin/.");
	assert_int_equal(list.count, 1);
	complete("attach -- -x bin/da");
	assert_true(offers("bin/data"));
	complete("--socket nowhere/");
	assert_int_equal(list.count, 0);
}

static void without_a_daemon_there_is_nothing(void **state)
{
	complete("continue ");
	assert_int_equal(list.count, 0);
	complete("info #");
	assert_int_equal(list.count, 0);
	complete("unwatch 1");
	assert_int_equal(list.count, 0);
}

static void order(void **state)
{
	struct completions l = {.word = ""};

	completions_add(&l, "#10", "ten");
	completions_add(&l, "#9", NULL);
	completions_add(&l, "#10", "again");
	completions_sort(&l);
	assert_int_equal(l.count, 2);
	assert_string_equal(l.items[0].text, "#9");
	assert_string_equal(l.items[1].text, "#10");
	completions_done(&l);
}

static void common_beginning(void **state)
{
	struct completions l = {.word = "gr"};

	assert_int_equal(completions_common(&l), 0);
	completions_add(&l, "gr\xc3\xbc\xc3\x9f", NULL);
	assert_int_equal(completions_common(&l), 6);
	completions_add(&l, "gr\xc3\xb6\xc3\x9f", NULL); /* differs within a character */
	assert_int_equal(completions_common(&l), 2);
	completions_add(&l, "other", NULL);
	assert_int_equal(l.count, 2);
	completions_done(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands),
		cmocka_unit_test(options),
		cmocka_unit_test(values_of_options),
		cmocka_unit_test(values_are_no_operands),
		cmocka_unit_test(targets),
		cmocka_unit_test(files),
		cmocka_unit_test(without_a_daemon_there_is_nothing),
		cmocka_unit_test(order),
		cmocka_unit_test(common_beginning),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
