/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "reader.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

struct reader reader_new(const json_t *object, const char *what)
{
	return (struct reader){.object = object, .bad = json_is_object(object) ? NULL : what};
}

const json_t *reader_field(const struct reader *r, const char *key)
{
	const json_t *value = json_object_get(r->object, key);

	return json_is_null(value) ? NULL : value;
}

void reader_fail(struct reader *r, const char *key)
{
	if (!r->bad)
		r->bad = key;
}

const char *reader_optional_text(struct reader *r, const char *key)
{
	const json_t *value = reader_field(r, key);

	if (value && !json_is_string(value))
		reader_fail(r, key);
	return json_string_value(value);
}

const char *reader_text(struct reader *r, const char *key)
{
	const char *s = reader_optional_text(r, key);

	if (!s)
		reader_fail(r, key);
	return s;
}

static uint64_t checked(struct reader *r, const char *key, const json_t *value, uint64_t max)
{
	json_int_t n = json_integer_value(value);

	if (value && (!json_is_integer(value) || n < 0 || (uint64_t)n > max))
		reader_fail(r, key);
	return (uint64_t)n;
}

uint64_t reader_optional_number(struct reader *r, const char *key, uint64_t max)
{
	return checked(r, key, reader_field(r, key), max);
}

static uint64_t number(struct reader *r, const char *key, uint64_t max)
{
	const json_t *value = reader_field(r, key);

	if (!value)
		reader_fail(r, key);
	return checked(r, key, value, max);
}

uint64_t reader_count(struct reader *r, const char *key)
{
	return number(r, key, INT64_MAX);
}

pid_t reader_pid(struct reader *r, const char *key)
{
	return (pid_t)number(r, key, INT_MAX);
}

uid_t reader_owner(struct reader *r, const char *key)
{
	return (uid_t)number(r, key, UINT32_MAX);
}

const json_t *reader_array(struct reader *r, const char *key)
{
	const json_t *value = reader_field(r, key);

	if (!json_is_array(value))
		reader_fail(r, key);
	return value;
}

double reader_age(struct reader *r, const char *key)
{
	const char *s = reader_text(r, key), *end;
	struct tm tm = {};
	struct timespec now;
	double fraction = 0, unit = 1, seconds;
	long offset;

	end = s ? strptime(s, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	if (end && *end == '.')
		while (*++end >= '0' && *end <= '9')
			fraction += (*end - '0') * (unit /= 10);
	if (!end || !strptime(end, "%z", &tm)) {
		reader_fail(r, key);
		return 0;
	}
	offset = tm.tm_gmtoff;
	clock_gettime(CLOCK_REALTIME, &now);
	seconds = (double)(now.tv_sec - (timegm(&tm) - offset)) + (double)now.tv_nsec / 1e9 -
		  fraction;
	return seconds > 0 ? seconds : 0;
}

int reader_error(const struct reader *r, const char **bad)
{
	*bad = r->bad;
	return -EPROTO;
}
