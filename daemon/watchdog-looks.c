/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What a stopped process does, as far as it can be seen.
 *
 * Everything that is known of it comes from looking (stop_look()); looks_react() alone decides what
 * a sight means in each state. Reasons to look:
 *
 * - the doorbell, and then the agenda until the process is seen stopped: it takes the signal some
 *   microseconds after the record was written, or later on a busy machine;
 * - somebody sent SIGCONT, which the backend notices;
 * - the process is traced by something no client claims: nobody tells when that ends, so the agenda
 *   has it, up to once a second;
 * - a client asks for it, or gives it back;
 * - the patrol: that a debugger was attached from outside is told by nobody either. Once a second
 *   it looks at the next 64 stops, so its cost is bounded and, with few stops, a list is never
 *   older than a second; when notifications were lost it hurries through all of them.
 *
 * "Not stopped" is easily misread: a stopped process wakes for a moment when a debugger comes or
 * goes, and one that is about to stop still runs; for as long as the processor is busy with others.
 * So a stop is given up only if the process sleeps, or has been on a processor for a while
 * (DOUBT_US) and was not seen stopped; one that never was, ESCAPED_US after its record at the
 * earliest. Uninterruptible sleep tells nothing: a stopped process in a frozen cgroup of version 1
 * looks like that for as long as it is frozen.
 *
 * "Stopped" can be another stop than the one at exec: a process that was continued may stop itself
 * before anybody looks. No program runs without page faults at first, and only its own count as
 * its; so one that has had some since it was seen stopped, and was sent SIGCONT, has left the stop.
 * Of one that a debugger, or a client, has had meanwhile that is not said: what they leave stopped
 * stays so.
 *
 * The end of a process is told by its pidfd. All pidfds are in one epoll of the engine's own: with
 * a source of sd-event for each, the loop would collect every readable descriptor anew for each one
 * it handles, and the end of 10,000 processes at once would take a hundred million steps.
 */

#include <sys/epoll.h>

#include "clock.h"
#include "log.h"
#include "procfs.h"
#include "watchdog-internal.h"

#define DOUBT_US     10000
#define ESCAPED_US   1000000
#define TURN_US	     10000
#define PATROL_US    1000000
#define PATROL_ROUND 64
#define ENDS_ROUND   256

static void look_later(struct watchdog *w, struct stop *s, unsigned delay)
{
	agenda_put(&w->agenda, s, delay);
	if (s->look_at < w->looks_at) {
		w->looks_at = s->look_at;
		watchdog_set_timer(w->looks, s->look_at);
	}
}

static void seen_traced(struct watchdog *w, struct stop *s, pid_t tracer)
{
	bool known = s->now.state == STOP_ATTACHED;

	s->doubt_since = 0;
	s->untouched = false;
	if (!known)
		stop_become(s, STOP_ATTACHED);
	s->now.tracer = tracer;
	if (!known)
		stops_event(w, s, EVENT_ATTACHED, s->now.claimed_by);

	if (s->claimant)
		agenda_remove(&w->agenda, s); /* it will be given back */
	else
		look_later(w, s,
			   s->delay < AGENDA_TEN || !known ? AGENDA_TEN
							   : agenda_longer(s, AGENDA_SLOWEST));
	claims_settled(w, s);
}

/* It was continued, and stopped again before it was looked at: has it run meanwhile? The way from
 * one stop into another touches none of its memory. */
static bool is_another_stop(struct stop *s)
{
	struct procfs_stat stat;

	if (!s->untouched || !s->continued)
		return false;
	s->continued = false;
	return procfs_read_stat(s->pid, &stat) == 0 && stat.faults > s->faults;
}

static void seen_stopped(struct watchdog *w, struct stop *s)
{
	bool detached = s->now.state == STOP_ATTACHED;

	if (is_another_stop(s)) {
		stops_left(w, s);
		return;
	}
	s->doubt_since = 0;
	agenda_remove(&w->agenda, s);
	if (detached) {
		stop_become(s, STOP_STOPPED);
		stops_event(w, s, EVENT_DETACHED, 0);
	}
	claims_settled(w, s);
	claims_offer(w, s);
	if (detached)
		stops_left_alone(w, s);
}

static void doubt(struct stop *s)
{
	s->doubt_since = clock_monotonic_us();
	if (procfs_read_run_time(s->pid, &s->doubt_ran) < 0)
		s->doubt_ran = 0;
}

/* Since there is a doubt, has it run for longer than the way from one stop into another takes? */
static bool has_run(const struct stop *s)
{
	uint64_t ran;

	if (s->doubt_ran && procfs_read_run_time(s->pid, &ran) == 0)
		return ran - s->doubt_ran >= DOUBT_US * 1000;
	return clock_monotonic_us() - s->doubt_since >= DOUBT_US;
}

static void seems_to_run(struct watchdog *w, struct stop *s, bool certain)
{
	if (!s->doubt_since) {
		doubt(s);
		s->delay = AGENDA_NOT;
	}
	if (certain || has_run(s))
		stops_left(w, s);
	else
		look_later(w, s, agenda_longer(s, AGENDA_TEN));
}

/* A SIGCONT that came before the SIGSTOP was taken has taken it away. That much time has passed
 * does not tell: the processor it is on may belong to a machine that is itself kept waiting. */
static bool has_escaped(struct stop *s, enum stop_sight sight)
{
	if (clock_monotonic_us() - s->arrived <= ESCAPED_US || sight == SIGHT_PENDING ||
	    sight == SIGHT_BLOCKED)
		return false;
	if (!s->doubt_since)
		doubt(s);
	return sight == SIGHT_ASLEEP || has_run(s);
}

static void react_stopping(struct watchdog *w, struct stop *s, enum stop_sight sight, pid_t tracer)
{
	bool stopped = sight == SIGHT_STOPPED || sight == SIGHT_TRACED;
	uint64_t id = s->id;

	if (stopped && s->delay == AGENDA_NOT && stops_has_variables(w, s)) {
		/* To set them takes long, and the agenda gives others their turn. */
		look_later(w, s, agenda_longer(s, AGENDA_TEN));
	} else if (stopped) {
		agenda_remove(&w->agenda, s);
		s->doubt_since = 0;
		stops_confirm(w, s);
		if (!stop_table_find_id(&w->stops, id))
			return;
		if (sight == SIGHT_TRACED)
			seen_traced(w, s, tracer);
		claims_offer(w, s);
	} else if (has_escaped(s, sight)) {
		stops_finish(w, s, STOP_RUNNING, s->release_by);
	} else {
		look_later(w, s, agenda_longer(s, AGENDA_HUNDRED));
	}
}

static void react_held(struct watchdog *w, struct stop *s, enum stop_sight sight, pid_t tracer)
{
	switch (sight) {
	case SIGHT_TRACED:
		seen_traced(w, s, tracer);
		break;
	case SIGHT_STOPPED:
		seen_stopped(w, s);
		break;
	case SIGHT_PENDING:
		/* Continued and stopped again by somebody: the next look will tell. */
		doubt(s);
		look_later(w, s, AGENDA_MILLI);
		break;
	case SIGHT_BLOCKED:
		look_later(w, s, agenda_longer(s, AGENDA_SLOWEST));
		break;
	case SIGHT_ASLEEP:
	case SIGHT_RUNNING:
		seems_to_run(w, s, sight == SIGHT_ASLEEP);
		break;
	case SIGHT_GONE:
		break; /* is the same in every state */
	}
}

void looks_react(struct watchdog *w, struct stop *s, enum stop_sight sight, pid_t tracer)
{
	if (sight == SIGHT_GONE)
		stops_finish(w, s, STOP_GONE, 0);
	else if (s->now.state == STOP_STOPPING)
		react_stopping(w, s, sight, tracer);
	else
		react_held(w, s, sight, tracer);
}

bool watchdog_look(struct watchdog *w, struct stop *s)
{
	uint64_t id = s->id;
	enum stop_sight sight;
	pid_t tracer = 0;
	int r;

	if (stop_is_over(s))
		return false;
	r = stop_look(s, &sight, &tracer);
	if (r < 0) {
		log_warning("cannot look at process %d: %s; trying again", (int)s->pid,
			    strerror(-r));
		look_later(w, s, AGENDA_HUNDRED);
		return true;
	}
	looks_react(w, s, sight, tracer);
	s = stop_table_find_id(&w->stops, id);
	return s && !stop_is_over(s);
}

void looks_continued(struct watchdog *w, const struct dwd_stop_key *key)
{
	struct stop *s = stop_table_find(&w->stops, key);

	if (s)
		s->continued = s->now.state == STOP_STOPPED;
	/* Perhaps it was only about to wake: look once more. */
	if (s && watchdog_look(w, s) && !s->look_at && s->now.state == STOP_STOPPED)
		look_later(w, s, AGENDA_MILLI);
}

static int on_ends(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct watchdog *w = userdata;
	struct epoll_event ended[ENDS_ROUND];
	int n = epoll_wait(fd, ended, ENDS_ROUND, 0);

	for (int i = 0; i < n; i++) {
		struct stop *s = stop_table_find_id(&w->stops, ended[i].data.u64);

		if (s && !stop_is_over(s))
			stops_finish(w, s, STOP_GONE, 0);
	}
	return 0;
}

static int on_looks(sd_event_source *source, uint64_t time, void *userdata)
{
	struct watchdog *w = userdata;
	uint64_t now = clock_monotonic_us();
	struct stop *s;

	while (clock_monotonic_us() - now < TURN_US && (s = agenda_take(&w->agenda, now)))
		watchdog_look(w, s);
	w->looks_at = agenda_next(&w->agenda);
	if (w->looks_at != UINT64_MAX)
		watchdog_set_timer(source, w->looks_at);
	return 0;
}

/* A claimed stop is its client's care, unless notifications were lost. */
static bool is_for_patrol(const struct watchdog *w, const struct stop *s)
{
	return s->now.state == STOP_STOPPED && !s->look_at && (!s->claimant || w->patrol_hurry);
}

static int on_patrol(sd_event_source *source, uint64_t time, void *userdata)
{
	struct watchdog *w = userdata;
	size_t count = w->stops.count < PATROL_ROUND ? w->stops.count : PATROL_ROUND;
	uint64_t begin = clock_monotonic_us();

	for (size_t i = 0; i < count && clock_monotonic_us() - begin < TURN_US; i++) {
		struct stop *s = stop_table_after(&w->stops, w->patrol_at);

		if (!s) /* the end of the table: begin anew */
			s = stop_table_after(&w->stops, 0);
		if (!s)
			break;
		w->patrol_at = s->id;
		if (is_for_patrol(w, s))
			watchdog_look(w, s);
		w->patrol_hurry -= w->patrol_hurry > 0;
	}
	if (w->live == 0)
		w->patrol_hurry = 0;
	looks_patrol(w, false);
	return 0;
}

void looks_patrol(struct watchdog *w, bool all)
{
	if (all)
		w->patrol_hurry = w->stops.count;
	if (w->live > 0)
		watchdog_set_timer(w->patrol,
				   w->patrol_hurry ? 0 : clock_monotonic_us() + PATROL_US);
}

bool watchdog_has_few_stops(const struct watchdog *w)
{
	return w->stops.count <= PATROL_ROUND;
}

int looks_init(struct watchdog *w)
{
	int r;

	agenda_init(&w->agenda);
	w->looks_at = UINT64_MAX;
	w->ends_epoll = epoll_create1(EPOLL_CLOEXEC);
	if (w->ends_epoll < 0)
		return -errno;
	r = sd_event_add_io(w->event, &w->ends, w->ends_epoll, EPOLLIN, on_ends, w);
	if (r < 0)
		return r;
	r = watchdog_add_timer(w, &w->looks, 1, on_looks);
	return r < 0 ? r : watchdog_add_timer(w, &w->patrol, 0, on_patrol);
}

void looks_destroy(struct watchdog *w)
{
	sd_event_source_disable_unref(w->ends);
	sd_event_source_disable_unref(w->looks);
	sd_event_source_disable_unref(w->patrol);
	w->ends_epoll = close_fd(w->ends_epoll);
}
