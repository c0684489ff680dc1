/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_PATH_H
#define DWD_CLIENT_PATH_H

/*
 * Paths as text: made absolute and normalised without looking at any file, so that a path that does
 * not exist yet can be named. A symbolic link before a `..` is therefore not followed.
 */

/* `text` made absolute against `cwd` (absolute itself; NULL: the process's own), without `//`, `.`
 * and `..`, and without a trailing slash unless it is the root. malloc()ed. */
int path_absolute(const char *text, const char *cwd, char **ret);

/* What a watch is to be put on: a NAME stays as it is, a PATH becomes absolute, and one that can
 * only name a directory (it ends in `/`, `/.` or `/..`) ends with a slash. malloc()ed. */
int path_target(const char *text, const char *cwd, char **ret);

#endif
