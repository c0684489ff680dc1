/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_ENVIRON_H
#define DWD_ENVIRON_H

/*
 * The stack that a program starts with, and the same stack with other environment variables.
 *
 * At the stack pointer exec leaves, in words of 8 bytes or 4: the number of arguments, pointers to
 * them and a NULL, pointers to the environment and a NULL, and the auxiliary vector, whose pairs
 * end with one of type AT_NULL. What all of them point to lies above. (The processor's System V
 * ABI, "Initial Process Stack"; create_elf_tables() in the kernel's fs/binfmt_elf.c.)
 *
 * Only a copy is worked on: no process is touched here. environ_rewrite() promises that nothing
 * which is there moves or changes. The new block of words and the new strings lie below the old
 * block, which stays behind unused; so until the stack pointer is set the process is as it was, and
 * afterwards every pointer in argv and the auxiliary vector is the one that exec made. Whatever the
 * copy holds, it is never read beyond.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util.h"

/* How many variables, and bytes of them with their NULs, one request may bring. */
#define ENVIRON_VARIABLES_MAX 256
#define ENVIRON_BYTES_MAX     65536

/* Why these cannot be environment variables, as static text; NULL if they can: each is NAME=VALUE,
 * and they are within the limits. *bad is the first that is wrong. The array ends with NULL. */
const char *environ_check(const char *const *variables, const char **bad);

/* A copy of an initial stack, from its lowest word to where its strings end or beyond. */
struct environ_stack {
	const void *data;
	size_t size;
	uint64_t address; /* of the first byte, in the process */
	unsigned word;	  /* 4 or 8 */

	/* From environ_parse(): how many pointers or pairs, their ends not counted. */
	size_t argc, envc, auxc;
};

/* Count what lies in it. -EBADMSG: it is not an initial stack. */
int environ_parse(struct environ_stack *stack);

/* The auxiliary vector as it lies in the copy, with its end. */
const void *environ_auxv(const struct environ_stack *stack, size_t *size);
/* One value of it. */
bool environ_auxv_get(const struct environ_stack *stack, uint64_t type, uint64_t *ret);

/* What is to be written right below the old stack pointer. */
struct environ_image {
	uint64_t address; /* the new stack pointer, a multiple of 16 */
	void *data;
	size_t size;
};

void environ_image_done(struct environ_image *image);
#define _cleanup_environ_image_ _cleanup_(environ_image_done)

/* The stack with `variables` (checked; the last of a name counts): each takes the place of the
 * first that has its name, whose further ones go, or else comes last. -ENOMEM; -ENOSPC: the address
 * space ends below. */
int environ_rewrite(const struct environ_stack *stack, const char *const *variables,
		    struct environ_image *ret);

#endif
