/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_WATCHDOG_INTERNAL_H
#define DWD_WATCHDOG_INTERNAL_H

/*
 * What the files of the engine share: watchdog.c (life of the engine), watchdog-watches.c (what is
 * to be stopped), watchdog-stops.c (how a stop begins and ends), watchdog-holds.c (how long it may
 * last), watchdog-own.c (watches that end with their client), watchdog-restore.c (what outlives the
 * daemon), watchdog-looks.c (what it does meanwhile), watchdog-claims.c (who has it, who waits for
 * it), watchdog-environ.c (variables it is given), watchdog-shutdown.c.
 */

#include "agenda.h"
#include "helper.h"
#include "log.h"
#include "stop-table.h"
#include "watchdog.h"

struct watchdog {
	sd_event *event;
	struct backend *backend;
	struct watch_table watches;
	struct stop_table stops;
	size_t live;	      /* stops that are not over */
	size_t most_stops;    /* as many as descriptors allow */
	uint64_t quiet_since; /* monotonic us: the last watch or stop ended */
	TAILQ_HEAD(, watchdog_waiter) waiters;
	struct agenda agenda;

	struct dwd_counters retired; /* of watches that are no more */
	uint64_t turned_away;	     /* processes released for want of descriptors */

	sd_event_source *doorbell; /* the backend */
	sd_event_source *ends;	   /* ends_epoll: pidfds of processes that ended */
	sd_event_source *looks;	   /* the agenda */
	sd_event_source *rescan;   /* everything is to be looked at */
	sd_event_source *turn;	   /* to take up what was found */
	sd_event_source *check;	   /* is a record in the map that was not announced? */
	sd_event_source *holds;	   /* the stop whose hold ends first */
	sd_event_source *patrol;
	sd_event_source *calm; /* nothing has been stopped for a while */
	int ends_epoll;
	struct dwd_stop_key *found; /* in the map, and not taken up yet */
	size_t found_count, found_room;
	uint64_t rescan_after; /* the map is not read again before */
	uint64_t looks_at;     /* when `looks` fires; UINT64_MAX: not at all */
	uint64_t holds_at;     /* when `holds` fires; UINT64_MAX: not at all */
	uint64_t patrol_at;    /* id of the last stop the patrol came by */
	size_t patrol_hurry;   /* so many stops are to be looked at without delay */
	uint64_t busy_until;   /* not to give way before, see watchdog-stops.c */
	bool signals_watched;  /* the backend notices SIGCONT */
	struct log_limit users_watches, holds_ended, unset_variables;
	struct helpers helpers; /* that set variables */
	bool in_trouble;	/* the last record could not be taken up; that has been said */

	uint64_t inherited;   /* the greatest id of a stop that may be of an earlier daemon's */
	bool took_over;	      /* there ever was an earlier daemon */
	bool inherits_exempt; /* so may processes that are exempt */

	uint64_t own_ended[DWD_MAX_WATCHES]; /* ids of the own watches that ended last */
	size_t own_ended_next, own_settled, own_dropped; /* counts: see own_tidy() */

	struct events events;
};

/* watchdog.c */
void watchdog_set_timer(sd_event_source *timer, uint64_t time);
/* A timer that is off. */
int watchdog_add_timer(struct watchdog *w, sd_event_source **ret, uint64_t accuracy_us,
		       sd_event_time_handler_t handler);
/* Whether a stop is meant: as stop_matches() has it, or by the target of a watch that caught it. */
bool watchdog_selects(const struct watchdog *w, const struct stop *s,
		      const struct stop_selector *selector);

/* watchdog-watches.c */
/* Take a watch out of force, leaving what is kept of it. */
int watches_end(struct watchdog *w, const struct watchdog_client *client, struct watch *watch,
		json_t **ret);
/* How many the viewer sees; *total is what they have counted, and to root what earlier ones had. */
size_t watches_count(const struct watchdog *w, const struct principal *viewer,
		     struct dwd_counters *total);

/* watchdog-stops.c */
int stops_init(struct watchdog *w);
void stops_destroy(struct watchdog *w);
/* The backend has, or may have, a record with this key. */
void stops_arrive(struct watchdog *w, const struct dwd_stop_key *key);
/* Seen stopped for the first time; it may be over (and freed) after this. */
void stops_confirm(struct watchdog *w, struct stop *s);
/* Nobody has it (any more): it may have outlived its watch, or the time of it. It may be over (and
 * freed) after this. */
void stops_left_alone(struct watchdog *w, struct stop *s);
/* watchdog_continue() in nobody's name but the daemon's; `by` is told as who caused it. */
int stops_continue(struct watchdog *w, struct stop *s, pid_t by);
void stops_event(struct watchdog *w, struct stop *s, enum event_type type, pid_t by);
/* It runs, and no client made it. Ends it as stops_finish() does. */
void stops_left(struct watchdog *w, struct stop *s);
/* The stop is over: `state` is running or gone. Frees it unless it is claimed. */
void stops_finish(struct watchdog *w, struct stop *s, enum stop_state state, pid_t by);

/* watchdog-environ.c */
/* Whether a watch that caught it wants to give it variables. */
bool stops_has_variables(const struct watchdog *w, const struct stop *s);
/* It was just seen stopped: give it the variables of the watches that caught it. */
void stops_set_variables(struct watchdog *w, struct stop *s);

/* watchdog-rescan.c */
int rescan_init(struct watchdog *w);
void rescan_destroy(struct watchdog *w);
/* At the start: take up all that there is, now. */
void rescan_all(struct watchdog *w);
/* Take up what is new and look at all that is known, after this delay or a little later. */
void watchdog_rescan_later(struct watchdog *w, uint64_t delay_us);
/* Something begins that is to be seen to once a second. */
void watchdog_check_later(struct watchdog *w);

/* watchdog-looks.c */
int looks_init(struct watchdog *w);
void looks_destroy(struct watchdog *w);
/* Act on what was seen of `s`; it may be over (and freed) after this. */
void looks_react(struct watchdog *w, struct stop *s, enum stop_sight sight, pid_t tracer);
/* Somebody sent SIGCONT to the process of this key. */
void looks_continued(struct watchdog *w, const struct dwd_stop_key *key);
/* Begin to patrol if need be; with `all`, look at every stop without delay. */
void looks_patrol(struct watchdog *w, bool all);

/* watchdog-holds.c */
int holds_init(struct watchdog *w);
void holds_destroy(struct watchdog *w);
/* It has just been seen stopped: count its time. */
void holds_begin(struct watchdog *w, struct stop *s);
/* It was given back, perhaps after its time. */
void holds_resume(struct watchdog *w, const struct stop *s);

/* watchdog-restore.c */
/* Put in force again what an earlier daemon was told; before anything else. */
int restore_watches(struct watchdog *w);
int restore_keep_watch(struct watchdog *w, const struct watch *watch);
int restore_drop_watch(struct watchdog *w, uint64_t id);
void restore_keep_variables(struct watchdog *w, const struct stop *s);
void restore_drop_variables(struct watchdog *w, const struct stop *s);
/* True if an earlier daemon has given it variables: now it is known which. */
bool restore_variables(struct watchdog *w, struct stop *s);
/* Log what was taken over. */
void restore_say(const struct watchdog *w);
/* Drop what was kept of stops that have ended without a daemon. */
void restore_tidy(struct watchdog *w);
/* To be called from time to time; true if there is more to be done later. */
bool restore_settle(struct watchdog *w);

/* watchdog-own.c */
/* Note that it has, and with it its client. */
void own_has_ended(struct watchdog *w, uint64_t id);
/* To be called from time to time; true if there is more to be done later. */
bool own_tidy(struct watchdog *w);
/* None but own watches that have ended have caught it. */
bool own_is_over(const struct watchdog *w, const struct stop *s);
/* The client leaves. */
void own_end(struct watchdog *w, const struct watchdog_client *client);

/* watchdog-claims.c */
/* A stop is there to be seen and, if nobody has it, taken. */
void claims_offer(struct watchdog *w, struct stop *s);
/* What a stop does is certain (again). */
void claims_settled(struct watchdog *w, struct stop *s);

#endif
