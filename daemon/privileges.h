/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_PRIVILEGES_H
#define DWD_PRIVILEGES_H

/*
 * What the daemon keeps of root's power once it has started.
 *
 * Loading the kernel side and making the socket can take more than the daily work does. So after
 * the start all capabilities are given up for good, but for those that dwdd(8) names, and with them
 * the ability to get any back by executing a program.
 */

/* 0 or -errno. What the process does not have it need not give up. */
int privileges_drop(void);
/* The same for the process that looks at paths (backend-bpf-looker.c): it keeps less. */
int privileges_drop_but_looking(void);

#endif
