/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_SYNTAX_NAMES_H
#define DWD_SYNTAX_NAMES_H

/*
 * Finding what somebody meant among a few names, be they commands or options: a whole name, the
 * unique beginning of one, or else the one he may have mistyped. Pure.
 */

#include <stddef.h>
#include <sys/types.h>

/* The index of the name that `word` is, or is the only one to begin with. -ENOENT if none does,
 * -ENOTUNIQ if several do. */
ssize_t names_resolve(const char *const *names, size_t n, const char *word);

/* The index of the name nearest to `word`, -ENOENT if none is near enough to be worth naming. */
ssize_t names_nearest(const char *const *names, size_t n, const char *word);

/* In how many places two words differ: a letter more, less, another, or two of them swapped. */
size_t names_distance(const char *a, const char *b);

#endif
