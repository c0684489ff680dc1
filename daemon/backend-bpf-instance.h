/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_BACKEND_BPF_INSTANCE_H
#define DWD_BACKEND_BPF_INSTANCE_H

/*
 * The directory of one instance of the daemon on a bpf file system: root's alone, named after the
 * socket, however its path is spelt, and locked as long as somebody has it open. What lies in it is
 * for backend-bpf-pins.h.
 */

#include <stdbool.h>

/* Make PIN_DIR/INSTANCE, mounting the file system if need be, and lock it. The descriptor that
 * holds the lock, and *path (malloc()ed). -EBUSY: another process has it. On failure *message
 * (malloc()ed, may come back NULL) says in one line why. */
int instance_open(char **path, const char *pin_dir, const char *socket, char **message);
/* The same of one that lies there, NAME beside the directory `instance`. It is not waited for. */
int instance_open_beside(char **path, const char *instance, const char *name);
/* Whether one that has ended has left PIN_DIR/INSTANCE; also if that cannot be known. Nothing is
 * made or mounted. */
bool instance_is_left(const char *pin_dir, const char *socket);

#endif
