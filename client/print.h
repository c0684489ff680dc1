/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_PRINT_H
#define DWD_CLIENT_PRINT_H

/*
 * What dwd says. Data and results go to standard output, complaints and remarks to standard error
 * behind "dwd: ". Strings from libdwd are printable by its promise; what the user typed goes into
 * complaints and remarks alone, which escape it.
 */

#include <stdbool.h>

#include "client.h"
#include "util.h"

/* Something failed. One line, without a newline at the end. */
void print_error(const char *format, ...) _printf_(1, 2);
/* Errors from now on are told with a line of a script, 0: without; and how many there were. */
void print_set_line(unsigned long line);
unsigned long print_error_count(void);
/* The same for a failure that is not the daemon's: "WHAT: strerror". Answers the exit status. */
enum exit_status print_failure(const char *what, int result);
/* Something worth knowing, on standard error; and what was done, on standard output. Neither is
 * said with --quiet or --json. */
void print_note(const struct client *c, const char *format, ...) _printf_(2, 3);
void print_done(const struct client *c, const char *format, ...) _printf_(2, 3);

/* `label: value`, the values of one printout standing beneath each other; without the colon if the
 * label is "", for one more line of the value before. */
void print_field(const char *label, const char *format, ...) _printf_(2, 3);

/* A JSON array, one element a line: begin, each element, end. Elements are single lines of JSON;
 * NULL (lack of memory in libdwd) prints null. */
struct print_array {
	bool begun;
};
void print_array_add(struct print_array *a, const char *json);
void print_array_end(struct print_array *a);
void print_json_line(const char *json);

/* Write out what is buffered. -errno if anything ever failed to reach standard output. */
int print_flush(void);
/* The user interrupted what was being printed, which fails like any other write: forget the rest of
 * it, and the failure. */
void print_interrupted(void);

#endif
