/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_DETAILS_H
#define DWD_CLIENT_DETAILS_H

/*
 * What /proc tells about a stopped process beyond what the daemon knows of it: environment,
 * resource limits, open files and signals.
 *
 * It is read by this program with the caller's own rights, all of it from one and the same process,
 * never from another that has come by its pid. What may not be read is said to be so, and the rest
 * is told all the same.
 */

#include <stdint.h>
#include <sys/types.h>
#include <jansson.h>

/* The details of the process that has this pid and started `start_time` ns after boot (the stop's
 * `start_time`), as an object; its members, each absent if it cannot be had, are
 *   environment  strings, as varlink_set_byte_strings() has them
 *   limits       of objects: `name`, `soft`, `hard` (numbers; null: unlimited), `unit` if any
 *   files        of objects: `fd`, `path` and `mode` ("read", "write", "read-write", "path")
 *   signals      names of signals in `pending`, `blocked`, `ignored` and `caught`
 *   unreadable   why, by the name of an absent member
 * -ESRCH if there is no such process any more; -ENOMEM. */
int details_read(pid_t pid, uint64_t start_time, json_t **ret);

/* Print them as fields (print.h). */
void details_print(const json_t *details);

#endif
