/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_BACKEND_BPF_INDEX_H
#define DWD_BACKEND_BPF_INDEX_H

/*
 * The daemon's half of bpf/match.h: keeps the gate and the indexes by name, file and path in step
 * with the watches in force, while the kernel side reads them at any moment.
 */

#include <stdbool.h>
#include <stdint.h>

#include "event.h"

struct watch;

/* What a target is at the moment. */
struct index_target {
	bool exists;
	struct dwd_file_id file; /* if it exists */
	const char *real;	 /* its path without symbolic links, or NULL if not known */
};

/* Memory shared with the kernel side, and map descriptors; borrowed. */
struct index_maps {
	struct dwd_local *local;
	__u64 *gate;
	int front;  /* the map with its copy in less detail */
	__u64 seed; /* what the object was loaded with */
	struct dwd_watch_entry *entries;
	int names, files, paths;
};

struct index;

int index_new(struct index **ret, const struct index_maps *maps);
struct index *index_free(struct index *ix);

/* Let every exec past the front, until an index is made that knows better. */
int index_open_front(int front);

/* Put `watch` into force under `slot`, which must be free. `target` matters for paths only. */
int index_add(struct index *ix, uint32_t slot, const struct watch *watch,
	      const struct index_target *target);
/* The target has changed: look for the file it is now. Never leaves a moment without the path. */
int index_update(struct index *ix, uint32_t slot, const struct index_target *target);
void index_remove(struct index *ix, uint32_t slot);

#endif
