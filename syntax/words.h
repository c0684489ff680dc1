/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_SYNTAX_WORDS_H
#define DWD_SYNTAX_WORDS_H

/*
 * A line of text split into words as a shell would split it: at blanks, which quotes and a
 * backslash keep together. Between ' and ' everything stands for itself, between " and " all but \"
 * \\ \$ and
 * \`. A word that begins with ~ or ~/ means $HOME. Nothing else is expanded, and # begins no
 * comment, as #3 is a stop. Pure.
 */

#include <stddef.h>

struct words {
	int count;
	char **words; /* ended by NULL */
	/* About the last word, for completion: where in the line it begins, and the quote (or
	 * backslash) that is still open at its end, 0 if none is. */
	size_t last_start;
	char open;
	/* The first ; | & < or > that stands at an end of a word, unquoted: to a shell it would
	 * mean something. 0: none. */
	char control;
};

/* Split a line. -EINVAL: it ends within a quote or behind a backslash, see `open`. -ENOMEM. Free
 * with words_done() in any case. */
int words_split(struct words *ret, const char *line);

/* Split what stands before a cursor: there is always a last word, which may be empty and open, and
 * whose ~ is left alone. 0 or -ENOMEM. */
int words_split_to_cursor(struct words *ret, const char *line, size_t cursor);

/* Split a line of a file: as words_split(), but # that begins a word begins a comment, and ~ is
 * nobody's home. */
int words_split_of_file(struct words *ret, const char *line);

/* A word as words_split() and words_split_of_file() would read it back, quoted if need be;
 * malloc()ed, NULL on lack of memory. */
char *words_quote(const char *word);

void words_done(struct words *w);

#endif
