/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_COMPLETIONS_H
#define DWD_CLIENT_COMPLETIONS_H

/*
 * A list of what a half-typed word could become. Pure.
 *
 * It is made for one word and keeps only what begins as that word does, so that those who know
 * candidates can offer all they have.
 */

#include <stddef.h>

#include "util.h"

struct completion {
	char *text; /* the whole word, unquoted; at a trailing / or = it goes on */
	char *note; /* what it is, in a few words, printable; NULL: nothing to say */
};

struct completions {
	const char *word;	   /* borrowed: what was typed so far */
	const char *glue;	   /* borrowed: how every candidate begins, as in --name=; or NULL */
	struct completion *items;
	size_t count;
	int error;		   /* the first -errno */
};

/* Offer `glue` + `text`. `note` NULL: none. */
void completions_add(struct completions *list, const char *text, const char *note);
/* The same with a note to be formatted. */
void completions_addf(struct completions *list, const char *text, const char *note, ...)
	_printf_(3, 4);

/* In their order (numbers by value) and each once. */
void completions_sort(struct completions *list);

/* How many bytes at the start all candidates have in common; not within a character of UTF-8. */
size_t completions_common(const struct completions *list);

/* Free the candidates; what is borrowed stays. */
void completions_done(struct completions *list);

#endif
