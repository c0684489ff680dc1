/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_RULES_H
#define DWD_CLIENT_RULES_H

/*
 * From the options of a command line to the rule that libdwd is asked for.
 */

#include "args.h"
#include "client.h"
#include "rule.h"

struct rules {
	struct rule words;
	char *cgroup;	      /* made absolute; NULL: none */
	struct dwd_rule rule; /* what is asked for, but for the target; borrows from the rest */
};

/* Read the options that RULE_OPTIONS describes; explain what is wrong with them, and remark on what
 * may not mean what it seems to. Free with rules_done() in any case. Answers an exit status. */
enum exit_status rules_read(const struct client *c, const struct args *args, struct rules *ret);
void rules_done(struct rules *rules);

#endif
