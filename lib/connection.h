/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DWD_CONNECTION_H
#define DWD_CONNECTION_H

/*
 * What the parts of libdwd share: the connection and what may be done with it. Nothing of this is
 * exported. The functions return 0 or -errno, and have then said why by conn_fail().
 */

#include <jansson.h>

#pragma GCC visibility push(default)
#include "dwd.h"
#pragma GCC visibility pop
#include "util.h"
#include "varlink.h"

struct dwd {
	char *socket;		/* where the daemon listens */
	struct varlink *calls;	/* requests and their replies; NULL once broken */
	struct varlink *events; /* the subscription, if there is one */
	int epoll_fd;		/* what dwd_get_fd() answers: all of these are in it */
	int wake_fd;		/* an eventfd, readable while `awake` */
	bool awake;
	bool in_callback;
	int patience;  /* ms that the daemon may take for what it can answer at once */
	json_t *queue; /* the events that were read but not delivered */
	struct dwd_listener listener;
	void *userdata;
	const char
		*method; /* the call in progress and its parameters, to speak of it in messages */
	json_t *request;
	char *message; /* of the last failure */
	int broken;    /* the -errno that ended the connection, and what there is to say about it */
	char *broken_message;
	bool broken_told;
};

/* Note the message and return `error`, a -errno. */
int conn_fail(struct dwd *d, int error, const char *format, ...) _printf_(3, 4);
/* The same, and the connection is over. The sockets are closed, so claims fall back. */
int conn_break(struct dwd *d, int error, const char *format, ...) _printf_(3, 4);
/* What ended the connection. */
const char *conn_broken_message(const struct dwd *d);
/* `v` failed with `error`: breaks the connection if `v` is one of its two sockets. */
int conn_fail_stream(struct dwd *d, const struct varlink *v, int error);
/* The reply to the call in progress could not be used: -ENOMEM, or -EPROTO and its `what` is
 * missing or wrong. */
int conn_fail_reply(struct dwd *d, int error, const char *what);

/* Another socket to the same daemon. */
int conn_open(struct dwd *d, struct varlink **ret);
/* Whether a call may be made now; every public function that makes one begins with this. */
int conn_check(struct dwd *d);

/* Begin a call. `parameters` is stolen, and NULL for lack of memory. */
int conn_send(struct dwd *d, struct varlink *v, const char *method, json_t *parameters, bool more);
/* Block for the next reply and give its parameters, a new reference. *continues says that another
 * reply follows. Events that arrive meanwhile are queued. `timeout` is how long the call may wait
 * by its nature (ms; 0: it is to be answered at once, negative: for ever). Unless it is 0 a signal
 * ends the connection with -EINTR. Beyond it the daemon has `patience`; then it counts as gone. */
int conn_receive(struct dwd *d, struct varlink *v, int timeout, json_t **ret, bool *continues);
/* A call that has one reply. */
int conn_call(struct dwd *d, const char *method, json_t *parameters, int timeout, json_t **ret);
/* A call that may have several: the arrays that they have under `key` become one; or the numbers
 * are added up. */
int conn_collect(struct dwd *d, const char *method, json_t *parameters, const char *key,
		 json_t **ret);
ssize_t conn_count(struct dwd *d, const char *method, json_t *parameters, const char *key);

/* Monotonic time in ms, and what is left of `timeout` ms since `start`, for poll(2): a negative
 * timeout never ends. */
int64_t conn_now(void);
int conn_time_left(int64_t timeout, int64_t start);

/* Make dwd_get_fd() readable, beside its sockets, while there is something to dispatch. */
void conn_update_wake(struct dwd *d);

/* Whether the queue has room for more events. */
bool events_wanted(const struct dwd *d);
/* Move events from the subscription into the queue, without blocking. */
int events_read(struct dwd *d);

/* What an error reply means: a -errno, and the message. */
int error_from_reply(struct dwd *d, const char *error, const json_t *parameters);

/* JSON to structures, which keep a reference to `object` and point into it. -ENOMEM, or -EPROTO and
 * *bad names the field that is missing or wrong. */
int watch_parse(struct dwd_watch **ret, json_t *object, const char **bad);
int stop_parse(struct dwd_stop **ret, json_t *object, const char **bad);
int reload_parse(struct dwd_reload **ret, json_t *object, const char **bad);
int status_parse(struct dwd_status **ret, json_t *object, const char **bad);
int event_parse(struct dwd_event **ret, json_t *object, const char **bad);
struct dwd_event *event_free(struct dwd_event *e);

DEFINE_CLEANUP(struct varlink *, varlink_free)
DEFINE_CLEANUP(struct dwd *, dwd_close)
DEFINE_CLEANUP(struct dwd_watch **, dwd_watches_free)
DEFINE_CLEANUP(struct dwd_stop **, dwd_stops_free)
DEFINE_CLEANUP(struct dwd_event *, event_free)

#endif
