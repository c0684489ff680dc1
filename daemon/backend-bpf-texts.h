/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_BACKEND_BPF_TEXTS_H
#define DWD_BACKEND_BPF_TEXTS_H

/*
 * Texts of any length in a map of small chunks, each whole or not there, whenever the daemon dies.
 *
 * A text has an id and a kind. Its first chunk, which says how long it is, is written last and
 * removed first. The other chunks stand under one of two versions, of which the first chunk names
 * the one that counts: so a text is replaced with one write.
 */

#include "backend.h"

/* `map` is borrowed by each. */

/* -E2BIG: there is no room. */
int texts_keep(int map, enum backend_text kind, uint64_t id, const char *text);
/* That there is none is no error. */
int texts_drop(int map, enum backend_text kind, uint64_t id);
/* *ret is to be freed. -ENOENT; -EBADMSG: it is not what texts_keep() writes. */
int texts_get(int map, enum backend_text kind, uint64_t id, char **ret);
/* Calls `fn` with the id of each text of this kind, in rising order; ends early, and returns it, if
 * `fn` returns other than 0. `fn` may drop and keep texts. */
int texts_for_each(int map, enum backend_text kind, int (*fn)(void *userdata, uint64_t id),
		   void *userdata);
/* Remove chunks that belong to no text. */
int texts_tidy(int map);

#endif
