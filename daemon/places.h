/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_PLACES_H
#define DWD_PLACES_H

/*
 * Where the dead daemons of a socket have left something: each had a --pin-dir of its own. They are
 * those that the lock file names, and the default one. So what is left is found by whoever comes
 * next, and does not know how the one before was started.
 */

#include "util.h"

struct lock_file;

#define PLACES_DEFAULT "/sys/fs/bpf/dwd"

/* The pin directories in which a dead daemon of this socket has left something, up to a NULL, each
 * once; none that a living one has. `lock` may be NULL. To be freed by places_free(); NULL on lack
 * of memory. */
char **places_left(const struct lock_file *lock, const char *socket);
char **places_free(char **places);
DEFINE_CLEANUP(char **, places_free)

/* Where to work: `given`, or where something is left, or the default; in `left` or static. */
const char *places_choose(char *const *left, const char *given);
/* Whether two paths lead to the same directory. */
bool places_are_same(const char *one, const char *other);
/* Have the lock file name this directory, before anything is pinned in it, and those in `left`. */
int places_name(struct lock_file *lock, char *const *left, const char *directory);
/* In the end, when all is unlocked: the lock file stays if something is left. */
void places_settle(struct lock_file *lock, const char *socket);

#endif
