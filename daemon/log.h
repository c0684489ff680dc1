/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_LOG_H
#define DWD_LOG_H

/*
 * What the daemon tells its administrator. Lines go to stderr, as "dwdd: ..." for a person or with
 * the "<N>" prefix of sd-daemon(3) where stderr is the journal's, or straight to the journal once
 * the daemon is in the background. Escaping untrusted text is the caller's part.
 *
 * Only the daemon logs; nothing in lib/ does.
 */

#include <stdint.h>
#include <syslog.h>

#include "util.h"

/* From here on, write to the journal (if there is none: nowhere). */
void log_to_journal(void);

/* Lines less urgent than `level` (LOG_ERR .. LOG_DEBUG) are dropped; LOG_INFO at first. */
void log_set_level(int level);
int log_level_from_name(const char *name, int *ret);

void log_line(int level, const char *format, ...) _printf_(2, 3);

/* For what a peer can bring about as often as he likes: a few lines, and, before the first that
 * comes after a while, how many were left out. All zero at first. */
struct log_limit {
	uint64_t since; /* monotonic us: the present stretch of time */
	unsigned count; /* lines wanted in it */
};

void log_line_rarely(int level, struct log_limit *limit, const char *format, ...) _printf_(3, 4);

#define log_error(...)	 log_line(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_info(...)	 log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...)	 log_line(LOG_DEBUG, __VA_ARGS__)

#define log_rarely(limit, ...)	     log_line_rarely(LOG_INFO, limit, __VA_ARGS__)
#define log_error_rarely(limit, ...) log_line_rarely(LOG_ERR, limit, __VA_ARGS__)

#endif
