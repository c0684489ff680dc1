/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_PEER_H
#define DWD_PEER_H

/*
 * One connection, and the call it has in progress.
 *
 * The calls of a connection are served strictly one after the other: while one waits (Claim, Wait,
 * Subscribe ...) what the peer sends meanwhile is left in the socket. A call is over when its last
 * reply or its error is sent.
 *
 * Nothing is produced for a peer that does not read: beyond QUEUE_LIMIT waiting bytes neither
 * further replies of a call nor further calls are worked on until some are taken. If none are for
 * the service's patience, the connection is closed.
 *
 * Everything here may be called from within the engine's callbacks: replies are queued and perhaps
 * sent, but no further call is begun and no connection closed before the event loop turns.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <jansson.h>
#include <systemd/sd-event.h>

#include "log.h"
#include "refusals.h"
#include "varlink.h"
#include "watchdog.h"

struct peer;

/* What all peers share. */
struct service {
	sd_event *event;
	struct watchdog *watchdog;
	struct config *config; /* NULL: no watches are kept in files */
	int64_t started;       /* realtime us */
	size_t clients;
	uint64_t patience;	 /* us, with peers that do not read */
	struct log_limit faults; /* of peers */
	struct refusals refusals;
	/* How many of them are this user's. */
	size_t (*count_clients)(const struct service *service, const struct principal *user);
	/* Takes the peer out and frees it. */
	void (*remove)(struct service *service, struct peer *peer);
};

/* One call in progress. What comes after the first blank line is the method's to use. */
struct call {
	struct service *service;
	json_t *message;
	const char *method;
	json_t *parameters;
	bool more, oneway;
	bool active;

	/* For a call that takes several steps, such as replies: called while there is room for a
	 * reply, until the call is over. */
	void (*produce)(struct call *call);
	bool follows_events; /* `produce` also when there is a new event */
	bool reads_events;   /* `place` is among them */
	uint64_t lost;	     /* of those it was to read, since the last it was given */
	uint64_t place, end; /* how far it has come, and how far it is to go */
	const char *key;     /* what is given back, in the reply */

	/* For one that lists: the next object. */
	bool (*next)(struct call *call, json_t **ret);

	/* For one that acts on stops: how, how many it was done to, and the first that it could not
	 * be done to, with what the engine answered and what was true of it then. */
	int (*act)(struct call *call, struct stop *s);
	size_t done;
	int failure; /* ANSWER_OK: there was none */
	uint64_t failed_id;
	struct stop_now failed_now;

	/* For one that waits. */
	struct watchdog_waiter waiter;
	sd_event_source *timer;
};

struct peer {
	struct service *service;
	struct varlink *link;
	struct watchdog_client client;
	sd_event_source *io, *work;
	sd_event_source *unread; /* enabled while there is no room */
	struct call call;
	bool ended;  /* it will send no more */
	bool broken; /* to be closed */
	TAILQ_ENTRY(peer) entry;
};

TAILQ_HEAD(peer_list, peer);

/* In whose name a connection acts. Whoever runs the daemon is root to it, as in fact he is outside
 * of tests. */
struct principal peer_principal(const struct ucred *credentials);
/* Takes the descriptor over on success. */
int peer_new(struct peer **ret, struct service *service, int fd, const struct ucred *credentials);
/* Sends what can be sent without waiting; its claims fall back. */
struct peer *peer_free(struct peer *peer);
/* There is a new event. */
void peer_news(struct peer *peer);

/* On whose behalf a call is made. */
struct watchdog_client *call_client(struct call *call);

/* The last reply, one of several, or an error. `parameters` is stolen and may be NULL for want of
 * memory, which breaks the connection, or for {} (errors only). */
void call_reply(struct call *call, json_t *parameters);
void call_reply_part(struct call *call, json_t *parameters);
void call_fail(struct call *call, const char *error, json_t *parameters);

#endif
