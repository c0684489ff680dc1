/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The life of the engine, its doorbells, and the watches. */

#include "watchdog.h"

#include <stdio.h>
#include <sys/epoll.h>

#include "clock.h"
#include "log.h"
#include "permissions.h"
#include "procfs.h"
#include "varlink.h"
#include "watchdog-internal.h"

#define RETRY_US 100000
#define CHECK_US 1000000
#define ROUND	 256 /* stops taken up before others have their turn */

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

/* Unless it is to happen sooner anyway: trouble that goes on must not put it off for ever. */
void watchdog_rescan_later(struct watchdog *w, uint64_t delay_us)
{
	uint64_t time = clock_monotonic_us() + delay_us, planned;
	int enabled;

	if (sd_event_source_get_enabled(w->rescan, &enabled) > 0 &&
	    sd_event_source_get_time(w->rescan, &planned) >= 0 && planned <= time)
		return;
	watchdog_set_timer(w->rescan, time);
}

static void check_later(struct watchdog *w)
{
	bool unsettled = own_tidy(w);

	unsettled |= restore_settle(w);
	unsettled |= helpers_collect(&w->helpers);
	if (w->watches.count || w->live || unsettled ||
	    w->backend->ops->has_unconfirmed(w->backend))
		watchdog_set_timer(w->check, clock_monotonic_us() + CHECK_US);
}

static int arrive(void *userdata, const struct dwd_stop_key *key)
{
	struct watchdog *w = userdata;

	stops_arrive(w, key);
	return w->stops.count >= w->round_end;
}

/* Take up a round of those that are new. True if there may be more of them. */
static bool take_up_some(struct watchdog *w)
{
	int r;

	w->round_end = w->stops.count + ROUND;
	r = w->backend->ops->for_each_stop(w->backend, arrive, w);
	if (r < 0) {
		log_error("cannot read what is stopped: %s; trying again", strerror(-r));
		watchdog_rescan_later(w, RETRY_US);
	}
	return r > 0;
}

static void take_up_all(struct watchdog *w)
{
	while (take_up_some(w))
		w->backend->ops->beat(w->backend);
}

/* The map of records is the truth: take up what is new there, and look at all that is known. */
static int on_rescan(sd_event_source *source, uint64_t time, void *userdata)
{
	struct watchdog *w = userdata;

	if (take_up_some(w))
		watchdog_rescan_later(w, 0);
	looks_patrol(w, true);
	return 0;
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

/* Once a second while anything is watched or stopped: say that there is a daemon. Is there a record
 * nobody rang for? */
static int on_check(sd_event_source *source, uint64_t time, void *userdata)
{
	struct watchdog *w = userdata;

	w->backend->ops->beat(w->backend);
	if (w->backend->ops->has_unconfirmed(w->backend) && take_up_some(w))
		watchdog_rescan_later(w, 0);
	check_later(w);
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
	r = watchdog_add_timer(w, &w->rescan, 1, on_rescan);
	if (r < 0)
		return r;
	r = watchdog_add_timer(w, &w->check, 0, on_check);
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
	take_up_all(w);
	looks_patrol(w, true);
	restore_say(w);
	restore_tidy(w);
	/* What the programs of an earlier daemon have stopped just now, they have told nobody. */
	watchdog_rescan_later(w, CHECK_US);
	check_later(w);
	return 0;
}

struct watchdog *watchdog_free(struct watchdog *w)
{
	if (!w)
		return NULL;
	sd_event_source_disable_unref(w->doorbell);
	sd_event_source_disable_unref(w->rescan);
	sd_event_source_disable_unref(w->check);
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

static void get_counters(const struct watchdog *w, const struct watch *watch,
			 struct dwd_counters *ret)
{
	int r;

	*ret = (struct dwd_counters){};
	r = w->backend->ops->get_counters(w->backend, watch->slot, ret);
	if (r < 0)
		log_warning("cannot read the counters of watch %llu: %s",
			    (unsigned long long)watch->id, strerror(-r));
}

static void add_counters(struct dwd_counters *sum, const struct dwd_counters *counters)
{
	sum->caught += counters->caught;
	for (unsigned i = 0; i < DWD_SKIP_COUNT; i++)
		sum->skipped[i] += counters->skipped[i];
}

json_t *watchdog_watch_to_json(const struct watchdog *w, const struct watch *watch)
{
	struct dwd_counters counters;

	get_counters(w, watch, &counters);
	return watch_to_json(watch, &counters);
}

const struct watch *watchdog_next_watch(const struct watchdog *w, uint64_t id)
{
	return watch_table_after(&w->watches, id);
}

const struct watch *watchdog_find_watch(const struct watchdog *w, uint64_t id)
{
	return watch_table_find(&w->watches, id);
}

static bool same_or_none(const char *a, const char *b)
{
	return a && b ? str_eq(a, b) : a == b;
}

void watchdog_mark_saved(struct watchdog *w, uint64_t id, const char *path, const char *line)
{
	struct watch *watch = watch_table_find(&w->watches, id);
	int r;

	if (!watch || (same_or_none(watch->saved, path) && same_or_none(watch->saved_line, line)))
		return;
	r = watch_set_saved(watch, path, line);
	if (r >= 0)
		r = restore_keep_watch(w, watch);
	if (r < 0)
		log_warning("cannot note of watch %ju which file has it: %s", (uintmax_t)id,
			    strerror(-r));
}

static void watch_event(struct watchdog *w, enum event_type type, uid_t owner, json_t *watch,
			pid_t by)
{
	struct event event = {.type = type, .watch = watch, .user = owner, .by = by};

	events_add(&w->events, &event);
}

static void log_watch(struct watchdog *w, const char *what, const struct watch *watch, pid_t by)
{
	_cleanup_free_ char *target = varlink_escape(watch->target, strlen(watch->target));

	if (principal_is_root(&watch->owner))
		log_info("watch %llu on %s %s by process %d", (unsigned long long)watch->id,
			 target ? target : "?", what, (int)by);
	else
		log_rarely(&w->users_watches, "watch %llu of user %u on %s %s by process %d",
			   (unsigned long long)watch->id, watch->owner.uid, target ? target : "?",
			   what, (int)by);
}

/* Kept for the next daemon, and in force on both sides; or none of it. */
static int put_in_force(struct watchdog *w, struct watch *watch)
{
	const struct backend_ops *ops = w->backend->ops;
	int r;

	r = watch_table_add(&w->watches, watch);
	if (r < 0)
		return r;
	ops->clear_counters(w->backend, watch->slot);
	ops->beat(w->backend);
	r = restore_keep_watch(w, watch);
	if (r >= 0) {
		r = ops->add_watch(w->backend, watch->slot, watch);
		if (r < 0)
			restore_drop_watch(w, watch->id);
	}
	if (r < 0)
		watch_table_remove(&w->watches, watch);
	else if (w->watches.count == 1)
		check_later(w);
	return r;
}

/* Which process is meant by its pid, now. */
static int identify_under(struct watch_filters *filters, struct watch_fault *fault)
{
	struct procfs_stat stat;
	int r;

	if (filters->under == 0)
		return 0;
	r = procfs_read_stat(filters->under, &stat);
	if (r == -ENOENT || r == -ESRCH) {
		*fault = (struct watch_fault){"under", "there is no process with this pid"};
		return ANSWER_INVALID_FILTER;
	}
	filters->under_start = stat.start_ticks;
	return r;
}

/* Nothing would be stopped by a watch that asks for others' processes; better to say so. */
static int check_owner(const struct principal *owner, const struct watch_filters *filters,
		       struct watch_fault *fault)
{
	if (principal_is_root(owner))
		return ANSWER_OK;
	if (filters->has_uid && filters->uid != owner->uid)
		*fault = (struct watch_fault){
			"uid", "you may watch only what runs wholly as yourself, and "
			       "another uid is asked for"};
	else if (filters->under && !permissions_is_own_process(owner, filters->under))
		*fault = (struct watch_fault){"under",
					      "you may watch only beneath processes that are "
					      "wholly yours"};
	else
		return ANSWER_OK;
	return ANSWER_NOT_PERMITTED;
}

/* Is there room for one more of his? */
static int check_quota(const struct watchdog *w, const struct principal *owner,
		       struct watch_fault *fault)
{
	size_t own = 0, users = 0;

	if (principal_is_root(owner))
		return ANSWER_OK;
	for (size_t i = 0; i < w->watches.count; i++) {
		const struct watch *watch = w->watches.by_id[i];

		users += !principal_is_root(&watch->owner);
		own += watch->owner.uid == owner->uid;
	}
	fault->limit = own >= USER_WATCHES_MAX ? USER_WATCHES_MAX : USERS_WATCHES_MAX;
	return own >= USER_WATCHES_MAX || users >= USERS_WATCHES_MAX ? ANSWER_LIMIT_REACHED
								     : ANSWER_OK;
}

/* A watch that is as the rule says, in no force yet. */
static int make_watch(struct watch **ret, const struct principal *owner,
		      const struct watch_rule *rule, struct watch_fault *fault)
{
	_cleanup_(watch_freep) struct watch *watch = NULL;
	struct watch_filters filters = rule->filters;
	int r;

	*fault = (struct watch_fault){};
	r = watch_new(&watch, rule->target, &fault->reason);
	if (r < 0)
		return r == -EINVAL ? ANSWER_INVALID_TARGET : r;
	fault->reason = watch_check_filters(&filters, &fault->filter);
	if (fault->reason)
		return ANSWER_INVALID_FILTER;
	r = check_owner(owner, &filters, fault);
	if (r == ANSWER_OK)
		r = identify_under(&filters, fault);
	if (r != ANSWER_OK)
		return r;
	r = watch_set_filters(watch, &filters);
	if (r == 0)
		r = watch_set_variables(watch, rule->setenv);
	if (r < 0)
		return r;
	watch->hold = rule->hold;
	watch->then_kill = rule->then_kill;
	watch->owner = *owner;
	*ret = steal_pointer(watch);
	return ANSWER_OK;
}

int watchdog_add_watch(struct watchdog *w, const struct watchdog_client *client,
		       const struct watch_rule *rule, const struct watch **ret,
		       struct watch_fault *fault)
{
	_cleanup_(watch_freep) struct watch *watch = NULL;
	json_t *json;
	int r;

	r = make_watch(&watch, &client->user, rule, fault);
	if (r == ANSWER_OK)
		r = check_quota(w, &client->user, fault);
	if (r != ANSWER_OK)
		return r;
	watch->holder = rule->own ? client : NULL;
	r = put_in_force(w, watch);
	if (r == -EDESTADDRREQ) {
		*fault = (struct watch_fault){"cgroup",
					      "it is no directory of a cgroup2 file "
					      "system; findmnt -t cgroup2 shows where one is"};
		return ANSWER_INVALID_FILTER;
	}
	if (r == -ENOSPC) {
		fault->limit = WATCHES_MAX;
		return ANSWER_LIMIT_REACHED;
	}
	if (r < 0)
		return r;
	log_watch(w, "added", watch, client->pid);
	json = watchdog_watch_to_json(w, watch);
	watch_event(w, EVENT_WATCHED, client->user.uid, json, client->pid);
	json_decref(json);
	*ret = steal_pointer(watch);
	return ANSWER_OK;
}

int watchdog_remove_watch(struct watchdog *w, const struct watchdog_client *client, uint64_t id,
			  json_t **ret)
{
	struct watch *watch = watch_table_find(&w->watches, id);
	int r;

	if (!watch || !permissions_see_watch(&client->user, watch))
		return ANSWER_NO_SUCH_WATCH;
	r = restore_drop_watch(w, id);
	return r < 0 ? r : watchdog_end_watch(w, client, watch, ret);
}

int watchdog_end_watch(struct watchdog *w, const struct watchdog_client *client,
		       struct watch *watch, json_t **ret)
{
	struct dwd_counters counters;
	json_t *json;
	int r;

	get_counters(w, watch, &counters);
	json = watch_to_json(watch, &counters);
	if (!json && ret)
		return -ENOMEM;
	r = w->backend->ops->remove_watch(w->backend, watch->slot);
	if (r < 0) {
		json_decref(json);
		return r;
	}
	add_counters(&w->retired, &counters);
	log_watch(w, "removed", watch, client->pid);
	if (json)
		watch_event(w, EVENT_UNWATCHED, watch->owner.uid, json, client->pid);
	watch_table_remove(&w->watches, watch);
	watch_free(watch);
	w->quiet_since = clock_monotonic_us();
	if (ret)
		*ret = json;
	else
		json_decref(json);
	return ANSWER_OK;
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
	ret->pinned = ops->pinned(w->backend, &ret->unpinned);
	for (unsigned i = 0; i < DWD_BACKEND_COUNT; i++)
		ret->refused[i] = ops->refused(w->backend, (enum dwd_backend)i);
	for (size_t i = 0; i < w->watches.count; i++) {
		struct dwd_counters counters;

		if (!permissions_see_watch(viewer, w->watches.by_id[i]))
			continue;
		get_counters(w, w->watches.by_id[i], &counters);
		add_counters(&ret->total, &counters);
		ret->watches++;
	}
	if (principal_is_root(viewer)) {
		add_counters(&ret->total, &w->retired);
		ret->total.skipped[DWD_SKIP_NO_MEMORY] += w->turned_away;
	}
}
