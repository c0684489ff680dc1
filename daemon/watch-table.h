/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_WATCH_TABLE_H
#define DWD_WATCH_TABLE_H

/*
 * All watches in order of id, each with the slot it has on the kernel side. Slots are given in
 * turn, so that one is used again as late as possible: what the kernel side says of a slot's former
 * watch may still be under way.
 */

#include "watch.h"

/* As many as are promised; the slots beyond them keep reuse late. */
#define WATCHES_MAX 10000

struct watch_table {
	struct watch **by_id; /* ids rise, so a new one goes to the end */
	size_t count, room;
	uint64_t last_id;
	uint32_t next_slot;
	bool used[DWD_MAX_WATCHES];
};

void watch_table_destroy(struct watch_table *t);

/* Takes the watch over, giving it an id and a slot; -ENOSPC, -ENOMEM. */
int watch_table_add(struct watch_table *t, struct watch *w);
/* The same with the id and the slot that it has; -EEXIST: another has one of them. */
int watch_table_restore(struct watch_table *t, struct watch *w);
/* Takes it out, for the caller to free. */
void watch_table_remove(struct watch_table *t, struct watch *w);

struct watch *watch_table_find(const struct watch_table *t, uint64_t id);
/* The first whose id is greater than `id`; NULL at the end. */
struct watch *watch_table_after(const struct watch_table *t, uint64_t id);

#endif
