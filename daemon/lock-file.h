/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_LOCK_FILE_H
#define DWD_LOCK_FILE_H

/*
 * SOCKET.lock, by which there is one daemon for a socket, and which tells the next one where to
 * look for what was left.
 *
 *   PID          of the process that has locked it last
 *   DIRECTORY    where the kernel side of such a process may be pinned
 *   ...          a line for each; the default one is not named, it is looked at anyway
 *
 * It is locked as long as a process has the socket, and outlives it when that is killed. Whoever
 * ends in order removes it, unless something is left. The lines are believed only if nobody but the
 * daemon's user could have written them, as the socket's directory may be anybody's.
 */

#include "util.h"

struct lock_file;

/* Lock it, or make it. One that is just ending is waited for. On failure *message (malloc()ed, may
 * come back NULL) says in one line what is wrong and what to do; -EBUSY: another process has it. */
int lock_file_take(struct lock_file **ret, const char *socket, char **message);
/* Unlock it, and remove it unless it is to be kept. */
struct lock_file *lock_file_free(struct lock_file *l);
DEFINE_CLEANUP(struct lock_file *, lock_file_free)

const char *lock_file_path(const struct lock_file *l);
/* The directories it names, up to a NULL. */
const char *const *lock_file_directories(const struct lock_file *l);
/* Whether it is a directory that a line can name: absolute, and without control characters. */
bool lock_file_can_name(const char *directory);
/* Name these from now on. */
int lock_file_name(struct lock_file *l, const char *const *directories);
/* Something is left: do not remove it. */
void lock_file_keep(struct lock_file *l);

#endif
