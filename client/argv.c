/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "argv.h"

#include <stdarg.h>
#include <stdio.h>

/* Takes `word` over, which is NULL for lack of memory. */
static void append(struct argv *w, char *word)
{
	char **list = word ? reallocarray(w->list, w->count + 2, sizeof(*list)) : NULL;

	if (!list) {
		free(word);
		w->failed = true;
		return;
	}
	w->list = list;
	w->list[w->count++] = word;
	w->list[w->count] = NULL;
}

void argv_add(struct argv *w, const char *word)
{
	append(w, strdup(word));
}

void argv_addf(struct argv *w, const char *format, ...)
{
	char *word;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&word, format, ap) < 0)
		word = NULL;
	va_end(ap);
	append(w, word);
}

void argv_add_all(struct argv *w, const char *const *list)
{
	for (; list && *list; list++)
		argv_add(w, *list);
}

char *const *argv_list(const struct argv *w)
{
	return w->failed ? NULL : w->list;
}

void argv_done(struct argv *w)
{
	for (size_t i = 0; i < w->count; i++)
		free(w->list[i]);
	free(w->list);
	*w = (struct argv){0};
}
