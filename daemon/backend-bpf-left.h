/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_BACKEND_BPF_LEFT_H
#define DWD_BACKEND_BPF_LEFT_H

/*
 * What a dead daemon has left, of whatever schema, as a backend that can do nothing but end it: its
 * programs are detached, its stops can be gone through and forgotten, and take_down() unpins it.
 *
 * Of the map of stops only what event.h promises for every schema is read.
 */

#include "backend.h"

struct pins;

/* `schema` is a name of pins_next_schema(). -EPROTO: its map of stops cannot be understood; it can
 * only be removed. */
int backend_left_open(struct backend **ret, const struct pins *pins, const char *schema);
/* How many stops there are; 0 also if that cannot be read. All stays as it is. */
size_t backend_left_count(const struct pins *pins, const char *schema);
/* The inode number of the pid namespace that its pids are of; 0: nothing was ever in charge, or the
 * settings cannot be understood. */
int backend_left_namespace(uint32_t *ret, const struct pins *pins, const char *schema);
/* Remove it without a look. */
int backend_left_remove(const struct pins *pins, const char *schema);

#endif
