/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "names.h"

#include <errno.h>
#include <string.h>

#include "util.h"

#define LONGEST 32 /* nobody mistypes a name into a longer word than this */

ssize_t names_resolve(const char *const *names, size_t n, const char *word)
{
	size_t length = strlen(word);
	ssize_t found = -ENOENT;

	for (size_t i = 0; i < n; i++) {
		if (str_eq(names[i], word))
			return (ssize_t)i;
		if (length > 0 && strncmp(names[i], word, length) == 0)
			found = found == -ENOENT ? (ssize_t)i : -ENOTUNIQ;
	}
	return found;
}

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The optimal string alignment distance, three rows of its table at a time. */
size_t names_distance(const char *a, const char *b)
{
	size_t rows[3][LONGEST + 1], *before = rows[0], *above = rows[1], *row = rows[2];
	size_t la = strlen(a), lb = strlen(b);

	if (la > LONGEST || lb > LONGEST)
		return la > lb ? la : lb;

	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *spare = before;

		before = above;
		above = row;
		row = spare;
		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			row[j] = min(min(above[j], row[j - 1]) + 1,
				     above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = min(row[j], before[j - 2] + 1);
		}
	}
	return row[lb];
}

ssize_t names_nearest(const char *const *names, size_t n, const char *word)
{
	/* One slip in a short word, two in a longer one. */
	size_t best = strlen(word) < 5 ? 1 : 2;
	ssize_t found = -ENOENT;

	for (size_t i = 0; i < n; i++) {
		size_t d = names_distance(names[i], word);

		if (d < best || (d == best && found == -ENOENT)) {
			best = d;
			found = (ssize_t)i;
		}
	}
	return found;
}
