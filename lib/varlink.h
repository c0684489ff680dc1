/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DWD_VARLINK_H
#define DWD_VARLINK_H

/*
 * Varlink framing and messages, for both sides; no policy.
 *
 * A message is a JSON object followed by a NUL. struct varlink buffers both directions of one
 * non-blocking stream socket: what is enqueued waits until varlink_flush(), what is read waits
 * until a whole message is there. It never blocks and never calls back.
 *
 * https://varlink.org/Method-Call
 */

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>

#include "bytes.h"

struct varlink;

/* Takes the descriptor over (and makes it non-blocking and close-on-exec) on success only.
 * `max_message` bounds one incoming message in bytes, NUL included. */
int varlink_new(struct varlink **ret, int fd, size_t max_message);
struct varlink *varlink_free(struct varlink *v);
int varlink_fd(const struct varlink *v);

/* The next whole message, reading from the socket what is needed; *ret is a new reference to a JSON
 * object. Returns 1: a message; 0: nothing whole yet, poll for reading; or
 *   -ECONNRESET  the peer closed between messages; -EPIPE  in the middle of one
 *   -EMSGSIZE    longer than max_message
 *   -EBADMSG     not a JSON object (invalid UTF-8, NUL in a string, duplicate keys, nested deeper
 *                than JSON_PARSER_MAX_DEPTH ...)
 *   other -errno of recv(2), -ENOMEM
 * After any error but -ENOMEM the stream is not usable for reading. */
int varlink_receive(struct varlink *v, json_t **ret);

/* True if varlink_receive() would give a message without touching the socket. */
bool varlink_pending(const struct varlink *v);

/* Append one message; the reference to `message` is stolen, also on failure. NULL is what the
 * makers below answer without memory, and gives -ENOMEM. */
int varlink_enqueue(struct varlink *v, json_t *message);
/* Bytes that wait to be written. */
size_t varlink_queued(const struct varlink *v);
/* Write what can be written. 1: all is written, 0: poll for writing, or -errno. */
int varlink_flush(struct varlink *v);

/* Messages. New references; NULL on lack of memory. `parameters` is stolen, NULL is {}. */
json_t *varlink_call(const char *method, json_t *parameters, bool more, bool oneway);
json_t *varlink_reply(json_t *parameters, bool continues);
json_t *varlink_error(const char *error, json_t *parameters);

/* A received call, borrowed from `message`. 0, or -EBADMSG if it is none (missing or mistyped
 * method, mistyped more/oneway/upgrade/parameters). `parameters` is never NULL: {} if absent (and
 * -ENOMEM if there is none for that); null counts as absent. */
struct varlink_method_call {
	const char *method;
	json_t *parameters;
	bool more, oneway, upgrade;
};
int varlink_parse_call(json_t *message, struct varlink_method_call *ret);

/* A received reply, borrowed from `message`; `error` NULL on success. 0, -EBADMSG or -ENOMEM. */
struct varlink_method_reply {
	const char *error;
	json_t *parameters;
	bool continues;
};
int varlink_parse_reply(json_t *message, struct varlink_method_reply *ret);

#endif
