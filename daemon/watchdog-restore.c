/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What an earlier daemon has left, and what this one keeps for the next.
 *
 * The rule of each watch is kept as text before the watch is put into force, and dropped before it
 * is taken out: so the watches that are kept are those that clients were told of, and at most one
 * that nobody had an answer about yet. They come back with the ids and slots they had, as stops
 * refer to both.
 *
 * Own watches end with their clients' connections, and those end with the daemon: they do not come
 * back, and what only they have stopped is released (watchdog-own.c).
 *
 * Clients that had taken a stop are exempt with their debuggers. Those may be at work still, though
 * the claims are gone; they stay exempt until no stop of that time is under a debugger.
 *
 * Of a stop nothing needs to be kept but the variables it was given, since the rest stands in its
 * record.
 */

#include "log.h"
#include "watch-text.h"
#include "watchdog-internal.h"

/* ---- watches --------------------------------------------------------------------------------- */

int restore_keep_watch(struct watchdog *w, const struct watch *watch)
{
	_cleanup_free_ char *text = watch_to_text(watch);

	if (!text)
		return -ENOMEM;
	return w->backend->ops->keep_text(w->backend, BACKEND_TEXT_WATCH, watch->id, text);
}

int restore_drop_watch(struct watchdog *w, uint64_t id)
{
	return w->backend->ops->drop_text(w->backend, BACKEND_TEXT_WATCH, id);
}

/* Takes the watch over, unless it fails. */
static int put_back(struct watchdog *w, struct watch *watch)
{
	int r;

	r = watch_table_restore(&w->watches, watch);
	if (r < 0)
		return r;
	r = w->backend->ops->add_watch(w->backend, watch->slot, watch, true);
	if (r < 0)
		watch_table_remove(&w->watches, watch);
	/* To look where it leads may have taken a while. */
	w->backend->ops->beat(w->backend);
	return r;
}

static int read_watch(struct watchdog *w, uint64_t id, struct watch **ret, bool *own)
{
	_cleanup_free_ char *text = NULL;
	int r;

	r = w->backend->ops->get_text(w->backend, BACKEND_TEXT_WATCH, id, &text);
	if (r >= 0)
		r = watch_from_text(ret, text, own);
	if (r >= 0 && (*ret)->id != id) {
		*ret = watch_free(*ret);
		r = -EBADMSG;
	}
	return r;
}

static int restore_watch(void *userdata, uint64_t id)
{
	_cleanup_(watch_freep) struct watch *watch = NULL;
	struct watchdog *w = userdata;
	bool own = false;
	int r;

	r = read_watch(w, id, &watch, &own);
	if (r >= 0 && own) {
		own_has_ended(w, id);
		return 0;
	}
	if (r >= 0)
		r = put_back(w, watch);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		log_error("watch %ju, which an earlier dwdd has left, is no more: %s",
			  (uintmax_t)id, strerror(-r));
		restore_drop_watch(w, id);
		return 0;
	}
	steal_pointer(watch);
	return 0;
}

int restore_watches(struct watchdog *w)
{
	const struct backend_ops *ops = w->backend->ops;

	w->watches.last_id = ops->last_watch(w->backend);
	w->inherited = ops->last_stop(w->backend);
	w->inherits_exempt = true;
	w->took_over = w->watches.last_id || w->inherited;
	return ops->for_each_text(w->backend, BACKEND_TEXT_WATCH, restore_watch, w);
}

/* How often a watch has let something run because no daemon lived, ever since it was made. */
static uint64_t count_unattended(const struct watchdog *w)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < w->watches.count; i++) {
		struct dwd_counters counters;

		if (w->backend->ops->get_counters(w->backend, w->watches.by_id[i]->slot,
						  &counters) >= 0)
			sum += counters.skipped[DWD_SKIP_NO_DAEMON];
	}
	return sum;
}

void restore_say(const struct watchdog *w)
{
	if (w->watches.count || w->live)
		log_info(
			"an earlier dwdd has left watches: %zu; stopped processes: %zu; let run by "
			"the watches for want of a dwdd, since they were made: %ju",
			w->watches.count, w->live, (uintmax_t)count_unattended(w));
}

bool watchdog_took_over(const struct watchdog *w)
{
	return w->took_over;
}

/* ---- stops ----------------------------------------------------------------------------------- */

void restore_keep_variables(struct watchdog *w, const struct stop *s)
{
	_cleanup_free_ const char **list = calloc(s->variables_count + 1, sizeof(*list));
	_cleanup_free_ char *text = NULL;
	int r = -ENOMEM;

	for (size_t i = 0; list && i < s->variables_count; i++)
		list[i] = s->variables[i];
	text = list ? variables_to_text(list) : NULL;
	if (text)
		r = w->backend->ops->keep_text(w->backend, BACKEND_TEXT_STOP, s->id, text);
	if (r < 0)
		log_warning("cannot keep the variables of process %d for another dwdd: %s",
			    (int)s->pid, strerror(-r));
}

void restore_drop_variables(struct watchdog *w, const struct stop *s)
{
	if (s->variables_count)
		w->backend->ops->drop_text(w->backend, BACKEND_TEXT_STOP, s->id);
}

/* True if it was given some already. */
bool restore_variables(struct watchdog *w, struct stop *s)
{
	_cleanup_free_ const char **variables = NULL;
	_cleanup_free_ char *text = NULL;
	json_t *json;
	int r;

	if (s->id > w->inherited ||
	    w->backend->ops->get_text(w->backend, BACKEND_TEXT_STOP, s->id, &text) < 0)
		return false;
	r = variables_from_text(&variables, &json, text);
	if (r < 0)
		return false;
	r = stop_remember_variables(s, variables);
	json_decref(json);
	return r >= 0;
}

static int drop_if_over(void *userdata, uint64_t id)
{
	struct watchdog *w = userdata;

	if (!stop_table_find_id(&w->stops, id))
		w->backend->ops->drop_text(w->backend, BACKEND_TEXT_STOP, id);
	return 0;
}

void restore_tidy(struct watchdog *w)
{
	w->backend->ops->for_each_text(w->backend, BACKEND_TEXT_STOP, drop_if_over, w);
}

static bool may_be_debugged(const struct stop *s)
{
	return s->now.state == STOP_STOPPING || s->now.state == STOP_ATTACHED;
}

bool restore_settle(struct watchdog *w)
{
	const struct stop *s;

	TAILQ_FOREACH(s, &w->stops.order, in_order)
	{
		if (!w->inherits_exempt || s->id > w->inherited)
			break;
		if (may_be_debugged(s))
			return true;
	}
	if (w->inherits_exempt)
		w->backend->ops->disown(w->backend);
	w->inherits_exempt = false;
	return false;
}
