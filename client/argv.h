/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_ARGV_H
#define DWD_CLIENT_ARGV_H

/*
 * The command line of another program, put together word by word. Each word is a copy. Lack of
 * memory anywhere is noted and told once, by argv_list(), so that the calls before it need no
 * checks.
 */

#include <stdbool.h>
#include <stddef.h>

#include "util.h"

struct argv {
	char **list; /* ended by NULL */
	size_t count;
	bool failed;
};

void argv_add(struct argv *w, const char *word);
void argv_addf(struct argv *w, const char *format, ...) _printf_(2, 3);
/* A list ended by NULL; NULL is an empty one. */
void argv_add_all(struct argv *w, const char *const *list);

/* What has been added, the words' own; NULL if memory was lacking. */
char *const *argv_list(const struct argv *w);
void argv_done(struct argv *w);
#define _cleanup_argv_ _cleanup_(argv_done)

#endif
