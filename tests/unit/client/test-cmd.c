/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cmd.h"
#include "util.h"

/* Nothing listens there, and nothing may be started to. */
static struct client client = {.options = {.socket = "/dev/null/dwd.sock", .no_start = true}};

static int run(const char *word, ...)
{
	char *argv[8] = {(char *)word};
	int argc = 1;
	va_list ap;

	va_start(ap, word);
	while ((argv[argc] = va_arg(ap, char *)))
		argc++;
	va_end(ap);
	return cmd_run(&client, argc, argv);
}

static void entries_are_complete(void **state)
{
	for (const struct cmd *const *c = cmd_table; *c; c++) {
		assert_non_null((*c)->name);
		assert_non_null((*c)->synopsis);
		assert_non_null((*c)->summary);
		assert_non_null((*c)->run);
		assert_true((*c)->max < 0 || (*c)->max >= (*c)->min);
	}
}

static void names_are_unique(void **state)
{
	for (const struct cmd *const *a = cmd_table; *a; a++) {
		for (const struct cmd *const *b = a + 1; *b; b++)
			assert_string_not_equal((*a)->name, (*b)->name);
	}
}

static void assert_differ(const struct option_spec *a, const struct option_spec *b)
{
	assert_string_not_equal(a->name, b->name);
	assert_true(!a->letter || a->letter != b->letter);
}

static void options_are_unique(void **state)
{
	for (const struct cmd *const *c = cmd_table; *c; c++) {
		for (const struct option_spec *a = (*c)->options; a && a->name; a++) {
			assert_non_null(a->help);
			for (const struct option_spec *b = a + 1; b->name; b++)
				assert_differ(a, b);
			for (const struct option_spec *b = cmd_global_options; b->name; b++)
				assert_differ(a, b);
		}
	}
}

static void beginnings_find_commands(void **state)
{
	assert_ptr_equal(cmd_find("watch"), &cmd_watch);
	assert_ptr_equal(cmd_find("li"), &cmd_list);
	assert_ptr_equal(cmd_find("unw"), &cmd_unwatch);
	assert_null(cmd_find("wa"));
	assert_null(cmd_find("nonsense"));
}

static void hidden_commands_need_their_whole_name(void **state)
{
	assert_ptr_equal(cmd_find("debugger-attached"), &cmd_debugger_attached);
	assert_null(cmd_find("debugger"));
	assert_ptr_equal(cmd_find("d"), &cmd_doctor);
}

static void misuse_is_told_before_a_daemon_is_missed(void **state)
{
	assert_int_equal(run("nonsense", NULL), EXIT_USAGE);
	assert_int_equal(run("watch", NULL), EXIT_USAGE);
	assert_int_equal(run("watch", "--uid", "no such user", "x", NULL), EXIT_USAGE);
	assert_int_equal(run("unwatch", NULL), EXIT_USAGE);
	assert_int_equal(run("unwatch", "--all", "1", NULL), EXIT_USAGE);
	assert_int_equal(run("list", "a", "b", NULL), EXIT_USAGE);
	assert_int_equal(run("list", "#x", NULL), EXIT_USAGE);
	assert_int_equal(run("info", NULL), EXIT_USAGE);
	assert_int_equal(run("wait", "--timeout", "soon", NULL), EXIT_USAGE);
	assert_int_equal(run("attach", "-t", "-1", NULL), EXIT_USAGE);
	assert_int_equal(run("continue", NULL), EXIT_USAGE);
	assert_int_equal(run("continue", "--all", "sshd", NULL), EXIT_USAGE);
	assert_int_equal(run("kill", NULL), EXIT_USAGE);
	assert_int_equal(run("kill", "-NONSENSE", "sshd", NULL), EXIT_USAGE);
	assert_int_equal(run("events", "--nonsense", NULL), EXIT_USAGE);
	assert_int_equal(run("debugger-attached", "x", NULL), EXIT_USAGE);
}

static void a_missing_daemon_is_told(void **state)
{
	assert_int_equal(run("watch", "x", NULL), EXIT_NO_DAEMON);
	assert_int_equal(run("unwatch", "1", NULL), EXIT_NO_DAEMON);
	assert_int_equal(run("watches", NULL), EXIT_NO_DAEMON);
	assert_int_equal(run("list", NULL), EXIT_NO_DAEMON);
	assert_int_equal(run("info", "1", NULL), EXIT_NO_DAEMON);
	assert_int_equal(run("wait", NULL), EXIT_NO_DAEMON);
	assert_int_equal(run("continue", "--all", NULL), EXIT_NO_DAEMON);
	assert_int_equal(run("kill", "--all", NULL), EXIT_NO_DAEMON);
	assert_int_equal(run("events", NULL), EXIT_NO_DAEMON);
	assert_int_equal(run("status", NULL), EXIT_NO_DAEMON);
}

static void help_needs_no_daemon(void **state)
{
	assert_int_equal(run("help", NULL), EXIT_DONE);
	assert_int_equal(run("help", "kill", NULL), EXIT_DONE);
	assert_int_equal(run("help", "nonsense", NULL), EXIT_USAGE);
	assert_int_equal(run("attach", "--help", NULL), EXIT_DONE);
	assert_int_equal(run("version", NULL), EXIT_DONE);
}

static void options_hold_for_one_command(void **state)
{
	assert_int_equal(run("version", "--json", "-q", "--socket", "/elsewhere", NULL), EXIT_DONE);
	assert_false(client.options.json);
	assert_false(client.options.quiet);
	assert_string_equal(client.options.socket, "/dev/null/dwd.sock");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_complete),
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(options_are_unique),
		cmocka_unit_test(beginnings_find_commands),
		cmocka_unit_test(hidden_commands_need_their_whole_name),
		cmocka_unit_test(misuse_is_told_before_a_daemon_is_missed),
		cmocka_unit_test(a_missing_daemon_is_told),
		cmocka_unit_test(help_needs_no_daemon),
		cmocka_unit_test(options_hold_for_one_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
