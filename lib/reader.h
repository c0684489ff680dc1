/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DWD_READER_H
#define DWD_READER_H

/*
 * Reading the fields of a JSON object one after the other, without a check after each: the first
 * that is missing or wrong is remembered, and the caller looks at `bad` once in the end. null
 * counts as absent.
 */

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

struct reader {
	const json_t *object;
	const char *bad; /* NULL: all is well */
};

/* `what` is bad if `object` is none. */
struct reader reader_new(const json_t *object, const char *what);
/* Note that the field `key` is bad. */
void reader_fail(struct reader *r, const char *key);
/* -EPROTO, and what is bad in *bad. */
int reader_error(const struct reader *r, const char **bad);

/* Any value, NULL if it is absent. */
const json_t *reader_field(const struct reader *r, const char *key);
/* Text lives as long as the object. */
const char *reader_text(struct reader *r, const char *key);
const char *reader_optional_text(struct reader *r, const char *key);
/* A number from 0 to `max`, or to what the type holds; 0 if an optional one is absent. */
uint64_t reader_optional_number(struct reader *r, const char *key, uint64_t max);
uint64_t reader_count(struct reader *r, const char *key);
pid_t reader_pid(struct reader *r, const char *key);
/* A uid or a gid. */
uid_t reader_owner(struct reader *r, const char *key);
const json_t *reader_array(struct reader *r, const char *key);
/* Seconds since a time in RFC 3339, never negative. */
double reader_age(struct reader *r, const char *key);

#endif
