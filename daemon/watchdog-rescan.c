/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the doorbell did not tell. The map of records is the truth, and it is read when
 * notifications were lost, when one could not be acted on, when a daemon starts, and while the
 * kernel side says that it has records nobody rang for.
 *
 * There may be thousands, each of them some system calls, on a machine that has other work: so what
 * is new is noted first, and taken up in turns, between which clients and the heartbeat have
 * theirs; and reading again and again does not take more than a small part of the time.
 */

#include "clock.h"
#include "log.h"
#include "watchdog-internal.h"

/* A turn: so many, or so long. */
#define ROUND	 64
#define TURN_US	 10000
#define RETRY_US 100000
#define CHECK_US 1000000
#define RARENESS 20 /* a reading that took so long is not repeated for so many times as long */

/* Unless it is to happen sooner anyway: trouble that goes on must not put it off for ever. */
void watchdog_rescan_later(struct watchdog *w, uint64_t delay_us)
{
	uint64_t time = clock_monotonic_us() + delay_us, planned;
	int enabled;

	if (time < w->rescan_after)
		time = w->rescan_after;
	if (sd_event_source_get_enabled(w->rescan, &enabled) > 0 &&
	    sd_event_source_get_time(w->rescan, &planned) >= 0 && planned <= time)
		return;
	watchdog_set_timer(w->rescan, time);
}

static int note(void *userdata, const struct dwd_stop_key *key)
{
	struct watchdog *w = userdata;

	if (stop_table_find(&w->stops, key))
		return 0;
	if (w->found_count == w->found_room) {
		size_t room = w->found_room ? 2 * w->found_room : 64;
		struct dwd_stop_key *more = reallocarray(w->found, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		w->found = more;
		w->found_room = room;
	}
	w->found[w->found_count++] = *key;
	return 0;
}

/* Note all that is new in the map. */
static void find(struct watchdog *w)
{
	uint64_t begin = clock_monotonic_us(), end;
	int r;

	w->found_count = 0;
	r = w->backend->ops->for_each_stop(w->backend, note, w);
	end = clock_monotonic_us();
	w->rescan_after = end + RARENESS * (end - begin);
	if (r < 0) {
		log_error("cannot read what is stopped: %s; trying again", strerror(-r));
		watchdog_rescan_later(w, RETRY_US);
	}
}

/* Take up what was noted, for a while. */
static void take_turn(struct watchdog *w)
{
	uint64_t begin = clock_monotonic_us();

	for (int i = 0; i < ROUND && w->found_count > 0; i++) {
		if (clock_monotonic_us() - begin >= TURN_US)
			break;
		stops_arrive(w, &w->found[--w->found_count]);
	}
}

static int on_turn(sd_event_source *source, uint64_t time, void *userdata)
{
	struct watchdog *w = userdata;

	take_turn(w);
	if (w->found_count > 0)
		watchdog_set_timer(w->turn, 0);
	return 0;
}

/* Take up what is new, and look at all that is known. */
static int on_rescan(sd_event_source *source, uint64_t time, void *userdata)
{
	struct watchdog *w = userdata;

	find(w);
	looks_patrol(w, true);
	return on_turn(w->turn, time, w);
}

void watchdog_check_later(struct watchdog *w)
{
	bool unsettled = own_tidy(w);

	unsettled |= restore_settle(w);
	unsettled |= helpers_collect(&w->helpers);
	if (w->watches.count || w->live || unsettled ||
	    w->backend->ops->has_unconfirmed(w->backend))
		watchdog_set_timer(w->check, clock_monotonic_us() + CHECK_US);
}

/* Once a second while anything is watched or stopped: say that there is a daemon. Is there a record
 * nobody rang for? */
static int on_check(sd_event_source *source, uint64_t time, void *userdata)
{
	struct watchdog *w = userdata;

	w->backend->ops->beat(w->backend);
	if (w->backend->ops->has_unconfirmed(w->backend) &&
	    clock_monotonic_us() >= w->rescan_after) {
		find(w);
		on_turn(w->turn, time, w);
	}
	watchdog_check_later(w);
	return 0;
}

void rescan_all(struct watchdog *w)
{
	find(w);
	while (w->found_count > 0) {
		take_turn(w);
		w->backend->ops->beat(w->backend);
	}
	looks_patrol(w, true);
	/* What the programs of an earlier daemon have stopped just now, they have told nobody. */
	watchdog_rescan_later(w, CHECK_US);
}

int rescan_init(struct watchdog *w)
{
	int r;

	r = watchdog_add_timer(w, &w->rescan, 1, on_rescan);
	if (r < 0)
		return r;
	r = watchdog_add_timer(w, &w->turn, 1, on_turn);
	if (r >= 0)
		r = watchdog_add_timer(w, &w->check, 0, on_check);
	/* Were it late because clients ask for much, the kernel side would take the daemon for dead
	 * and let run what is watched. */
	return r < 0 ? r : sd_event_source_set_priority(w->check, SD_EVENT_PRIORITY_IMPORTANT);
}

void rescan_destroy(struct watchdog *w)
{
	sd_event_source_disable_unref(w->rescan);
	sd_event_source_disable_unref(w->turn);
	sd_event_source_disable_unref(w->check);
	free(w->found);
}
