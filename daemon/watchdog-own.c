/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Watches that are a client's own: they end with its connection, however that ends, and whatever
 * only such watches have stopped is let run then. A process under a debugger stays the debugger's.
 *
 * An exec may be on its way from the decision to the stop while its watch ends. So the ids of the
 * watches that ended last are kept, and a stop that turns up for none but them is released at once.
 *
 * What is kept of such a watch for the next daemon tells it which stops to release. It is dropped
 * some time after the watch has ended, when they are.
 */

#include "log.h"
#include "watchdog-internal.h"

static bool has_ended(const struct watchdog *w, uint64_t watch)
{
	for (size_t i = 0; i < ARRAY_SIZE(w->own_ended); i++) {
		if (w->own_ended[i] == watch)
			return true;
	}
	return false;
}

bool own_is_over(const struct watchdog *w, const struct stop *s)
{
	bool over = false;

	/* One that is not named may hold it. */
	if (s->watches_total > s->watch_count)
		return false;
	for (uint32_t i = 0; i < s->watch_count; i++) {
		if (watch_table_find(&w->watches, s->watches[i]))
			return false;
		over |= has_ended(w, s->watches[i]);
	}
	return over;
}

void own_has_ended(struct watchdog *w, uint64_t id)
{
	w->own_ended[w->own_ended_next++ % ARRAY_SIZE(w->own_ended)] = id;
}

/* What had ended by the last time was settled since. */
bool own_tidy(struct watchdog *w)
{
	for (; w->own_dropped < w->own_settled; w->own_dropped++)
		restore_drop_watch(w, w->own_ended[w->own_dropped % ARRAY_SIZE(w->own_ended)]);
	w->own_settled = w->own_ended_next;
	return w->own_dropped < w->own_settled;
}

static void end(struct watchdog *w, const struct watchdog_client *client, struct watch *watch)
{
	uint64_t id = watch->id;
	int r = watches_end(w, client, watch, NULL);

	if (r != ANSWER_OK) {
		log_error("cannot remove watch %llu, whose client has gone: %s",
			  (unsigned long long)id, strerror(-r));
		watch->holder = NULL;
		return;
	}
	own_has_ended(w, id);
}

static void release_orphans(struct watchdog *w, const struct watchdog_client *client)
{
	struct stop *s;
	uint64_t id = 0;

	while ((s = stop_table_after(&w->stops, id))) {
		id = s->id;
		if (!stop_is_over(s) && !s->claimant && own_is_over(w, s))
			stops_continue(w, s, client->pid);
	}
}

void own_end(struct watchdog *w, const struct watchdog_client *client)
{
	struct watch *watch;
	uint64_t id = 0;
	bool any = false;

	while ((watch = watch_table_after(&w->watches, id))) {
		id = watch->id;
		if (watch->holder != client)
			continue;
		any = true;
		end(w, client, watch);
	}
	if (any)
		release_orphans(w, client);
}
