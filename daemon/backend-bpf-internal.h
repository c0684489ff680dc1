/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_BACKEND_BPF_INTERNAL_H
#define DWD_BACKEND_BPF_INTERNAL_H

/* What backend-bpf.c (the seam) and backend-bpf-new.c (setting it up) share. */

#include "backend-bpf.h"
#include "dwd.skel.h"
#include "log.h"

struct bpf_backend {
	struct backend backend;
	enum dwd_backend kind;
	uint32_t max_stopped;
	uint32_t stops_room;
	uint64_t fail_open_after; /* ns */
	struct pins *pins;	  /* borrowed; NULL: nothing outlives the daemon ... */
	char *unpinned;		  /* ... and why */
	uint64_t generation;
	bool took_over; /* lasting maps were there already */
	struct dwd_bpf *object;
	struct bpf_link *signal_link; /* attached on demand */
	struct dwd_watch_entry *entries;
	struct dwd_counters *counters;
	struct exempt *exempt;
	struct filters *filters;
	struct index *index;
	struct looker *looker;
	struct follow *follow;
	struct log_limit unfollowed;
	int inotify;
	struct ring *ring;
	int epoll;
	const struct watch *watches[DWD_MAX_WATCHES];
	char *refused[DWD_BACKEND_COUNT];
};

static inline struct dwd_control *bpf_control(const struct bpf_backend *b)
{
	return &b->object->data_control->control;
}

static inline int bpf_texts(const struct bpf_backend *b)
{
	return bpf_map__fd(b->object->maps.texts);
}

extern const struct backend_ops bpf_ops;

/* What file is behind a descriptor? `userdata` is the backend. */
int bpf_identify(void *userdata, int fd, struct dwd_file_id *ret);
/* What the path of this watch leads to may be another file now. */
void bpf_target_changed(void *userdata, uint32_t slot);

#endif
