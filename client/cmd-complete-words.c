/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the completion files of bash, zsh and fish call:
 *
 *	dwd complete-words INDEX -- WORD...
 *
 * WORDs are those of the command line behind `dwd`, with the shell's quoting taken off; the one at
 * INDEX, counted from 0, is to be completed and ends at the cursor; if there are just INDEX WORDs
 * it is empty. Each candidate is a line: the whole word, unquoted, and if there is anything to say
 * about it a tab and a description. A candidate that ends in / or = goes on: no space belongs
 * behind it. Nothing is printed where nothing is known; the exit status is 0 nevertheless.
 */

#include <stdio.h>

#include "cmd.h"
#include "complete.h"
#include "print.h"
#include "util.h"

/* A file's name may hold what would end a field. */
static bool fits_line(const struct completion *item)
{
	return !item->text[strcspn(item->text, "\t\n")];
}

static enum exit_status run(struct client *c, const struct args *args)
{
	_cleanup_(completions_done) struct completions list = {0};
	_cleanup_free_ char **words = calloc((size_t)args->rest_count + 1, sizeof(*words));
	long index;
	char *end;
	int r;

	errno = 0;
	index = strtol(args->words[0], &end, 10);
	if (errno || *end || index < 0 || index > args->rest_count)
		return cmd_misused(&cmd_complete_words, "'%s' is not the index of a word",
				   args->words[0]);
	if (!words)
		return print_failure("cannot complete", -ENOMEM);

	memcpy(words, args->rest, (size_t)args->rest_count * sizeof(*words));
	if (index == args->rest_count)
		words[index] = (char *)"";
	r = complete_words(c, (int)index + 1, words, &list);
	if (r < 0)
		return print_failure("cannot complete", r);
	for (const struct completion *item = list.items; item < list.items + list.count; item++) {
		if (fits_line(item))
			printf("%s%s%s\n", item->text, item->note ? "\t" : "",
			       item->note ? item->note : "");
	}
	return EXIT_DONE;
}

const struct cmd cmd_complete_words = {
	.name = "complete-words",
	.synopsis = "INDEX -- [WORD]...",
	.summary = "print what a word of a command line could become",
	.min = 1,
	.max = 1,
	.flags = CMD_HIDDEN | CMD_REST,
	.run = run,
};
