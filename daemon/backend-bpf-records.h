/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_BACKEND_BPF_RECORDS_H
#define DWD_BACKEND_BPF_RECORDS_H

/*
 * The records of stops: a hash map, and so read by system call, in which the kernel side puts in
 * and takes out while the daemon walks. What the daemon changes there it has programs of the kernel
 * side do, see bpf/daemon.h.
 */

#include <stdint.h>

#include "event.h"

struct bpf_program;

/* -ENOENT: there is none. */
int records_get(int map, const struct dwd_stop_key *key, struct dwd_stop_record *ret);
/* Calls `fn` with the key of each; ends early, and returns it, if `fn` returns other than 0. `fn`
 * may forget records. `room` is the number of entries that the map has room for. */
int records_for_each(int map, uint32_t room,
		     int (*fn)(void *userdata, const struct dwd_stop_key *key), void *userdata);
/* Run flag_stop() or forget_stop() on one. -ENOENT: there is none; -EBUSY: it could not be removed
 * for the moment. */
int records_run(const struct bpf_program *program, const struct dwd_stop_key *key, uint32_t flags);

#endif
