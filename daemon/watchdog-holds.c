/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Stops that do not last for ever: what a watch with a hold has stopped is let run, or killed, when
 * nobody has taken it for that long.
 *
 * A stop that is taken, or traced, when its time comes is left alone until it is given back. Of
 * several watches that caught one process the most patient one counts. There is one timer, for the
 * stop whose time comes first; it finds that stop by going through all of them.
 */

#include <signal.h>

#include "clock.h"
#include "log.h"
#include "watchdog-internal.h"

static void hold_until(struct watchdog *w, uint64_t time)
{
	if (time >= w->holds_at)
		return;
	w->holds_at = time;
	watchdog_set_timer(w->holds, time);
}

static bool is_held(const struct stop *s)
{
	return s->hold_until && s->now.state == STOP_STOPPED && !s->claimant;
}

/* It counts from the stop, which an earlier daemon may have seen. */
static uint64_t rest_of(const struct stop *s, uint64_t hold_us)
{
	uint64_t age_us = (clock_boottime_ns() - s->recorded) / 1000;

	return hold_us > age_us ? hold_us - age_us : 0;
}

void holds_begin(struct watchdog *w, struct stop *s)
{
	uint64_t longest = 0;
	bool kill = false;

	/* One that is not named may be more patient. */
	if (s->watches_total > s->watch_count)
		return;
	for (uint32_t i = 0; i < s->watch_count; i++) {
		const struct watch *watch = watch_table_find(&w->watches, s->watches[i]);

		if (!watch)
			continue;
		if (watch->hold == 0)
			return;
		if (watch->hold > longest) {
			longest = watch->hold;
			kill = watch->then_kill;
		}
	}
	if (longest == 0)
		return;
	s->hold_until = clock_monotonic_us() + rest_of(s, longest * 1000);
	s->hold_kills = kill;
	hold_until(w, s->hold_until);
}

void holds_resume(struct watchdog *w, const struct stop *s)
{
	if (is_held(s))
		hold_until(w, s->hold_until);
}

/* What a user's watch holds ends in his name: by now it may be somebody else's. */
static struct watchdog_client in_whose_name(const struct stop *s)
{
	struct watchdog_client client = {};

	if (s->users_watch)
		client.user = (struct principal){.uid = s->uid, .gid = s->gid};
	return client;
}

static void end_hold(struct watchdog *w, struct stop *s)
{
	const struct watchdog_client client = in_whose_name(s);
	int r;

	log_rarely(&w->holds_ended, "process %d was held as long as its watch says: %s it",
		   (int)s->pid, s->hold_kills ? "killing" : "continuing");
	s->hold_until = 0;
	if (s->hold_kills)
		r = watchdog_kill(w, &client, s, SIGKILL);
	else
		r = stops_continue(w, s, 0);
	if (r < 0)
		log_error("cannot end the stop of process %d: %s", (int)s->pid, strerror(-r));
}

static int on_holds(sd_event_source *source, uint64_t time, void *userdata)
{
	struct watchdog *w = userdata;
	uint64_t now = clock_monotonic_us(), id = 0;
	struct stop *s;

	w->holds_at = UINT64_MAX;
	while ((s = stop_table_after(&w->stops, id))) {
		id = s->id;
		if (!is_held(s))
			continue;
		if (s->hold_until <= now)
			end_hold(w, s);
		else
			hold_until(w, s->hold_until);
	}
	return 0;
}

int holds_init(struct watchdog *w)
{
	w->holds_at = UINT64_MAX;
	return watchdog_add_timer(w, &w->holds, 1, on_holds);
}

void holds_destroy(struct watchdog *w)
{
	sd_event_source_disable_unref(w->holds);
}
