/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_BACKEND_BPF_EXEMPT_H
#define DWD_BACKEND_BPF_EXEMPT_H

/*
 * Who is never stopped: programs of dwd's own, and processes that the engine exempts with all that
 * descends from them.
 *
 * Processes stay exempt when the daemon dies, as those are clients with debuggers at work. The next
 * daemon inherits them, and keeps each exempt until it ends or all are disowned.
 */

#include <sys/types.h>

#include "backend-bpf-follow.h"

struct exempt;

/* Maps are borrowed. Inherits what is in `processes`. */
int exempt_new(struct exempt **ret, int processes, int files);
struct exempt *exempt_free(struct exempt *e);

/* dwdd and dwd: the installed ones, and those of the directory or the build tree this dwdd is of.
 */
int exempt_ourselves(struct exempt *e, follow_identify identify, void *userdata);
/* See `exempt` in backend.h. */
int exempt_process(struct exempt *e, pid_t tgid, uid_t user, bool on);
/* See which of the inherited ones have ended. */
void exempt_review(struct exempt *e);
/* The inherited ones are exempt no more, but for what exempt_process() was asked since. */
void exempt_disown(struct exempt *e);

#endif
