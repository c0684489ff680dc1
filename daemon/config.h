/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CONFIG_H
#define DWD_CONFIG_H

/*
 * Watches that outlive the daemon: the lines of DIRECTORY/NAME.conf, each a watch as dwd(1) has it.
 *
 * The files are read when they are loaded and at no other time, in the order of their names. What
 * has not changed since the last time keeps its watch, with id and counters; a new line adds one
 * before an old one's is removed. A line that is wrong costs itself only, and is told with file and
 * line. A watch that was removed by hand comes back the next time.
 *
 * Files are written only by config_save() and config_unsave(), which replace them whole, and leave
 * lines that are not theirs as they are.
 */

#include <jansson.h>

#include "watchdog.h"

struct config;
struct rule;

/* `directory` need not exist; `watchdog` must outlive it. -ENOMEM. */
int config_new(struct config **ret, const char *directory, struct watchdog *watchdog);
/* Leaves the watches. */
struct config *config_free(struct config *config);

/* What a line that says `rule` asks of the engine; borrows from the rule. */
struct watch_rule config_watch_rule(const struct rule *rule);

/* What was done. `errors` is an array of strings, a new reference. */
struct config_changes {
	size_t added, removed, kept;
	json_t *errors;
};

/* Put in force what the files say now. Errors are logged as well. -ENOMEM. */
int config_load(struct config *config, struct config_changes *ret);

/* Results of the two below that a caller may cause; -errno besides, of writing the file. *message,
 * malloc()ed, says more unless it is NULL. */
enum config_answer {
	CONFIG_OK,
	CONFIG_NO_SUCH_WATCH,
	CONFIG_NOT_SAVED,
	CONFIG_ALREADY_SAVED,
	CONFIG_BAD_NAME,
	CONFIG_BAD_LINE,
};

/* Append `line`, which must mean a rule with the target of the watch `id`, to the file `name`
 * (without .conf). */
int config_save(struct config *config, uint64_t id, const char *name, const char *line,
		char **message);
/* Remove the line of this watch; the watch stays in force. A file that becomes empty goes. */
int config_unsave(struct config *config, uint64_t id, char **message);

#endif
