/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_COMPLETE_H
#define DWD_CLIENT_COMPLETE_H

/*
 * Completion: what the word under the cursor could become, by the table of commands and by what the
 * daemon, the file system and the machine have at this moment.
 *
 * One engine for dwd's own shell and, through the command complete-words, for those of the system.
 * It knows neither readline nor any shell's quoting, prints nothing, starts no daemon, and takes
 * silence for an answer: whatever cannot be asked has no candidates.
 */

#include "client.h"
#include "completions.h"

/* Complete the last of `argc` (at least 1) words, which are those of a command line without its
 * leading `dwd`; the last may be "". The words must outlive *ret, which is to be freed with
 * completions_done(). 0 or -ENOMEM. */
int complete_words(struct client *c, int argc, char *const *argv, struct completions *ret);

#endif
