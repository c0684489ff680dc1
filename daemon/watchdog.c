/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The life of the engine, and its doorbell. What is asked of all stops together is answered here
 * too.
 */

#include "watchdog.h"

#include <sys/epoll.h>

#include "clock.h"
#include "log.h"
#include "permissions.h"
#include "watchdog-internal.h"

#define RETRY_US 100000

void watchdog_set_timer(sd_event_source *timer, uint64_t time)
{
	sd_event_source_set_time(timer, time);
	sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

int watchdog_add_timer(struct watchdog *w, sd_event_source **ret, uint64_t accuracy_us,
		       sd_event_time_handler_t handler)
{
	int r = sd_event_add_time(w->event, ret, CLOCK_MONOTONIC, 0, accuracy_us, handler, w);

	return r < 0 ? r : sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
}

static void on_stopped(void *userdata, const struct dwd_stop_key *key)
{
	stops_arrive(userdata, key);
}

static void on_continued(void *userdata, const struct dwd_stop_key *key)
{
	looks_continued(userdata, key);
}

static void on_skipped(void *userdata, const struct dwd_ring_record *record)
{
	struct watchdog *w = userdata;
	struct event event = {
		.type = EVENT_SKIPPED,
		.skip = {.pid = (pid_t)record->key.tgid,
			 .reason = (enum dwd_skip)record->reason,
			 .watch = record->watch,
			 .users_watch = record->users_watch},
		.user = record->user,
	};

	if (record->reason >= DWD_SKIP_COUNT || record->key.tgid > INT32_MAX ||
	    record->watch > INT64_MAX || record->users_watch > INT64_MAX) {
		log_warning("passed over a damaged notification of the kernel side");
		return;
	}
	memcpy(event.skip.comm, record->comm, sizeof(event.skip.comm));
	events_add(&w->events, &event);
}

static void on_lost(void *userdata)
{
	log_info("notifications of the kernel side were lost: looking at everything");
	watchdog_rescan_later(userdata, 0);
}

static const struct backend_listener listener = {
	.stopped = on_stopped,
	.continued = on_continued,
	.skipped = on_skipped,
	.rescan = on_lost,
};

static int on_doorbell(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct watchdog *w = userdata;
	int r;

	r = w->backend->ops->dispatch(w->backend);
	if (r < 0) {
		log_error("cannot read the kernel side's notifications: %s", strerror(-r));
		watchdog_rescan_later(w, RETRY_US);
	}
	return 0;
}

int watchdog_new(struct watchdog **ret, sd_event *event, struct backend *backend)
{
	_cleanup_(watchdog_freep) struct watchdog *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	w->event = sd_event_ref(event);
	w->backend = backend;
	w->ends_epoll = -1;
	w->quiet_since = clock_monotonic_us();
	TAILQ_INIT(&w->waiters);
	events_init(&w->events);
	r = stops_init(w);
	if (r < 0)
		return r;
	r = looks_init(w);
	if (r < 0)
		return r;
	r = holds_init(w);
	if (r < 0)
		return r;
	r = rescan_init(w);
	if (r < 0)
		return r;
	*ret = steal_pointer(w);
	return 0;
}

int watchdog_start(struct watchdog *w)
{
	int r;

	w->backend->ops->listen(w->backend, &listener, w);
	r = sd_event_add_io(w->event, &w->doorbell, w->backend->ops->get_fd(w->backend), EPOLLIN,
			    on_doorbell, w);
	if (r < 0)
		return r;
	r = restore_watches(w);
	if (r < 0)
		return r;
	r = w->backend->ops->arm(w->backend, true);
	if (r < 0)
		return r;
	rescan_all(w);
	restore_say(w);
	restore_tidy(w);
	watchdog_check_later(w);
	return 0;
}

struct watchdog *watchdog_free(struct watchdog *w)
{
	if (!w)
		return NULL;
	sd_event_source_disable_unref(w->doorbell);
	rescan_destroy(w);
	looks_destroy(w);
	holds_destroy(w);
	stops_destroy(w);
	events_destroy(&w->events);
	watch_table_destroy(&w->watches);
	sd_event_unref(w->event);
	free(w);
	return NULL;
}

uint64_t watchdog_idle_since(const struct watchdog *w)
{
	return w->watches.count || w->live ? 0 : w->quiet_since;
}

struct events *watchdog_events(struct watchdog *w)
{
	return &w->events;
}

struct stop *watchdog_find_stop(const struct watchdog *w, uint64_t id)
{
	return stop_table_find_id(&w->stops, id);
}

uint64_t watchdog_newest_stop(const struct watchdog *w)
{
	const struct stop *s = TAILQ_LAST(&w->stops.order, stop_list);

	return s ? s->id : 0;
}

/* Whether one of the watches that caught it names `target`. What a PATH catches need not go by that
 * path: it may be a link to it, or lie in a chroot. */
static bool caught_by_target(const struct watchdog *w, const struct stop *s, const char *target,
			     const struct principal *viewer)
{
	for (uint32_t i = 0; i < s->watch_count; i++) {
		const struct watch *watch = watch_table_find(&w->watches, s->watches[i]);

		if (watch && permissions_see_watch(viewer, watch) && str_eq(watch->target, target))
			return true;
	}
	return false;
}

bool watchdog_selects(const struct watchdog *w, const struct stop *s,
		      const struct stop_selector *selector)
{
	struct stop_selector rest = *selector;

	if (stop_matches(s, selector))
		return true;
	rest.path = NULL;
	return selector->path && stop_matches(s, &rest) &&
	       caught_by_target(w, s, selector->path, &selector->viewer);
}

struct stop *watchdog_next_stop(const struct watchdog *w, uint64_t id,
				const struct stop_selector *selector)
{
	struct stop *s;

	if (selector->id && selector->id > id)
		s = stop_table_find_id(&w->stops, selector->id);
	else
		s = selector->id ? NULL : stop_table_after(&w->stops, id);
	while (s && (stop_is_over(s) || !watchdog_selects(w, s, selector)))
		s = selector->id ? NULL : TAILQ_NEXT(s, in_order);
	return s;
}

static size_t count_stops(const struct watchdog *w, const struct principal *viewer)
{
	const struct stop_selector selector = {.viewer = *viewer};
	size_t n = 0;
	uint64_t id = 0;
	struct stop *s;

	if (principal_is_root(viewer))
		return w->live;
	while ((s = watchdog_next_stop(w, id, &selector))) {
		id = s->id;
		n++;
	}
	return n;
}

void watchdog_get_status(const struct watchdog *w, const struct principal *viewer,
			 struct watchdog_status *ret)
{
	const struct backend_ops *ops = w->backend->ops;

	*ret = (struct watchdog_status){
		.backend = ops->kind(w->backend),
		.stops = count_stops(w, viewer),
		.max_stopped = ops->max_stopped(w->backend),
		.missed = ops->missed(w->backend),
	};
	ret->watches = watches_count(w, viewer, &ret->total);
	ret->pinned = ops->pinned(w->backend, &ret->unpinned);
	for (unsigned i = 0; i < DWD_BACKEND_COUNT; i++)
		ret->refused[i] = ops->refused(w->backend, (enum dwd_backend)i);
	if (principal_is_root(viewer))
		ret->total.skipped[DWD_SKIP_NO_MEMORY] += w->turned_away;
}
