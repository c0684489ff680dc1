/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_EVENTS_H
#define DWD_EVENTS_H

/*
 * What happened, as typed events, of which the newest are kept.
 *
 * There is one row for everybody: a reader has a place in it (the number of the next event he
 * wants) and takes events as fast as he can. From one who is too slow events are taken away before
 * he has read them, of which he is told. So a reader costs nothing while he waits, and no reader
 * can make the daemon grow.
 *
 * Nobody wipes out what others have to read. Root's events and those of all users have parts of
 * their own, and where the users' is full, who has the most there gives his oldest. An event is his
 * whose watch or whose process it is about, be it that only root watches it; of a process that was
 * let run only root's watch may be known, not whose it was: these count as one user's more.
 *
 * An event keeps the stop it speaks of and what was true of it then; it becomes JSON only when
 * somebody reads it.
 */

#include <stdint.h>
#include <sys/queue.h>
#include <jansson.h>

#include "stop.h"

/* How many are kept: of root's, and of those of all others. */
#define EVENTS_ROOTS 4096
#define EVENTS_USERS 2048
#define EVENTS_KEPT  (EVENTS_ROOTS + EVENTS_USERS)

enum event_type {
	EVENT_STOPPED,
	EVENT_ATTACHED,
	EVENT_DETACHED,
	EVENT_CONTINUED,
	EVENT_KILLED,
	EVENT_GONE,
	EVENT_SKIPPED,
	EVENT_WATCHED,
	EVENT_UNWATCHED,
	EVENT_TYPE_COUNT,
};

struct event {
	enum event_type type;
	uint64_t number;     /* from 0; set by events_add() */
	int64_t time;	     /* realtime us; the same */
	struct stop *stop;   /* of everything that happens to a stop, with ... */
	struct stop_now now; /* ... what was true of it then */
	json_t *watch;	     /* of everything that happens to a watch */
	pid_t by;	     /* the client that caused it; 0: none did */
	int signal;	     /* KILLED */
	uid_t user;	     /* the watch's owner; SKIPPED: of users_watch */
	struct {
		pid_t pid;
		enum dwd_skip reason;
		uint64_t watch;
		uint64_t users_watch; /* 0: none but root's */
		char comm[DWD_COMM_LEN];
	} skip; /* SKIPPED */
};

struct events_listener {
	/* There is a new event, which can be read already. */
	void (*added)(struct events_listener *l);
	/* This one can be read no more from now on; not NULL either. */
	void (*dropped)(struct events_listener *l, const struct event *event);
	TAILQ_ENTRY(events_listener) entry;
};

struct events {
	struct event kept[EVENTS_KEPT]; /* the first `count`, in no order */
	struct {
		uid_t owner;
		uint32_t at;  /* in `kept` */
	} order[EVENTS_KEPT]; /* by number */
	size_t count;
	struct {
		uid_t owner;
		size_t count;
	} users[EVENTS_USERS]; /* those of whom there are any, in no order */
	size_t user_count, users_events;
	uint64_t next; /* the number of the next event */
	TAILQ_HEAD(, events_listener) listeners;
};

/* `e` lies in zeroed memory (which is only touched as events come). */
void events_init(struct events *e);
void events_destroy(struct events *e);

/* Add a copy; takes references to the stop and the watch. */
void events_add(struct events *e, const struct event *event);

/* Listeners may neither come nor go while they are told. */
void events_listen(struct events *e, struct events_listener *l);
void events_unlisten(struct events *e, struct events_listener *l);

/* The first event from number *place on that is kept and that the viewer may see, as the Varlink
 * interface shows it to him, and *place moves on behind it. NULL if there is none yet, or on lack
 * of memory, when *place stays less than events->next. */
json_t *events_read(const struct events *e, const struct principal *viewer, uint64_t *place);

#endif
