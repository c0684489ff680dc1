/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DWD_BYTES_H
#define DWD_BYTES_H

/*
 * Text that may hold any byte, made fit for JSON, logs and terminals.
 *
 * Paths and arguments come from whoever runs a program. The printable form shows valid UTF-8 as it
 * is and everything that could steer a terminal or deceive a reader (control characters, bytes that
 * are no UTF-8, marks that reorder text) as a backslash escape. A backslash itself is escaped too,
 * so the form is unambiguous: unescaping gives the very bytes. Pure; for the daemon, libdwd and the
 * client.
 */

#include <stddef.h>
#include <jansson.h>

/* Set `key` in `object` to a printable form (valid UTF-8 stays; other
 * bytes, control characters, marks that reorder text, and backslashes become \xNN, \n, \t, \\ ...)
 * and, if that differs from the bytes, `key`_raw to their base64. 0 or -ENOMEM. */
int varlink_set_bytes(json_t *object, const char *key, const void *bytes, size_t size);
/* The same for an array of strings: `key` and, if any differs, `key`_raw (all of them). */
int varlink_set_byte_strings(json_t *object, const char *key, const char *const *strings, size_t n);
/* The printable form alone, malloc()ed, for logs and terminals. NULL on lack of memory. */
char *varlink_escape(const void *bytes, size_t size);

#endif
