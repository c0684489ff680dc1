/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "signals.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "util.h"

static int parse_number(const char *text, int *ret)
{
	char *end;
	long value;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || *end || value < 1 || value > SIGRTMAX)
		return -EINVAL;
	*ret = (int)value;
	return 0;
}

/* "RTMIN+N" with `base` "RTMIN" and `sign` '+'; alone it is N = 0. */
static int parse_realtime(const char *text, const char *base, char sign, int from, int *ret)
{
	int offset = 0;

	if (strncasecmp(text, base, strlen(base)) != 0)
		return -EINVAL;
	text += strlen(base);
	if (*text && (*text != sign || parse_number(text + 1, &offset) < 0))
		return -EINVAL;
	if (offset > SIGRTMAX - SIGRTMIN)
		return -EINVAL;
	*ret = sign == '+' ? from + offset : from - offset;
	return 0;
}

int signal_parse(const char *text, int *ret)
{
	if (parse_number(text, ret) == 0)
		return 0;
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	for (int i = 1; i < SIGRTMIN; i++) {
		const char *name = sigabbrev_np(i);

		if (name && strcasecmp(name, text) == 0) {
			*ret = i;
			return 0;
		}
	}
	if (parse_realtime(text, "RTMIN", '+', SIGRTMIN, ret) == 0)
		return 0;
	return parse_realtime(text, "RTMAX", '-', SIGRTMAX, ret);
}

void signal_format(int signal, char *buffer, size_t size)
{
	const char *name = sigabbrev_np(signal);

	if (name)
		snprintf(buffer, size, "SIG%s", name);
	else if (signal >= SIGRTMIN && signal <= SIGRTMAX)
		snprintf(buffer, size, "SIGRTMIN+%d", signal - SIGRTMIN);
	else
		snprintf(buffer, size, "%d", signal);
}
