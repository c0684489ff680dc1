/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * How a stop begins and ends.
 *
 * It begins with a record of the backend's. The process is held by a pidfd and looked at (see
 * watchdog-looks.c); when it is seen stopped, the stop is announced. It ends when a client releases
 * it, when it was seen to run, or when the process is gone; then the backend's record is removed,
 * which makes room for another.
 *
 * SIGCONT is sent only after the process was seen stopped: one that comes before the SIGSTOP is
 * taken is lost, and the process stays stopped behind everybody's back.
 */

#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "clock.h"
#include "log.h"
#include "permissions.h"
#include "watchdog-internal.h"

#define CALM_US	      5000000
#define RETRY_US      100000
#define OTHER_FDS     1280 /* connections, maps, what a look opens */
#define BUSY_US	      10000000
#define LONG_YIELD_US 200
#define LONG_NS	      500000000 /* far longer than an exec takes from its decision to its end */

void stops_event(struct watchdog *w, struct stop *s, enum event_type type, pid_t by)
{
	struct event event = {.type = type, .stop = s, .now = s->now, .by = by};

	events_add(&w->events, &event);
}

/* A process that is stopped has its exec behind it. */
static void confirm_record(struct watchdog *w, struct stop *s)
{
	int r;

	if (s->flags & DWD_STOP_CONFIRMED)
		return;
	r = w->backend->ops->flag_stop(w->backend, &s->key, DWD_STOP_CONFIRMED);
	if (r < 0 && r != -ENOENT)
		log_warning("cannot mark the record of process %d: %s", (int)s->pid, strerror(-r));
	s->flags |= DWD_STOP_CONFIRMED;
}

static void forget_record(struct watchdog *w, struct stop *s)
{
	int r;

	if (s->forgotten)
		return;
	s->forgotten = true;
	restore_drop_variables(w, s);
	r = w->backend->ops->forget_stop(w->backend, &s->key);
	if (r < 0 && r != -ENOENT) {
		log_error("cannot remove the record of process %d: %s", (int)s->pid, strerror(-r));
		watchdog_rescan_later(w, RETRY_US);
	}
}

void stops_finish(struct watchdog *w, struct stop *s, enum stop_state state, pid_t by)
{
	bool unheard_of = s->now.state == STOP_STOPPING;

	stop_become(s, state);
	s->doubt_since = 0;
	agenda_remove(&w->agenda, s);
	stop_close(s);
	forget_record(w, s);
	if (state == STOP_GONE && !unheard_of)
		stops_event(w, s, EVENT_GONE, 0);
	else if (state != STOP_GONE && !s->refused)
		stops_event(w, s, EVENT_CONTINUED, by);
	claims_settled(w, s);
	if (--w->live == 0) {
		w->quiet_since = clock_monotonic_us();
		watchdog_set_timer(w->calm, w->quiet_since + CALM_US);
	}
	if (!s->claimant)
		stop_table_remove(&w->stops, s);
}

void stops_left(struct watchdog *w, struct stop *s)
{
	if (s->now.state == STOP_ATTACHED)
		stops_event(w, s, EVENT_DETACHED, 0);
	stops_finish(w, s, STOP_RUNNING, 0);
}

/* First the record says that it is released: so the backend does not take the SIGCONT for somebody
 * else's, there is room for another stop before the process can run on to its next exec, and if the
 * daemon is killed here the next one does the rest. */
static int release(struct watchdog *w, struct stop *s, pid_t by)
{
	int r;

	r = w->backend->ops->flag_stop(w->backend, &s->key, DWD_STOP_CONFIRMED | DWD_STOP_RELEASED);
	if (r < 0 && r != -ENOENT)
		log_warning("cannot mark the record of process %d: %s", (int)s->pid, strerror(-r));
	s->flags |= DWD_STOP_CONFIRMED;
	r = stop_signal(s, SIGCONT);
	if (r < 0 && r != -ESRCH) {
		log_error("cannot continue process %d: %s; it stays stopped", (int)s->pid,
			  strerror(-r));
		return r;
	}
	stops_finish(w, s, r < 0 ? STOP_GONE : STOP_RUNNING, by);
	return ANSWER_OK;
}

/* There are no descriptors left to keep it by: say that it is let run. */
static void tell_turned_away(struct watchdog *w, struct stop *s)
{
	struct event event = {
		.type = EVENT_SKIPPED,
		.skip = {.pid = s->pid,
			 .reason = DWD_SKIP_NO_MEMORY,
			 .watch = s->watch_count ? s->watches[0] : 0,
			 .users_watch = s->users_watch},
		.user = s->uid,
	};

	memcpy(event.skip.comm, s->comm, sizeof(event.skip.comm));
	events_add(&w->events, &event);
	if (w->turned_away++ == 0)
		log_warning("%zu processes are stopped and the limit on open files allows no more: "
			    "those beyond are let run; raise LimitNOFILE= or lower --max-stopped",
			    w->live);
}

void stops_confirm(struct watchdog *w, struct stop *s)
{
	if (s->refused)
		tell_turned_away(w, s);
	else
		stops_set_variables(w, s);
	if (s->release && release(w, s, s->release_by) == ANSWER_OK)
		return;
	confirm_record(w, s);
	stop_learn(s);
	stop_become(s, STOP_STOPPED);
	stops_event(w, s, EVENT_STOPPED, 0);
	holds_begin(w, s);
	stops_left_alone(w, s);
}

void stops_left_alone(struct watchdog *w, struct stop *s)
{
	if (s->now.state != STOP_STOPPED || s->claimant)
		return;
	if (own_is_over(w, s))
		stops_continue(w, s, 0);
	else
		holds_resume(w, s);
}

/* The same pid was caught at a later exec: its process did not stay in the stop known so far. */
static void supersede(struct watchdog *w, const struct dwd_stop_key *key)
{
	struct stop *s = stop_table_find_pid(&w->stops, (pid_t)key->tgid);

	if (s && s->key.start_time == key->start_time)
		stops_left(w, s);
	else if (s)
		stops_finish(w, s, STOP_GONE, 0);
}

static void watch_signals(struct watchdog *w)
{
	int r;

	sd_event_source_set_enabled(w->calm, SD_EVENT_OFF);
	if (w->signals_watched)
		return;
	r = w->backend->ops->watch_signals(w->backend, true);
	if (r < 0 && w->live == 0)
		log_warning("SIGCONT from outside will be noticed late: %s", strerror(-r));
	w->signals_watched = r >= 0;
}

static int on_calm(sd_event_source *source, uint64_t time, void *userdata)
{
	struct watchdog *w = userdata;

	if (w->live == 0 && w->signals_watched) {
		w->backend->ops->watch_signals(w->backend, false);
		w->signals_watched = false;
	}
	return 0;
}

static int watch_end(struct watchdog *w, const struct stop *s)
{
	/* By id, as handling one end may free another stop of the same round. */
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = s->id};

	return epoll_ctl(w->ends_epoll, EPOLL_CTL_ADD, s->pidfd, &event) < 0 ? -errno : 0;
}

/* Woken on the processor of the process that is about to stop, the daemon keeps it from that: let
 * it go first. Where others want the processor too that takes long; then not again for a while. */
static void give_way(struct watchdog *w)
{
	uint64_t begin = clock_monotonic_us(), end;

	if (begin < w->busy_until)
		return;
	sched_yield();
	end = clock_monotonic_us();
	if (end - begin > LONG_YIELD_US)
		w->busy_until = end + BUSY_US;
}

static int take_up(struct watchdog *w, const struct dwd_stop_record *record)
{
	_cleanup_(stop_unrefp) struct stop *s = NULL;
	enum stop_sight sight;
	int r;

	r = stop_new(&s, record);
	if (r < 0)
		return r;
	give_way(w);
	r = stop_open(s, &sight);
	if (r < 0)
		return r;
	if (sight != SIGHT_GONE) {
		r = watch_end(w, s);
		if (r < 0)
			return r;
	}
	supersede(w, &record->key);
	s->arrived = clock_monotonic_us();
	s->refused = w->live >= w->most_stops;
	s->release = s->refused || record->flags & DWD_STOP_RELEASED;
	stop_table_add(&w->stops, s);
	if (w->live++ == 0)
		looks_patrol(w, false);
	looks_react(w, s, sight, 0);
	return 0;
}

/* The exec has come to an end: so the record says, or its age. */
static bool is_decided(const struct dwd_stop_record *record)
{
	return record->flags & DWD_STOP_CONFIRMED || clock_boottime_ns() > record->time + LONG_NS;
}

/* What is not the kernel side's, or another's: of a stop with the id of another nobody could tell
 * which is meant. */
static bool is_damaged(const struct watchdog *w, const struct dwd_stop_key *key,
		       const struct dwd_stop_record *record)
{
	return memcmp(&record->key, key, sizeof(*key)) != 0 || !stop_record_is_sound(record) ||
	       stop_table_find_id(&w->stops, record->id);
}

/* There is nothing to list the process by; but if it is stopped, dwd has stopped it. */
static int let_run(struct watchdog *w, const struct dwd_stop_key *key)
{
	const struct dwd_stop_record bare = {.key = *key};
	_cleanup_(stop_unrefp) struct stop *s = NULL;
	enum stop_sight sight = SIGHT_RUNNING;
	int r;

	r = stop_new(&s, &bare);
	if (r == 0)
		r = stop_open(s, &sight);
	if (r < 0)
		return r;
	if (sight == SIGHT_RUNNING)
		return -EBUSY; /* a SIGCONT before it stops would be lost */
	log_error("the record of stopped process %u is damaged: it is let run", key->tgid);
	r = w->backend->ops->forget_stop(w->backend, key);
	if (sight != SIGHT_GONE)
		stop_signal(s, SIGCONT);
	return r == -ENOENT ? 0 : r;
}

void stops_arrive(struct watchdog *w, const struct dwd_stop_key *key)
{
	struct dwd_stop_record record;
	int r;

	if (stop_table_find(&w->stops, key))
		return;
	r = w->backend->ops->get_stop(w->backend, key, &record);
	if (r == -ENOENT || (r >= 0 && !is_decided(&record)))
		return;
	if (r >= 0 && is_damaged(w, key, &record)) {
		r = let_run(w, key);
	} else if (r >= 0) {
		/* Before the first look, so that no SIGCONT after it goes unnoticed. */
		watch_signals(w);
		r = take_up(w, &record);
	}
	if (r < 0) {
		/* The record stays in the map: a rescan finds it there. */
		if (!w->in_trouble)
			log_error("cannot take up stopped process %u: %s; trying until it works",
				  key->tgid, strerror(-r));
		watchdog_rescan_later(w, RETRY_US);
	}
	w->in_trouble = r < 0;
}

int stops_continue(struct watchdog *w, struct stop *s, pid_t by)
{
	if (!watchdog_look(w, s))
		return ANSWER_NO_SUCH_STOP;
	if (s->now.state == STOP_STOPPING) {
		s->release = true;
		s->release_by = by;
		return ANSWER_OK;
	}
	return s->now.state == STOP_STOPPED ? release(w, s, by) : ANSWER_WRONG_STATE;
}

int watchdog_continue(struct watchdog *w, const struct watchdog_client *client, struct stop *s)
{
	if (!watchdog_look(w, s))
		return ANSWER_NO_SUCH_STOP;
	if (!permissions_signal(&client->user, s))
		return ANSWER_NOT_PERMITTED;
	return stops_continue(w, s, client->pid);
}

int watchdog_kill(struct watchdog *w, const struct watchdog_client *client, struct stop *s,
		  int signal)
{
	struct event event = {.type = EVENT_KILLED, .stop = s, .by = client->pid, .signal = signal};
	int r;

	if (signal == SIGCONT)
		return watchdog_continue(w, client, s);
	if (stop_is_over(s))
		return ANSWER_NO_SUCH_STOP;
	if (!permissions_signal(&client->user, s))
		return ANSWER_NOT_PERMITTED;
	r = stop_signal(s, signal);
	if (r == -ESRCH) {
		stops_finish(w, s, STOP_GONE, 0);
		return ANSWER_NO_SUCH_STOP;
	}
	if (r < 0)
		return r;
	event.now = s->now;
	events_add(&w->events, &event);
	return ANSWER_OK;
}

static size_t descriptors_for_stops(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 512;
	return limit.rlim_cur > 2 * OTHER_FDS ? limit.rlim_cur - OTHER_FDS : limit.rlim_cur / 2;
}

int stops_init(struct watchdog *w)
{
	int r;

	w->most_stops = descriptors_for_stops();
	r = stop_table_init(&w->stops);
	return r < 0 ? r : watchdog_add_timer(w, &w->calm, 0, on_calm);
}

void stops_destroy(struct watchdog *w)
{
	sd_event_source_disable_unref(w->calm);
	stop_table_destroy(&w->stops);
}
