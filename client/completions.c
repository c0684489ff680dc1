/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "completions.h"

#include <stdarg.h>
#include <stdio.h>

static bool begins(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static int append(struct completions *list, char *text, char *note)
{
	struct completion *items;

	items = reallocarray(list->items, list->count + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	list->items = items;
	items[list->count++] = (struct completion){.text = text, .note = note};
	return 0;
}

void completions_add(struct completions *list, const char *text, const char *note)
{
	_cleanup_free_ char *whole = NULL, *copy = NULL;

	if (list->error < 0)
		return;
	if (asprintf(&whole, "%s%s", list->glue ? list->glue : "", text) < 0)
		whole = NULL;
	copy = note ? strdup(note) : NULL;
	if (!whole || (note && !copy))
		list->error = -ENOMEM;
	else if (begins(whole, list->word))
		list->error = append(list, whole, copy);
	else
		return;
	if (list->error == 0)
		whole = copy = NULL;
}

void completions_addf(struct completions *list, const char *text, const char *note, ...)
{
	_cleanup_free_ char *formatted = NULL;
	va_list ap;

	va_start(ap, note);
	if (vasprintf(&formatted, note, ap) < 0)
		formatted = NULL;
	va_end(ap);
	completions_add(list, text, formatted);
}

static int compare(const void *a, const void *b)
{
	const struct completion *x = a, *y = b;

	return strverscmp(x->text, y->text);
}

static void completion_done(struct completion *item)
{
	free(item->text);
	free(item->note);
}

void completions_sort(struct completions *list)
{
	size_t kept = 0;

	if (list->count > 0)
		qsort(list->items, list->count, sizeof(*list->items), compare);
	for (size_t i = 0; i < list->count; i++) {
		if (kept > 0 && str_eq(list->items[kept - 1].text, list->items[i].text))
			completion_done(&list->items[i]);
		else
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
}

static bool continues_character(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

size_t completions_common(const struct completions *list)
{
	size_t common = list->count > 0 ? strlen(list->items[0].text) : 0;
	const char *first = list->count > 0 ? list->items[0].text : "";

	for (size_t i = 1; i < list->count; i++) {
		size_t n = 0;

		while (n < common && list->items[i].text[n] == first[n])
			n++;
		common = n;
	}
	while (common > 0 && continues_character(first[common]))
		common--;
	return common;
}

void completions_done(struct completions *list)
{
	for (size_t i = 0; i < list->count; i++)
		completion_done(&list->items[i]);
	free(list->items);
	list->items = NULL;
	list->count = 0;
}
