/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "duration.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>

#include "util.h"

/* Milliseconds in one unit; a bare number is seconds. */
static int unit_parse(const char *text, uint64_t *ret)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 3600 * 1000}};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (str_eq(text, units[i].name)) {
			*ret = units[i].ms;
			return 0;
		}
	}
	return -EINVAL;
}

/* By hand and not by strtod(), which follows the locale and knows "inf", "nan" and "0x1p3".
 * Decimals count down to the nano-unit; what is beyond rounds it up. */
int duration_parse(const char *text, int *ret)
{
	const uint64_t one = 1000000000;
	uint64_t whole = 0, fraction = 0, rest = 0, place = one, unit, ms;
	const char *p = text;
	bool digits = false, beyond = false;

	for (; isdigit((unsigned char)*p); p++, digits = true) {
		whole = whole * 10 + (uint64_t)(*p - '0');
		if (whole > INT_MAX)
			beyond = true, whole = INT_MAX;
	}
	if (*p == '.') {
		for (p++; isdigit((unsigned char)*p); p++, digits = true) {
			place /= 10;
			if (place > 0)
				fraction += place * (uint64_t)(*p - '0');
			else if (*p != '0')
				rest = 1;
		}
	}
	if (!digits || unit_parse(p, &unit) < 0)
		return -EINVAL;

	ms = whole * unit + ((fraction + rest) * unit + one - 1) / one;
	if (beyond || ms > INT_MAX)
		return -ERANGE;
	*ret = (int)ms;
	return 0;
}

void duration_format(double seconds, char *buffer, size_t size)
{
	uint64_t s = seconds > 0 ? (uint64_t)seconds : 0;

	if (seconds < 9.95)
		snprintf(buffer, size, "%.1fs", seconds > 0 ? seconds : 0.0);
	else if (s < 60)
		snprintf(buffer, size, "%us", (unsigned)s);
	else if (s < 3600)
		snprintf(buffer, size, "%um%02us", (unsigned)(s / 60), (unsigned)(s % 60));
	else if (s < 24 * 3600)
		snprintf(buffer, size, "%uh%02um", (unsigned)(s / 3600), (unsigned)(s / 60 % 60));
	else
		snprintf(buffer, size, "%llud%02uh", (unsigned long long)(s / 86400),
			 (unsigned)(s / 3600 % 24));
}
