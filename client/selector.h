/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_SELECTOR_H
#define DWD_CLIENT_SELECTOR_H

/*
 * Naming stops: an integer is a PID, `#N` a stop id, a word without slash a NAME, one with a slash
 * a PATH. Pure.
 */

#include "dwd.h"

struct selector {
	struct dwd_selector match; /* what libdwd is asked for; strings live as long as this does */
	char *path;
};

/* Parse `text`, which must outlive `ret`; a relative path is made absolute against `cwd` (NULL: the
 * process's own). Free with selector_done(). On -EINVAL *reason, static text, says what is wrong.
 */
int selector_parse(struct selector *ret, const char *text, const char *cwd, const char **reason);
void selector_done(struct selector *s);

/* What it selects as the end of a message that begins with "no process": " named x"; "" for all.
 * malloc()ed, NULL on lack of memory. */
char *selector_phrase(const struct selector *s);

/* Whether at most one process can ever fit: it names a PID or a stop id. */
bool selector_is_single(const struct selector *s);

#endif
