/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "color.h"

#include "util.h"

static enum color_mode chosen = COLOR_AUTO;

static const char *const sequences[] = {
	[COLOR_PLAIN] = "",	      [COLOR_ERROR] = "\033[1;31m",
	[COLOR_STOPPED] = "\033[33m", [COLOR_ATTACHED] = "\033[36m",
	[COLOR_RUNNING] = "\033[32m", [COLOR_GONE] = "\033[2m",
};

int color_mode_parse(const char *text, enum color_mode *ret)
{
	static const char *const names[] = {
		[COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (str_eq(names[i], text)) {
			*ret = (enum color_mode)i;
			return 0;
		}
	}
	return -EINVAL;
}

void color_choose(enum color_mode mode)
{
	chosen = mode;
}

bool color_wanted(FILE *stream)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (chosen != COLOR_AUTO)
		return chosen == COLOR_ALWAYS;
	return !(no && *no) && term && !str_eq(term, "dumb") && isatty(fileno(stream));
}

const char *color_on(FILE *stream, enum color color)
{
	return color_wanted(stream) ? sequences[color] : "";
}

const char *color_off(FILE *stream, enum color color)
{
	return color != COLOR_PLAIN && color_wanted(stream) ? "\033[m" : "";
}

enum color color_of_state(const char *state)
{
	if (str_eq(state, "stopped") || str_eq(state, "stopping"))
		return COLOR_STOPPED;
	if (str_eq(state, "attached"))
		return COLOR_ATTACHED;
	if (str_eq(state, "running"))
		return COLOR_RUNNING;
	return str_eq(state, "gone") ? COLOR_GONE : COLOR_PLAIN;
}
