/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_DESCRIBE_H
#define DWD_CLIENT_DESCRIBE_H

/*
 * A watch in words: in one English sentence, what it will stop and what not; and in options. Pure.
 */

#include "dwd.h"

/* The sentence, without a newline; malloc()ed, NULL on lack of memory. Texts in it are as they were
 * given, for print.h to escape. */
char *describe_rule(const struct dwd_rule *rule);

/* What narrows a watch and becomes of its stops, as the options that ask for it; "" if nothing.
 * malloc()ed, NULL on lack of memory. */
char *describe_options(const struct dwd_watch *watch);

#endif
