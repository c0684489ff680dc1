/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FUZZ_H
#define FUZZ_H

/*
 * A fuzz target is one file that defines LLVMFuzzerTestOneInput(). It is built twice: always with
 * replay.c, which runs it on its corpus as an ordinary test, and with -Dfuzz=true (clang only) as
 * a libFuzzer program: `fuzz-NAME DIRECTORY corpus/NAME` puts what it finds into DIRECTORY.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input. Unlike assert() it is never compiled out. */
#define CHECK(condition)                                                                        \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                \
		}                                                                               \
	} while (0)

#endif
