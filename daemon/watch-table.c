/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch-table.h"

#include "util.h"

_Static_assert(WATCHES_MAX < DWD_MAX_WATCHES, "there must be slots to spare");

void watch_table_destroy(struct watch_table *t)
{
	for (size_t i = 0; i < t->count; i++)
		watch_free(t->by_id[i]);
	free(t->by_id);
}

/* How many watches have an id of at most `id`: the index of the first beyond. */
static size_t count_up_to(const struct watch_table *t, uint64_t id)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->by_id[middle]->id <= id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint32_t take_slot(struct watch_table *t)
{
	uint32_t slot;

	while (t->used[t->next_slot])
		t->next_slot = (t->next_slot + 1) % DWD_MAX_WATCHES;
	slot = t->next_slot;
	t->next_slot = (slot + 1) % DWD_MAX_WATCHES;
	t->used[slot] = true;
	return slot;
}

/* Room for one more. */
static int make_room(struct watch_table *t)
{
	if (t->count >= WATCHES_MAX)
		return -ENOSPC;
	if (t->count == t->room) {
		size_t room = t->room ? t->room * 2 : 64;
		struct watch **larger = reallocarray(t->by_id, room, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		t->by_id = larger;
		t->room = room;
	}
	return 0;
}

int watch_table_add(struct watch_table *t, struct watch *w)
{
	int r = make_room(t);

	if (r < 0)
		return r;
	w->id = ++t->last_id;
	w->slot = take_slot(t);
	t->by_id[t->count++] = w;
	return 0;
}

int watch_table_restore(struct watch_table *t, struct watch *w)
{
	size_t i = count_up_to(t, w->id);
	int r;

	if (w->slot >= DWD_MAX_WATCHES || t->used[w->slot] || watch_table_find(t, w->id))
		return -EEXIST;
	r = make_room(t);
	if (r < 0)
		return r;
	memmove(&t->by_id[i + 1], &t->by_id[i], (t->count - i) * sizeof(*t->by_id));
	t->by_id[i] = w;
	t->count++;
	t->used[w->slot] = true;
	/* As if the newest of them had been the last to be given one. */
	if (w->id >= t->last_id)
		t->last_id = w->id;
	if (i == t->count - 1)
		t->next_slot = (w->slot + 1) % DWD_MAX_WATCHES;
	return 0;
}

void watch_table_remove(struct watch_table *t, struct watch *w)
{
	size_t i = count_up_to(t, w->id) - 1;

	t->used[w->slot] = false;
	t->count--;
	memmove(&t->by_id[i], &t->by_id[i + 1], (t->count - i) * sizeof(*t->by_id));
}

struct watch *watch_table_find(const struct watch_table *t, uint64_t id)
{
	size_t n = count_up_to(t, id);

	return n > 0 && t->by_id[n - 1]->id == id ? t->by_id[n - 1] : NULL;
}

struct watch *watch_table_after(const struct watch_table *t, uint64_t id)
{
	size_t n = count_up_to(t, id);

	return n < t->count ? t->by_id[n] : NULL;
}
