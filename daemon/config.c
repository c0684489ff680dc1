/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is in force of what the files say, and how the one becomes the other. */

#include "config-internal.h"
#include "log.h"
#include "rule.h"

int config_new(struct config **ret, const char *directory, struct watchdog *watchdog)
{
	struct config *config = calloc(1, sizeof(*config));

	if (!config)
		return -ENOMEM;
	TAILQ_INIT(&config->lines);
	config->watchdog = watchdog;
	config->self = (struct watchdog_client){.pid = getpid(), .uid = geteuid()};
	config->directory = strdup(directory);
	if (!config->directory) {
		config_free(config);
		return -ENOMEM;
	}
	*ret = config;
	return 0;
}

struct config *config_free(struct config *config)
{
	if (config) {
		config_lines_clear(&config->lines);
		free(config->directory);
		free(config);
	}
	return NULL;
}

/* Whether the line's watch was not removed by hand. */
static bool is_in_force(const struct config *config, const struct config_line *line)
{
	return line->watch && watchdog_find_watch(config->watchdog, line->watch);
}

/* Let lines that were there before have the watches they had. */
static void recognise(struct config *config, struct config_lines *lines,
		      struct config_changes *changes)
{
	struct config_line *line, *old;

	TAILQ_FOREACH(line, lines, entry)
	{
		TAILQ_FOREACH(old, &config->lines, entry)
		{
			if (str_eq(old->text, line->text) && is_in_force(config, old))
				break;
		}
		if (!old)
			continue;
		line->watch = old->watch;
		old->watch = 0;
		changes->kept++;
	}
}

/* What the engine answered to a rule that could be read. */
static void explain(json_t *errors, const struct config_line *line, const struct rule *rule,
		    int answer, const char *reason)
{
	switch (answer) {
	case ANSWER_INVALID_TARGET:
		config_complain(errors, line->path, line->number, "cannot watch '%s': %s",
				rule->target, reason);
		break;
	case ANSWER_LIMIT_REACHED:
		config_complain(errors, line->path, line->number,
				"there are %d watches already, and no more are possible",
				WATCHES_MAX);
		break;
	default:
		config_complain(errors, line->path, line->number, "the kernel refused '%s': %s",
				rule->target, strerror(-answer));
	}
}

static void add(struct config *config, struct config_line *line, struct config_changes *changes)
{
	_cleanup_(rule_line_done) struct rule_line read = {};
	_cleanup_free_ char *message = NULL;
	const struct watch *watch;
	const char *reason = NULL;
	int r = rule_line_read(&read, line->text, &message);

	if (r == 0)
		return;
	if (r < 0) {
		config_complain(changes->errors, line->path, line->number, "%s",
				message ? message : strerror(-r));
		return;
	}
	r = watchdog_add_watch(config->watchdog, &config->self, read.rule.target,
			       read.rule.has_uid ? &read.rule.uid : NULL, &watch, &reason);
	if (r != ANSWER_OK) {
		explain(changes->errors, line, &read.rule, r, reason);
		return;
	}
	line->watch = watch->id;
	changes->added++;
}

static void remove_old(struct config *config, struct config_changes *changes)
{
	struct config_line *line;

	TAILQ_FOREACH(line, &config->lines, entry)
	{
		json_t *watch;
		int r;

		if (!is_in_force(config, line))
			continue;
		r = watchdog_remove_watch(config->watchdog, &config->self, line->watch, &watch);
		if (r != ANSWER_OK) {
			log_error("cannot remove watch %ju, which no file has any more: %s",
				  (uintmax_t)line->watch, strerror(-r));
			continue;
		}
		json_decref(watch);
		changes->removed++;
	}
}

static void mark(struct config *config)
{
	struct config_line *line;

	TAILQ_FOREACH(line, &config->lines, entry)
	{
		if (line->watch)
			watchdog_mark_saved(config->watchdog, line->watch, line->path);
	}
}

int config_load(struct config *config, struct config_changes *ret)
{
	struct config_changes changes = {.errors = json_array()};
	struct config_lines lines = TAILQ_HEAD_INITIALIZER(lines);
	struct config_line *line;
	int r = changes.errors ? config_read(config->directory, &lines, changes.errors) : -ENOMEM;

	if (r < 0) {
		config_lines_clear(&lines);
		json_decref(changes.errors);
		return r;
	}
	recognise(config, &lines, &changes);
	TAILQ_FOREACH(line, &lines, entry)
	{
		if (!line->watch)
			add(config, line, &changes);
	}
	remove_old(config, &changes);
	config_lines_clear(&config->lines);
	TAILQ_CONCAT(&config->lines, &lines, entry);
	mark(config);
	if (changes.added || changes.removed)
		log_info("%s: %zu watches added, %zu removed, %zu kept", config->directory,
			 changes.added, changes.removed, changes.kept);
	*ret = changes;
	return 0;
}
