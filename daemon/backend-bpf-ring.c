/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "backend-bpf-ring.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

#include "clock.h"

#define TURN_NS 10000000 /* for notifications, before clients have their turn */

struct ring {
	struct ring_buffer *buffer;
	const __u64 *lost;
	uint64_t lost_seen;
	uint64_t turn_ends; /* ns */
	const struct backend_listener *listener;
	void *userdata;
};

static void tell(const struct ring *ring, const struct dwd_ring_record *record)
{
	switch (record->type) {
	case DWD_RING_STOP:
		ring->listener->stopped(ring->userdata, &record->key);
		break;
	case DWD_RING_CONTINUE:
		ring->listener->continued(ring->userdata, &record->key);
		break;
	case DWD_RING_SKIP:
		ring->listener->skipped(ring->userdata, record);
		break;
	}
}

/* In a storm there are always more of them. An error ends the reading behind this record, and the
 * rest stays to be read. */
static int on_record(void *userdata, void *data, size_t size)
{
	struct ring *ring = userdata;

	if (size >= sizeof(struct dwd_ring_record) && ring->listener)
		tell(ring, data);
	return clock_monotonic_ns() < ring->turn_ends ? 0 : -EAGAIN;
}

int ring_dispatch(struct ring *ring)
{
	uint64_t lost;
	int r;

	ring->turn_ends = clock_monotonic_ns() + TURN_NS;
	r = ring_buffer__consume(ring->buffer);
	if (r < 0 && r != -EAGAIN)
		return r;
	lost = __atomic_load_n(ring->lost, __ATOMIC_ACQUIRE);
	if (lost != ring->lost_seen) {
		ring->lost_seen = lost;
		if (ring->listener)
			ring->listener->rescan(ring->userdata);
	}
	return 0;
}

int ring_fd(const struct ring *ring)
{
	return ring_buffer__epoll_fd(ring->buffer);
}

void ring_listen(struct ring *ring, const struct backend_listener *listener, void *userdata)
{
	ring->listener = listener;
	ring->userdata = userdata;
}

int ring_new(struct ring **ret, int map, const __u64 *lost)
{
	struct ring *ring = calloc(1, sizeof(*ring));
	int r;

	if (!ring)
		return -ENOMEM;
	ring->lost = lost;
	ring->buffer = ring_buffer__new(map, on_record, ring, NULL);
	if (!ring->buffer) {
		r = -errno;
		free(ring);
		return r;
	}
	*ret = ring;
	return 0;
}

struct ring *ring_free(struct ring *ring)
{
	if (!ring)
		return NULL;
	ring_buffer__free(ring->buffer);
	free(ring);
	return NULL;
}
