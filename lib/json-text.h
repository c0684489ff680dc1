/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DWD_JSON_TEXT_H
#define DWD_JSON_TEXT_H

/*
 * JSON text to jansson's values and back, several times as fast as jansson does it: a list of ten
 * thousand stops is six megabytes.
 *
 * What is written and read all the time (structure, plain ASCII strings, integers) is done here;
 * what is rare or intricate (escapes, other UTF-8, reals) is given piece by piece to jansson. So
 * both accept the same texts and mean the same by them: the tests compare the two.
 */

#include <jansson.h>

#include "buffer.h"

/* Read an object. `text` holds `size` bytes without a NUL, then a NUL; it is written to, but left
 * as it was. 0, -ENOMEM, or -EBADMSG for whatever json_loadb() with JSON_REJECT_DUPLICATES rejects,
 * or if it is not an object. */
int json_text_read(char *text, size_t size, json_t **ret);

/* Append a value as compact text. 0, or -ENOMEM with any part of it appended. */
int json_text_write(struct buffer *b, const json_t *value);

#endif
