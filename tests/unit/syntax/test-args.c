/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "args.h"
#include "util.h"

static const struct option_spec options[] = {
	{.name = "timeout", .letter = 't', .value = "T", .help = ""},
	{.name = "all", .letter = 'a', .help = ""},
	{0},
};
static const struct option_spec globals[] = {
	{.name = "socket", .value = "PATH", .help = ""},
	{.name = "json", .help = ""},
	{.name = "quiet", .letter = 'q', .help = ""},
	{.name = "alarm", .help = ""}, /* so that --al is ambiguous */
	{0},
};
static const struct option_spec with_signal[] = {
	{.name = "signal", .letter = 's', .bare = true, .value = "SIGNAL", .help = ""},
	{0},
};
static const struct option_spec *const specs[] = {options, globals, NULL};
static const struct option_spec *const kill_specs[] = {with_signal, globals, NULL};

#define WORDS(...)                \
	(const char *[])          \
	{                         \
		__VA_ARGS__, NULL \
	}

static int parse_by(const struct option_spec *const *by, struct args *args, unsigned flags,
		    const char **words)
{
	int n = 0;

	while (words[n])
		n++;
	return args_parse(args, by, n, (char **)words, flags);
}

static void assert_mistake(const char **words, const char *part)
{
	struct args args;

	assert_int_equal(parse_by(specs, &args, 0, words), -EINVAL);
	assert_non_null(strstr(args.error, part));
	args_done(&args);
}

static void operands_and_options_mix(void **state)
{
	struct args args;

	assert_int_equal(parse_by(specs, &args, 0, WORDS("a", "--json", "b", "-t", "5", "-", "-q")),
			 0);
	assert_int_equal(args.count, 3);
	assert_string_equal(args.words[0], "a");
	assert_string_equal(args.words[1], "b");
	assert_string_equal(args.words[2], "-");
	assert_null(args.words[3]);
	assert_string_equal(args_get(&args, "timeout"), "5");
	assert_string_equal(args_get(&args, "json"), "");
	assert_non_null(args_get(&args, "quiet"));
	assert_null(args_get(&args, "socket"));
	args_done(&args);
}

static void all_values_in_order(void **state)
{
	_cleanup_free_ const char **values = NULL, **none = NULL;
	struct args args;

	assert_int_equal(
		parse_by(specs, &args, 0, WORDS("-t1", "-q", "a", "--timeout", "", "-t", "3")), 0);
	values = args_get_all(&args, "timeout");
	none = args_get_all(&args, "socket");
	assert_string_equal(values[0], "1");
	assert_string_equal(values[1], "");
	assert_string_equal(values[2], "3");
	assert_null(values[3]);
	assert_null(none[0]);
	args_done(&args);
}

static void nothing_is_fine(void **state)
{
	struct args args;

	assert_int_equal(args_parse(&args, specs, 0, NULL, 0), 0);
	assert_int_equal(args.count, 0);
	assert_null(args.words[0]);
	args_done(&args);
}

static void values_in_every_form(void **state)
{
	static const char *const forms[][2] = {
		{"--timeout=5", NULL}, {"--timeout", "5"}, {"-t5", NULL},  {"-t", "5"},
		{"--ti", "5"},	       {"--ti=5", NULL},   {"-at5", NULL}, {"-qt", "5"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct args args;

		assert_int_equal(parse_by(specs, &args, 0, WORDS(forms[i][0], forms[i][1])), 0);
		assert_string_equal(args_get(&args, "timeout"), "5");
		assert_int_equal(args.count, 0);
		args_done(&args);
	}
}

static void values_may_be_empty_or_look_like_options(void **state)
{
	struct args args;

	assert_int_equal(parse_by(specs, &args, 0, WORDS("--socket=", "-t", "--json")), 0);
	assert_string_equal(args_get(&args, "socket"), "");
	assert_string_equal(args_get(&args, "timeout"), "--json");
	assert_null(args_get(&args, "json"));
	args_done(&args);
}

static void the_last_one_counts(void **state)
{
	struct args args;

	assert_int_equal(parse_by(specs, &args, 0, WORDS("-t1", "-t2", "-t3")), 0);
	assert_string_equal(args_get(&args, "timeout"), "3");
	args_done(&args);
}

static void dashes_end_the_options(void **state)
{
	struct args args;

	assert_int_equal(parse_by(specs, &args, 0, WORDS("a", "--", "--json", "--")), 0);
	assert_int_equal(args.count, 3);
	assert_string_equal(args.words[1], "--json");
	assert_string_equal(args.words[2], "--");
	assert_null(args.rest);
	args_done(&args);
}

static void the_rest_is_kept_apart(void **state)
{
	struct args args;

	assert_int_equal(parse_by(specs, &args, ARGS_REST, WORDS("a", "--", "-batch", "b")), 0);
	assert_int_equal(args.count, 1);
	assert_int_equal(args.rest_count, 2);
	assert_string_equal(args.rest[0], "-batch");
	assert_string_equal(args.rest[1], "b");
	assert_null(args.rest[2]);
	args_done(&args);
}

static void the_first_operand_may_end_the_options(void **state)
{
	struct args args;

	assert_int_equal(parse_by(specs, &args, ARGS_STOP, WORDS("--json", "list", "--nonsense")),
			 0);
	assert_int_equal(args.count, 2);
	assert_string_equal(args.words[0], "list");
	assert_string_equal(args.words[1], "--nonsense");
	args_done(&args);
}

static void a_bare_word_is_a_value(void **state)
{
	static const char *const forms[][2] = {
		{"-TERM", NULL}, {"-s", "TERM"}, {"--signal", "TERM"}, {"--sig=TERM", NULL}};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct args args;

		assert_int_equal(parse_by(kill_specs, &args, 0, WORDS(forms[i][0], forms[i][1])),
				 0);
		assert_string_equal(args_get(&args, "signal"), "TERM");
		args_done(&args);
	}
}

static void letters_go_before_bare_words(void **state)
{
	struct args args;

	assert_int_equal(parse_by(kill_specs, &args, 0, WORDS("-q", "-9", "sshd")), 0);
	assert_non_null(args_get(&args, "quiet"));
	assert_string_equal(args_get(&args, "signal"), "9");
	assert_int_equal(args.count, 1);
	args_done(&args);
}

static void mistakes_are_explained(void **state)
{
	assert_mistake(WORDS("--jsno"), "did you mean --json");
	assert_mistake(WORDS("--zzz"), "no option --zzz");
	assert_mistake(WORDS("-x"), "no option -x");
	assert_mistake(WORDS("-qx"), "no option -x");
	assert_mistake(WORDS("--al"), "ambiguous");
	assert_mistake(WORDS("--json=1"), "takes no value");
	assert_mistake(WORDS("--timeout"), "needs a value");
	assert_mistake(WORDS("-t"), "needs a value");
	assert_mistake(WORDS("a", "-at"), "needs a value");
}

static void long_words_are_cut_in_messages(void **state)
{
	char word[5000] = "--";
	struct args args;

	memset(word + 2, 'x', sizeof(word) - 3);
	word[sizeof(word) - 1] = '\0';
	assert_int_equal(parse_by(specs, &args, 0, WORDS(word)), -EINVAL);
	assert_true(strlen(args.error) < sizeof(args.error));
	args_done(&args);
}

static bool is_number(const char *word)
{
	return *word && !word[strspn(word, "0123456789")];
}

/* A value that may be left out: the next word is it only if it looks like one. */
static void optional_value(void **state)
{
	static const struct option_spec table[] = {
		{.name = "port", .value = "[PORT]", .takes = is_number, .help = ""},
		{0},
	};
	static const struct option_spec *const tables[] = {table, NULL};
	const struct {
		const char **words, *value;
		int operands;
	} cases[] = {
		{WORDS("--port", "80", "x"), "80", 1}, {WORDS("--port", "x"), "", 1},
		{WORDS("x", "--port"), "", 1},	       {WORDS("--port=any", "80"), "any", 1},
		{WORDS("--port", "--port"), "", 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct args args;

		assert_int_equal(parse_by(tables, &args, 0, cases[i].words), 0);
		assert_string_equal(args_get(&args, "port"), cases[i].value);
		assert_int_equal(args.count, cases[i].operands);
		args_done(&args);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operands_and_options_mix),
		cmocka_unit_test(all_values_in_order),
		cmocka_unit_test(nothing_is_fine),
		cmocka_unit_test(values_in_every_form),
		cmocka_unit_test(values_may_be_empty_or_look_like_options),
		cmocka_unit_test(the_last_one_counts),
		cmocka_unit_test(dashes_end_the_options),
		cmocka_unit_test(the_rest_is_kept_apart),
		cmocka_unit_test(the_first_operand_may_end_the_options),
		cmocka_unit_test(a_bare_word_is_a_value),
		cmocka_unit_test(letters_go_before_bare_words),
		cmocka_unit_test(mistakes_are_explained),
		cmocka_unit_test(long_words_are_cut_in_messages),
		cmocka_unit_test(optional_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
