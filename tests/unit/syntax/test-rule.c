/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "rule.h"

static void assert_rule(const char *text, const char *target, bool has_uid, uid_t uid)
{
	struct rule_line line;
	char *message = NULL;

	assert_int_equal(rule_line_read(&line, text, &message), 1);
	assert_string_equal(line.rule.target, target);
	assert_int_equal(line.rule.has_uid, has_uid);
	if (has_uid)
		assert_int_equal(line.rule.uid, uid);
	rule_line_done(&line);
}

static void assert_mistake(const char *text, const char *expected)
{
	struct rule_line line;
	char *message = NULL;

	assert_int_equal(rule_line_read(&line, text, &message), -EINVAL);
	assert_string_equal(message, expected);
	rule_line_done(&line);
	free(message);
}

static void assert_none(const char *text)
{
	struct rule_line line;
	char *message = NULL;

	assert_int_equal(rule_line_read(&line, text, &message), 0);
	rule_line_done(&line);
}

static void rules(void **state)
{
	assert_rule("sshd", "sshd", false, 0);
	assert_rule("  /usr/sbin/sshd\t", "/usr/sbin/sshd", false, 0);
	assert_rule("--uid root sshd", "sshd", true, 0);
	assert_rule("sshd -u 1000", "sshd", true, 1000);
	assert_rule("--uid=7 -- -x", "-x", true, 7);
	assert_rule("'/opt/a b/' # all of it", "/opt/a b/", false, 0);
	assert_rule("~/x", "~/x", false, 0);
	assert_rule("a#b", "a#b", false, 0);
	assert_rule("'#b'", "#b", false, 0);
}

static void variables_of_a_rule(void **state)
{
	struct rule_line line, none;
	char *message = NULL;

	assert_int_equal(
		rule_line_read(&line, "--setenv A=1 -E 'B=two words' sshd --setenv=C=", &message),
		1);
	assert_string_equal(line.rule.setenv[0], "A=1");
	assert_string_equal(line.rule.setenv[1], "B=two words");
	assert_string_equal(line.rule.setenv[2], "C=");
	assert_null(line.rule.setenv[3]);
	rule_line_done(&line);
	assert_int_equal(rule_line_read(&none, "sshd", &message), 1);
	assert_null(none.rule.setenv[0]);
	rule_line_done(&none);
}

static void lines_without_one(void **state)
{
	assert_none("");
	assert_none(" \t\r");
	assert_none("# sshd");
	assert_none("  #sshd 'x");
}

static void mistakes(void **state)
{
	assert_mistake("a b", "'b' is one word too many: one watch a line");
	assert_mistake("--uid root", "there is no TARGET");
	assert_mistake("--uid nosuchuser x", "--uid nosuchuser: there is no such user");
	assert_mistake("--nosuch x", "there is no option --nosuch");
	assert_mistake("x --uid", "option --uid needs a value: USER");
	assert_mistake("'x", "the quote ' is not closed");
	assert_mistake("\"x", "the quote \" is not closed");
	assert_mistake("x\\", "nothing follows the backslash at its end");
}

/* What is written is read back. */
static void assert_written(int argc, char **argv, const char *target, const char *expected)
{
	static const struct option_spec options[] = {RULE_OPTIONS, {.name = "other"}, {0}};
	const struct option_spec *const specs[] = {options, NULL};
	struct args args;
	char *line;

	assert_int_equal(args_parse(&args, specs, argc, argv, 0), 0);
	line = rule_line_write(&args, target, "/sys/fs/cgroup/a b");
	assert_string_equal(line, expected);
	assert_rule(line, target, argc > 1, 3);
	free(line);
	args_done(&args);
}

static void writing(void **state)
{
	char *cgroup[] = {(char *)"--cgroup=a b"};
	char *uid[] = {(char *)"-u3", (char *)"--other"}, *none[] = {(char *)"--other"};

	assert_written(2, uid, "sshd", "--uid 3 sshd");
	assert_written(1, none, "/a b/it's", "'/a b/it'\\''s'");
	assert_written(1, none, "#x", "'#x'");
	assert_written(1, none, "~/x", "'~/x'");
	assert_written(1, none, "-x", "-- -x");
	assert_written(1, none, "\\", "'\\'");
	assert_written(1, cgroup, "x", "--cgroup '/sys/fs/cgroup/a b' x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules),
		cmocka_unit_test(variables_of_a_rule),
		cmocka_unit_test(lines_without_one),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(writing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
