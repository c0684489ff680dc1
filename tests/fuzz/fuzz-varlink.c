/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Framing: however the bytes are cut on their way, the same messages come out, and the stream ends
 * in the same way; and what comes out can be taken as a call, as a reply, and be sent on.
 *
 * The first byte of the input says how the rest is cut.
 */

#include "fuzz.h"

#include <sys/socket.h>

#include "util.h"
#include "varlink.h"

/* Small, so that inputs reach it. */
#define MAX_MESSAGE 512

/* What came out of a stream: the messages, as an array, and how it ended. */
struct outcome {
	json_t *messages;
	int error;
};

static void take_messages(struct varlink *v, struct outcome *o)
{
	json_t *message;
	int r;

	while (o->error == 0 && (r = varlink_receive(v, &message)) != 0) {
		if (r > 0)
			CHECK(json_array_append_new(o->messages, message) == 0);
		else
			o->error = r;
	}
}

static struct outcome receive_in_pieces(const uint8_t *data, size_t size, size_t piece)
{
	struct outcome o = {.messages = json_array()};
	struct varlink *v;
	int fds[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	CHECK(varlink_new(&v, fds[0], MAX_MESSAGE) == 0);
	for (size_t at = 0; at < size && o.error == 0; at += piece) {
		size_t n = size - at < piece ? size - at : piece;

		CHECK(write(fds[1], data + at, n) == (ssize_t)n);
		take_messages(v, &o);
	}
	close(fds[1]);
	take_messages(v, &o);
	CHECK(o.error < 0);
	varlink_free(v);
	return o;
}

static void use(json_t *message)
{
	struct varlink_method_reply reply;
	struct varlink_method_call call;

	CHECK(json_is_object(message));
	if (varlink_parse_call(message, &call) == 0)
		CHECK(call.method && json_is_object(call.parameters));
	if (varlink_parse_reply(message, &reply) == 0)
		CHECK(json_is_object(reply.parameters));
}

/* Messages that were received can be sent, and arrive. */
static void pass_on(json_t *messages)
{
	struct varlink *from, *to;
	json_t *message;
	size_t i;
	int fds[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	CHECK(varlink_new(&from, fds[0], MAX_MESSAGE) == 0);
	/* Escapes may make a message longer than it was. */
	CHECK(varlink_new(&to, fds[1], 16 * MAX_MESSAGE) == 0);
	json_array_foreach (messages, i, message) {
		json_auto_t *arrived = NULL;

		CHECK(varlink_enqueue(from, json_incref(message)) == 0);
		CHECK(varlink_flush(from) == 1);
		CHECK(varlink_receive(to, &arrived) == 1);
		CHECK(json_equal(message, arrived));
	}
	varlink_free(from);
	varlink_free(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole, cut;
	json_t *message;
	size_t i;

	/* More would not fit into the socket at once. */
	if (size < 1 || size > 65536)
		return 0;
	whole = receive_in_pieces(data + 1, size - 1, size);
	cut = receive_in_pieces(data + 1, size - 1, 1u + data[0]);
	CHECK(whole.error == cut.error);
	CHECK(json_equal(whole.messages, cut.messages));
	json_array_foreach (whole.messages, i, message)
		use(message);
	pass_on(whole.messages);
	json_decref(whole.messages);
	json_decref(cut.messages);
	return 0;
}
