/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_BACKEND_BPF_DESCENT_H
#define DWD_BACKEND_BPF_DESCENT_H

/*
 * Who descends from whom: has the kernel side mark the descendants of the processes that watches
 * ask for, also of those whose parents end.
 */

#include "event.h"

struct bpf_program;
struct pins;
struct descent;

/* What belongs to the loaded object; borrowed. */
struct descent_maps {
	struct bpf_program *on_fork;
	struct pins *pins; /* where it is kept attached; NULL: nowhere */
	int roots, marks;
};

int descent_new(struct descent **ret, const struct descent_maps *maps);
struct descent *descent_free(struct descent *d);

/* From now on mark the descendants of this process, those it has included; until as many calls of
 * descent_leave(). That the process has ended is no error. */
int descent_follow(struct descent *d, const struct dwd_process *root);
void descent_leave(struct descent *d, const struct dwd_process *root);

#endif
