/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_DOCTOR_H
#define DWD_CLIENT_DOCTOR_H

/*
 * What `dwd doctor` looks at: one check per thing that dwd stands on. A check tells what it found
 * and, where that is not as it should be, how to get there. Checks look and try; they change
 * nothing and need no daemon.
 */

#include <jansson.h>
#include <stdbool.h>

#include "client.h"

enum check_state {
	CHECK_OK,
	CHECK_WARN,    /* dwd works, though not as well as it could */
	CHECK_MISSING, /* something does not work without it */
};

struct report {
	json_t *checks; /* of {check, state, detail, advice} */
	bool broken;	/* dwd cannot work here */
	int error;
};

/* Add a finding. `advice` (how to get it) may be NULL. */
void report_add(struct report *report, enum check_state state, const char *check,
		const char *advice, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* The same for something dwd cannot work without. */
#define report_broken(report, ...)                              \
	do {                                                    \
		(report)->broken = true;                        \
		report_add(report, CHECK_MISSING, __VA_ARGS__); \
	} while (0)

/* The first line of a small file, without its newline, malloc()ed. 0 or -errno. */
int doctor_read_line(const char *path, char **ret);

/* kernel version, BTF, active LSMs, lockdown */
void doctor_check_kernel(struct report *report);
/* where dwdd is, and which backends load and fire when it tries them */
void doctor_check_backends(struct report *report);
/* whether a daemon answers */
void doctor_check_daemon(struct report *report, const struct client *c);
/* the debuggers, and whether they may attach */
void doctor_check_debugger(struct report *report);

#endif
