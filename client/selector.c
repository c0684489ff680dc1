/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "selector.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "path.h"
#include "util.h"

/* Decimal digits and nothing else, from 1 to `max`. */
static int parse_number(const char *text, uint64_t max, uint64_t *ret)
{
	unsigned long long value;
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end || value < 1 || value > max)
		return -EINVAL;
	*ret = value;
	return 0;
}

static bool all_digits(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

int selector_parse(struct selector *ret, const char *text, const char *cwd, const char **reason)
{
	struct selector s = {0};
	uint64_t number;
	int r;

	if (!*text) {
		*reason = "it is empty";
		return -EINVAL;
	}

	if (*text == '#') {
		if (parse_number(text + 1, UINT64_MAX, &number) < 0) {
			*reason = "a stop id is # and a number, such as #3";
			return -EINVAL;
		}
		s.match.id = number;
	} else if (all_digits(text)) {
		if (parse_number(text, INT_MAX, &number) < 0) {
			*reason = "no process can have this PID";
			return -EINVAL;
		}
		s.match.pid = (pid_t)number;
	} else if (!strchr(text, '/')) {
		s.match.name = text;
	} else {
		r = path_absolute(text, cwd, &s.path);
		if (r < 0) {
			*reason = strerror(-r);
			return r;
		}
		s.match.path = s.path;
	}
	*ret = s;
	return 0;
}

void selector_done(struct selector *s)
{
	free(s->path);
	*s = (struct selector){0};
}

char *selector_phrase(const struct selector *s)
{
	const struct dwd_selector *m = &s->match;
	char *text = NULL;
	int n;

	if (m->id)
		n = asprintf(&text, " as stop #%llu", (unsigned long long)m->id);
	else if (m->pid)
		n = asprintf(&text, " with pid %d", (int)m->pid);
	else
		n = asprintf(&text, "%s%s",
			     m->name   ? " named "
			     : m->path ? " of "
				       : "",
			     m->name   ? m->name
			     : m->path ? m->path
				       : "");
	return n < 0 ? NULL : text;
}

bool selector_is_single(const struct selector *s)
{
	return s->match.id || s->match.pid;
}
