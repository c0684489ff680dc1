/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_BACKEND_BPF_LOOK_H
#define DWD_BACKEND_BPF_LOOK_H

/*
 * What it takes to find the file or the cgroup at a path that a client has named. Any of it may
 * hang: it is only done in the process of
 * backend-bpf-looker.c.
 */

#include <limits.h>
#include <stdint.h>

#include "util.h"

#define LOOK_HOPS 24 /* entries followed for one path */

/* One directory entry that a path depends on. */
struct look_hop {
	int wd;
	uint32_t leaf; /* look_hash() of the entry's name; 0: any entry of that directory */
};

/* Never 0. */
uint32_t look_hash(const char *text);

struct look {
	int inotify;
	/* Told at once of each hop: what comes after it may hang. */
	void (*found_hop)(void *userdata, const struct look_hop *hop);
	void *userdata;
	unsigned int count;
	struct look_hop hops[LOOK_HOPS];
	char real[PATH_MAX]; /* without symbolic links; "" if not known */
	bool full;	     /* not all could be followed: inotify has no more watches to give */
};

/* Follow the way to `target`, and open what is there: a descriptor (O_PATH), or -errno of open(2).
 */
int look_up(struct look *look, const char *target);

/* The id of the cgroup (v2) at `path`. False if there is none. */
bool look_up_cgroup(const char *path, uint64_t *ret);

#endif
