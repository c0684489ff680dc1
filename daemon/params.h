/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_PARAMS_H
#define DWD_PARAMS_H

/*
 * Parameters of a call: described by a table, checked once, then simply read. null counts as
 * absent.
 */

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>

enum param_type {
	PARAM_INT,
	PARAM_BOOL,
	PARAM_STRING,
	PARAM_INTS,    /* an array; the range is that of its members */
	PARAM_STRINGS, /* an array */
};

struct param {
	const char *name;
	enum param_type type;
	bool required;
	json_int_t min, max; /* of a number; both 0: any */
};

/* The name of a parameter that is missing, mistyped, out of range or unknown; NULL if all is well.
 * `table` ends with a NULL name; a NULL table allows no parameters. */
const char *params_check(const struct param *table, json_t *parameters);

/* True if it is there. */
bool params_int(json_t *parameters, const char *name, json_int_t *ret);
/* 0 if it is absent. Of a number that may not be negative. */
uint64_t params_count(json_t *parameters, const char *name);
/* `otherwise` if it is absent. */
bool params_bool(json_t *parameters, const char *name, bool otherwise);
/* NULL if it is absent; lives as long as `parameters`. */
const char *params_string(json_t *parameters, const char *name);
/* 0 and *ret an array ended by NULL, to be freed, whose strings live as long as `parameters`; NULL
 * if it is absent or empty. -ENOMEM. */
int params_strings(json_t *parameters, const char *name, const char ***ret);

#endif
