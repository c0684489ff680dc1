/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_BACKEND_BPF_LOAD_H
#define DWD_BACKEND_BPF_LOAD_H

/*
 * Putting the BPF object in force.
 */

#include <stdint.h>

#include "event.h"
#include "util.h"

struct dwd_bpf;
struct pins;

struct bpf_load_options {
	enum dwd_backend kind;
	uint64_t generation; /* greater than any before, from 1 */
	uint32_t stops_room; /* entries in the map of stops */
	struct pins *pins;   /* whose maps to use; NULL: none */
};

/* Load and attach the programs of one kind, and see them fire; not in charge. Destroy it with
 * dwd_bpf__destroy(). On failure *message (malloc()ed, or NULL) says why in one line. */
int bpf_load(struct dwd_bpf **ret, const struct bpf_load_options *options, char **message);

/* Replace *message by a malloc()ed text, or NULL on lack of memory. */
_printf_(2, 3) void bpf_message(char **message, const char *format, ...);

#endif
