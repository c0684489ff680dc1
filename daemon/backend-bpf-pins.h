/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_BACKEND_BPF_PINS_H
#define DWD_BACKEND_BPF_PINS_H

/*
 * Where the kernel side stays when its daemon dies: PIN_DIR/INSTANCE/vSCHEMA/ on a bpf file system.
 *
 *   stops counters control ...   the lasting maps (event.h)
 *   generation-N/links/          what keeps the programs of one daemon attached
 *   generation-N/programs/       and those programs
 *
 * INSTANCE comes from the socket's path, so that daemons with different sockets never meet, and is
 * locked as long as a daemon, or --release-all, has it open. The lasting maps are pinned before any
 * generation is put in charge, `control` as the last of them: where it is missing, nothing was ever
 * in charge, or all was released, and what else lies there is rubbish.
 */

#include <stdbool.h>
#include <stdint.h>

#include "event.h"
#include "util.h"

struct bpf_link;
struct dwd_bpf;
struct pins;

/* Make the directory of an instance, mounting the file system if need be, and lock it. -EBUSY:
 * another process has it. On failure *message (malloc()ed, may come back NULL) says in one line
 * why. */
int pins_open(struct pins **ret, const char *pin_dir, const char *socket, char **message);
/* Unlock it; what is pinned stays. */
struct pins *pins_free(struct pins *p);
DEFINE_CLEANUP(struct pins *, pins_free)

/* .../vSCHEMA */
const char *pins_path(const struct pins *p);

/* What an earlier daemon has left of this schema. */
struct pins_left {
	bool any; /* if not, the rest means nothing */
	struct dwd_control control;
	uint32_t stops_room; /* entries there is room for in the map of stops */
};

/* 0, also if nothing was left; -EPROTO: something was, but it is not what it should be, or of
 * another pid namespace. */
int pins_find(struct pins *p, struct pins_left *ret);
/* Have an object that is opened, but not loaded, use the maps that pins_find() has found. */
int pins_reuse(struct pins *p, struct dwd_bpf *object);
/* Pin what is not pinned of a loaded and attached object. */
int pins_keep(struct pins *p, struct dwd_bpf *object, uint64_t generation);
/* A link that comes and goes, of the generation that was kept last. */
int pins_keep_link(struct pins *p, struct bpf_link *link, const char *name);
void pins_drop_link(struct pins *p, const char *name);

/* Unpin this generation. */
int pins_drop_generation(struct pins *p, uint64_t generation);
/* Unpin all generations but this one (0: all). Programs that nobody else holds are detached. */
int pins_drop_generations(struct pins *p, uint64_t but);
/* Unpin all of this schema. */
int pins_drop(struct pins *p);

/* The directories of each schema there is, ours or not: the next name after `previous` (malloc()ed,
 * freed here; NULL: the first), NULL at the end. */
char *pins_next_schema(const struct pins *p, char *previous);

/* The same with what lies in PIN_DIR: the instances, this one too. */
char *pins_next_beside(const struct pins *p, char *previous);
/* One of them. -EBUSY: a process has it; it is not waited for. */
int pins_open_beside(struct pins **ret, const struct pins *p, const char *name);

/* A schema's directory, malloc()ed. */
char *pins_schema_path(const struct pins *p, const char *schema);
/* Whether it is the one this daemon works with. */
bool pins_is_ours(const char *schema);

/* Unpin, and remove, all that lies in a directory, and itself. */
int pins_remove_tree(const char *path);
/* The same with each directory in a directory, which stays. */
int pins_remove_directories(const char *path);

#endif
