/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The orderly end: every process that a watch stopped is let run.
 *
 * The backend's map is gone through, and not only the stops that were announced, until it is empty.
 * A process that is stopped, or has the SIGSTOP pending, gets SIGCONT. One that shows neither is
 * either about to get the SIGSTOP, which a SIGCONT now would miss, or has escaped it: it is looked
 * at again for a second, and then gets SIGCONT in any case.
 *
 * A process under a debugger gets its SIGCONT too, unless it had it already: it does not run by
 * that, but nothing would ever resume it after the debugger let go.
 */

#include <signal.h>
#include <time.h>

#include "clock.h"
#include "log.h"
#include "watchdog-internal.h"

#define PATIENCE_US 1000000
#define PAUSE_NS    1000000

struct round {
	struct watchdog *w;
	bool last; /* wait no longer */
	size_t undecided;
	struct watchdog_released result;
};

static void send_continue(struct round *round, const struct stop *s)
{
	int r = stop_signal(s, SIGCONT);

	if (r >= 0) {
		round->result.released++;
	} else if (r != -ESRCH) {
		round->result.failed++;
		log_error("cannot continue process %d: %s; it stays stopped: kill -CONT %d",
			  (int)s->pid, strerror(-r), (int)s->pid);
	}
}

/* What to do about a process. True if nothing more is to be done about it. */
static bool settle(struct round *round, const struct stop *s, enum stop_sight sight)
{
	switch (sight) {
	case SIGHT_GONE:
		return true;
	case SIGHT_TRACED:
		round->result.traced++;
		if (!s->resumed)
			stop_signal(s, SIGCONT);
		return true;
	case SIGHT_STOPPED:
	case SIGHT_PENDING:
		send_continue(round, s);
		return true;
	case SIGHT_BLOCKED:
	case SIGHT_ASLEEP:
	case SIGHT_RUNNING:
		if (round->last)
			send_continue(round, s);
		return round->last;
	}
	return true;
}

/* A stop the engine knows: its end is an event like any other. */
static int settle_known(struct round *round, struct stop *s)
{
	enum stop_sight sight = SIGHT_GONE;
	pid_t tracer;
	int r;

	r = stop_is_over(s) ? 0 : stop_look(s, &sight, &tracer);
	if (r < 0)
		return r;
	if (!settle(round, s, sight))
		return -EAGAIN;
	if (!stop_is_over(s))
		stops_finish(round->w, s, sight == SIGHT_GONE ? STOP_GONE : STOP_RUNNING, 0);
	return 0;
}

/* A record the engine has not taken up, such as one whose exec is not confirmed. */
static int settle_unknown(struct round *round, const struct dwd_stop_key *key)
{
	_cleanup_free_ struct dwd_stop_record *record = malloc(sizeof(*record));
	_cleanup_(stop_unrefp) struct stop *s = NULL;
	enum stop_sight sight;
	pid_t tracer;
	int r;

	if (!record)
		return -ENOMEM;
	r = round->w->backend->ops->get_stop(round->w->backend, key, record);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	record->key = *key; /* whatever is in it */
	r = stop_new(&s, record);
	if (r < 0)
		return r;
	r = stop_open(s, &sight);
	if (r >= 0 && sight != SIGHT_GONE)
		r = stop_look(s, &sight, &tracer);
	if (r < 0)
		return r;
	return settle(round, s, sight) ? 0 : -EAGAIN;
}

static int settle_record(void *userdata, const struct dwd_stop_key *key)
{
	struct round *round = userdata;
	struct watchdog *w = round->w;
	struct stop *s = stop_table_find(&w->stops, key);
	int r;

	r = s ? settle_known(round, s) : settle_unknown(round, key);
	if (r < 0 && !round->last) {
		round->undecided++;
		return 0;
	}
	if (r < 0) {
		round->result.failed++;
		log_error("cannot release process %u: %s; if it is stopped: kill -CONT %u",
			  key->tgid, strerror(-r), key->tgid);
	}
	w->backend->ops->forget_stop(w->backend, key);
	return 0;
}

static struct watchdog_released release_all(struct watchdog *w)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	uint64_t end = clock_monotonic_us() + PATIENCE_US;
	struct round round = {.w = w};
	int r;

	for (;;) {
		round.undecided = 0;
		r = w->backend->ops->for_each_stop(w->backend, settle_record, &round);
		if (r < 0)
			log_error("cannot read what is stopped: %s", strerror(-r));
		if (round.last || (r >= 0 && round.undecided == 0))
			break;
		nanosleep(&pause, NULL);
		round.last = clock_monotonic_us() >= end;
	}
	return round.result;
}

static int take_down(struct backend *backend)
{
	int r = backend->ops->take_down(backend);

	if (r < 0)
		log_error("cannot unpin the kernel side: %s", strerror(-r));
	return r;
}

static void say_released(struct watchdog_released result)
{
	if (result.released || result.traced || result.failed)
		log_info("released: %zu; left to their debuggers: %zu; failed on: %zu",
			 result.released, result.traced, result.failed);
}

void watchdog_shutdown(struct watchdog *w, bool keep)
{
	const char *why;
	int r;

	if (keep && w->backend->ops->pinned(w->backend, &why)) {
		log_info("left to another dwdd, as --on-exit=keep says: watches: %zu; stopped "
			 "processes: %zu",
			 w->watches.count, w->live);
		return;
	}
	r = w->backend->ops->arm(w->backend, false);
	if (r < 0)
		log_error("cannot cease to match: %s", strerror(-r));
	if (!keep)
		say_released(release_all(w));
	else if (w->live > 0)
		log_warning("left stopped, as --on-exit=keep says: %zu; kill -CONT lets each run",
			    w->live);
	take_down(w->backend);
}

int watchdog_release_left(struct backend *left, struct watchdog_released *ret)
{
	struct watchdog *w = calloc(1, sizeof(*w));
	int r = -ENOMEM;

	*ret = (struct watchdog_released){};
	if (!w)
		return r;
	w->backend = left;
	r = stop_table_init(&w->stops); /* it stays empty: all are strangers */
	if (r >= 0)
		*ret = release_all(w);
	stop_table_destroy(&w->stops);
	free(w);
	if (r >= 0)
		r = take_down(left);
	return r < 0 ? r : ret->failed ? -EIO : 0;
}
