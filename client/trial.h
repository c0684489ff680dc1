/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_TRIAL_H
#define DWD_CLIENT_TRIAL_H

/*
 * Would a watch match this command? Answered by looking at the files, as the kernel side would when
 * the command were executed here and now by whoever has started dwd; nothing is executed and
 * nothing stopped.
 */

#include "dwd.h"

struct trial {
	bool matches;
	char *reason; /* by which rule, or which one leaves it out; malloc()ed */
};

/* Try `argv`, whose first word is looked for in $PATH. 0; -ENOENT and others where its file, or the
 * interpreter of a script, cannot be looked at; -EINVAL for an interpreter that is not there. */
int trial_run(struct trial *ret, const struct dwd_rule *rule, char *const argv[]);

#endif
