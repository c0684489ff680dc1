/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Initial stacks with other environment variables, on stacks made by hand.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <elf.h>

#include "environ.h"

#define ADDRESS 0x7ffc1230
#define ROOM	8192
#define LONG	100

/* A stack as exec makes it: words from the start on, strings from the middle on. */
struct made {
	struct environ_stack stack;
	char data[ROOM];
	size_t words, strings;
};

static void add_word(struct made *m, uint64_t value)
{
	uint32_t narrow = (uint32_t)value;

	memcpy(m->data + m->words, m->stack.word == 8 ? (void *)&value : &narrow, m->stack.word);
	m->words += m->stack.word;
}

static void add_strings(struct made *m, const char *const *strings)
{
	for (; *strings; strings++) {
		add_word(m, ADDRESS + m->strings);
		strcpy(m->data + m->strings, *strings);
		m->strings += strlen(*strings) + 1;
	}
	add_word(m, 0);
}

static void make(struct made *m, unsigned word, const char *const *argv, const char *const *env)
{
	size_t argc = 0;

	*m = (struct made){.strings = ROOM / 2};
	m->stack = (struct environ_stack){
		.data = m->data, .size = ROOM, .address = ADDRESS, .word = word};
	while (argv[argc])
		argc++;
	add_word(m, argc);
	add_strings(m, argv);
	add_strings(m, env);
	for (uint64_t type = AT_PHDR; type <= AT_ENTRY; type++) {
		add_word(m, type);
		add_word(m, 1000 + type);
	}
	add_word(m, AT_NULL);
	add_word(m, 0);
	assert_true(m->words <= ROOM / 2 && m->strings <= ROOM);
}

/* What the process would have: the new part, and the old stack above it. */
struct whole {
	struct environ_stack stack;
	char *data;
};

static void join(struct whole *ret, const struct made *m, const struct environ_image *image)
{
	assert_int_equal(image->address % 16, 0);
	assert_int_equal(image->address + image->size, ADDRESS);
	ret->data = malloc(image->size + ROOM);
	assert_non_null(ret->data);
	memcpy(ret->data, image->data, image->size);
	memcpy(ret->data + image->size, m->data, ROOM);
	ret->stack = (struct environ_stack){.data = ret->data,
					    .size = image->size + ROOM,
					    .address = image->address,
					    .word = m->stack.word};
	assert_int_equal(environ_parse(&ret->stack), 0);
}

static uint64_t word_at(const struct environ_stack *stack, size_t index)
{
	uint64_t value = 0; /* of a little-endian machine */

	memcpy(&value, (const char *)stack->data + index * stack->word, stack->word);
	return value;
}

static const char *string_at(const struct environ_stack *stack, size_t index)
{
	uint64_t address = word_at(stack, index);

	assert_in_range(address, stack->address, stack->address + stack->size - 1);
	return (const char *)stack->data + (address - stack->address);
}

static void expect_env(const struct environ_stack *stack, const char *const *env)
{
	size_t first = 1 + stack->argc + 1;

	for (size_t i = 0; env[i]; i++) {
		assert_true(i < stack->envc);
		assert_string_equal(string_at(stack, first + i), env[i]);
	}
	assert_null(env[stack->envc]);
}

/* With `variables` the environment becomes `expected`, and nothing else changes. */
static void check(unsigned word, const char *const *argv, const char *const *env,
		  const char *const *variables, const char *const *expected)
{
	_cleanup_environ_image_ struct environ_image image = {};
	const void *before, *after;
	size_t old_size, size;
	struct whole whole;
	struct made m;

	make(&m, word, argv, env);
	assert_int_equal(environ_parse(&m.stack), 0);
	assert_int_equal(environ_rewrite(&m.stack, variables, &image), 0);
	join(&whole, &m, &image);
	assert_int_equal(whole.stack.argc, m.stack.argc);
	for (size_t i = 0; i <= m.stack.argc + 1; i++)
		assert_int_equal(word_at(&whole.stack, i), word_at(&m.stack, i));
	expect_env(&whole.stack, expected);
	before = environ_auxv(&m.stack, &old_size);
	after = environ_auxv(&whole.stack, &size);
	assert_int_equal(size, old_size);
	assert_memory_equal(after, before, size);
	free(whole.data);
}

#define STRINGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NONE	     ((const char *const[]){NULL})

static void check_both(const char *const *argv, const char *const *env,
		       const char *const *variables, const char *const *expected)
{
	check(8, argv, env, variables, expected);
	check(4, argv, env, variables, expected);
}

static void test_add(void **state)
{
	check_both(STRINGS("a"), STRINGS("A=1"), STRINGS("B=2"), STRINGS("A=1", "B=2"));
	check_both(STRINGS("a", ""), STRINGS("A=1"), STRINGS("B=", "C=3"),
		   STRINGS("A=1", "B=", "C=3"));
	check_both(STRINGS("a"), STRINGS("A=1", "no equals"), STRINGS("no=1"),
		   STRINGS("A=1", "no equals", "no=1"));
	check_both(STRINGS("a"), STRINGS("A=1"), NONE, STRINGS("A=1"));
}

static void test_add_to_nothing(void **state)
{
	check_both(NONE, NONE, STRINGS("A=1"), STRINGS("A=1"));
	check_both(NONE, NONE, NONE, NONE);
}

static void test_replace(void **state)
{
	check_both(STRINGS("a"), STRINGS("A=1", "B=2", "C=3"), STRINGS("B=new"),
		   STRINGS("A=1", "B=new", "C=3"));
	/* Neither a longer name nor a shorter one is meant. */
	check_both(STRINGS("a"), STRINGS("AB=1", "A=2", "B=3"), STRINGS("A="),
		   STRINGS("AB=1", "A=", "B=3"));
	/* Every reader is to find the same, whether it takes the first or the last. */
	check_both(STRINGS("a"), STRINGS("A=1", "B=2", "A=3", "A=4"), STRINGS("A=new"),
		   STRINGS("A=new", "B=2"));
}

static void test_the_last_counts(void **state)
{
	check_both(STRINGS("a"), STRINGS("A=1"), STRINGS("B=1", "B=2", "C=1", "B=3"),
		   STRINGS("A=1", "C=1", "B=3"));
	check_both(STRINGS("a"), STRINGS("A=1", "B=2"), STRINGS("A=2", "A=3"),
		   STRINGS("A=3", "B=2"));
	check_both(STRINGS("a"), NONE, STRINGS("A=1", "AB=2", "B=3", "AB=4", "A2=5"),
		   STRINGS("A=1", "B=3", "AB=4", "A2=5"));
}

/* Whatever is odd and even among arguments, variables and lengths. */
static void test_alignment(void **state)
{
	const char *const argv[] = {"1", "2", "3", "4", NULL};
	const char *const env[] = {"A=", "B=", "C=", "D=", NULL};
	char length[LONG] = "X=";

	for (size_t a = 0; a < 4; a++)
		for (size_t e = 0; e < 4; e++)
			for (size_t l = 2; l < 2 + 17; l++) {
				const char *const *some = env + e, *expected[6] = {};

				memset(length + 2, 'x', l - 2);
				length[l] = '\0';
				for (size_t i = 0; some[i]; i++)
					expected[i] = some[i];
				expected[4 - e] = length;
				check_both(argv + a, some, STRINGS(length), expected);
			}
}

static void test_not_a_stack(void **state)
{
	struct made m;

	make(&m, 8, STRINGS("a", "b"), STRINGS("A=1"));
	for (size_t size = 0; size < m.words; size++) {
		m.stack.size = size;
		assert_int_equal(environ_parse(&m.stack), -EBADMSG);
	}
	m.stack.size = m.words;
	assert_int_equal(environ_parse(&m.stack), 0);
	m.data[0] = 3; /* arguments, of which there are two */
	assert_int_equal(environ_parse(&m.stack), -EBADMSG);
	m.data[0] = 1;
	assert_int_equal(environ_parse(&m.stack), -EBADMSG);
	m.data[7] = 1; /* very many */
	assert_int_equal(environ_parse(&m.stack), -EBADMSG);
}

/* Pointers that lead nowhere are kept, and not followed. */
static void test_strange_pointers(void **state)
{
	static const uint64_t strange[] = {1, ADDRESS - 1, ADDRESS + ROOM, ADDRESS + ROOM - 1,
					   UINT64_MAX};
	_cleanup_environ_image_ struct environ_image image = {};
	struct whole whole;
	struct made m;
	size_t first;

	make(&m, 8, STRINGS("a"), STRINGS("A=", "A=", "A=", "A=", "A="));
	assert_int_equal(environ_parse(&m.stack), 0);
	first = 1 + m.stack.argc + 1;
	memcpy(m.data + first * 8, strange, sizeof(strange));
	m.data[ROOM - 1] = 'A';
	assert_int_equal(environ_rewrite(&m.stack, STRINGS("A=1"), &image), 0);
	join(&whole, &m, &image);
	assert_int_equal(whole.stack.envc, ARRAY_SIZE(strange) + 1);
	for (size_t i = 0; i < ARRAY_SIZE(strange); i++)
		assert_int_equal(word_at(&whole.stack, first + i), strange[i]);
	assert_string_equal(string_at(&whole.stack, first + ARRAY_SIZE(strange)), "A=1");
	free(whole.data);
}

static void test_no_room_below(void **state)
{
	_cleanup_environ_image_ struct environ_image image = {};
	struct made m;

	make(&m, 8, STRINGS("a"), NONE);
	assert_int_equal(environ_parse(&m.stack), 0);
	m.stack.address = 64;
	assert_int_equal(environ_rewrite(&m.stack, STRINGS("A=1"), &image), -ENOSPC);
	m.stack.address = 2;
	assert_int_equal(environ_rewrite(&m.stack, STRINGS("A=1"), &image), -ENOSPC);
	assert_null(image.data);
}

static void test_auxv_get(void **state)
{
	uint64_t value = 0;
	struct made m;

	for (unsigned word = 4; word <= 8; word += 4) {
		make(&m, word, STRINGS("a"), STRINGS("A=1"));
		assert_int_equal(environ_parse(&m.stack), 0);
		assert_true(environ_auxv_get(&m.stack, AT_ENTRY, &value));
		assert_int_equal(value, 1000 + AT_ENTRY);
		assert_false(environ_auxv_get(&m.stack, AT_RANDOM, &value));
		assert_false(environ_auxv_get(&m.stack, AT_NULL, &value));
	}
}

static void test_check(void **state)
{
	const char *many[ENVIRON_VARIABLES_MAX + 2] = {}, *bad;
	_cleanup_free_ char *large = calloc(1, ENVIRON_BYTES_MAX + 1);

	assert_null(environ_check(NONE, &bad));
	assert_null(environ_check(STRINGS("A=", "B==", "C D=\n"), &bad));
	assert_non_null(environ_check(STRINGS("A=1", "B"), &bad));
	assert_string_equal(bad, "B");
	assert_non_null(environ_check(STRINGS("=1"), &bad));
	assert_non_null(environ_check(STRINGS(""), &bad));

	for (size_t i = 0; i < ENVIRON_VARIABLES_MAX; i++)
		many[i] = "A=";
	assert_null(environ_check(many, &bad));
	many[ENVIRON_VARIABLES_MAX] = "A=";
	assert_non_null(environ_check(many, &bad));

	assert_non_null(large);
	memset(large, '=', ENVIRON_BYTES_MAX);
	large[0] = 'A';
	assert_non_null(environ_check(STRINGS(large), &bad));
	large[ENVIRON_BYTES_MAX - 1] = '\0';
	assert_null(environ_check(STRINGS(large), &bad));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_add_to_nothing),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_the_last_counts),
		cmocka_unit_test(test_alignment),
		cmocka_unit_test(test_not_a_stack),
		cmocka_unit_test(test_strange_pointers),
		cmocka_unit_test(test_no_room_below),
		cmocka_unit_test(test_auxv_get),
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
