/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVICE_HARNESS_H
#define SERVICE_HARNESS_H

/*
 * The service on a real socket, on the engine of harness.h; and peers of it. Everything runs in one
 * thread: while a test waits for a reply, the server is run.
 */

#include <sys/socket.h>
#include <sys/un.h>

#include "harness.h"
#include "server.h"
#include "varlink.h"

struct fixture {
	struct harness *h;
	struct server *server;
	struct sockaddr_un address; /* an abstract one */
	socklen_t address_size;
};

/* cmocka's set-up and tear-down; *state is the fixture. */
int service_setup(void **state);
int service_teardown(void **state);

DEFINE_CLEANUP(struct varlink *, varlink_free)
#define _cleanup_varlink_ _cleanup_(varlink_freep)

int connect_raw(struct fixture *f);
struct varlink *connect_to(struct fixture *f);

/* `parameters` as JSON text, NULL for none; `flags` of "mo": more, oneway. */
void send_call(struct varlink *v, const char *method, const char *parameters, const char *flags);
/* The next reply. */
json_t *next_reply(struct fixture *f, struct varlink *v);
/* Call, and give the parameters of the reply, which is to be freed with *message. */
json_t *call(struct fixture *f, struct varlink *v, const char *method, const char *parameters,
	     json_t **message);
/* The next reply must be this error; and the same after a call. */
void expect_error(struct fixture *f, struct varlink *v, const char *error, const char *parameters);
void expect_failure(struct fixture *f, struct varlink *v, const char *method,
		    const char *parameters, const char *error, const char *error_parameters);
void expect_closed(struct fixture *f, struct varlink *v);
/* The server still serves: with an answer to whoever asks. */
void expect_alive(struct fixture *f);

/* The id of the stop in a reply. */
json_int_t stop_id(json_t *message);
/* The events in the next reply, which is to be freed with *message. */
json_t *next_events(struct fixture *f, struct varlink *v, json_t **message);
void add_watches(struct fixture *f, int count);

#endif
