/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_BACKEND_BPF_H
#define DWD_BACKEND_BPF_H

/*
 * The real kernel side: BPF programs on exec. See backend.h for what it promises.
 */

#include "backend.h"

struct pins;

struct backend_bpf_options {
	int kind;		  /* an enum dwd_backend, or -1: the best one that fires */
	uint32_t max_stopped;	  /* size of the table of stops */
	uint64_t fail_open_after; /* seconds without a beat; 0: never */
	struct pins *pins;	  /* where it outlives the daemon; borrowed. NULL: nowhere ... */
	const char *unpinned;	  /* ... and why */
};

/* Load, attach and prove that it fires by exec'ing this program once more with `--version`; not yet
 * armed. On failure *message (malloc()ed, may come back NULL) says in one line what is missing. */
int backend_bpf_new(struct backend **ret, const struct backend_bpf_options *options,
		    char **message);

/* Try one kind without using it: 0 if it loads, attaches and fires; else -errno and why. */
int backend_bpf_probe(enum dwd_backend kind, char **message);

#endif
