/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_WATCHDOG_H
#define DWD_WATCHDOG_H

/*
 * The engine: which watch caught what, what became of it, and who may do what to it.
 *
 * It stands between a backend, which stops processes, and a server, which speaks for clients; it
 * knows neither libbpf nor sockets. It promises:
 *
 * - A stop is announced only once the process was seen stopped, so whoever hears of it can act.
 * - Nothing is lost: the backend's map of records is the truth. Notifications are only a reason to
 *   look; when some were lost, everything is looked at.
 * - Nobody stays stopped by mistake: a process that cannot be kept (no descriptors left) is let
 *   run, and that is counted, logged and told; a stop is forgotten only once the process certainly
 *   runs, or is gone.
 * - One stop is claimed by one client at a time.
 *
 * All happens in the one thread that runs the event loop. Callbacks (waiters, event listeners) are
 * called from within the engine and must not call it back; only pointers to stops that were handed
 * out in the same turn of the event loop, with no change asked for in between, are good.
 */

#include <sys/queue.h>
#include <jansson.h>
#include <systemd/sd-event.h>

#include "backend.h"
#include "events.h"
#include "stop.h"
#include "watch-table.h"

struct watchdog;

/* `backend` must outlive the engine. */
int watchdog_new(struct watchdog **ret, sd_event *event, struct backend *backend);
struct watchdog *watchdog_free(struct watchdog *w);
DEFINE_CLEANUP(struct watchdog *, watchdog_free)

/* Begin: put the watches of an earlier daemon in force, listen to the backend, arm it, take over
 * what it has stopped already. */
int watchdog_start(struct watchdog *w);
/* Whether there was anything to take over. */
bool watchdog_took_over(const struct watchdog *w);
/* End: match no more, release every stop and leave nothing behind. Blocks until every process was
 * seen on its way, at most about a second. Processes under a debugger stay with it. With `keep`
 * leave all as it is, for another daemon; where the backend cannot outlive this one, stopped. */
void watchdog_shutdown(struct watchdog *w, bool keep);

/* What became of the processes that were stopped. */
struct watchdog_released {
	size_t released;
	size_t traced; /* left to their debuggers */
	size_t failed;
};

/* The same for what a dead daemon has left: release what is stopped in `left`, of which little else
 * is known, and take it down. -errno: not all of it could be. */
int watchdog_release_left(struct backend *left, struct watchdog_released *ret);

/* Since when (monotonic us) there has been neither watch nor stop; 0 if there is one. */
uint64_t watchdog_idle_since(const struct watchdog *w);

/* On whose behalf something is done: one per connection, whose address is its identity. */
struct watchdog_client {
	pid_t pid;
	struct principal user;
	size_t claims; /* the engine's */
};

/* The client is about to vanish: its claims fall back, its own watches end. */
void watchdog_leave(struct watchdog *w, struct watchdog_client *client);

/* Results of what a client asks for; -errno besides, when the kernel refused. */
enum watchdog_answer {
	ANSWER_OK,
	ANSWER_NO_SUCH_STOP,
	ANSWER_NO_SUCH_WATCH,
	ANSWER_ALREADY_CLAIMED,
	ANSWER_NOT_CLAIMED,
	ANSWER_NOT_TRACED,
	ANSWER_WRONG_STATE,
	ANSWER_LIMIT_REACHED,
	ANSWER_INVALID_TARGET,
	ANSWER_INVALID_FILTER,
	ANSWER_ENVIRONMENT_NOT_SET,
	ANSWER_NOT_PERMITTED,
};

/* What a watch is asked to be. */
struct watch_rule {
	const char *target;
	struct watch_filters filters;
	uint64_t hold; /* see struct watch */
	bool then_kill;
	bool own; /* it ends with the client, and what only such watches have stopped is released */
	const char *const *setenv; /* checked by environ_check() */
};

/* What is wrong with a rule: a target or, if `filter` is not NULL, the filter of that name. */
struct watch_fault {
	const char *filter, *reason; /* static */
	size_t limit;
};

/* Watches. With ANSWER_INVALID_TARGET and ANSWER_INVALID_FILTER *fault says what is wrong, with
 * ANSWER_NOT_PERMITTED for what reason he may not, with ANSWER_LIMIT_REACHED how many there may be.
 */
int watchdog_add_watch(struct watchdog *w, const struct watchdog_client *client,
		       const struct watch_rule *rule, const struct watch **ret,
		       struct watch_fault *fault);
/* *ret is a new reference to the watch as it was last. With NULL for it the watch is removed even
 * if there is no memory to tell of it. */
int watchdog_remove_watch(struct watchdog *w, const struct watchdog_client *client, uint64_t id,
			  json_t **ret);
/* The first watch whose id is greater than `id`; NULL at the end. */
const struct watch *watchdog_next_watch(const struct watchdog *w, uint64_t id);
/* NULL if there is none. */
const struct watch *watchdog_find_watch(const struct watchdog *w, uint64_t id);
/* Note which file has the watch, and the line there; NULL: none. */
void watchdog_mark_saved(struct watchdog *w, uint64_t id, const char *path, const char *line);
json_t *watchdog_watch_to_json(const struct watchdog *w, const struct watch *watch);

/* The first stop whose id is greater than `id`, that the selector allows and that is not over; NULL
 * at the end. */
struct stop *watchdog_next_stop(const struct watchdog *w, uint64_t id,
				const struct stop_selector *selector);
/* The id of the newest stop, 0 if there is none. */
uint64_t watchdog_newest_stop(const struct watchdog *w);
/* By id, also one that is over but still claimed. */
struct stop *watchdog_find_stop(const struct watchdog *w, uint64_t id);
/* See what the process does now. False if it is over; then, unless it is claimed, `s` is freed. */
bool watchdog_look(struct watchdog *w, struct stop *s);
/* Few enough that one may look at each of them when asked for all. */
bool watchdog_has_few_stops(const struct watchdog *w);

/* What follows is done in the client's name: ANSWER_NOT_PERMITTED if he could not do it himself, as
 * the process has become somebody else's. */

/* Put environment variables (checked by environ_check(), ended by NULL) into a stopped process,
 * whose first instruction must not have run. With ANSWER_ENVIRONMENT_NOT_SET s->setenv_error tells
 * why not. Blocks until it is done, at most about a second. */
int watchdog_set_variables(struct watchdog *w, const struct watchdog_client *client, struct stop *s,
			   const char *const *variables);
/* Let it run. One that is still stopping is released as soon as it has stopped. */
int watchdog_continue(struct watchdog *w, const struct watchdog_client *client, struct stop *s);
/* SIGCONT is the same as watchdog_continue(). */
int watchdog_kill(struct watchdog *w, const struct watchdog_client *client, struct stop *s,
		  int signal);

/* Take the oldest stop that the selector allows and nobody has taken. If there is none, *ret may be
 * the stop that is to blame, or NULL. While the claim lasts the client's process is exempt. */
int watchdog_claim(struct watchdog *w, struct watchdog_client *client,
		   const struct stop_selector *selector, struct stop **ret);
/* A debugger has attached to a claimed stop: resume the process under it. */
int watchdog_attached(struct watchdog *w, const struct watchdog_client *client, struct stop *s);

/* Somebody who waits. Whoever waits longest is served first. */
struct watchdog_waiter {
	/* Called once, when the waiter has left the queue: */
	void (*found)(struct watchdog_waiter *waiter, struct stop *s);
	struct watchdog_client *client; /* who takes the stop; NULL: he only wants to see it */
	struct stop_selector selector;
	struct stop *unclaimed; /* instead: waits for what becomes of this one */
	bool waiting;
	TAILQ_ENTRY(watchdog_waiter) entry;
};

/* Wait for a stop to be there, or (with `client`) to be taken. */
void watchdog_wait(struct watchdog *w, struct watchdog_waiter *waiter);
/* Give a claimed stop back, and wait until it is certain what the process does; found() may be
 * called at once. Not ANSWER_OK: it does not wait. */
int watchdog_unclaim(struct watchdog *w, struct watchdog_client *client, struct stop *s,
		     struct watchdog_waiter *waiter);
/* Wait no longer; nothing if it does not wait. */
void watchdog_cancel(struct watchdog *w, struct watchdog_waiter *waiter);

struct events *watchdog_events(struct watchdog *w);

/* To users other than root their own counts are told. */
struct watchdog_status {
	enum dwd_backend backend;
	const char *refused[DWD_BACKEND_COUNT]; /* why not; NULL: not refused */
	size_t watches, stops, max_stopped;
	uint64_t missed;	       /* execs not looked at for want of memory */
	const char *pinned, *unpinned; /* where it outlives the daemon; NULL: nowhere, and why */
	struct dwd_counters total;
};

void watchdog_get_status(const struct watchdog *w, const struct principal *viewer,
			 struct watchdog_status *ret);

#endif
