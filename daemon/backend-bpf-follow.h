/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_BACKEND_BPF_FOLLOW_H
#define DWD_BACKEND_BPF_FOLLOW_H

/*
 * Which file is at a path now, and notice when it is another one.
 */

#include "backend-bpf-index.h"
#include "backend-bpf-looker.h"

/* Ask the kernel side for the identity of the file behind a descriptor. 0 or -errno. */
typedef int (*follow_identify)(void *userdata, int fd, struct dwd_file_id *ret);
/* The file at the path of `slot` may have changed. */
typedef void (*follow_changed)(void *userdata, uint32_t slot);

struct follow;

/* `inotify` and `looker` are borrowed. */
int follow_new(struct follow **ret, int inotify, struct looker *looker, follow_identify identify,
	       follow_changed changed, void *userdata);
struct follow *follow_free(struct follow *f);

/* Look up `target` as its watch's owner would, and say what it is; `ret->real` belongs to `f` until
 * the next call. What it takes to reach the file - each symbolic link its last component goes
 * through - is followed for `slot` from now on. A path that does not exist, or not for the owner,
 * is no error. -EAGAIN: it could not be looked at now; what was followed is still, and in a while
 * it is told as changed. */
int follow_path(struct follow *f, uint32_t slot, const struct principal *owner, const char *target,
		struct index_target *ret);
void follow_forget(struct follow *f, uint32_t slot);
/* Tell it as changed in a while: what was found could not be made use of. */
void follow_later(struct follow *f, uint32_t slot);
/* Whether that is so: what is at the path now is not known, or not in force. */
bool follow_is_late(const struct follow *f, uint32_t slot);

/* `inotify` can be read. */
int follow_dispatch(struct follow *f);
/* To be called from time to time: tells as changed what could not be looked at. Takes about a
 * second at most, and the next time goes on from there. */
void follow_review(struct follow *f);

#endif
