/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_BACKEND_BPF_FILTERS_H
#define DWD_BACKEND_BPF_FILTERS_H

/*
 * The daemon's half of bpf/filter.h: keeps what narrows each watch where the kernel side finds it.
 *
 * A watch of an earlier daemon's is kept even if its cgroup is not found any more, as clients count
 * on it: it matches nothing meanwhile, and the cgroup is looked for again and again.
 */

#include <stdint.h>

#include "backend-bpf-descent.h"
#include "backend-bpf-looker.h"
#include "event.h"

struct watch;

/* Which of DWD_FILTER_... a watch has. */
uint32_t filters_of(const struct watch *watch);

/* What belongs to the loaded object; borrowed. */
struct filter_maps {
	__u64 seed; /* what the object was loaded with */
	int filters;
	struct descent_maps descent;
};

struct filters;

/* `looker` is borrowed. */
int filters_new(struct filters **ret, const struct filter_maps *maps, struct looker *looker);
struct filters *filters_free(struct filters *f);

/* To be called before the watch itself is put into force, and after that was ended. -EDESTADDRREQ:
 * its cgroup is none; -EAGAIN: it cannot be looked at now; -EINVAL: more patterns, or longer ones,
 * than there is room for. With `restored` a cgroup that is not found is no error, see above. */
int filters_add(struct filters *f, const struct watch *watch, bool restored);
void filters_remove(struct filters *f, const struct watch *watch);
/* Whether its cgroup was not found, so that it matches nothing. */
bool filters_has_lost(const struct filters *f, const struct watch *watch);
/* To be called from time to time: looks for the cgroups that were not found. */
void filters_review(struct filters *f);

#endif
