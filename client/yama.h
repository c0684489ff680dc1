/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_YAMA_H
#define DWD_CLIENT_YAMA_H

/*
 * The Yama security module's say in who may attach to whom.
 * https://www.kernel.org/doc/html/latest/admin-guide/LSM/Yama.html
 */

#include <stdbool.h>

enum yama_scope {
	YAMA_ABSENT = -1,
	YAMA_CLASSIC = 0,     /* does not restrict */
	YAMA_DESCENDANTS = 1, /* only what the debugger started itself, but for CAP_SYS_PTRACE */
	YAMA_ADMIN = 2,	      /* only CAP_SYS_PTRACE */
	YAMA_NOBODY = 3,
};

/* /proc/sys/kernel/yama/ptrace_scope */
enum yama_scope yama_scope(void);

/* Whether a debugger started by this process may attach to one it did not start. */
bool yama_allows_attach(enum yama_scope scope);

#endif
