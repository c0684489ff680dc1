/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_QUOTE_H
#define DWD_CLIENT_QUOTE_H

/*
 * Words as a shell would need them, to be read, copied and pasted. Pure.
 *
 * What libdwd gives is printable already: bytes that are not are backslash escapes, and a backslash
 * is two. That is what stands between $' and ' in bash, zsh and ksh, so such a word keeps its
 * bytes.
 */

#include <stddef.h>

/* The arguments of a command, quoted where needed and separated by spaces, malloc()ed; NULL on lack
 * of memory. */
char *quote_argv(const char *const *argv, size_t n);

/* One word, quoted so that sh, bash, zsh, fish, csh and tcsh all read the same word, malloc()ed.
 * -EINVAL if there is no such way: it holds ' ! \ or a newline. */
int quote_any_shell(const char *word, char **ret);

#endif
