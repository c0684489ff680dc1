/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "width.h"

#include <stdint.h>
#include <string.h>
#include <wchar.h>

/* The first character's columns and bytes; what is none in this locale counts as one of each, and
 * what switches a colour takes none. */
static size_t first(const char *text, mbstate_t *state, size_t *bytes)
{
	wchar_t c;
	int columns;

	if (*text >= ' ' && *text <= '~') {
		*bytes = 1;
		return 1;
	}
	if (*text == '\033') {
		*bytes = strcspn(text, "m");
		*bytes += text[*bytes] == 'm';
		return 0;
	}
	*bytes = mbrtowc(&c, text, strlen(text), state);
	if (*bytes == 0 || *bytes > strlen(text)) {
		*state = (mbstate_t){0};
		*bytes = 1;
		return 1;
	}
	columns = wcwidth(c);
	return columns > 0 ? (size_t)columns : 0;
}

/* Walk until the end, or until the next character would exceed `limit`. */
static size_t walk(const char *text, size_t limit, size_t *columns)
{
	mbstate_t state = {0};
	const char *p = text;

	*columns = 0;
	while (*p) {
		size_t bytes, more = first(p, &state, &bytes);

		if (more > limit - *columns)
			break;
		*columns += more;
		p += bytes;
	}
	return (size_t)(p - text);
}

size_t width_of(const char *text)
{
	size_t columns;

	walk(text, SIZE_MAX, &columns);
	return columns;
}

size_t width_fitting(const char *text, size_t limit)
{
	size_t columns;

	return walk(text, limit, &columns);
}
