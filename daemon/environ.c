/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "environ.h"

#define ALIGNMENT 16

/* The new block, and where the strings of its new variables are. */
struct draft {
	const struct environ_stack *stack;
	const char *const *variables;
	size_t count;
	uint64_t *strings; /* the address each will have; 0: another of its name comes later */
	bool *placed;
	uint64_t *env; /* the new pointers */
	size_t envc;
};

static size_t name_length(const char *variable)
{
	return strcspn(variable, "=");
}

const char *environ_check(const char *const *variables, const char **bad)
{
	size_t count = 0, bytes = 0;

	for (; *variables; variables++) {
		size_t length = name_length(*variables);

		*bad = *variables;
		bytes += strlen(*variables) + 1;
		if (!(*variables)[length])
			return "it has no '=': write NAME=VALUE";
		if (length == 0)
			return "there is no name before the '='";
		if (++count > ENVIRON_VARIABLES_MAX)
			return "more than 256 variables at once";
		if (bytes > ENVIRON_BYTES_MAX)
			return "more than 64 KiB at once";
	}
	return NULL;
}

static uint64_t get_word(const struct environ_stack *stack, size_t index)
{
	const char *at = (const char *)stack->data + index * stack->word;
	uint64_t wide;
	uint32_t narrow;

	if (stack->word == sizeof(wide)) {
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, at, sizeof(narrow));
	return narrow;
}

/* How many of every `step`th word from `first` on come before one that is 0. */
static int count_until_zero(const struct environ_stack *stack, size_t first, size_t step,
			    size_t *ret)
{
	size_t words = stack->size / stack->word;

	for (size_t i = first; i + step <= words; i += step)
		if (get_word(stack, i) == 0) {
			*ret = (i - first) / step;
			return 0;
		}
	return -EBADMSG;
}

/* Where the pointers to the environment, and the auxiliary vector, begin. */
static size_t env_index(const struct environ_stack *stack)
{
	return 1 + stack->argc + 1;
}

static size_t auxv_index(const struct environ_stack *stack)
{
	return env_index(stack) + stack->envc + 1;
}

int environ_parse(struct environ_stack *stack)
{
	int r;

	if (stack->size < stack->word)
		return -EBADMSG;
	r = count_until_zero(stack, 1, 1, &stack->argc);
	if (r < 0 || get_word(stack, 0) != stack->argc)
		return -EBADMSG;
	r = count_until_zero(stack, env_index(stack), 1, &stack->envc);
	return r < 0 ? r : count_until_zero(stack, auxv_index(stack), 2, &stack->auxc);
}

const void *environ_auxv(const struct environ_stack *stack, size_t *size)
{
	*size = (stack->auxc + 1) * 2 * stack->word;
	return (const char *)stack->data + auxv_index(stack) * stack->word;
}

bool environ_auxv_get(const struct environ_stack *stack, uint64_t type, uint64_t *ret)
{
	size_t first = auxv_index(stack);

	for (size_t i = 0; i < stack->auxc; i++)
		if (get_word(stack, first + 2 * i) == type) {
			*ret = get_word(stack, first + 2 * i + 1);
			return true;
		}
	return false;
}

void environ_image_done(struct environ_image *image)
{
	free(image->data);
	*image = (struct environ_image){};
}

static void draft_done(struct draft *d)
{
	free(d->strings);
	free(d->placed);
	free(d->env);
}

static int draft_init(struct draft *d, const struct environ_stack *stack,
		      const char *const *variables)
{
	*d = (struct draft){.stack = stack, .variables = variables};
	while (variables[d->count])
		d->count++;
	d->strings = calloc(d->count + 1, sizeof(*d->strings));
	d->placed = calloc(d->count + 1, sizeof(*d->placed));
	d->env = calloc(stack->envc + d->count + 1, sizeof(*d->env));
	return d->strings && d->placed && d->env ? 0 : -ENOMEM;
}

static bool same_name(const char *a, const char *b)
{
	size_t length = name_length(a);

	return length == name_length(b) && memcmp(a, b, length) == 0;
}

static bool is_superseded(const struct draft *d, size_t variable)
{
	for (size_t i = variable + 1; i < d->count; i++)
		if (same_name(d->variables[variable], d->variables[i]))
			return true;
	return false;
}

/* Give each string an address, the last one right below the old stack. Where the first begins. */
static uint64_t place_strings(struct draft *d)
{
	uint64_t at = d->stack->address;

	for (size_t i = d->count; i-- > 0;)
		if (!is_superseded(d, i)) {
			at -= strlen(d->variables[i]) + 1;
			d->strings[i] = at;
		}
	return at;
}

/* Whether the string that the process has at `address` begins with this variable's name and '='. It
 * does not if it lies beyond the copy. */
static bool is_named(const struct environ_stack *stack, uint64_t address, const char *variable)
{
	uint64_t offset = address - stack->address;
	size_t length = name_length(variable) + 1;

	return address >= stack->address && offset < stack->size &&
	       stack->size - offset >= length &&
	       memcmp((const char *)stack->data + offset, variable, length) == 0;
}

/* The variable that takes the place of what is at `address`; `count` if none does. */
static size_t replacement(const struct draft *d, uint64_t address)
{
	size_t i = 0;

	while (i < d->count && !(d->strings[i] && is_named(d->stack, address, d->variables[i])))
		i++;
	return i;
}

static void place_variable(struct draft *d, size_t variable)
{
	if (d->strings[variable] && !d->placed[variable])
		d->env[d->envc++] = d->strings[variable];
	d->placed[variable] = true;
}

static void place_pointers(struct draft *d)
{
	size_t first = env_index(d->stack);

	for (size_t i = 0; i < d->stack->envc; i++) {
		uint64_t pointer = get_word(d->stack, first + i);
		size_t variable = replacement(d, pointer);

		if (variable < d->count)
			place_variable(d, variable);
		else
			d->env[d->envc++] = pointer;
	}
	for (size_t i = 0; i < d->count; i++)
		place_variable(d, i);
}

static char *put_words(char *to, const struct environ_stack *stack, size_t index, size_t count)
{
	memcpy(to, (const char *)stack->data + index * stack->word, count * stack->word);
	return to + count * stack->word;
}

static char *put_pointer(char *to, unsigned word, uint64_t pointer)
{
	uint32_t narrow = (uint32_t)pointer;

	memcpy(to, word == sizeof(pointer) ? (const void *)&pointer : &narrow, word);
	return to + word;
}

static void fill(const struct draft *d, const struct environ_image *image)
{
	const struct environ_stack *stack = d->stack;
	char *to = image->data;

	to = put_words(to, stack, 0, env_index(stack));
	for (size_t i = 0; i < d->envc; i++)
		to = put_pointer(to, stack->word, d->env[i]);
	to = put_pointer(to, stack->word, 0);
	put_words(to, stack, auxv_index(stack), (stack->auxc + 1) * 2);

	for (size_t i = 0; i < d->count; i++)
		if (d->strings[i])
			strcpy((char *)image->data + (d->strings[i] - image->address),
			       d->variables[i]);
}

int environ_rewrite(const struct environ_stack *stack, const char *const *variables,
		    struct environ_image *ret)
{
	_cleanup_(draft_done) struct draft d = {};
	struct environ_image image;
	uint64_t strings;
	size_t block;
	int r;

	r = draft_init(&d, stack, variables);
	if (r < 0)
		return r;
	strings = place_strings(&d);
	place_pointers(&d);
	block = (auxv_index(stack) - stack->envc + d.envc + (stack->auxc + 1) * 2) * stack->word;
	if (strings > stack->address || strings < block + ALIGNMENT)
		return -ENOSPC;

	image.address = (strings - block) & ~(uint64_t)(ALIGNMENT - 1);
	image.size = stack->address - image.address;
	image.data = calloc(1, image.size);
	if (!image.data)
		return -ENOMEM;
	fill(&d, &image);
	*ret = image;
	return 0;
}
