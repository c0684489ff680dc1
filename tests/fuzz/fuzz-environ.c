/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A stack, whatever is on it, with other environment variables: what comes out is an initial stack
 * with the same arguments and auxiliary vector, and with the variables.
 *
 * The input: a byte whose lowest bit says how wide words are; a byte, how many follow that are the
 * variables, each with a NUL; then the stack.
 */

#include "fuzz.h"

#include <string.h>

#include "environ.h"

#define ADDRESS	      0x7ffc0000
#define VARIABLES_MAX 255

static const char *variables[VARIABLES_MAX + 1];

/* Split the text, which ends with a NUL, at its NULs. */
static void split(const char *text, size_t size)
{
	size_t n = 0;

	for (size_t at = 0; at < size; at += strlen(text + at) + 1)
		variables[n++] = text + at;
	variables[n] = NULL;
}

static size_t words_to_env(const struct environ_stack *stack)
{
	return (1 + stack->argc + 1) * stack->word;
}

/* Whether the variable is in the new strings, which lie between the block and the old stack. */
static bool has_string(const struct environ_image *image, const char *variable)
{
	return memmem(image->data, image->size, variable, strlen(variable) + 1);
}

static void check(const struct environ_stack *old, const struct environ_image *image)
{
	struct environ_stack new = {.data = image->data,
				    .size = image->size,
				    .address = image->address,
				    .word = old->word};
	const void *before, *after;
	size_t before_size, after_size, count = 0;

	CHECK(image->address % 16 == 0 && image->address + image->size == old->address);
	CHECK(environ_parse(&new) == 0);
	CHECK(new.argc == old->argc);
	CHECK(memcmp(new.data, old->data, words_to_env(old)) == 0);
	before = environ_auxv(old, &before_size);
	after = environ_auxv(&new, &after_size);
	CHECK(before_size == after_size && memcmp(before, after, after_size) == 0);
	while (variables[count])
		count++;
	CHECK(new.envc <= old->envc + count);
	CHECK(count == 0 || has_string(image, variables[count - 1]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_environ_image_ struct environ_image image = {};
	struct environ_stack stack = {.address = ADDRESS};
	char text[VARIABLES_MAX + 1];
	const char *bad = NULL;
	size_t length;

	if (size < 2)
		return 0;
	length = data[1] < size - 2 ? data[1] : size - 2;
	memcpy(text, data + 2, length);
	text[length] = '\0';
	split(text, length);
	if (environ_check(variables, &bad)) {
		CHECK(bad);
		return 0;
	}
	stack.word = data[0] & 1 ? 8 : 4;
	stack.data = data + 2 + length;
	stack.size = size - 2 - length;
	if (environ_parse(&stack) == 0 && environ_rewrite(&stack, variables, &image) == 0)
		check(&stack, &image);
	return 0;
}
