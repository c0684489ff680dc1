/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_STOP_TABLE_H
#define DWD_STOP_TABLE_H

/*
 * All stops the engine knows, found by identity, pid or id in constant time and walked oldest
 * first. The table links them through their own fields and holds one reference to each.
 */

#include "stop.h"

struct stop_table {
	struct stop **by_pid, **by_id;
	size_t buckets; /* a power of two */
	size_t count;
	struct stop_list order; /* by id, which the kernel side gives in the order of stopping */
};

int stop_table_init(struct stop_table *t);
/* Drops what is left in it. */
void stop_table_destroy(struct stop_table *t);

void stop_table_add(struct stop_table *t, struct stop *s);
void stop_table_remove(struct stop_table *t, struct stop *s);

struct stop *stop_table_find(const struct stop_table *t, const struct dwd_stop_key *key);
struct stop *stop_table_find_id(const struct stop_table *t, uint64_t id);
/* The one of this pid that is not over; there is at most one. */
struct stop *stop_table_find_pid(const struct stop_table *t, pid_t pid);
/* The first whose id is greater than `id`: a cursor that survives removals. */
struct stop *stop_table_after(const struct stop_table *t, uint64_t id);

#endif
