/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Who has a stop, and who waits for one.
 *
 * A claim belongs to a client until he gives it back or leaves. Those who wait stand in one queue,
 * in order of arrival: a stop that becomes free goes to the first who wants it, and to him alone.
 *
 * A stop that is given back is looked at; only when it is certain what its process does (a debugger
 * that just let go leaves it between two states for a moment) does the client learn it, and is the
 * stop free for others.
 */

#include <signal.h>

#include "log.h"
#include "permissions.h"
#include "watchdog-internal.h"

static bool is_free(const struct stop *s)
{
	return !s->claimant && s->now.state == STOP_STOPPED && !s->doubt_since;
}

static void take(struct watchdog *w, struct watchdog_client *client, struct stop *s)
{
	int r;

	s->claimant = client;
	s->untouched = false;
	s->now.claimed_by = client->pid;
	client->claims++;
	r = w->backend->ops->exempt(w->backend, client->pid, client->user.uid, true);
	if (r < 0)
		log_warning("cannot exempt process %d, which takes stop %llu: %s; watches may stop "
			    "the debugger itself",
			    (int)client->pid, (unsigned long long)s->id, strerror(-r));
	s->exempted = r >= 0;
}

static void give_back(struct watchdog *w, struct watchdog_client *client, struct stop *s)
{
	if (s->exempted)
		w->backend->ops->exempt(w->backend, client->pid, client->user.uid, false);
	s->exempted = false;
	s->claimant = NULL;
	s->now.claimed_by = 0;
	client->claims--;
	if (stop_is_over(s)) {
		claims_settled(w, s);
		stop_table_remove(&w->stops, s);
	} else {
		uint64_t id = s->id;

		watchdog_look(w, s);
		s = stop_table_find_id(&w->stops, id);
		if (s)
			stops_left_alone(w, s);
	}
}

static void serve(struct watchdog *w, struct watchdog_waiter *waiter, struct stop *s)
{
	watchdog_cancel(w, waiter);
	waiter->found(waiter, s);
}

void claims_settled(struct watchdog *w, struct stop *s)
{
	struct watchdog_waiter *waiter, *next;

	for (waiter = TAILQ_FIRST(&w->waiters); waiter; waiter = next) {
		next = TAILQ_NEXT(waiter, entry);
		if (waiter->unclaimed == s)
			serve(w, waiter, s);
	}
}

void claims_offer(struct watchdog *w, struct stop *s)
{
	struct watchdog_waiter *waiter, *next;

	for (waiter = TAILQ_FIRST(&w->waiters); waiter; waiter = next) {
		next = TAILQ_NEXT(waiter, entry);
		if (waiter->unclaimed || !watchdog_selects(w, s, &waiter->selector))
			continue;
		if (!waiter->client) {
			serve(w, waiter, s);
		} else if (is_free(s)) {
			take(w, waiter->client, s);
			serve(w, waiter, s);
		}
	}
}

/* Of the stops that nobody can take now, the one that was named. */
static int refuse_claim(const struct stop_selector *selector, struct stop *s, struct stop **ret)
{
	if (!s || (!selector->id && !selector->pid))
		return ANSWER_NO_SUCH_STOP;
	*ret = s;
	return s->claimant ? ANSWER_ALREADY_CLAIMED : ANSWER_WRONG_STATE;
}

int watchdog_claim(struct watchdog *w, struct watchdog_client *client,
		   const struct stop_selector *selector, struct stop **ret)
{
	struct stop *s, *taken = NULL;
	uint64_t id = 0;

	while ((s = watchdog_next_stop(w, id, selector))) {
		id = s->id;
		if (is_free(s) && watchdog_look(w, s) && is_free(s)) {
			take(w, client, s);
			*ret = s;
			return ANSWER_OK;
		}
		taken = stop_table_find_id(&w->stops, id);
	}
	return refuse_claim(selector, taken, ret);
}

void watchdog_wait(struct watchdog *w, struct watchdog_waiter *waiter)
{
	waiter->waiting = true;
	TAILQ_INSERT_TAIL(&w->waiters, waiter, entry);
}

void watchdog_cancel(struct watchdog *w, struct watchdog_waiter *waiter)
{
	if (!waiter->waiting)
		return;
	waiter->waiting = false;
	TAILQ_REMOVE(&w->waiters, waiter, entry);
}

int watchdog_unclaim(struct watchdog *w, struct watchdog_client *client, struct stop *s,
		     struct watchdog_waiter *waiter)
{
	if (s->claimant != client)
		return ANSWER_NOT_CLAIMED;
	waiter->unclaimed = s;
	watchdog_wait(w, waiter);
	give_back(w, client, s);
	return ANSWER_OK;
}

void watchdog_leave(struct watchdog *w, struct watchdog_client *client)
{
	struct stop *s;
	uint64_t id = 0;

	while (client->claims > 0 && (s = stop_table_after(&w->stops, id))) {
		id = s->id;
		if (s->claimant == client)
			give_back(w, client, s);
	}
	own_end(w, client);
}

/* The one who tells of it, a helper of the debugger's, need not be the client who has the claim. */
int watchdog_attached(struct watchdog *w, const struct watchdog_client *client, struct stop *s)
{
	const struct watchdog_client *claimant = s->claimant;
	int r;

	if (!claimant ||
	    (!principal_is_root(&client->user) && claimant->user.uid != client->user.uid))
		return ANSWER_NOT_CLAIMED;
	if (!watchdog_look(w, s))
		return ANSWER_NO_SUCH_STOP;
	if (s->now.state != STOP_ATTACHED)
		return ANSWER_NOT_TRACED;
	if (!permissions_signal(&client->user, s))
		return ANSWER_NOT_PERMITTED;
	r = stop_signal(s, SIGCONT);
	if (r < 0)
		return r == -ESRCH ? ANSWER_NO_SUCH_STOP : r;
	s->resumed = true;
	return ANSWER_OK;
}
