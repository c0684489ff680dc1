/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_RULES_H
#define DWD_CLIENT_RULES_H

/*
 * From the options of a command line to the rule that libdwd is asked for.
 */

#include "args.h"
#include "dwd.h"
#include "exit.h"
#include "rule.h"
#include "util.h"

/* Read the options that RULE_OPTIONS describes, and explain what is wrong with them. *ret borrows
 * from `rule`, which is to be freed with rule_done() in any case, and has no target yet. Answers an
 * exit status. */
enum exit_status rules_read(const struct args *args, struct rule *rule, struct dwd_rule *ret);

#endif
