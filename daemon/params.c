/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "params.h"

#include "util.h"

static bool in_range(const struct param *param, json_int_t value)
{
	return (!param->min && !param->max) || (value >= param->min && value <= param->max);
}

static bool are_ints(const struct param *param, const json_t *array)
{
	size_t i;
	json_t *value;

	json_array_foreach (array, i, value)
		if (!json_is_integer(value) || !in_range(param, json_integer_value(value)))
			return false;
	return true;
}

static bool are_strings(const json_t *array)
{
	size_t i;
	json_t *value;

	json_array_foreach (array, i, value)
		if (!json_is_string(value))
			return false;
	return true;
}

static bool is_valid(const struct param *param, const json_t *value)
{
	if (!value || json_is_null(value))
		return !param->required;
	switch (param->type) {
	case PARAM_INT:
		return json_is_integer(value) && in_range(param, json_integer_value(value));
	case PARAM_BOOL:
		return json_is_boolean(value);
	case PARAM_STRING:
		return json_is_string(value);
	case PARAM_INTS:
		return json_is_array(value) && are_ints(param, value);
	case PARAM_STRINGS:
		return json_is_array(value) && are_strings(value);
	}
	return false;
}

static bool is_known(const struct param *table, const char *name)
{
	for (const struct param *param = table; param && param->name; param++)
		if (str_eq(param->name, name))
			return true;
	return false;
}

const char *params_check(const struct param *table, json_t *parameters)
{
	const char *name;
	json_t *value;

	for (const struct param *param = table; param && param->name; param++)
		if (!is_valid(param, json_object_get(parameters, param->name)))
			return param->name;
	json_object_foreach (parameters, name, value)
		if (!is_known(table, name))
			return name;
	return NULL;
}

bool params_int(json_t *parameters, const char *name, json_int_t *ret)
{
	json_t *value = json_object_get(parameters, name);

	if (!json_is_integer(value))
		return false;
	*ret = json_integer_value(value);
	return true;
}

uint64_t params_count(json_t *parameters, const char *name)
{
	json_int_t number = 0;

	params_int(parameters, name, &number);
	return (uint64_t)number;
}

bool params_bool(json_t *parameters, const char *name, bool otherwise)
{
	json_t *value = json_object_get(parameters, name);

	return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

const char *params_string(json_t *parameters, const char *name)
{
	return json_string_value(json_object_get(parameters, name));
}

int params_strings(json_t *parameters, const char *name, const char ***ret)
{
	const json_t *array = json_object_get(parameters, name);
	const char **strings;
	size_t i;
	json_t *value;

	if (json_array_size(array) == 0) {
		*ret = NULL;
		return 0;
	}
	strings = calloc(json_array_size(array) + 1, sizeof(*strings));
	if (!strings)
		return -ENOMEM;
	json_array_foreach (array, i, value)
		strings[i] = json_string_value(value);
	*ret = strings;
	return 0;
}
