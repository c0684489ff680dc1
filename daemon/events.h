/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_EVENTS_H
#define DWD_EVENTS_H

/*
 * What happened, as typed events, of which the newest are kept.
 *
 * There is one ring for everybody: a reader has a place in it (the number of the next event he
 * wants) and takes events as fast as he can. One who is too slow finds his place overwritten, and
 * learns from the numbers how many he lost. So a reader costs nothing while he waits, and no reader
 * can make the daemon grow.
 *
 * An event keeps the stop it speaks of and what was true of it then; it becomes JSON only when
 * somebody reads it.
 */

#include <stdint.h>
#include <sys/queue.h>
#include <jansson.h>

#include "stop.h"

/* How many a reader may lag behind, and how many of them are there for one who asks later. */
#define EVENTS_KEPT   4096
#define EVENTS_REPLAY 1024

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
	int64_t time;	     /* realtime us; set by events_add() */
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

/* Told of each new event, when it is in the ring already. */
struct events_listener {
	void (*added)(struct events_listener *l);
	TAILQ_ENTRY(events_listener) entry;
};

struct events {
	struct event ring[EVENTS_KEPT];
	uint64_t next; /* the number of the next event; the first has number 0 */
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

/* The number of the oldest event a late reader is given. */
uint64_t events_replay_from(const struct events *e);

/* The first event from number *place on that the viewer may see, as the Varlink interface shows it
 * to him, and *place moves on behind it; if *place is overwritten already, the oldest there is,
 * which then says how many were lost, others' among them. NULL if there is none yet, or on lack of
 * memory, when *place stays less than events->next. */
json_t *events_read(const struct events *e, const struct principal *viewer, uint64_t *place);

#endif
