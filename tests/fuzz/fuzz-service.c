/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The service, and a peer that sends anything: whatever it is, the answers are messages, nothing
 * of the peer is left when it has gone but the watches that it added, and the next one is served.
 */

#include "fuzz.h"

#include "service-harness.h"

static struct fixture *get_fixture(void)
{
	static void *state;

	if (!state)
		CHECK(service_setup(&state) == 0);
	return state;
}

static void take_replies(struct varlink *v)
{
	json_t *message;

	while (varlink_receive(v, &message) == 1) {
		struct varlink_method_reply reply;

		CHECK(varlink_parse_reply(message, &reply) == 0);
		CHECK(!reply.error || strchr(reply.error, '.'));
		json_decref(message);
	}
}

/* Until nothing more comes of it. The peer's own end is open, so that calls may wait. */
static void converse(struct fixture *f, const uint8_t *data, size_t size)
{
	int fd = connect_raw(f);
	struct varlink *v;

	CHECK(varlink_new(&v, fd, 64 << 20) == 0);
	for (size_t at = 0; at < size;) {
		ssize_t n = send(fd, data + at, size - at, MSG_NOSIGNAL);

		if (n > 0)
			at += (size_t)n;
		else if (errno != EAGAIN)
			break; /* a peer that was cut off */
		harness_settle(f->h);
		take_replies(v);
	}
	harness_settle(f->h);
	take_replies(v);
	varlink_free(v);
	harness_settle(f->h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fixture *f = get_fixture();

	/* More would not fit into the socket while nobody reads. */
	if (size > 65536)
		return 0;
	converse(f, data, size);
	harness_remove_watches(f->h);
	expect_alive(f);
	harness_settle(f->h);
	CHECK(server_idle_since(f->server) > 0);
	return 0;
}
