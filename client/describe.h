/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_DESCRIBE_H
#define DWD_CLIENT_DESCRIBE_H

/*
 * A watch in one English sentence: what it will stop, and what not. Pure.
 */

#include "dwd.h"

/* The sentence, without a newline; malloc()ed, NULL on lack of memory. Texts in it are as they were
 * given, for print.h to escape. */
char *describe_rule(const struct dwd_rule *rule);

#endif
