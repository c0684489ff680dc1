/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The watches: made as a rule says, kept for the next daemon, put in force and taken out of it.
 *
 * A watch is there in full or not at all: in the table, among what is kept, and in the backend.
 * Whoever sees a watch may remove it; to everybody else it does not exist.
 */

#include "clock.h"
#include "log.h"
#include "permissions.h"
#include "procfs.h"
#include "varlink.h"
#include "watchdog-internal.h"

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

size_t watches_count(const struct watchdog *w, const struct principal *viewer,
		     struct dwd_counters *total)
{
	size_t n = 0;

	*total = principal_is_root(viewer) ? w->retired : (struct dwd_counters){};
	for (size_t i = 0; i < w->watches.count; i++) {
		struct dwd_counters counters;

		if (!permissions_see_watch(viewer, w->watches.by_id[i]))
			continue;
		get_counters(w, w->watches.by_id[i], &counters);
		add_counters(total, &counters);
		n++;
	}
	return n;
}

static json_t *to_json(const struct watchdog *w, const struct watch *watch,
		       const struct dwd_counters *counters)
{
	return watch_to_json(watch, counters, w->backend->ops->unresolved(w->backend, watch->slot));
}

json_t *watchdog_watch_to_json(const struct watchdog *w, const struct watch *watch)
{
	struct dwd_counters counters;

	get_counters(w, watch, &counters);
	return to_json(w, watch, &counters);
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

/* What the backend says of a cgroup is the client's fault, or his file system's. */
static int explain_cgroup(int r, struct watch_fault *fault)
{
	if (r == -EDESTADDRREQ)
		*fault = (struct watch_fault){"cgroup",
					      "it is no directory of a cgroup2 file system; "
					      "findmnt -t cgroup2 shows where one is"};
	else if (r == -EAGAIN)
		*fault = (struct watch_fault){"cgroup",
					      "it cannot be looked at now, as a file system does "
					      "not answer or the machine is short of something "
					      "(see the daemon's log): try again later"};
	else
		return r;
	return ANSWER_INVALID_FILTER;
}

/* Kept for the next daemon, and in force on both sides; or none of it. */
static int put_in_force(struct watchdog *w, struct watch *watch, struct watch_fault *fault)
{
	const struct backend_ops *ops = w->backend->ops;
	int r;

	r = watch_table_add(&w->watches, watch);
	if (r == -ENOSPC) {
		fault->limit = WATCHES_MAX;
		return ANSWER_LIMIT_REACHED;
	}
	if (r < 0)
		return r;
	ops->clear_counters(w->backend, watch->slot);
	ops->beat(w->backend);
	r = restore_keep_watch(w, watch);
	if (r >= 0) {
		r = ops->add_watch(w->backend, watch->slot, watch, false);
		if (r < 0)
			restore_drop_watch(w, watch->id);
	}
	if (r < 0)
		watch_table_remove(&w->watches, watch);
	else if (w->watches.count == 1)
		watchdog_check_later(w);
	return explain_cgroup(r, fault);
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
	r = put_in_force(w, watch, fault);
	if (r != ANSWER_OK)
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
	return r < 0 ? r : watches_end(w, client, watch, ret);
}

int watches_end(struct watchdog *w, const struct watchdog_client *client, struct watch *watch,
		json_t **ret)
{
	struct dwd_counters counters;
	json_t *json;
	int r;

	get_counters(w, watch, &counters);
	json = to_json(w, watch, &counters);
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
