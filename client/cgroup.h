/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_CGROUP_H
#define DWD_CLIENT_CGROUP_H

/*
 * Control groups, version 2, as people name them: by a directory, or by what systemctl(1) and
 * systemd-cgls(1) print, which is a path within the file system of the groups. Nothing here changes
 * one.
 */

#include <stdbool.h>
#include <sys/types.h>

/* The directory that is meant, absolute and malloc()ed: what is there under this name, or else
 * within the file system of the groups. It need not exist. 0 or -errno. */
int cgroup_path(const char *text, char **ret);

/* Where the file system of the groups is mounted. Static text. */
const char *cgroup_root(void);

/* Whether a process is in this directory or beneath it. */
bool cgroup_holds(const char *directory, pid_t pid);

#endif
