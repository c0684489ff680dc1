/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_BACKEND_BPF_RING_H
#define DWD_BACKEND_BPF_RING_H

/*
 * The daemon's half of bpf/tell.h: what rings its bell is handed on to whoever listens, and where
 * some of it was lost he is told to look at everything. In a storm others have their turns: a
 * reading ends after a while, and what is left makes the descriptor readable still.
 */

#include "backend.h"

struct ring;

/* `map` is the descriptor of the ring buffer, `lost` where the kernel side counts what found no
 * room in it; both borrowed. */
int ring_new(struct ring **ret, int map, const __u64 *lost);
struct ring *ring_free(struct ring *ring);

/* Who is told; nobody is before. */
void ring_listen(struct ring *ring, const struct backend_listener *listener, void *userdata);
/* Readable when there is something to hand on; owned by the ring. */
int ring_fd(const struct ring *ring);
int ring_dispatch(struct ring *ring);

#endif
